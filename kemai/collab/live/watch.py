"""Looks into the database, for all open pages together: twenty times a second whether anything was written at all, then
at what it was; once a second at everything. Runs in a thread of its own, which owns the connection; what it finds it
hands back as plain values."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import DatabaseError, close_old_connections, connection
from django.db.models import Count, Max, Q

from kemai.collab.live import gate
from kemai.collab.models import LiveMessage, Notice
from kemai.platform.access import Actor, actor_for
from kemai.platform.jobs import status
from kemai.platform.models import Job, OutboxEvent

About = tuple[str, int]
LATE_SECONDS = 5
"""PostgreSQL gives numbers before it commits: for so long a lower number may still appear after a higher one."""
RECHECK_SECONDS = 3
MOST = 5000
NEWS = {"updated": "changed", "deleted": "changed", "restored": "changed"}


@dataclass(frozen=True)
class Ears:
    """Who listens now, as the thread needs it."""

    users: frozenset[int]
    records: frozenset[About]
    sessions: dict[str, tuple[int, tuple[object, ...]]]
    """session key → (user id, the mark that their rights were worked out at)"""
    looks: Sequence[tuple[str, Actor, About]] = ()
    """(session key, actor, record): the open record pages whose turn it is to be checked"""


@dataclass
class News:
    """What is to be told: to people, to whoever looks at a record; who must leave, and whose rights are new."""

    people: list[tuple[int, str, dict[str, Any]]] = field(default_factory=list)
    records: list[tuple[About, str, dict[str, Any], int | None]] = field(default_factory=list)
    ended: set[str] = field(default_factory=set)
    fresh: dict[str, tuple[Actor, tuple[object, ...]]] = field(default_factory=dict)
    blind: set[tuple[str, About]] = field(default_factory=set)


def written() -> object:
    """Something that is another one after anybody has written, and costs some microseconds: on SQLite the number of
    changes by others, on PostgreSQL which transactions were over (also behind a pooler, where nobody could LISTEN)."""
    postgres = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_snapshot()::text" if postgres else "PRAGMA data_version")
        return cursor.fetchone()


def lateness() -> float:
    """For how long a number below the last one may still appear; SQLite has one writer at a time."""
    return LATE_SECONDS if connection.vendor == "postgresql" else 0


class Tail:
    """The rows of a table that are new since the last look, each once, also when they commit out of order."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.floor: int | None = None
        self.seen: deque[tuple[float, int]] = deque()
        self.known: set[int] = set()

    def rows(self, *columns: str) -> list[dict[str, Any]]:
        if self.floor is None:
            self.floor = self.model._default_manager.aggregate(top=Max("pk"))["top"] or 0
            return []
        rows = self.model._default_manager.filter(pk__gt=self.floor).order_by("pk")
        if not self.known:
            found = list(rows.values("pk", *columns)[:MOST])
            self.remember([row["pk"] for row in found])
            return found
        keys = rows.values_list("pk", flat=True)[: MOST + len(self.known)]
        new = [key for key in keys if key not in self.known]
        self.remember(new)
        return list(rows.filter(pk__in=new).values("pk", *columns)) if new else []

    def remember(self, keys: Sequence[int]) -> None:
        now = time.monotonic()
        late = lateness()
        self.seen.extend((now, key) for key in keys)
        self.known.update(keys)
        while self.seen and self.seen[0][0] <= now - late:
            _at, key = self.seen.popleft()
            self.known.discard(key)
            self.floor = max(self.floor or 0, key)


def tidy() -> None:
    """A connection that has gone bad is let go, so that the next look makes a new one."""
    close_old_connections()


def look_once(watch: Watch, ears: Ears, *, whole: bool) -> News:
    """Runs in the thread that owns the connection."""
    try:
        return watch.look(ears, whole=whole)
    except DatabaseError:
        connection.close()
        raise
    finally:
        if whole:
            tidy()


class Watch:
    def __init__(self) -> None:
        self.messages = Tail(LiveMessage)
        self.events = Tail(OutboxEvent)
        self.running: set[int] = set()
        self.written: object = None
        self.checked = 0.0

    def look(self, ears: Ears, *, whole: bool = True) -> News:
        """At what is new, if anything was written since the last look; the `whole` look is at everything. Raises
        DatabaseError; the next look goes on from where this one stood."""
        news = News()
        now = written()
        if whole or now != self.written:
            self.look_at_messages(ears, news)
            self.look_at_events(ears, news)
        self.written = now
        if whole:
            self.look_at_jobs(ears, news)
        if time.monotonic() - self.checked > RECHECK_SECONDS:
            self.look_at_rights(ears, news)
            self.checked = time.monotonic()
        for key, actor, about in ears.looks:
            if key not in news.ended and not gate.sees(news.fresh.get(key, (actor,))[0], about):
                news.blind.add((key, about))
        return news

    def look_at_messages(self, ears: Ears, news: News) -> None:
        mine = [row for row in self.messages.rows("user_id", "kind", "data") if row["user_id"] in ears.users]
        told = {row["user_id"] for row in mine}
        if not told:
            return
        counts = Notice.objects.filter(user__in=told, read_at=None, hidden=False).values("user")
        unread = dict(counts.annotate(n=Count("pk")).values_list("user", "n"))
        for user_id in told:
            news.people.append((user_id, "unread", {"unread": unread.get(user_id, 0)}))
        for row in mine:
            if row["kind"] != "unread":
                news.people.append((row["user_id"], row["kind"], row["data"]))

    def look_at_events(self, ears: Ears, news: News) -> None:
        rows = self.events.rows(
            "name", "type_key", "object_id", "changeset__actor", "changeset__actor_name", "payload"
        )
        for row in rows:
            about, kind = place_of(row)
            if about in ears.records and kind:
                data = {"at": f"{about[0]}/{about[1]}", "who": row["changeset__actor_name"] or ""}
                news.records.append((about, kind, data, row["changeset__actor"]))

    def look_at_jobs(self, ears: Ears, news: News) -> None:
        """How far the work is that people started; at the end once more."""
        rows = list(Job.objects.filter(Q(state="running") | Q(pk__in=self.running)).exclude(user=None))
        for job in rows:
            if job.user_id in ears.users:
                news.people.append((job.user_id, "job", {"id": job.pk, **status.shown(job)}))
        self.running = {job.pk for job in rows if job.state == "running"}

    def look_at_rights(self, ears: Ears, news: News) -> None:
        alive = gate.alive(ears.sessions)
        marks = gate.marks(sorted(ears.users))
        for key, (user_id, mark) in ears.sessions.items():
            now = marks.get(user_id)
            if key not in alive or now is None:
                news.ended.add(key)
            elif now != mark:
                user = gate.user_of(key)
                if user is None:
                    news.ended.add(key)
                else:
                    news.fresh[key] = (actor_for(user, sits=True), now)


def place_of(row: dict[str, Any]) -> tuple[About, str]:
    """The record that an event is news for, and what kind; ('', 0) for none."""
    if row["type_key"] == "comment":
        about = row["payload"].get("about") or ["", 0]
        return (str(about[0]), int(about[1])), "talk"
    return (row["type_key"], row["object_id"] or 0), NEWS.get(row["name"].rpartition(".")[2], "")
