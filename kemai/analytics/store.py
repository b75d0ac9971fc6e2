"""The analytical store: one DuckDB file, opened by one process at a time, and the only place that runs SQL on it.

Analyses give Ibis expressions; `Session` is the choke point that compiles and runs them, so another engine would
replace this module alone. No text of a user ever reaches the engine, and it can open no file but its own."""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

MEMORY_LIMIT = "900MB"
THREADS = 2
FILE = "analytics.duckdb"
Kinds = Mapping[str, str]

IBIS_TYPES = {"cents": "int64", "code": "string"}
SQL_TYPES = {
    "int64": "BIGINT",
    "cents": "BIGINT",
    "float64": "DOUBLE",
    "string": "VARCHAR",
    "code": "VARCHAR",
    "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMP",
    "date": "DATE",
}


class StoreBusy(RuntimeError):
    """Another process has been using the store for longer than we were willing to wait."""


@dataclass
class Session:
    """An open store. Tables are known by name and kinds; `stage` and `keep` turn expressions into tables."""

    connection: duckdb.DuckDBPyConnection
    kinds: dict[str, dict[str, str]] = field(default_factory=dict)
    """{table: {column: kind}} of every table that expressions may use."""
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def execute(self, sql: str, args: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Run SQL of our own (never of a user) and return its rows."""
        return self.connection.execute(sql, list(args)).fetchall()

    def table(self, name: str) -> Any:
        """The Ibis table of a known table."""
        import ibis

        return ibis.table({c: IBIS_TYPES.get(k, k) for c, k in self.kinds[name].items()}, name=name)

    def sql(self, expression: Any) -> str:
        import ibis

        return str(ibis.to_sql(expression, dialect="duckdb"))

    def rows(self, expression: Any) -> list[dict[str, Any]]:
        """The rows of a bounded expression."""
        result = self.connection.execute(self.sql(expression))
        names = [column[0] for column in result.description or []]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def batches(self, expression: Any, size: int) -> Iterator[list[tuple[Any, ...]]]:
        result = self.connection.execute(self.sql(expression))
        while rows := result.fetchmany(size):
            yield rows

    def count(self, name: str) -> int:
        return int(self.execute(f'SELECT count(*) FROM "{name}"')[0][0])

    def stage(self, expression: Any) -> Any:
        """The expression's rows as a table that lasts as long as the session."""
        return self.keep(f"t_{next(self._numbers)}", expression, temporary=True)

    def keep(self, name: str, expression: Any, *, temporary: bool = False) -> Any:
        """The expression's rows as a table of the store, replacing one of that name."""
        what = "TEMPORARY TABLE" if temporary else "TABLE"
        self.connection.execute(f'CREATE OR REPLACE {what} "{name}" AS {self.sql(expression)}')
        self.kinds[name] = {column: str(kind) for column, kind in expression.schema().items()}
        return self.table(name)

    def has(self, name: str) -> bool:
        return bool(self.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = ?", [name]))

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        self.connection.begin()
        try:
            yield
        except BaseException:
            self.connection.rollback()
            raise
        self.connection.commit()


@contextlib.contextmanager
def open_store(folder: Path, *, wait: float = 600.0, file: str = FILE) -> Iterator[Session]:
    """Open the store of a data folder, waiting for another process to finish with it. Raises StoreBusy.

    A file that cannot be read (a crash of the machine, another version's format) is thrown away: it is a copy."""
    folder.mkdir(parents=True, exist_ok=True)
    with _alone((folder / file).with_suffix(".lock"), wait):
        connection = _connect(folder, file)
        try:
            yield Session(connection)
        finally:
            connection.close()


@contextlib.contextmanager
def _alone(path: Path, wait: float) -> Iterator[None]:
    deadline = time.monotonic() + wait
    with path.open("w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise StoreBusy(str(path)) from None
                time.sleep(0.2)
        yield


def _connect(folder: Path, file: str) -> duckdb.DuckDBPyConnection:
    path = folder / file
    try:
        connection = duckdb.connect(str(path))
    except duckdb.Error:
        for stale in (path, path.with_name(f"{file}.wal")):
            stale.unlink(missing_ok=True)
        connection = duckdb.connect(str(path))
    spill = folder / "tmp" / "duckdb"
    spill.mkdir(parents=True, exist_ok=True)
    for name, value in (
        ("memory_limit", MEMORY_LIMIT),
        ("threads", THREADS),
        ("temp_directory", str(spill)),
        ("preserve_insertion_order", False),
        ("TimeZone", "UTC"),
        # results come to Python by API and rows go in as Arrow: the engine needs no file but its own
        ("enable_progress_bar", False),
        ("enable_external_access", False),
        ("lock_configuration", True),
    ):
        shown = f"'{value}'" if isinstance(value, str) else str(value).lower()
        connection.execute(f"SET {name} = {shown}")
    return connection
