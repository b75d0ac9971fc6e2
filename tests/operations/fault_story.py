"""The story of `test_full_disk.py` and `test_real_disk.py`, in a process with a database of its own: full and read-only
as SQLite can pretend, or with the folder of a small disk, which is filled to the last byte."""

from __future__ import annotations

import contextlib
import json
import os
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

os.environ["DJANGO_SETTINGS_MODULE"] = "kemai.project.settings"
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import django

from kemai.project import settings as _settings  # noqa: F401

django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.db import DatabaseError, connection  # noqa: E402
from django.test import Client  # noqa: E402

from kemai.customers.models import Customer  # noqa: E402
from kemai.platform.access.tokens import issue  # noqa: E402
from kemai.platform.jobs import enqueue, queue  # noqa: E402
from kemai.platform.models import Change, OutboxEvent, Role  # noqa: E402
from kemai.project.defaults import ensure_defaults  # noqa: E402

BIG = random.Random(7).randbytes(9_000).hex()
"""Text that no database makes smaller."""
Fault = Callable[[], AbstractContextManager[None]]


@contextmanager
def full() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA page_count")
        pages = cursor.fetchone()[0]
        cursor.execute(f"PRAGMA max_page_count = {pages}")
        yield
        cursor.execute("PRAGMA max_page_count = 1073741823")


@contextmanager
def read_only() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA query_only = ON")
        yield
        cursor.execute("PRAGMA query_only = OFF")


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            with contextlib.suppress(OSError):
                while file.write(b"x" * size):
                    pass
    try:
        yield
    finally:
        ballast.unlink()


def main(faults: dict[str, Fault]) -> dict[str, Any]:
    ensure_defaults()
    user = get_user_model().objects.create_user("fault", "", "x-very-long-9", name="Fault")
    user.roles.set(Role.objects.filter(key__in=("admin", "director")))
    key = issue(user, "fault")[1]
    browser = Client(raise_request_exception=False, HTTP_HOST="localhost")
    browser.force_login(user)
    first = write(key, "之前")[1]
    told: dict[str, Any] = {}
    for name, fault in faults.items():
        before = counts()
        with fault():
            status, body = write(key, f"{name}", BIG)
            told[name] = {
                "write": [status, body.get("code")],
                "page": browser.get(f"/o/customer/{first['id']}").status_code,
                "list": browser.get("/o/customer/").status_code,
                "form": browser.post("/o/customer/new", {"name": name, "note": BIG}).status_code,
                "worker": worker(),
            }
        after = counts()
        told[name]["half"] = sum(abs(one - other) for one, other in zip(before, after, strict=True))
    told["after"] = write(key, "之后", BIG)[0]
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA integrity_check")
            told["integrity"] = cursor.fetchone()[0]
    return told


def write(key: str, name: str, note: str = "") -> tuple[int, dict[str, Any]]:
    client = Client(raise_request_exception=False, HTTP_HOST="localhost")
    headers = {"Authorization": f"Bearer {key}"}
    body = json.dumps({"name": name, "note": note})
    answer = client.post("/api/v1/customer", body, content_type="application/json", headers=headers)
    return answer.status_code, answer.json()


def counts() -> list[int]:
    return [model.objects.count() for model in (Customer, Change, OutboxEvent)]


def worker() -> str:
    """A worker that cannot claim now must not die of it: its loop takes any DatabaseError for a pause."""
    try:
        enqueue("kemai.platform.jobs.housekeeping.sweep", {"filler": BIG * 20})
        queue.claim("fault", ["default"])
    except DatabaseError:
        connection.close_if_unusable_or_obsolete()
        return "goes on"
    return "wrote"


if __name__ == "__main__":
    pretended: dict[str, Fault] = {"full": full, "read_only": read_only}
    print(json.dumps(main({"disk": lambda: filled(Path(sys.argv[1]))} if sys.argv[1:] else pretended)))
