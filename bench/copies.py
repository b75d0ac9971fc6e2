"""The seeded database, and the copy of it that a run may change."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

FILE = "kemai.sqlite3"
WORK = "bench_work"


@dataclass(frozen=True)
class Place:
    """Where the product finds its data: the environment of a process that uses the seeded database or the copy."""

    seeded: dict[str, str]
    work: dict[str, str]
    copy: Callable[[], None]
    drop: Callable[[], None]


@contextlib.contextmanager
def opened(database: str, folder: Path) -> Iterator[Place]:
    work = folder.with_name(f"{folder.name}-work")
    if database == "sqlite":
        yield sqlite(folder, work)
        return
    cluster = str(folder / "cluster")
    started = subprocess.run(
        [sys.executable, "-m", "tools.postgres", "start", cluster, "--durable"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    try:
        yield postgres(folder, work, started.stdout.strip().splitlines()[-1])
    finally:
        subprocess.run([sys.executable, "-m", "tools.postgres", "stop", cluster, "--keep"], check=False)


def sqlite(folder: Path, work: Path) -> Place:
    def copy() -> None:
        fresh(folder, work)
        connection = sqlite3.connect(folder / FILE)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        subprocess.run(["cp", "--reflink=auto", folder / FILE, work / FILE], check=True)

    return Place(
        {"KEMAI_DATA": str(folder)},
        {"KEMAI_DATA": str(work)},
        copy,
        lambda: shutil.rmtree(work, ignore_errors=True),
    )


def postgres(folder: Path, work: Path, url: str) -> Place:
    base, _slash, name = url.partition("?")[0].rpartition("/")

    def admin(*statements: str) -> None:
        import psycopg

        with psycopg.connect(f"{base}/template1", autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def copy() -> None:
        fresh(folder, work)
        drop_database = f'DROP DATABASE IF EXISTS "{WORK}" WITH (FORCE)'
        admin(drop_database, f'CREATE DATABASE "{WORK}" TEMPLATE "{name}" STRATEGY FILE_COPY')

    def drop() -> None:
        admin(f'DROP DATABASE IF EXISTS "{WORK}" WITH (FORCE)')
        shutil.rmtree(work, ignore_errors=True)

    copied = url.replace(f"{base}/{name}", f"{base}/{WORK}", 1)
    return Place(
        {"KEMAI_DATA": str(folder), "KEMAI_DATABASE_URL": url},
        {"KEMAI_DATA": str(work), "KEMAI_DATABASE_URL": copied},
        copy,
        drop,
    )


def fresh(folder: Path, work: Path) -> None:
    """A data folder without an analytical store: the first analysis makes it."""
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    if (folder / "secret.key").exists():
        shutil.copy(folder / "secret.key", work)
