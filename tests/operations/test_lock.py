"""Long work that writes slice after slice lets others write in between, on SQLite and its one writer."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pysqlite3
import pytest
from django.db.utils import OperationalError

from kemai.platform.sqlite.base import DatabaseWrapper
from kemai.project import environment

pytestmark = pytest.mark.django_db
BREATH = 0.02


def opened(folder: Path, *, patience: float = 20.0) -> DatabaseWrapper:
    made = environment.database("KEMAI_NO_SUCH_VARIABLE", folder)
    made["OPTIONS"] = {**made["OPTIONS"], "timeout": patience}  # type: ignore[dict-item]
    defaults: dict[str, object] = {
        "ATOMIC_REQUESTS": False, "AUTOCOMMIT": True, "TIME_ZONE": None, "CONN_HEALTH_CHECKS": False, "TEST": {},
    }  # fmt: skip
    return DatabaseWrapper({**defaults, **made})


def test_a_short_write_gets_in_between_long_slices(tmp_path: Path) -> None:
    quick = opened(tmp_path)
    with quick.cursor() as cursor:
        cursor.execute("CREATE TABLE t (x)")
    stop = threading.Event()
    slices = [0]

    def slices_of_work() -> None:
        long = pysqlite3.connect(tmp_path / "kemai.sqlite3", isolation_level=None, timeout=20)
        while not stop.is_set():
            long.execute("BEGIN IMMEDIATE")
            long.execute("INSERT INTO t VALUES (0)")
            time.sleep(0.15)
            long.execute("COMMIT")
            slices[0] += 1
            time.sleep(BREATH)
        long.close()

    worker = threading.Thread(target=slices_of_work)
    worker.start()
    waits = []
    for _n in range(6):
        began = slices[0]
        with quick.cursor() as cursor:
            cursor.execute("INSERT INTO t VALUES (1)")
        waits.append(slices[0] - began)
    stop.set()
    worker.join()
    assert max(waits) < 20, f"{waits} slices were written while a short write waited"
    quick.close()


def test_waiting_ends_and_what_waiting_cannot_mend_is_said_at_once(tmp_path: Path) -> None:
    impatient, other = opened(tmp_path, patience=0.2), opened(tmp_path)
    with other.cursor() as cursor:
        cursor.execute("CREATE TABLE t (x)")
        cursor.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    with impatient.cursor() as cursor, pytest.raises(OperationalError, match="locked"):
        cursor.execute("INSERT INTO t VALUES (1)")
    assert 0.2 <= time.monotonic() - began < 5
    with other.cursor() as cursor:
        cursor.execute("ROLLBACK")
        cursor.executemany("INSERT INTO t VALUES (%s)", [(1,), (2,)])
        cursor.execute("PRAGMA synchronous")
        assert cursor.fetchone()[0] == 2, "an acknowledged write has reached the disk"
        with pytest.raises(OperationalError, match="no such table"):
            cursor.execute("INSERT INTO nowhere VALUES (1)")
        with pytest.raises(OperationalError):
            cursor.executemany("INSERT INTO nowhere VALUES (%s)", [(1,)])
        cursor.execute("SELECT count(*) FROM t")
        assert cursor.fetchone()[0] == 2
    impatient.close()
    other.close()
