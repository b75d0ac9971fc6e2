"""Statements that find their rows by keys, planned once a connection (docs/adr/038).

PostgreSQL plans every statement anew. For a record, which joins ten tables, that costs more than to read it; and there
is nothing to choose: a key leads to its row whatever it is. What filters and sorts is planned with its values."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def planned_once() -> Iterator[None]:
    """Statements run inside keep their plans. On SQLite, and where the server's address forbids it, nothing changes."""
    if connection.vendor != "postgresql":
        yield
        return
    connection.ensure_connection()
    session = connection.connection
    if session.prepare_threshold is None:
        yield
        return
    from django.db.backends.postgresql.base import ServerBindingCursor

    # Django writes values into the statement's text; only a statement that is sent apart from them can be kept
    usual, session.cursor_factory = session.cursor_factory, ServerBindingCursor
    try:
        yield
    finally:
        session.cursor_factory = usual
