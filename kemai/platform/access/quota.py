"""How much somebody has done within a while, counted for all processes together: values revealed, records read."""

from __future__ import annotations

import time

from django.db import DatabaseError, connection, transaction
from django.db.models import Q
from django.utils import timezone

from kemai.platform.models import RateCount

HOUR = 3600
FIRST_DAY = 700_000
FLUSH = 500
"""Records read that a process keeps to itself before it writes them down: reading must not cost a write each time."""
_pending: dict[tuple[str, int], tuple[int, int]] = {}


def hour_window() -> int:
    return int(time.time()) // HOUR


def rest_of_hour() -> int:
    """Seconds until the next one begins."""
    return HOUR - int(time.time()) % HOUR


def day_window() -> int:
    """The company's day."""
    return timezone.localdate(timezone=timezone.get_default_timezone()).toordinal()


def count_up(bucket: str, window: int, by: int = 1) -> int:
    """The count after adding to it. One statement, so that two at once are both counted."""
    table = connection.ops.quote_name(RateCount._meta.db_table)
    column = connection.ops.quote_name("window")
    statement = (
        f'INSERT INTO {table} (bucket, {column}, "count") VALUES (%s, %s, %s) '  # noqa: S608 - names of ours
        f'ON CONFLICT (bucket, {column}) DO UPDATE SET "count" = {table}."count" + excluded."count" RETURNING "count"'
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [bucket[:120], window, by])
        return int(cursor.fetchone()[0])


def counted(bucket: str, window: int) -> int:
    found = (
        RateCount.objects.filter(bucket=bucket[:120], window=window).values_list("count", flat=True).first()
    )
    return found or 0


def read_up(bucket: str, by: int) -> int:
    """Counts records read in this hour; some hundreds may still be known to one process only. Reading goes on where
    the count cannot be written (a full disk)."""
    slot = (bucket, hour_window())
    if len(_pending) > 5000:
        _pending.clear()
    total, waiting = _pending.get(slot, (0, 0))
    waiting += by
    if waiting >= FLUSH or not total:
        try:
            with transaction.atomic():
                total, waiting = count_up(bucket, slot[1], waiting), 0
        except DatabaseError:
            total += waiting
    _pending[slot] = (total, waiting)
    return total + waiting


def forget() -> None:
    """As in a process that has just begun."""
    _pending.clear()


def sweep() -> int:
    """Removes counts of windows that are over: hours are numbered below, days above FIRST_DAY."""
    hours = Q(window__lt=min(hour_window() - 48, FIRST_DAY))
    days = Q(window__gte=FIRST_DAY, window__lt=day_window() - 3)
    removed, _rows = RateCount.objects.filter(hours | days).delete()
    return removed
