"""Looking whether an archive could be restored: every byte is read, every hash compared, the database opened."""

from __future__ import annotations

import sqlite3
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kemai.platform.backup import archive, snapshot
from kemai.platform.backup.cipher import BadArchive


@dataclass(frozen=True)
class Verdict:
    """`code` '' is good; else none, damaged, key, no_key, version, database or counts, and `detail` says where."""

    code: str = ""
    detail: str = ""
    rows: int = 0
    files: int = 0

    @property
    def ok(self) -> bool:
        return not self.code


def verify(
    path: Path, secret: str, *, told: Callable[[int], None] = lambda _n: None, scratch: Path | None = None
) -> Verdict:
    """Reads the archive to its end and opens the database in it (in `scratch`, the archive's folder if not given)."""
    with tempfile.TemporaryDirectory(prefix="verify-", dir=scratch or path.parent) as place:
        try:
            manifest = archive.unpack(
                path, secret, lambda name: Path(place, name) if name.startswith("database.") else None, told
            )
        except BadArchive as bad:
            return Verdict(bad.code, str(bad) if str(bad) != bad.code else "")
        return look(Path(place), manifest)


def look(place: Path, manifest: archive.Manifest) -> Verdict:
    files = sum(name.startswith("files/") for name in manifest.members)
    if (place / snapshot.SQLITE).exists():
        return look_at_sqlite(place / snapshot.SQLITE, manifest, files)
    if (place / snapshot.POSTGRES).exists():
        return look_at_dump(place / snapshot.POSTGRES, manifest, files)
    return Verdict("damaged", "database")


def look_at_sqlite(path: Path, manifest: archive.Manifest, files: int) -> Verdict:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        said = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        said = str(error)
    finally:
        connection.close()
    if said != "ok":
        return Verdict("database", said[:200])
    tables = snapshot.sqlite_counts(path)
    if tables != manifest.tables:
        wrong = sorted(set(tables.items()) ^ set(manifest.tables.items()))
        return Verdict("counts", wrong[0][0])
    return Verdict(rows=sum(tables.values()), files=files)


def look_at_dump(path: Path, manifest: archive.Manifest, files: int) -> Verdict:
    """The dump's table of contents names every table; its rows are counted when it is restored."""
    try:
        done = subprocess.run(
            ["pg_restore", "--list", str(path)], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return Verdict("database", "pg_restore")
    if done.returncode:
        return Verdict("database", done.stderr.strip()[:200])
    named = {line.split()[6] for line in done.stdout.splitlines() if " TABLE DATA " in line}
    missing = sorted(set(manifest.tables) - named)
    if missing:
        return Verdict("database", missing[0])
    return Verdict(rows=sum(manifest.tables.values()), files=files)
