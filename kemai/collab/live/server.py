"""Server-sent events for open pages: GET /live/stream?at=customer/12."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from urllib.parse import parse_qs

from kemai.collab.live import gate
from kemai.collab.live.hub import END, Hub, Listener, frame
from kemai.collab.live.watch import Ears, News, Watch, look_once

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

log = logging.getLogger(__name__)
GLANCE = 0.05
"""Seconds between two looks for anything written at all."""
WHOLE = 1.0
"""Seconds between two looks at everything; also after one that failed."""
BEAT_SECONDS = 15.0
LINGER = 30.0
"""Seconds that it goes on looking when nobody listens."""
TURNS = 80
"""Within so many looks every open record page is asked again whether its person may still see the record: a few at a
time, since what was written waits meanwhile."""
MOST = 5000
MOST_OF_ONE = 20
"""Connections of one person."""


class Live:
    def __init__(self, most: int = MOST) -> None:
        self.hub = Hub()
        self.watch = Watch()
        self.most = most
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="live-database")
        self.loop: asyncio.Task[None] | None = None
        self.turn = 0
        self.stopping = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self.lifespan(receive, send)
        if scope["type"] == "http":
            await self.http(scope, receive, send)
        return None

    async def lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                self.stopping = True
                self.hub.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def http(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]}
        path = scope["path"].rstrip("/")
        if path.endswith("/health"):
            return await answer(send, 200, b"ok")
        if not path.endswith("/stream") or scope["method"] != "GET":
            return await answer(send, 404)
        if not gate.same_house(headers):
            return await answer(send, 403)
        if len(self.hub) >= self.most or self.stopping:
            return await answer(send, 503)
        at = parse_qs(scope["query_string"].decode("latin-1")).get("at", [""])[0]
        key = gate.session_key(headers)
        entry = await self.ask(gate.admit, key, at) if key else None
        if entry is None:
            return await answer(send, 401, origin=headers.get("origin", ""))
        if len(self.hub.by_user.get(entry.actor.user_id or 0, ())) >= MOST_OF_ONE:
            return await answer(send, 429, origin=headers.get("origin", ""))
        await self.stream(entry, headers.get("origin", ""), receive, send)
        return None

    async def ask(self, function: Callable[..., Any], *args: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self.thread, function, *args)

    async def stream(self, entry: gate.Entry, origin: str, receive: Receive, send: Send) -> None:
        one = Listener(entry.actor, entry.session_key, entry.mark, entry.at)
        self.keep_watching()
        await send({"type": "http.response.start", "status": 200, "headers": stream_headers(origin)})
        await send(body(b"retry: 3000\n\n" + frame("unread", {"unread": entry.unread})))
        self.hub.add(one)
        gone = asyncio.ensure_future(disconnected(receive))
        gone.add_done_callback(lambda _task: one.end())
        try:
            await self.pump(one, send)
        finally:
            gone.cancel()
            self.hub.remove(one)

    async def pump(self, one: Listener, send: Send) -> None:
        """Hands on what is put into the listener's queue, all that waits in one piece. No task is made for a message:
        a thousand go out at once."""
        while True:
            try:
                async with asyncio.timeout(BEAT_SECONDS):
                    waiting = [await one.queue.get()]
            except TimeoutError:
                waiting = [b": beat\n\n"]
            while not one.queue.empty():
                waiting.append(one.queue.get_nowait())
            if END in waiting:
                await send(body(frame("over", {}), more=False))
                return
            await send(body(b"".join(waiting)))

    # a look twenty times a second, as long as anybody listens

    def keep_watching(self) -> None:
        if self.loop is None or self.loop.done():
            self.loop = asyncio.ensure_future(self.watching())

    async def watching(self) -> None:
        self.watch = Watch()
        clock = asyncio.get_running_loop().time
        heard = whole_at = clock()
        while clock() - heard < LINGER and not self.stopping:
            started = clock()
            whole = started >= whole_at
            pause = GLANCE
            try:
                self.spread(await self.ask(partial(look_once, whole=whole), self.watch, self.ears()))
            except Exception:
                log.exception("live: the database could not be asked")
                pause = WHOLE
            if whole:
                whole_at = started + WHOLE
            if len(self.hub):
                heard = clock()
            await asyncio.sleep(max(GLANCE / 2, pause - (clock() - started)))

    def ears(self) -> Ears:
        self.turn = (self.turn + 1) % TURNS
        there = tuple(self.hub.listeners)
        looking = [one for one in there if one.at is not None]
        return Ears(
            frozenset(self.hub.users()),
            frozenset(self.hub.records()),
            {one.session_key: (one.user_id, one.mark) for one in there},
            [
                (one.session_key, one.actor, one.at)
                for n, one in enumerate(looking)
                if one.at is not None and n % TURNS == self.turn
            ],
        )

    def spread(self, news: News) -> None:
        for one in tuple(self.hub.listeners):
            if one.session_key in news.ended:
                one.end()
            elif one.session_key in news.fresh:
                one.actor, one.mark = news.fresh[one.session_key]
            if one.at is not None and (one.session_key, one.at) in news.blind:
                one.put(frame("gone", {"at": f"{one.at[0]}/{one.at[1]}"}))
                self.hub.leave(one)
        for user_id, event, data in news.people:
            self.hub.to_user(user_id, event, data)
        for about, event, data, doer in news.records:
            self.hub.to_record(about, event, data, but=doer)


def body(content: bytes, *, more: bool = True) -> dict[str, Any]:
    return {"type": "http.response.body", "body": content, "more_body": more}


def stream_headers(origin: str) -> list[tuple[bytes, bytes]]:
    found = [
        (b"content-type", b"text/event-stream; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),
        (b"x-content-type-options", b"nosniff"),
    ]
    return found + allowing(origin)


def allowing(origin: str) -> list[tuple[bytes, bytes]]:
    """Called for origins only that `gate.same_house` has let in."""
    if not origin:
        return []
    return [
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-allow-credentials", b"true"),
        (b"vary", b"Origin"),
    ]


async def answer(send: Send, status: int, content: bytes = b"", *, origin: str = "") -> None:
    headers = [(b"content-type", b"text/plain"), (b"cache-control", b"no-store"), *allowing(origin)]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send(body(content, more=False))


async def disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
