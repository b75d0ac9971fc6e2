"""Disks that are really full or really read-only: a small file system in memory is mounted, which wants root."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.company import ROOT, free_port
from tests.operations.conftest import Place, administrator, owner_of_server

STORY = Path(__file__).parent / "fault_story.py"
MB = 120


@pytest.fixture
def disk() -> Iterator[Path]:
    folder = Path(
        tempfile.mkdtemp(prefix="kemai-disk-")
    )  # not below a folder that PostgreSQL's user may not enter
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={MB}m,mode=0755", "tmpfs", folder],
        capture_output=True,
        check=False,
    )
    if done.returncode:
        folder.rmdir()
        pytest.skip("a disk of one's own wants root and the right to mount")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=False, capture_output=True)
        folder.rmdir()


def story(place: Place, script: Path, *arguments: object, **more: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, str(script), *map(str, arguments)], cwd=ROOT,
        env={**os.environ, **place.environment, **more}, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


@contextmanager
def moved_to(disk: Path, place: Place) -> Iterator[None]:
    """The database lies on the small disk: its file, or its tablespace."""
    if not place.url:
        shutil.move(place.data / "kemai.sqlite3", disk)
        (place.data / "kemai.sqlite3").symlink_to(disk / "kemai.sqlite3")
        yield
        return
    name = place.url.rpartition("/")[2].partition("?")[0]
    os.chown(disk, *owner_of_server())
    with administrator() as cursor:
        cursor.execute(f"CREATE TABLESPACE small_{name} LOCATION '{disk}'")
        cursor.execute(f'ALTER DATABASE "{name}" SET TABLESPACE small_{name}')
        try:
            yield
        finally:
            cursor.execute(f'ALTER DATABASE "{name}" SET TABLESPACE pg_default')
            cursor.execute(f"DROP TABLESPACE small_{name}")


READ_ONLY = """
import json, os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "kemai.project.settings"
import django
django.setup()
from django.test import Client
browser = Client(raise_request_exception=False, HTTP_HOST="localhost")
page, api = browser.get("/login/"), browser.get("/api/v1/customer", headers={"Authorization": "Bearer x"})
print(json.dumps([page.status_code, "连不上数据库" in page.content.decode(), api.status_code, api.json()["code"]]))
"""


@pytest.mark.django_db(transaction=True)
def test_a_read_only_folder_is_said_before_and_while_it_serves(place: Place, disk: Path) -> None:
    if place.url:
        pytest.skip("the folder of PostgreSQL is PostgreSQL's")
    shutil.copy(place.data / "kemai.sqlite3", disk)
    with contextlib.closing(sqlite3.connect(disk / "kemai.sqlite3")) as database:
        database.execute("PRAGMA journal_mode=WAL")
    for name in ("files", "tmp"):
        (disk / name).mkdir()
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    where = {**os.environ, **place.environment, "KEMAI_DATA": str(disk)}
    for command in (("serve", "--port", str(free_port())), ("doctor",)):
        done = subprocess.run(
            [sys.executable, "-m", "kemai.project.cli", *command], cwd=ROOT, env=where, capture_output=True,
            text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 1
        said = done.stdout + done.stderr
        assert "不能写入" in said, said[-2000:]
        assert "Traceback" not in said
    script = place.data / "story.py"
    script.write_text(READ_ONLY)
    shown = subprocess.run(
        [sys.executable, str(script)], cwd=ROOT, env={**where, "PYTHONPATH": str(ROOT)}, capture_output=True,
        text=True, timeout=300, check=False,
    )  # fmt: skip
    assert json.loads(shown.stdout.strip().splitlines()[-1]) == [503, True, 503, "database_away"], (
        shown.stderr
    )


@pytest.mark.django_db(transaction=True)
def test_a_disk_filled_to_the_last_byte_is_said_and_survived(place: Place, disk: Path) -> None:
    with moved_to(disk, place):
        told = story(place, STORY, disk)
    seen = told["disk"]
    assert seen["write"] == [503, "database_full"]
    assert (seen["page"], seen["list"]) == (200, 200), "reading goes on"
    assert seen["form"] == 503
    assert seen["half"] == 0, "nothing of the refused write is there"
    assert seen["worker"] == "goes on"
    assert told["after"] == 201
    assert told.get("integrity", "ok") == "ok"
