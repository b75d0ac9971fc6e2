"""The database at one moment, while others go on writing."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder

SQLITE, POSTGRES = "database.sqlite3", "database.pgdump"
SKIPPED = ("sqlite_", "search_index")
"""Tables that are not counted: SQLite's own, and the shadow tables of the search index."""


class NoTool(Exception):
    """A program of PostgreSQL is missing or failed; the text says which and what it said."""


@dataclass(frozen=True)
class Snapshot:
    name: str
    path: Path
    tables: dict[str, int]


def take(folder: Path, *, alive: Callable[[], None] = lambda: None) -> Snapshot:
    """A copy of the database in `folder`, with the rows of each table at that moment. `alive` is called now and then
    and may raise to give up. Raises NoTool."""
    if connection.vendor == "sqlite":
        return of_sqlite(folder / SQLITE)
    return of_postgres(folder / POSTGRES, alive)


def of_sqlite(path: Path) -> Snapshot:
    """VACUUM INTO: one read transaction; writers go on (WAL). On a connection of its own, since it may not run in a
    transaction."""
    source = sqlite3.connect(f"file:{connection.settings_dict['NAME']}?mode=ro", uri=True, timeout=60)
    try:
        source.execute("VACUUM INTO ?", [str(path)])
    finally:
        source.close()
    path.chmod(0o600)
    return Snapshot(SQLITE, path, sqlite_counts(path))


def sqlite_counts(path: Path) -> dict[str, int]:
    copy = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        names = copy.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
        return {
            name: copy.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]  # noqa: S608 - its own table names
            for (name,) in names
            if not name.startswith(SKIPPED)
        }
    finally:
        copy.close()


def of_postgres(path: Path, alive: Callable[[], None]) -> Snapshot:
    """pg_dump on a snapshot that this transaction exports, so that the counts are of the same moment."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.execute("SELECT pg_export_snapshot()")
        name = cursor.fetchone()[0]
        tool("pg_dump", "--format=custom", "--compress=0", "--no-owner", "--no-privileges", f"--snapshot={name}",
             f"--file={path}", alive=alive)  # fmt: skip
        tables = postgres_counts(cursor)
    path.chmod(0o600)
    return Snapshot(POSTGRES, path, tables)


def postgres_counts(cursor: Any) -> dict[str, int]:
    cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename")
    found = {}
    for (name,) in cursor.fetchall():
        cursor.execute(f'SELECT count(*) FROM "{name}"')  # noqa: S608 - the database's own table names
        found[name] = cursor.fetchone()[0]
    return found


def tool(program: str, *arguments: str, database: str = "", alive: Callable[[], None] = lambda: None) -> None:
    """Runs a program of PostgreSQL against our server. The password goes by the environment, not by the command line,
    which everybody on the machine can read. Raises NoTool."""
    with contextlib.ExitStack() as stack:
        found = shutil.which(program)
        if found is None:
            raise NoTool(program)
        process = subprocess.Popen(
            [found, *arguments],
            env=address(database),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        stack.callback(process.kill)
        said = ""
        while True:
            try:
                _out, said = process.communicate(timeout=1)
                break
            except subprocess.TimeoutExpired:
                alive()
        if process.returncode:
            raise NoTool(f"{program}: {said.strip()[-400:]}")


def address(database: str = "") -> dict[str, str]:
    made = connection.settings_dict
    named = {
        "PGHOST": made["HOST"], "PGPORT": made["PORT"], "PGUSER": made["USER"], "PGPASSWORD": made["PASSWORD"],
        "PGDATABASE": database or made["NAME"],
    }  # fmt: skip
    return {**os.environ, **{name: str(value) for name, value in named.items() if value}}


def applied() -> dict[str, str]:
    """The newest migration of each app."""
    found: dict[str, str] = {}
    for app, name in sorted(MigrationRecorder(connection).applied_migrations()):
        found[app] = max(name, found.get(app, ""))
    return found


def counts() -> Iterator[tuple[str, int]]:
    """Rows of each table, now."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
            for (name,) in cursor.fetchall():
                if not name.startswith(SKIPPED):
                    cursor.execute(f'SELECT count(*) FROM "{name}"')  # noqa: S608 - the database's own table names
                    yield name, cursor.fetchone()[0]
        return
    with connection.cursor() as cursor:
        yield from postgres_counts(cursor).items()
