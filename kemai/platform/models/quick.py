"""New rows without a compiler of queries: what every write adds (its change set, its change, its event) is the same
statement each time. Django puts it together anew for each row, which takes longer than the database does."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, TypeVar

from django.db import connection, models

T = TypeVar("T", bound=models.Model)


@lru_cache(maxsize=64)
def statement(model: type[models.Model], vendor: str) -> tuple[str, tuple[models.Field[Any, Any], ...]]:
    """The INSERT of one row, which answers with its key, and the columns in its order."""
    quote = connection.ops.quote_name
    key = model._meta.pk
    assert key is not None
    columns = tuple(column for column in model._meta.concrete_fields if column is not key)
    listed = ", ".join(quote(str(column.column)) for column in columns)
    marks = ", ".join(["%s"] * len(columns))
    table = quote(model._meta.db_table)
    return f"INSERT INTO {table} ({listed}) VALUES ({marks}) RETURNING {quote(str(key.column))}", columns  # noqa: S608


def add(row: T) -> T:
    """Stores a new row whose key the database gives. The caller holds a transaction; there are no signals to send."""
    text, columns = statement(type(row), connection.vendor)
    values = [column.get_db_prep_save(column.pre_save(row, add=True), connection) for column in columns]
    with connection.cursor() as cursor:
        cursor.execute(text, values)
        row.pk = cursor.fetchone()[0]
    row._state.adding, row._state.db = False, "default"
    return row
