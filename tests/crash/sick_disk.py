"""Disks that fail under open files: one that the kernel turns read-only after an error (SQLite), and one that fills up
under PostgreSQL's log.

    python -m tests.crash.sick_disk             prints a table; wants root, a loop device and PostgreSQL

What was acknowledged must be there afterwards, what was refused must have been said in words."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.crash.durability import Caller, Verdict, tell, web, whole
from tests.e2e.company import ROOT, environment, free_port
from tools import postgres

IMAGE_MB = 96
LOG_MB = 160
BIG = "很长的备注" * 400
Answer = tuple[int, Any]


def ran(*command: object) -> bool:
    return subprocess.run([str(one) for one in command], capture_output=True, check=False).returncode == 0


@contextlib.contextmanager
def image(folder: Path) -> Iterator[tuple[Path, Path] | None]:
    """A file system of its own that the kernel makes read-only at the first error, and its switch for one; None where
    there are no loop devices."""
    file, disk = folder / "image", folder / "disk"
    disk.mkdir()
    with file.open("wb") as out:
        out.truncate(IMAGE_MB * 1024 * 1024)
    if not (ran("mkfs.ext4", "-q", file) and ran("mount", "-o", "loop,errors=remount-ro", file, disk)):
        yield None
        return
    try:
        source = subprocess.run(
            ["findmnt", "-no", "SOURCE", disk], capture_output=True, text=True, check=True
        ).stdout
        yield disk, Path("/sys/fs/ext4", Path(source.strip()).name, "trigger_fs_error")
    finally:
        ran("umount", disk)


def turned_read_only() -> list[Verdict]:
    what = "sqlite: the disk turns read-only under open files"
    with tempfile.TemporaryDirectory(prefix="kemai-sick-") as name, image(Path(name)) as made:
        if made is None:
            return [Verdict(what, None, "needs root and a loop device")]
        disk, switch = made
        logs = Path(name)
        with web(environment(disk), logs) as (caller, _pid, _stage):
            kept = [caller.write(f"之前 {one}")[1]["id"] for one in range(20)]
            switch.write_text("1")
            said = caller.write("之后")
            reading = [caller.ask("GET", f"/api/v1/customer{path}")[0] for path in (f"/{kept[0]}", "?size=5")]
        mended = ran("umount", disk) and ran_fsck(logs / "image")
        mended = mended and ran("mount", "-o", "loop", logs / "image", disk)
        with contextlib.closing(sqlite3.connect(disk / "kemai.sqlite3")) as database:
            sound = database.execute("PRAGMA integrity_check").fetchone()[0]
        with served(environment(disk), caller.token) as again:
            there = sum(again.ask("GET", f"/api/v1/customer/{one}")[0] == 200 for one in kept)
            after = again.write("修好以后")[0]
    good = said[0] == 503 and mended and (there, after, sound) == (len(kept), 201, "ok")
    seen = (
        f"write {said[0]} {said[1].get('code')}, reading {reading}; after fsck and a new start {there} of {len(kept)} "
        f"there, write {after}, integrity {sound}"
    )
    return [Verdict(what, good, seen)]


def ran_fsck(file: Path) -> bool:
    """1: it has mended something, as it should."""
    return subprocess.run(["fsck.ext4", "-fy", file], capture_output=True, check=False).returncode in {0, 1}


@contextlib.contextmanager
def served(where: dict[str, str], token: str) -> Iterator[Caller]:
    caller = Caller(free_port(), token)
    command = [
        sys.executable,
        "-m",
        "kemai.project.cli",
        "serve",
        "--no-worker",
        "--no-live",
        "--port",
        str(caller.port),
    ]
    process = subprocess.Popen(
        command, cwd=ROOT, env=where, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        until(lambda: caller.ask("GET", "/api/v1/customer?size=1")[0] == 200)
        yield caller
    finally:
        process.terminate()
        process.wait(60)


@contextlib.contextmanager
def small_log(folder: Path) -> Iterator[tuple[str, Path] | None]:
    """A PostgreSQL whose log lies on a small disk in memory."""
    disk = folder / "log"
    disk.mkdir()
    if not ran("mount", "-t", "tmpfs", "-o", f"size={LOG_MB}m,mode=0700", "tmpfs", disk):
        yield None
        return
    cluster = folder / "cluster"
    try:
        postgres.start(cluster, durable=True)
        postgres.stop(cluster, keep=True)
        log = cluster / "data" / "pg_wal"
        owner = log.stat()
        ran("cp", "-a", f"{log}/.", disk)
        os.chown(disk, owner.st_uid, owner.st_gid)
        ran("rm", "-rf", log)
        log.symlink_to(disk)
        yield postgres.start(cluster, durable=True), disk
    finally:
        postgres.stop(cluster)
        ran("umount", disk)


def full_log() -> list[Verdict]:
    what = "postgres: the disk of its log fills up"
    if os.geteuid() != 0:
        return [Verdict(what, None, "needs root")]
    with tempfile.TemporaryDirectory(prefix="kemai-sick-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with small_log(folder) as made:
            if made is None:
                return [Verdict(what, None, "a tmpfs cannot be mounted here")]
            url, disk = made
            where = environment(folder) | {"KEMAI_DATABASE_URL": url}
            with web(where, folder) as (caller, _pid, stage):
                found = log_story(what, caller, disk, folder / "cluster")
                sound = whole(stage)
                return [*found, Verdict("postgres: the database is whole afterwards", sound.good, sound.seen)]


def log_story(what: str, caller: Caller, disk: Path, cluster: Path) -> list[Verdict]:
    ballast = disk / "ballast"
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as out:
        while True:
            out.write(bytes(64 * 1024))
    kept: list[Answer] = []
    refused: Answer = (0, {})
    while len(kept) < 20_000:
        refused = caller.write(f"满 {len(kept)}", BIG)
        if refused[0] != 201:
            break
        kept.append(refused)
    first = f"/api/v1/customer/{kept[0][1]['id']}"
    meanwhile = [caller.ask("GET", first)[0] for _again in range(2)]
    state = "runs" if running(cluster) else "has stopped"
    ballast.unlink()
    began = time.monotonic()
    started = running(cluster) or restarted(cluster)
    waited = until(lambda: caller.write("之后")[0] == 201)
    taken = time.monotonic() - began
    there = sum(caller.ask("GET", f"/api/v1/customer/{one[1]['id']}")[0] == 200 for one in kept[-100:])
    good = refused[0] == 503 and started and waited and there == len(kept[-100:])
    seen = (
        f"{len(kept)} writes, then {refused[0]} {refused[1].get('code')}, reading {meanwhile}, the server {state}; "
        f"with room again a write was taken after {taken:.1f} s, {there} of the last {len(kept[-100:])} there"
    )
    return [Verdict(what, good, seen)]


def running(cluster: Path) -> bool:
    return as_postgres("-D", cluster / "data", "status")


def restarted(cluster: Path) -> bool:
    """As systemd would, with the options that it had."""
    options = (cluster / "data" / "postmaster.opts").read_text().split(" ", 1)[1].strip()
    return as_postgres("-D", cluster / "data", "-l", cluster / "again.log", "-w", "-o", options, "start")


def as_postgres(*arguments: object) -> bool:
    """pg_ctl does not run as root."""
    command = [str(one) for one in (postgres.programs() / "pg_ctl", *arguments)]
    done = subprocess.run(command, cwd="/", capture_output=True, check=False, **postgres._identity())
    return done.returncode == 0


def until(holds: Callable[[], bool], seconds: float = 60) -> bool:
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.2)
    return True


def main() -> int:
    return tell(turned_read_only() + full_log())


if __name__ == "__main__":
    sys.exit(main())
