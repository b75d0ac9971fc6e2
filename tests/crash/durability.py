"""Whether what is acknowledged is on the disk: counts what the processes ask of the kernel, and fills a disk for real.

    python -m tests.crash.durability            both databases, where the means are there; prints a table

Counting needs `strace`, the full disk needs to be root (a small tmpfs is mounted); what cannot be tried is said."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.crash.harness import Stage, kill, places
from tests.e2e.company import environment, free_port

WRITES = 200
CALLS = re.compile(r"\b(?:fsync|fdatasync)\(\d+\)\s+= 0")
SMALL = "48m"


@dataclass
class Verdict:
    what: str
    good: bool | None
    """None: could not be tried here."""
    seen: str


class Caller:
    """A program with a token: one connection a request."""

    def __init__(self, port: int, token: str) -> None:
        self.port = port
        self.token = token

    def write(self, name: str, note: str = "") -> tuple[int, Any]:
        return self.ask("POST", "/api/v1/customer", {"name": name, "note": note})

    def ask(self, method: str, path: str, values: Any = None) -> tuple[int, Any]:
        import http.client
        import json

        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        try:
            connection.request(method, path, json.dumps(values) if values is not None else None, headers)
            answer = connection.getresponse()
            body = answer.read()
            return answer.status, json.loads(body) if body[:1] in {b"{", b"["} else {}
        except (OSError, http.client.HTTPException):
            return 0, {}
        finally:
            connection.close()


@contextlib.contextmanager
def web(where: dict[str, str], folder: Path) -> Iterator[tuple[Caller, int, Stage]]:
    """A web server with nothing else beside it; yields who may ask it, and its process group."""
    port = free_port()
    stage = Stage(port, {**where, "KEMAI_LIVE": "0", "KEMAI_LOG_LEVEL": "CRITICAL"}, folder / "stage.log")
    pid = 0
    try:
        pid = stage.do("fork", role="web")["pid"]
        caller = Caller(port, stage.people["token"])
        until = time.monotonic() + 60
        while caller.ask("GET", "/api/v1/customer?size=1")[0] != 200:
            if time.monotonic() > until:
                raise RuntimeError("the web server did not start")
            time.sleep(0.1)
        yield caller, pid, stage
    finally:
        if pid:
            kill(pid)
        stage.close()


def family(pid: int) -> list[int]:
    """The process, its children and theirs."""
    found = [pid]
    for one in found:
        with contextlib.suppress(OSError):
            told = Path(f"/proc/{one}/task/{one}/children").read_text()
            found += [int(child) for child in told.split()]
    return found


@contextlib.contextmanager
def counting(pids: list[int], log: Path) -> Iterator[None]:
    command = ["strace", "-f", "-e", "trace=fsync,fdatasync", "-o", str(log), *(f"-p{pid}" for pid in pids)]
    watcher = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        assert watcher.stderr is not None
        for _pid in pids:  # one line each, once it is attached
            watcher.stderr.readline()
        yield
    finally:
        watcher.terminate()
        watcher.wait(20)


def syncs(database: str) -> Verdict:
    """At least one flush to the disk for each acknowledged write, and what they cost."""
    what = f"{database}: an acknowledged write is flushed"
    if shutil.which("strace") is None:
        return Verdict(what, None, "needs strace")
    with places(database) as (where, folder), web(where, folder) as (caller, pid, _stage):
        log = folder / "syncs"
        began, plain = time.monotonic(), sum(caller.write(f"先 {one}")[0] == 201 for one in range(WRITES))
        cost = (time.monotonic() - began) / max(plain, 1) * 1000
        watched = family(pid) if database == "sqlite" else servers(where["KEMAI_DATABASE_URL"])
        with counting(watched, log):
            done = sum(caller.write(f"数 {one}")[0] == 201 for one in range(WRITES))
            time.sleep(0.3)
        count = len(CALLS.findall(log.read_text()))
    seen = f"{count} flushes for {done} writes ({count / max(done, 1):.2f} each), {cost:.1f} ms a write without strace"
    return Verdict(what, done == WRITES and count >= done, seen)


def servers(url: str) -> list[int]:
    """The processes of a PostgreSQL server on this machine."""
    import psycopg

    with psycopg.connect(url) as database:
        row = database.execute("SELECT pg_backend_pid()").fetchone()
        assert row is not None
        status = Path(f"/proc/{row[0]}/status").read_text()
        found = re.search(r"PPid:\s+(\d+)", status)
        assert found is not None
        return [pid for pid in family(int(found[1])) if pid != row[0]]


def full_disk() -> list[Verdict]:
    """SQLite on a disk that fills up, and a database file that nobody may write; then room and rights come back."""
    if os.geteuid() != 0:
        return [Verdict("sqlite: a full disk", None, "needs root, for a small disk of its own")]
    with tempfile.TemporaryDirectory(prefix="kemai-full-") as name:
        disk = Path(name, "disk")
        disk.mkdir()
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={SMALL}", "tmpfs", str(disk)],
            capture_output=True,
            check=False,
        )
        if mounted.returncode:
            return [Verdict("sqlite: a full disk", None, "a tmpfs cannot be mounted here")]
        try:
            with web(environment(disk), Path(name)) as (caller, _pid, stage):
                return [filled(caller, disk), locked(caller, disk), whole(stage)]
        finally:
            subprocess.run(["umount", str(disk)], check=False)


def filled(caller: Caller, disk: Path) -> Verdict:
    before = caller.write("之前")
    size = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
    ballast = disk / "ballast"
    with contextlib.suppress(OSError), ballast.open("wb") as out:
        out.write(bytes(max(size - 64 * 1024, 0)))
        out.flush()
        while True:
            out.write(bytes(1024))
            out.flush()
    said: tuple[int, Any] = (0, {})
    written = 0
    for one in range(400):
        said = caller.write(f"满 {one}", "很长的备注" * 400)
        if said[0] != 201:
            break
        written += 1
    reading = caller.ask("GET", f"/api/v1/customer/{before[1].get('id')}")[0]
    half = caller.ask("GET", "/api/v1/customer?count=1&size=1")[1].get("count")
    ballast.unlink()
    after = caller.write("之后")[0]
    good = (said[0], said[1].get("code"), reading, after, half) == (
        503,
        "database_full",
        200,
        201,
        written + 1,
    )
    seen = f"write {said[0]} {said[1].get('code')}, reading {reading}, {half} records of {written + 1}, after {after}"
    return Verdict("sqlite: the disk is full", good, seen)


def locked(caller: Caller, disk: Path) -> Verdict:
    """Root may write what is read-only, so the whole disk is made so."""

    def remount(how: str) -> bool:
        command = ["mount", "-o", f"remount,{how}", str(disk)]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    what = "sqlite: the disk is read-only"
    subprocess.run(["sync", "-f", str(disk)], check=False)
    if not remount("ro"):
        # files that are open for writing forbid it: the write-protected file is tried in tests/operations instead
        return Verdict(
            what, None, "open files keep this disk writable; tests/operations/test_full_disk.py tries it"
        )
    said = caller.write("只读")
    reading = caller.ask("GET", "/api/v1/customer?size=1")[0]
    remount("rw")
    after = caller.write("又能写了")[0]
    return Verdict(
        what,
        (said[0], reading, after) == (503, 200, 201),
        f"write {said[0]}, reading {reading}, after {after}",
    )


def whole(stage: Stage) -> Verdict:
    wrong = stage.do("verdict", acked={}, versions={}, changes={}, batches=0, delivered={})
    wrong = [one for one in wrong if one != "events wait"]  # there is no worker here
    return Verdict(
        "sqlite: the database is whole afterwards", not wrong, "; ".join(wrong) or "integrity, log, chain"
    )


def tell(found: list[Verdict]) -> int:
    words = {True: "ok", False: "WRONG", None: "not tried"}
    wide = max(len(one.what) for one in found)
    for one in found:
        print(f"{words[one.good]:<10}{one.what:<{wide}}  {one.seen}", flush=True)
    return 1 if any(one.good is False for one in found) else 0


def main() -> int:
    databases = sys.argv[1:] or ["sqlite", "postgres"]
    found = [syncs(database) for database in databases]
    if "sqlite" in databases:
        found += full_disk()
    return tell(found)


if __name__ == "__main__":
    sys.exit(main())
