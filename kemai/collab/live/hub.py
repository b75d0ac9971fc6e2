"""Who listens, and to what: all of it in memory, all of it in one thread."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kemai.platform.access import Actor

About = tuple[str, int]
WAITING = 50
"""Messages that a slow listener may be behind; then its connection ends, and its page asks anew."""
END = b""


def frame(event: str, data: Mapping[str, Any]) -> bytes:
    """One server-sent event."""
    return f"event: {event}\ndata: {json.dumps(data, ensure_ascii=False, separators=(',', ':'))}\n\n".encode()


@dataclass(eq=False)
class Listener:
    """An open page. `mark` is what its person's rights hang on: when it changes they are worked out anew."""

    actor: Actor
    session_key: str
    mark: tuple[object, ...]
    at: About | None = None
    queue: asyncio.Queue[bytes] = field(default_factory=lambda: asyncio.Queue(WAITING))
    over: bool = False

    @property
    def user_id(self) -> int:
        return self.actor.user_id or 0

    def put(self, message: bytes) -> None:
        if self.over:
            return
        try:
            self.queue.put_nowait(message)
        except asyncio.QueueFull:
            self.end()

    def end(self) -> None:
        """The connection closes; whatever waited is dropped."""
        self.over = True
        while not self.queue.empty():
            self.queue.get_nowait()
        self.queue.put_nowait(END)


class Hub:
    def __init__(self) -> None:
        self.listeners: set[Listener] = set()
        self.by_user: dict[int, set[Listener]] = defaultdict(set)
        self.by_record: dict[About, set[Listener]] = defaultdict(set)

    def __len__(self) -> int:
        return len(self.listeners)

    def add(self, one: Listener) -> None:
        self.listeners.add(one)
        self.by_user[one.user_id].add(one)
        if one.at is not None:
            self.by_record[one.at].add(one)
            self.tell_presence(one.at)

    def remove(self, one: Listener) -> None:
        if one not in self.listeners:
            return
        self.listeners.discard(one)
        drop(self.by_user, one.user_id, one)
        self.leave(one)

    def leave(self, one: Listener) -> None:
        """They look at no record any more (or may not)."""
        if one.at is not None:
            at, one.at = one.at, None
            drop(self.by_record, at, one)
            self.tell_presence(at)

    def to_user(self, user_id: int, event: str, data: Mapping[str, Any]) -> None:
        message = frame(event, data)
        for one in tuple(self.by_user.get(user_id, ())):
            one.put(message)

    def to_record(self, about: About, event: str, data: Mapping[str, Any], *, but: int | None = None) -> None:
        message = frame(event, data)
        for one in tuple(self.by_record.get(about, ())):
            if one.user_id != but:
                one.put(message)

    def tell_presence(self, about: About) -> None:
        """Everybody who looks at the record hears who else does."""
        there = {one.user_id: one.actor.name for one in self.by_record.get(about, ())}
        for one in tuple(self.by_record.get(about, ())):
            others = [{"id": key, "name": name} for key, name in there.items() if key != one.user_id]
            one.put(frame("presence", {"at": f"{about[0]}/{about[1]}", "people": others[:20]}))

    def close(self) -> None:
        for one in tuple(self.listeners):
            one.end()

    def users(self) -> list[int]:
        return list(self.by_user)

    def records(self) -> list[About]:
        return list(self.by_record)


def drop(index: dict[Any, set[Listener]], key: object, one: Listener) -> None:
    index[key].discard(one)
    if not index[key]:
        del index[key]
