"""Counting without reading everything: capped, bounded in work, several in one question."""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Sequence
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import OperationalError, connection
from django.db.models import QuerySet
from django.db.models.lookups import IsNull

CAP = 4_000
STEP = 1_000
WORK = 40
"""Steps of 1,000 instructions of SQLite's machine that a quick count may take: about 3 ms, whatever is asked."""
CAP_JOINED, CAP_CROSSED = 1_000, 100
"""On PostgreSQL, whose work cannot be bounded from outside: where the condition is about another table, every hit costs
a look at both; where conditions on several tables meet, of a tenth that is true on each side it has to look at forty
times as many rows as it counts."""


class Count(NamedTuple):
    """How many there are; `exact` is False where there are at least that many."""

    number: int
    exact: bool

    @property
    def short(self) -> str:
        """ "3,218", or "3,000+" where it is a lower bound."""
        if self.exact:
            return f"{self.number:,}"
        unit = max(1, 10 ** (len(str(self.number)) - 1))
        return f"{self.number // unit * unit:,}+"


def quick_count(queryset: QuerySet[Any], cap: int = CAP, *, work: int | None = WORK) -> Count:
    """The number of records up to `cap`, within a bounded amount of work: enough to show and to choose a plan by.
    `work=None` counts to the cap however long it takes."""
    if connection.vendor == "postgresql" and work is not None:
        cap = min(cap, affordable(queryset))
    try:
        sql, params = keys_of(queryset, cap + 1)
    except EmptyResultSet:
        return Count(0, exact=True)
    with connection.cursor() as cursor:
        if connection.vendor != "sqlite" or work is None:
            cursor.execute(f"SELECT COUNT(*) FROM ({sql}) AS found", params)  # noqa: S608 - made by the ORM
            number = int(cursor.fetchone()[0])
            return Count(min(number, cap), number <= cap)
        return stepped_count(cursor, sql, params, cap, work)


def keys_of(queryset: QuerySet[Any], limit: int) -> tuple[str, tuple[Any, ...]]:
    """The statement for that many keys, in no order: what `order_by().values("pk")[:limit]` says, with one copy of the
    query instead of three. Raises EmptyResultSet."""
    query = queryset.query.chain()
    query.clear_ordering(force=True)
    query.set_values(("pk",))
    query.set_limits(high=limit)
    return query.sql_with_params()


def affordable(queryset: QuerySet[Any]) -> int:
    """How many PostgreSQL can count in about a millisecond."""
    tables = asked_tables(queryset.query.where)
    if len(tables) > 1:
        return CAP_CROSSED
    return CAP if tables <= {queryset.model._meta.db_table} else CAP_JOINED


def asked_tables(node: Any) -> set[str]:
    """The tables that conditions are about, other than whether something is there at all."""
    if hasattr(node, "children"):
        return set().union(*(asked_tables(child) for child in node.children))
    lhs = getattr(node, "lhs", None)
    alias = getattr(lhs, "alias", "")
    return {alias} if alias and not isinstance(node, IsNull) else set()


def stepped_count(cursor: Any, sql: str, params: Sequence[Any], cap: int, work: int) -> Count:
    """SQLite tells how much it works: past `work` steps it is stopped, and what it found by then is what there is
    at least. Deterministic, unlike a clock."""
    steps = 0
    # numbered and thrown away without a step of Python each; the last number stays when the statement is stopped
    last: deque[tuple[int, Any]] = deque([(0, None)], maxlen=1)

    def step() -> bool:
        nonlocal steps
        steps += 1
        return steps > work

    connection.connection.set_progress_handler(step, STEP)
    try:
        cursor.execute(sql, params)
        last.extend(enumerate(cursor.cursor, 1))  # past Django's wrapper, which costs more than the row
    except (OperationalError, sqlite3.OperationalError):
        if steps <= work:
            raise
        return Count(last[0][0], exact=False)
    finally:
        connection.connection.set_progress_handler(None, STEP)
    number = last[0][0]
    return Count(min(number, cap), number <= cap)


def capped_counts(querysets: Sequence[QuerySet[Any]], cap: int = 999) -> list[int]:
    """How many rows each queryset has, up to cap + 1, in one round trip."""
    pieces: list[str] = []
    params: list[Any] = []
    places: list[int] = []
    counts = [0] * len(querysets)
    for place, queryset in enumerate(querysets):
        try:
            sql, values = keys_of(queryset, cap + 1)
        except EmptyResultSet:
            continue
        pieces.append(f"(SELECT COUNT(*) FROM ({sql}) AS t{place})")  # noqa: S608 - made by the ORM
        params += values
        places.append(place)
    if pieces:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {', '.join(pieces)}", params)
            row = cursor.fetchone()
        for place, count in zip(places, row, strict=True):
            counts[place] = int(count)
    return counts
