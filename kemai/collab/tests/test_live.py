"""The open line: who may listen, what they hear, and what they stop hearing."""

from __future__ import annotations

import asyncio
import json
import queue
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from kemai.collab.live import gate
from kemai.collab.live import watch as watching
from kemai.collab.live.hub import Hub, Listener
from kemai.collab.live.server import Live
from kemai.collab.live.watch import Ears, News, Watch
from kemai.collab.models import LiveMessage
from kemai.collab.services import comments, live, notices
from kemai.platform import jobs, records
from kemai.platform.access import SYSTEM, rights_changed
from kemai.platform.models import Grant, Job
from tests.factory import make
from tests.people import Person

HOST = "crm.example:8000"
HOUSE = {"host": "localhost:8001", "origin": f"http://localhost:{settings.PORT}"}


def key_of(person: Person) -> str:
    client = Client()
    client.force_login(person.user, backend="kemai.staff.adapter.Backend")
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def listener(person: Person, at: Any = None) -> Listener:
    entry = gate.admit(key_of(person), f"{at[0]}/{at[1]}" if at else "")
    assert entry is not None
    return Listener(entry.actor, entry.session_key, entry.mark, entry.at)


def ears(*listeners: Listener) -> Ears:
    return Ears(
        frozenset(one.user_id for one in listeners),
        frozenset(one.at for one in listeners if one.at is not None),
        {one.session_key: (one.user_id, one.mark) for one in listeners},
        [(one.session_key, one.actor, one.at) for one in listeners if one.at is not None],
    )


def heard(one: Listener) -> list[tuple[str, Any]]:
    found = []
    while not one.queue.empty():
        event, data = one.queue.get_nowait().decode().strip().split("\n")
        found.append((event.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


# the gate


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        (HOUSE, True),
        ({"host": "localhost:8001", "origin": "http://localhost:8001"}, True),
        ({"host": "localhost:8001"}, True),
        ({"host": "localhost:8001", "sec-fetch-site": "cross-site"}, False),
        ({"host": "localhost:8001", "sec-fetch-site": "same-site"}, False),
        ({"host": "localhost:8001", "origin": "http://localhost:9999"}, False),
        ({"host": "localhost:8001", "origin": f"http://evil.example:{settings.PORT}"}, False),
        ({"host": "localhost:8001", "origin": "null"}, False),
        ({"host": "localhost:8001", "origin": f"ftp://localhost:{settings.PORT}"}, False),
        ({"host": "evil.example:8001", "origin": f"http://evil.example:{settings.PORT}"}, False),
        ({"origin": f"http://localhost:{settings.PORT}"}, False),
    ],
)
def test_only_our_own_pages_may_listen(headers: dict[str, str], allowed: bool, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["localhost"]
    assert gate.same_house(headers) is allowed


def test_a_proxys_address_may_be_named(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["crm.example"]
    settings.CSRF_TRUSTED_ORIGINS = ["https://crm.example"]
    assert gate.same_house({"host": "crm.example", "origin": "https://crm.example"})
    settings.CSRF_TRUSTED_ORIGINS = []
    assert gate.same_house({"host": "crm.example", "origin": "https://crm.example"})


@pytest.mark.django_db
def test_a_session_lets_in_and_a_strange_one_does_not(people: dict[str, Person]) -> None:
    alice = people["alice"]
    mine, other = make("customer", owner=alice.user.pk), make("customer", owner=people["charlie"].user.pk)
    key = key_of(alice)
    entry = gate.admit(key, f"customer/{mine.pk}")
    assert entry is not None
    assert (entry.actor.user_id, entry.at) == (alice.user.pk, ("customer", mine.pk))
    for at in (f"customer/{other.pk}", "customer/0", "customer/x", "nothing/1", "", "customer/" + "9" * 40):
        found = gate.admit(key, at)
        assert found is not None
        assert found.at is None, at
    for bad in ("", "nonsense", "x" * 32):
        assert gate.admit(bad, "") is None
    alice.user.is_active = False
    alice.user.save()
    assert gate.admit(key, "") is None


# what is heard


@pytest.mark.django_db
def test_each_person_hears_their_own_notices_and_their_number(people: dict[str, Person]) -> None:
    alice, bob, watch = listener(people["alice"]), listener(people["bob"]), Watch()
    watch.look(ears(alice, bob))
    notices.notify(people["alice"].user.pk, None, "只给 alice")
    news = watch.look(ears(alice, bob))
    assert {user for user, _kind, _data in news.people} == {alice.user_id}
    assert (alice.user_id, "unread", {"unread": 1}) in news.people
    assert watch.look(ears(alice, bob)).people == [], "once"
    notices.mark_read(people["alice"].user.pk)
    assert watch.look(ears(alice, bob)).people == [(alice.user_id, "unread", {"unread": 0})]


@pytest.mark.django_db
def test_rows_that_commit_out_of_order_are_heard_once(people: dict[str, Person], monkeypatch: Any) -> None:
    monkeypatch.setattr(watching, "lateness", lambda: 5)
    alice, watch = listener(people["alice"]), Watch()
    watch.messages.rows()
    live.tell([alice.user_id], "a")
    last = LiveMessage.objects.latest("pk")
    LiveMessage.objects.filter(pk=last.pk).update(id=last.pk + 10)

    def kinds(news: News) -> list[str]:
        return [kind for _user, kind, _data in news.people if kind != "unread"]

    assert kinds(watch.look(ears(alice))) == ["a"]
    LiveMessage(pk=last.pk + 5, user_id=alice.user_id, kind="b", at=timezone.now()).save(force_insert=True)
    assert kinds(watch.look(ears(alice))) == ["b"]
    assert kinds(watch.look(ears(alice))) == []


@pytest.mark.django_db(transaction=True)
def test_a_glance_sees_that_somebody_else_has_written(people: dict[str, Person]) -> None:
    alice, watch = listener(people["alice"]), Watch()
    watch.look(ears(alice))

    def elsewhere(act: Callable[[], object]) -> None:
        def run() -> None:
            try:
                act()
            finally:
                connection.close()

        with ThreadPoolExecutor(1) as thread:
            thread.submit(run).result()

    elsewhere(lambda: live.tell([alice.user_id], "a"))
    assert (alice.user_id, "a", {}) in watch.look(ears(alice), whole=False).people
    with CaptureQueriesContext(connection) as asked:
        assert watch.look(ears(alice), whole=False).people == []
    assert len(asked) == 1, "nothing was written: that is all it asks"
    elsewhere(lambda: notices.mark_read(alice.user_id))
    assert watch.look(ears(alice), whole=False).people == []


@pytest.mark.django_db
def test_who_looks_at_a_record_hears_that_it_changed_and_by_whom(people: dict[str, Person]) -> None:
    mine = make("customer", owner=people["alice"].user.pk)
    about = ("customer", mine.pk)
    alice, bob, watch, hub = listener(people["alice"], about), listener(people["bob"], about), Watch(), Hub()
    hub.add(alice)
    hub.add(bob)
    assert heard(bob)[-1] == (
        "presence",
        {"at": f"customer/{mine.pk}", "people": [{"id": alice.user_id, "name": "Alice"}]},
    )
    heard(alice)
    server = Live()
    server.hub = hub
    watch.look(ears(alice, bob))
    records.update("customer", mine.pk, {"note": "新"}, by=people["alice"].actor)
    comments.write(about, "说一句", by=people["bob"].actor)
    server.spread(watch.look(ears(alice, bob)))
    to_bob = heard(bob)
    assert ("changed", {"at": f"customer/{mine.pk}", "who": "Alice"}) in to_bob
    assert "talk" not in [event for event, _data in to_bob], "nobody is told what they said themselves"
    assert [(event, data["who"]) for event, data in heard(alice) if event != "presence"] == [("talk", "Bob")]
    hub.remove(alice)
    assert heard(bob) == [("presence", {"at": f"customer/{mine.pk}", "people": []})]


@pytest.mark.django_db
def test_who_loses_the_right_hears_and_shows_nothing_more(people: dict[str, Person]) -> None:
    mine = make("customer", owner=people["alice"].user.pk)
    about = ("customer", mine.pk)
    alice, bob = listener(people["alice"], about), listener(people["bob"], about)
    server, watch = Live(), Watch()
    for one in (alice, bob):
        server.hub.add(one)
    watch.look(ears(alice, bob))
    Grant.objects.filter(role__in=people["bob"].actor.role_ids, verb="view").delete()
    rights_changed()
    watch.checked = 0
    server.spread(watch.look(ears(alice, bob)))
    assert bob.at is None
    assert heard(bob)[-1][0] == "gone"
    assert heard(alice)[-1][1]["people"] == []
    records.update("customer", mine.pk, {"owner": people["charlie"].user.pk}, by=SYSTEM)
    server.spread(watch.look(ears(alice, bob)))
    assert alice.at is None, "the record went to somebody else"


@pytest.mark.django_db
def test_an_ended_session_ends_the_line(people: dict[str, Person]) -> None:
    alice, watch, server = listener(people["alice"]), Watch(), Live()
    server.hub.add(alice)
    assert watch.look(ears(alice)).ended == set()
    from django.contrib.sessions.models import Session

    Session.objects.filter(session_key=alice.session_key).delete()
    watch.checked = 0
    news = watch.look(ears(alice))
    assert news.ended == {alice.session_key}
    server.spread(news)
    assert alice.over


@pytest.mark.django_db
def test_the_work_that_one_started_is_followed_to_its_end(people: dict[str, Person]) -> None:
    alice, bob, watch = listener(people["alice"]), listener(people["bob"]), Watch()
    job = jobs.enqueue("kemai.platform.jobs.tests.tasks.count", {"to": 1}, user=alice.user_id, title="导入")
    Job.objects.filter(pk=job.pk).update(state="running", done=3, total=10)
    (one,) = watch.look(ears(alice, bob)).people
    assert (one[0], one[1], one[2]["done"], one[2]["total"]) == (alice.user_id, "job", 3, 10)
    Job.objects.filter(pk=job.pk).update(state="done", done=10)
    (last,) = watch.look(ears(alice, bob)).people
    assert last[2]["state"] == "done"
    assert watch.look(ears(alice, bob)).people == []


# the wire


class Wire:
    """A browser's side of one request to the ASGI application."""

    def __init__(self, headers: dict[str, str], path: str = "/live/stream", query: str = "") -> None:
        raw = [(key.encode(), value.encode()) for key, value in headers.items()]
        self.scope = {
            "type": "http",
            "method": "GET",
            "path": path,
            "query_string": query.encode(),
            "headers": raw,
        }
        self.sent: list[Any] = []
        self.left = asyncio.Event()

    async def receive(self) -> Any:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        self.sent.append(message)

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def text(self) -> str:
        return b"".join(one.get("body", b"") for one in self.sent[1:]).decode()


async def until(ready: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not ready():
        assert time.monotonic() < end
        await asyncio.sleep(0.02)


class Desk:
    """The database of a test belongs to its thread: here it answers what the event loop, in another one, asks."""

    def __init__(self) -> None:
        self.calls: queue.Queue[tuple[Future[Any], Callable[..., Any], tuple[Any, ...]]] = queue.Queue()

    async def ask(self, function: Callable[..., Any], *args: Any) -> Any:
        future: Future[Any] = Future()
        self.calls.put((future, function, args))
        return await asyncio.wrap_future(future)

    def run(self, story: Callable[[], Coroutine[Any, Any, None]]) -> None:
        with ThreadPoolExecutor(1) as pool:
            over = pool.submit(lambda: asyncio.run(story()))
            while not over.done():
                try:
                    future, function, args = self.calls.get(timeout=0.05)
                except queue.Empty:
                    continue
                future.set_result(function(*args))
            over.result()


@pytest.mark.django_db
def test_a_line_from_the_first_word_to_the_last(
    people: dict[str, Person], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk()
    monkeypatch.setattr(watching, "tidy", lambda: None)  # the test's own connection stays
    settings.ALLOWED_HOSTS = ["localhost"]
    cookie = f"{settings.SESSION_COOKIE_NAME}={key_of(people['alice'])}"
    alice_id = people["alice"].user.pk
    tell = lambda: notices.notify(alice_id, None, "你好 alice")  # noqa: E731

    async def story() -> None:
        server = Live(most=1)
        server.ask = desk.ask  # type: ignore[method-assign]
        for headers, status in (
            ({"host": "x"}, 403),
            (HOUSE, 401),
            ({**HOUSE, "cookie": "sessionid=x"}, 401),
        ):
            refused = Wire(headers)
            await server(refused.scope, refused.receive, refused.send)
            assert refused.status == status
        wire = Wire({**HOUSE, "cookie": cookie})
        running = asyncio.ensure_future(server(wire.scope, wire.receive, wire.send))
        await until(lambda: '"unread":0' in wire.text)
        allowed = dict(wire.sent[0]["headers"])[b"access-control-allow-origin"]
        assert allowed == HOUSE["origin"].encode()
        full = Wire({**HOUSE, "cookie": cookie})
        await server(full.scope, full.receive, full.send)
        assert full.status == 503
        await asyncio.sleep(1.2)
        await server.ask(tell)
        await until(lambda: "你好 alice" in wire.text)
        assert '"unread":1' in wire.text
        server.hub.close()
        await asyncio.wait_for(running, 60)
        assert wire.text.endswith("event: over\ndata: {}\n\n")
        assert len(server.hub) == 0
        again = Wire({**HOUSE, "cookie": cookie})
        running = asyncio.ensure_future(server(again.scope, again.receive, again.send))
        await until(lambda: len(server.hub) == 1)
        again.left.set()
        await asyncio.wait_for(running, 60)
        assert len(server.hub) == 0
        server.stopping = True
        if server.loop is not None:
            await asyncio.wait_for(server.loop, 60)
        server.thread.shutdown()

    desk.run(story)


def test_a_slow_listener_is_let_go_and_costs_no_memory() -> None:
    one = Listener(SYSTEM, "key", ())
    for number in range(1000):
        one.put(b"event: x\ndata: {}\n\n" + str(number).encode())
    assert one.over
    assert one.queue.qsize() == 1


def test_news_is_for_those_who_are_there() -> None:
    server = Live()
    server.spread(
        News(people=[(7, "unread", {"unread": 1})], records=[(("customer", 1), "changed", {}, None)])
    )
    assert len(server.hub) == 0
