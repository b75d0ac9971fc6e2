"""Telling SQLite how to walk: its planner knows neither LIMIT's worth nor how many records a range holds.

A filtered, sorted page costs least in one of two ways. With few matches: find them by the filter's index and sort
them. With many: walk the sort column's index and skip what does not match. The capped count, which the page shows
anyway, says which (docs/adr/010). PostgreSQL's statistics decide this by themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from typing import Any

from django.db import connection
from django.db.models import F, Func, QuerySet
from django.db.models.expressions import OrderBy

from kemai.platform.query.counts import Count


class Unindexed(Func):
    """The column as a value: SQLite's unary plus hides it from the choice of an index for the order."""

    template = "+%(expressions)s"
    arity = 1


def sort_first_found(path: str, *, descending: bool) -> OrderBy:
    return OrderBy(Unindexed(F(path)), descending=descending)


def finds_first(expected: Count | None) -> bool:
    """Should the matches be found first and sorted then?"""
    return expected is not None and expected.exact and connection.vendor == "sqlite"


@lru_cache(maxsize=256)
def index_on(table: str, column: str) -> str:
    """The full index that begins with a column; "" where there is none."""
    with connection.cursor() as cursor:
        cursor.execute(f'PRAGMA index_list("{table}")')
        for _seq, name, _unique, _origin, partial in cursor.fetchall():
            cursor.execute(f'PRAGMA index_info("{name}")')
            columns = [row[2] for row in cursor.fetchall()]
            if not partial and columns[0] == column and len(columns) <= 2:
                return str(name)
    return ""


def walk(queryset: QuerySet[Any], path: str, expected: Count | None) -> AbstractContextManager[Any]:
    """Makes the queries inside walk the index of the sort column and look everything else up by key."""
    if connection.vendor != "sqlite" or expected is None or expected.exact or path == "pk":
        return nullcontext()
    base = queryset.model
    part, _dots, name = path.rpartition("__")
    model: Any = base._meta.get_field(part).related_model if part else base
    column = model._meta.get_field(name).column
    index = index_on(model._meta.db_table, column)
    if not index:
        return nullcontext()
    return connection.execute_wrapper(hints(base._meta.db_table, model._meta.db_table, index))


def hints(base: str, sorted_table: str, index: str) -> Callable[..., Any]:
    def execute(run: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        for table in {base, sorted_table}:
            how = f'INDEXED BY "{index}"' if table == sorted_table else "NOT INDEXED"
            for word in ("FROM", "JOIN"):
                sql = sql.replace(f'{word} "{table}"', f'{word} "{table}" {how}', 1)
        return run(sql, params, many, context)

    return execute
