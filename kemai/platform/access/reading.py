"""How many different records somebody has read on pages within the hour: counted where rows are made ready for their
eyes, kept in memory, and written down for all processes together only now and then (docs/adr/056)."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from zlib import crc32

from django.db import DatabaseError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.platform.access.actor import Actor
from kemai.platform.access.limits import reading_limit
from kemai.platform.access.quota import HOUR, count_up, hour_window, rest_of_hour
from kemai.platform.access.scope import TooMany

SLOTS = 1 << 17
"""Bits for a person and hour, 16 KiB: enough to tell twenty thousand records apart to a few in a thousand."""
LEAST = 200
"""Fewer records than these are never looked at closer: nobody's limit may be lower."""
STEP = 500
"""Records that a process keeps to itself before it writes them down."""
RETRY = 60
"""Seconds before a write that failed is tried again."""
NEAR = 0.8


@dataclass
class Hour:
    """What this process knows of one person's hour. `bits` remembers the records, so that one read again is not
    counted again; `told` is what all processes had counted when this one last asked, `written` its own share of it."""

    window: int
    bits: bytearray = field(default_factory=lambda: bytearray(SLOTS // 8))
    used: int = 0
    told: int = 0
    written: int = 0
    reported: bool = False
    wait: float = 0
    """Until when (of the monotonic clock) no further try to write is made."""

    @property
    def own(self) -> int:
        """How many different records the bits stand for (linear counting)."""
        return round(-SLOTS * math.log(1 - min(self.used, SLOTS - 1) / SLOTS))

    @property
    def count(self) -> int:
        """Of all processes, as far as this one knows."""
        return self.told + self.own - self.written

    def add(self, type_key: str, ids: Iterable[int]) -> None:
        kind = crc32(type_key.encode())
        for key in ids:
            place = slot(kind, key)
            bit = 1 << (place & 7)
            if not self.bits[place >> 3] & bit:
                self.bits[place >> 3] |= bit
                self.used += 1


def slot(kind: int, key: int) -> int:
    """The bit of a record: numbers that follow one another must lie scattered, or the estimate is off (two rounds of
    SplitMix64)."""
    mixed = (key * 0x9E3779B97F4A7C15 + kind * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
    mixed ^= mixed >> 31
    return ((mixed * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF) >> 47  # 64 bits less the 17 of SLOTS


@dataclass
class Reader:
    """Who reads the page that is being made; `brake` where they are refused at once, and what has come of it so far."""

    actor: Actor
    brake: bool
    shows: bool = False
    writes: bool = False


class Reached(NamedTuple):
    """A line that a person's count has passed: `near` the limit, or the limit itself."""

    near: bool
    number: int
    most: int


_reader: ContextVar[Reader | None] = ContextVar("reader", default=None)
_hours: dict[int, Hour] = {}
_lock = threading.Lock()


@contextmanager
def page_of(actor: Actor, *, brake: bool) -> Iterator[Reader]:
    """Inside, what is shown is counted as read by the actor."""
    reader = Reader(actor, brake)
    token = _reader.set(reader)
    try:
        yield reader
    finally:
        _reader.reset(token)


@contextmanager
def counted_elsewhere() -> Iterator[None]:
    """Inside, nothing is counted: what leaves as a file has a limit and an entry in the audit of its own."""
    token = _reader.set(None)
    try:
        yield
    finally:
        _reader.reset(token)


def shown(type_key: str, ids: Iterable[int]) -> None:
    """These records are about to be shown. Raises TooMany where that is more than somebody may read in an hour."""
    reader = _reader.get()
    if reader is None or reader.actor.user_id is None:
        return
    with _lock:
        hour = hour_of(reader.actor.user_id)
        hour.add(type_key, ids)
    reader.shows = True
    refusal = too_many(reader.actor) if reader.brake else None
    if refusal is not None:
        raise refusal


def written() -> None:
    """Business data are being written: what the answer shows is the answer to that."""
    reader = _reader.get()
    if reader is not None:
        reader.writes = True


def too_many(actor: Actor) -> TooMany | None:
    """The refusal for somebody who has read more than they may in this hour, as far as this process knows."""
    with _lock:
        count = hour_of(actor.user_id or 0).count
    if count < LEAST:
        return None
    most = reading_limit(actor, "page_rows_hour")
    return TooMany(sentence(most), retry_after=rest_of_hour()) if count > most else None


def sentence(most: int) -> str:
    end = datetime.fromtimestamp((hour_window() + 1) * HOUR, tz=timezone.get_default_timezone())
    return _(
        "您这一小时查看的不同记录已超过 %(most)s 条的上限，%(time)s 起可以继续查看。需要更多时，请联系管理员提高上限"
    ) % {"most": f"{most:,}", "time": f"{end:%H:%M}"}


def hour_of(user_id: int) -> Hour:
    window = hour_window()
    hour = _hours.get(user_id)
    if hour is None or hour.window != window:
        for key in [key for key, one in _hours.items() if one.window != window]:
            del _hours[key]
        hour = _hours[user_id] = Hour(window)
    return hour


def settle(actor: Actor) -> Reached | None:
    """After a page: writes down what has gathered, once there is enough of it. Returns the line that was passed
    by that. Reading goes on where it cannot be written (a full disk); this process's own count holds then."""
    hour = _hours.get(actor.user_id or 0)
    if hour is None or hour.count < LEAST:
        return None
    most = reading_limit(actor, "page_rows_hour")
    with _lock:
        share, now = hour.own - hour.written, time.monotonic()
        over = hour.count > most and not hour.reported
        if now < hour.wait or not share or not (over or share >= min(STEP, most // 20)):
            return None
        hour.wait, hour.written = now + RETRY, hour.written + share
    try:
        with transaction.atomic():
            told = count_up(f"pages:{actor.user_id}", hour.window, share)
    except DatabaseError:
        with _lock:
            hour.written -= share
        return None
    with _lock:
        hour.wait, hour.reported = 0, told > most
        hour.told = told
    return passed(told - share, told, most)


def passed(before: int, now: int, most: int) -> Reached | None:
    if before <= most < now:
        return Reached(False, now, most)
    return Reached(True, now, most) if before <= most * NEAR < now <= most else None


def forget() -> None:
    """As in a process that has just begun."""
    with _lock:
        _hours.clear()
