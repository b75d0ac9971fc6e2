"""Statements that may take long, but not for ever: past a while they are given up."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import OperationalError, connection, transaction

STEP = 1_000
CANCELLED = "57014"
"""PostgreSQL's word for a statement that took longer than it may."""


class TooSlow(Exception):
    """The answer did not come in time."""


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raises TooSlow where the statements inside take longer. Nothing may be written inside."""
    if connection.vendor == "postgresql":
        yield from on_postgresql(seconds)
    else:
        yield from on_sqlite(seconds)


def on_postgresql(seconds: float) -> Iterator[None]:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = %s", [int(seconds * 1000)])
            yield
            cursor.execute("SET LOCAL statement_timeout TO DEFAULT")
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") != CANCELLED:
            raise
        raise TooSlow from error


def on_sqlite(seconds: float) -> Iterator[None]:
    connection.ensure_connection()
    session: Any = connection.connection
    until = time.monotonic() + seconds
    session.set_progress_handler(lambda: time.monotonic() > until, STEP)
    try:
        yield
    except Exception as error:
        if "interrupted" not in str(error):
            raise
        raise TooSlow from error
    finally:
        session.set_progress_handler(None, STEP)
