"""SQLite as Django has it, but whoever waits for the lock looks every few milliseconds.

SQLite's own wait looks at growing intervals, at last every 100 ms. A long piece of work that writes slice after slice
and lets others in for 20 ms between two is then missed four times out of five, and with bad luck until the time is up:
"database is locked", though the lock was free again and again. Looking every 4 ms costs next to nothing and gets in at
the next pause."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pysqlite3
from django.db.backends.sqlite3 import base

from kemai.platform.sqlite.schema import SchemaEditor

Refused = pysqlite3.OperationalError

LOOK = 0.004
FREE_SOON = frozenset({5, 261})
"""SQLITE_BUSY and SQLITE_BUSY_RECOVERY. Not SQLITE_BUSY_SNAPSHOT (517): what was read before is out of date then, and
waiting does not mend that."""


def waits_for_lock(error: Exception) -> bool:
    return getattr(error, "sqlite_errorcode", 0) in FREE_SOON


class FairCursor(base.SQLiteCursorWrapper):
    """Tries a refused statement again until `patience` is over. A statement that was refused has done nothing."""

    patience = 20.0

    def execute(self, query: Any, params: Any = None) -> Any:
        return self.until_free(lambda: super(FairCursor, self).execute(query, params))

    def plain(self, query: str, params: Any) -> Any:
        """A statement with SQLite's own marks: Django looks for its marks in the whole text, at each call."""
        return self.until_free(lambda: super(base.SQLiteCursorWrapper, self).execute(query, params))

    def executemany(self, query: Any, param_list: Any) -> Any:
        if self.connection.in_transaction:
            return super().executemany(query, param_list)
        # all or nothing: one that is refused after some rows could not be tried again
        self.execute("BEGIN IMMEDIATE")
        try:
            super().executemany(query, param_list)
            self.execute("COMMIT")
        except BaseException:
            self.execute("ROLLBACK")
            raise
        return self

    def until_free(self, act: Callable[[], Any]) -> Any:
        try:
            return act()
        except Refused as error:
            if not waits_for_lock(error):
                raise
        until = time.monotonic() + self.patience
        while True:
            time.sleep(LOOK)
            try:
                return act()
            except Refused as error:
                if not waits_for_lock(error) or time.monotonic() > until:
                    raise


class DatabaseWrapper(base.DatabaseWrapper):
    SchemaEditorClass = SchemaEditor

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """While it opens (several processes at once at the start of a server) SQLite waits as it does. Later it does
        not wait at all: the cursor does, for as long as OPTIONS["timeout"] says."""
        self.patience = float(conn_params.get("timeout", FairCursor.patience))
        opened = super().get_new_connection(conn_params)
        opened.execute("PRAGMA busy_timeout = 0")
        return opened

    def create_cursor(self, name: str | None = None) -> FairCursor:
        cursor: FairCursor = self.connection.cursor(factory=FairCursor)
        cursor.patience = self.patience
        return cursor
