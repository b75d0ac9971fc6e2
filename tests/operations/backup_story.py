"""The chapters of `test_backup.py` that need a process with a database of its own: `python backup_story.py CHAPTER`."""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

os.environ["DJANGO_SETTINGS_MODULE"] = "kemai.project.settings"
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import django

from kemai.project import settings as _settings  # noqa: F401

django.setup()

from django.conf import settings  # noqa: E402
from django.core.files.uploadedfile import SimpleUploadedFile  # noqa: E402
from django.db import connection  # noqa: E402

from kemai.customers.models import Customer  # noqa: E402
from kemai.customers.services import erasure  # noqa: E402
from kemai.platform import records  # noqa: E402
from kemai.platform.access import SYSTEM  # noqa: E402
from kemai.platform.backup import archive, snapshot  # noqa: E402
from kemai.platform.backup.keeping import place  # noqa: E402
from kemai.platform.backup.making import make  # noqa: E402
from kemai.platform.events import drain_all  # noqa: E402
from kemai.platform.models import StoredFile  # noqa: E402
from kemai.platform.records import encrypting, files  # noqa: E402
from kemai.project.defaults import ensure_defaults  # noqa: E402


def fill() -> dict[str, Any]:
    """Customers, one with a file; a backup while others are being made; then one of them is erased."""
    encrypting.note()
    ensure_defaults()
    for number in range(30):
        records.create("customer", {"name": f"客户{number}", "phone": f"1390000{number:04}"}, by=SYSTEM)
    named = records.create("customer", {"name": "欧阳春晓", "phone": "13812345678"}, by=SYSTEM)
    files.attach("customer", named.pk - 1, SimpleUploadedFile("a.txt", b"annual report"), by=SYSTEM)
    drain_all()
    stop, made = threading.Event(), [0]

    def write() -> None:
        while not stop.is_set():
            records.create("customer", {"name": f"同时{made[0]}"}, by=SYSTEM)
            made[0] += 1
        connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    run = make(by=SYSTEM)
    stop.set()
    writer.join()
    path = place(run)
    rows = rows_in(path)
    erasure.erase_customer(named.pk, by=SYSTEM, reason="asked")
    drain_all()
    return {"archive": str(path), "writers": made[0], "erased": named.pk, "rows": rows}


def rows_in(path: Path) -> dict[str, Any]:
    """Every row of every table in the archive: what the restored database must hold."""
    folder = path.parent / "looked"
    archive.unpack(path, settings.BACKUP_KEY, lambda name: folder / name)
    if (folder / snapshot.SQLITE).exists():
        import sqlite3

        found = sqlite3.connect(folder / snapshot.SQLITE)
        return {name: rows_of(found, name) for name in snapshot.sqlite_counts(folder / snapshot.SQLITE)}
    name = f"{connection.settings_dict['NAME']}_looked"
    own(f'CREATE DATABASE "{name}"')
    snapshot.tool(
        "pg_restore", "--no-owner", f"--dbname={name}", str(folder / snapshot.POSTGRES), database=name
    )
    with bare(name) as looked:
        with connection.cursor() as cursor:
            tables = list(snapshot.postgres_counts(cursor))
        rows = {table: rows_of(looked, table) for table in tables}
    own(f'DROP DATABASE "{name}"')
    return rows


def bare(name: str) -> Any:
    """The database as its own library sees it (Django's connection reads some kinds of values in its own way)."""
    import psycopg

    made = connection.settings_dict
    return psycopg.connect(
        host=made["HOST"], port=made["PORT"], user=made["USER"], password=made["PASSWORD"], dbname=name
    )


def own(sql: str) -> None:
    from kemai.project.cli.rehearsal import statement

    statement(sql)


def rows_of(of: Any, table: str) -> list[list[Any]]:
    found = of.execute(f'SELECT * FROM "{table}"').fetchall()
    return sorted(
        ([plain(value) for value in row] for row in found), key=lambda row: json.dumps(row, default=str)
    )


def plain(value: object) -> object:
    return value if isinstance(value, str | int | float | None) else str(value)


def look(erased: str) -> dict[str, Any]:
    connection.ensure_connection()
    on_postgres = connection.vendor == "postgresql"
    reading = bare(str(connection.settings_dict["NAME"])) if on_postgres else connection.connection
    rows = {name: rows_of(reading, name) for name, _count in snapshot.counts()}
    stored = StoredFile.objects.get(name="a.txt")
    assert Customer.objects.filter(pk=int(erased)).exists()
    return {
        "rows": rows,
        "buried": bool(erasure.buried([("phone", "+8613812345678"), ("phone", "13812345678")])),
        "file": files.location(stored).read_text(),
    }


if __name__ == "__main__":
    print(json.dumps({"fill": fill, "look": look}[sys.argv[1]](*sys.argv[2:]), default=str))  # type: ignore[operator]
