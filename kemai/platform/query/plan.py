"""Telling SQLite how to walk: its planner knows neither LIMIT's worth nor how many records a range holds.

A filtered, sorted page costs least in one of two ways. With few matches: find them by the filter's index and sort
them. With many: walk the sort column's index and skip what does not match. The capped count, which the page shows
anyway, says which (docs/adr/010); a walk that turns out long is given up. PostgreSQL's
statistics decide this by themselves.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import OperationalError, connection
from django.db.models import F, Func, QuerySet
from django.db.models.expressions import Col, OrderBy
from django.db.models.lookups import Exact
from django.db.models.sql.where import WhereNode

from kemai.platform.query.counts import STEP, Count

WALK = 400
"""Steps of 1,000 instructions that a walk may take: about 30 ms. Past it the matches are found first after all."""


class Unindexed(Func):
    """The column as a value: SQLite's unary plus hides it from the choice of an index for the order."""

    template = "+%(expressions)s"
    arity = 1


def sort_first_found(path: str, *, descending: bool) -> OrderBy:
    return OrderBy(Unindexed(F(path)), descending=descending)


def finds_first(expected: Count | None) -> bool:
    """Should the matches be found first and sorted then?"""
    return expected is not None and expected.exact and connection.vendor == "sqlite"


class TooLong(Exception):
    """The walk met too few matches on its way."""


class Index(NamedTuple):
    name: str
    columns: tuple[str, ...]


@lru_cache(maxsize=256)
def indexes_of(table: str) -> tuple[Index, ...]:
    """The indexes that hold every row of a table."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute(f'PRAGMA index_list("{table}")')
        for _seq, name, _unique, _origin, partial in cursor.fetchall():
            cursor.execute(f'PRAGMA index_info("{name}")')
            columns = tuple(str(row[2]) for row in cursor.fetchall())
            if not partial:
                found.append(Index(str(name), columns))
    return tuple(found)


def index_on(table: str, column: str, fixed: Collection[str] = ()) -> str:
    """The index to walk for the order of a column: behind columns that the filter fixes to one value if there is
    such a one, else the column's own; "" where there is none."""
    own = ""
    for name, columns in indexes_of(table):
        if column not in columns[:2]:
            continue
        before, after = columns[: columns.index(column)], columns[columns.index(column) + 1 :]
        after = after[:-1] if after[-1:] == ("deleted_at",) else after  # only there to save a look at the row
        if before and fixed and set(before) <= set(fixed):
            return name
        if not before and len(after) <= 1:
            own = name
    return own


def fixed_columns(node: Any, table: str) -> set[str]:
    """The columns of a table that a filter says to be one value."""
    found: set[str] = set()
    if node.connector != "AND" or node.negated:
        return found
    for child in node.children:
        if isinstance(child, WhereNode):
            found |= fixed_columns(child, table)
        elif isinstance(child, Exact) and isinstance(child.lhs, Col) and child.lhs.alias == table:
            found.add(str(child.lhs.target.column))
    return found


def walked(queryset: QuerySet[Any], path: str) -> tuple[str, str]:
    """The table that holds the sort column, and the index to walk; "" where there is none."""
    base = queryset.model
    part, _dots, name = path.rpartition("__")
    if part == "extra":
        return base._meta.db_table, ""
    model: Any = base._meta.get_field(part).related_model if part else base
    table, column = model._meta.db_table, model._meta.get_field(name).column
    return table, index_on(table, column, fixed_columns(queryset.query.where, table))


@contextmanager
def walk(queryset: QuerySet[Any], path: str, expected: Count | None, own_index: str = "") -> Iterator[None]:
    """Makes the queries inside walk the index of the sort column and look everything else up by key. Raises TooLong
    where that would take much longer than it should: a million fresh records, say, that all fail the filter."""
    if connection.vendor != "sqlite" or expected is None or expected.exact or path == "pk":
        yield
        return
    base = queryset.model._meta.db_table
    table, index = (base, own_index) if own_index else walked(queryset, path)
    if not index:
        yield
        return
    steps = 0

    def step() -> bool:
        nonlocal steps
        steps += 1
        return steps > WALK

    connection.ensure_connection()
    connection.connection.set_progress_handler(step, STEP)
    try:
        with connection.execute_wrapper(hints(base, table, index)):
            yield
    except (OperationalError, sqlite3.OperationalError) as error:
        missing = "no such index" in str(error)  # an analysis is building them anew (records/derived.py)
        if missing:
            indexes_of.cache_clear()
        if steps <= WALK and not missing:
            raise
        raise TooLong from error
    finally:
        connection.connection.set_progress_handler(None, STEP)


def hints(base: str, sorted_table: str, index: str) -> Callable[..., Any]:
    def execute(run: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        for table in {base, sorted_table}:
            how = f'INDEXED BY "{index}"' if table == sorted_table else "NOT INDEXED"
            for word in ("FROM", "JOIN"):
                sql = sql.replace(f'{word} "{table}"', f'{word} "{table}" {how}', 1)
        return run(sql, params, many, context)

    return execute
