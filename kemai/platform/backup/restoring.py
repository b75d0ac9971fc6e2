"""Putting a backup back into an empty place: a data folder and, for PostgreSQL, an empty database.

First without the product (`unpacked`): the archive is checked while it is written into a folder apart, whose content
moves to its place only when every hash was right. Then, with the product set up on that folder: the database is filled,
brought up to date, compared with the manifest, and what must be done again is done."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from kemai.platform.backup import archive, snapshot
from kemai.platform.backup.cipher import BadArchive

PLACES = {"database.sqlite3": "kemai.sqlite3"}
BESIDE = ("kemai.sqlite3-wal", "kemai.sqlite3-shm")
"""What SQLite leaves beside its file: nothing that another database may find there."""
STAYS = ("kemai.sqlite3", "secret.key", "files", "audit")


class NotEmpty(Exception):
    """There is data where the backup should go; the text names it."""


class OtherKey(Exception):
    """The database is encrypted by a key that is not set; the text says so."""


@dataclass
class Report:
    """`differs`: tables whose rows are not as many as when the backup was made: (table, then, now)."""

    manifest: archive.Manifest
    differs: list[tuple[str, int, int]] = field(default_factory=list)
    done: dict[str, int] = field(default_factory=dict)


def check_empty(folder: Path) -> None:
    """Raises NotEmpty."""
    for name in STAYS:
        place = folder / name
        if place.exists() and not (place.is_dir() and not any(place.iterdir())):
            raise NotEmpty(str(place))


def unpacked(
    path: Path, secret: str, folder: Path, told: Callable[[int], None] = lambda _n: None
) -> archive.Manifest:
    """Writes the archive's members into `folder`. Raises BadArchive, NotEmpty; nothing is left behind then."""
    check_empty(folder)
    folder.mkdir(parents=True, exist_ok=True)
    beside = folder / ".restoring"
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(mode=0o700)
    try:
        manifest = archive.unpack(path, secret, lambda name: beside / PLACES.get(name, name), told)
        for place in sorted(beside.iterdir()):
            target = folder / place.name
            if target.is_dir():
                target.rmdir()
            place.rename(target)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    (folder / "secret.key").chmod(0o600)
    return manifest


def take_away(folder: Path) -> None:
    """The restore failed after all: the folder is as empty as it was."""
    for name in (*STAYS, *BESIDE, snapshot.POSTGRES, "erased.jsonl"):
        place = folder / name
        if place.is_dir():
            shutil.rmtree(place, ignore_errors=True)
        else:
            place.unlink(missing_ok=True)


def load_dump(folder: Path) -> None:
    """Fills the empty PostgreSQL database that the settings name. Raises NotEmpty, snapshot.NoTool, OtherKey (before
    anything is in it)."""
    from django.db import connection

    from kemai.platform.records import encrypting

    if connection.introspection.table_names():
        raise NotEmpty(str(connection.settings_dict["NAME"]))
    connection.close()
    dump = folder / snapshot.POSTGRES
    if problem := encrypting.problem_with(noted_keys(dump, folder / "settings.sql")):
        raise OtherKey(problem)
    snapshot.tool(
        "pg_restore", "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction",
        f"--dbname={connection.settings_dict['NAME']}", str(dump),
    )  # fmt: skip
    dump.unlink()


def noted_keys(dump: Path, beside: Path) -> str:
    """What the database in a dump has noted of the keys that encrypt it."""
    try:
        snapshot.tool("pg_restore", "--data-only", "--table=platform_setting", f"--file={beside}", str(dump))
        rows = [line.split("\t") for line in beside.read_text("utf-8").splitlines()]
    finally:
        beside.unlink(missing_ok=True)
    values = (row[row.index("columns.key") + 1] for row in rows if "columns.key" in row[:-1])
    return str(json.loads(next(values, '""')))


def compared(manifest: archive.Manifest) -> list[tuple[str, int, int]]:
    """Tables that are not as they were: (table, rows then, rows now)."""
    now = dict(snapshot.counts())
    then = manifest.tables
    return [
        (name, then.get(name, -1), now.get(name, -1))
        for name in sorted({*then, *now})
        if then.get(name) != now.get(name)
    ]


def check_vendor(manifest: archive.Manifest) -> None:
    """Raises BadArchive: a backup of SQLite goes back into SQLite, one of PostgreSQL into PostgreSQL."""
    from django.db import connection

    if connection.vendor != manifest.vendor:
        raise BadArchive("vendor", f"{manifest.vendor} → {connection.vendor}")
