"""New rows without a compiler of queries: what every write adds (its change set, its change, its event) is the same
statement each time. Django puts it together anew for each row, which takes longer than the database does; and
PostgreSQL takes rows of several tables in one statement, which saves a question and an answer for each of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, TypeVar

from django.db import connection, models

T = TypeVar("T", bound=models.Model)
Said = tuple[str, Sequence[Any]]
"""An INSERT and its values."""
_gathering: ContextVar[list[Said] | None] = ContextVar("gathering", default=None)


@lru_cache(maxsize=64)
def statement(
    model: type[models.Model], vendor: str, *, keyed: bool = False
) -> tuple[str, tuple[models.Field[Any, Any], ...]]:
    """The INSERT of one row and the columns in its order; with its key, or else the database gives it."""
    quote = connection.ops.quote_name
    key = model._meta.pk
    assert key is not None
    columns = tuple(column for column in model._meta.concrete_fields if keyed or column is not key)
    listed = ", ".join(quote(str(column.column)) for column in columns)
    marks = ", ".join(["%s"] * len(columns))
    return f"INSERT INTO {quote(model._meta.db_table)} ({listed}) VALUES ({marks})", columns  # noqa: S608


def said(row: models.Model, *, keyed: bool = False) -> Said:
    text, columns = statement(type(row), connection.vendor, keyed=keyed)
    return text, [column.get_db_prep_save(column.pre_save(row, add=True), connection) for column in columns]


def stored(row: T, key: Any) -> T:
    row.pk = key
    row._state.adding, row._state.db = False, "default"
    return row


def add(row: T) -> T:
    """Stores a new row whose key the database gives. The caller holds a transaction; there are no signals to send."""
    text, values = said(row)
    with connection.cursor() as cursor:
        cursor.execute(f"{text} RETURNING id", values)
        return stored(row, cursor.fetchone()[0])


def add_both(row: T, child: models.Model, link: str) -> T:
    """A new row and another that points to it by its column `link`, whose own key nobody asks for."""
    if connection.vendor != "postgresql":
        add(row)
        setattr(child, link, row.pk)
        send(*said(child))
        return row
    text, values = said(row)
    first, columns = statement(type(child), connection.vendor)
    marks = ", ".join("(SELECT id FROM above)" if one.attname == link else "%s" for one in columns)
    also = [
        one.get_db_prep_save(one.pre_save(child, add=True), connection)
        for one in columns
        if one.attname != link
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH above AS ({text} RETURNING id) {first.partition(' VALUES ')[0]} VALUES ({marks}) RETURNING {link}",
            [*values, *also],
        )
        return stored(row, cursor.fetchone()[0])


@contextmanager
def gathered() -> Iterator[None]:
    """What is sent inside is not there before the end, where PostgreSQL takes all of it in one statement. For rows of
    tables that nothing reads in between; a key that one of them names may be that of a row further on, since foreign
    keys are looked at when the transaction ends. SQLite is no journey away and gets each at once."""
    if connection.vendor != "postgresql" or _gathering.get() is not None:
        yield
        return
    waiting: list[Said] = []
    token = _gathering.set(waiting)
    try:
        yield
    finally:
        _gathering.reset(token)
    if waiting:
        (text, values), before = waiting[-1], waiting[:-1]
        parts = ", ".join(f"part{place} AS ({one})" for place, (one, _values) in enumerate(before))
        with connection.cursor() as cursor:
            cursor.execute(
                f"WITH {parts} {text}" if parts else text,
                [value for _text, some in before for value in some] + list(values),
            )


def send(text: str, values: Sequence[Any]) -> None:
    """An INSERT whose answer nobody waits for."""
    waiting = _gathering.get()
    if waiting is not None:
        waiting.append((text, values))
        return
    with connection.cursor() as cursor:
        cursor.execute(text, values)


@lru_cache(maxsize=64)
def next_key(model: type[models.Model], vendor: str) -> str:
    """The expression that draws the key of a new row, once a statement: what has to be asked anyway can bring it along.
    NULL on SQLite, which gives keys with the rows."""
    if vendor != "postgresql":
        return "NULL"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", [model._meta.db_table])
        return f"(SELECT nextval('{cursor.fetchone()[0]}'))"


def put(row: T, key: int | None) -> T:
    """Stores a new row under a key that was drawn for it, where one was."""
    if key is None:
        return add(row)
    stored(row, key)
    send(*said(row, keyed=True))
    return row
