"""A throw-away PostgreSQL cluster for tests and benchmarks.

    python -m tools.postgres start DIR [--durable]    starts one in DIR, or the one kept there, and prints its URL
    python -m tools.postgres stop DIR [--keep]        stops it and removes DIR, or keeps it for another start
    python -m tools.postgres find                     prints where the server's programs are

It listens on a free loopback port with a random password. PostgreSQL refuses to run as root, so root hands the
cluster to the user `postgres`, or `nobody` where there is none. Without --durable nothing is synced to disk: fast,
and lost with the machine. Only the standard library is used.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import pwd
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TypedDict

OLDEST = 15
NAME = "kemai"
KEPT = "password"
HINT = "Debian and Ubuntu: sudo apt-get install postgresql, or as root: ./run --system test"
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
SETTINGS = (
    "shared_buffers=256MB",
    "maintenance_work_mem=256MB",
    "max_connections=60",
    "random_page_cost=1.1",
    "jit=off",
    "max_wal_size=4GB",
    "log_min_messages=warning",
)


class NoServer(RuntimeError):
    """No PostgreSQL of a supported version is installed, or it would not start; the message says which."""


class Identity(TypedDict, total=False):
    """Keyword arguments that make subprocess run as somebody else."""

    user: int
    group: int
    extra_groups: list[int]


def _version(folder: Path) -> int:
    """Major version of the server in this folder, 0 if there is none."""
    if not all((folder / program).exists() for program in ("postgres", "initdb", "pg_ctl")):
        return 0
    shown = subprocess.run(
        [folder / "postgres", "--version"], capture_output=True, text=True, check=False
    ).stdout
    match = re.search(r"(\d+)", shown)
    return int(match.group(1)) if match else 0


def programs() -> Path:
    """The folder with initdb, pg_ctl and postgres of the newest installed server."""
    places = set(Path("/usr/lib/postgresql").glob("*/bin"))
    places |= set(Path("/opt/homebrew/opt").glob("postgresql*/bin"))
    places |= set(Path("/usr").glob("pgsql-*/bin"))
    on_path = shutil.which("initdb")
    if on_path:
        places.add(Path(on_path).resolve().parent)
    best = max(((_version(place), place) for place in places), default=(0, Path()))
    if best[0] < OLDEST:
        raise NoServer(f"no PostgreSQL {OLDEST} or newer is installed. {HINT}")
    return best[1]


def _identity() -> Identity:
    if os.getuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise NoServer("PostgreSQL does not run as root, and there is neither a user postgres nor nobody")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _run(command: list[str | Path], identity: Identity, folder: Path) -> None:
    # a server inherits the pipe, so output goes to a file: reading a pipe would wait for the server to end
    log = folder / "commands.log"
    with log.open("ab") as sink:
        done = subprocess.run(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, check=False, **identity
        )
    if done.returncode != 0:
        server_log = folder / "server.log"
        said = log.read_text(errors="replace")
        said += server_log.read_text(errors="replace") if server_log.exists() else ""
        raise NoServer(f"{Path(command[0]).name} failed:\n{said[-3000:]}")


def _initdb(bin_: Path, folder: Path, password: str, identity: Identity) -> None:
    data, secret = folder / "data", folder / "password.initdb"
    secret.touch(mode=0o600)
    secret.write_text(password)
    if identity:
        os.chown(secret, identity["user"], identity["group"])
    base: list[str | Path] = [bin_ / "initdb", "-D", data, "-U", NAME, "-E", "UTF8", "-A", "scram-sha-256"]
    base += [f"--pwfile={secret}", "--no-sync"]
    try:
        _run([*base, "--locale=C.UTF-8"], identity, folder)
    except NoServer:  # macOS has no C.UTF-8
        shutil.rmtree(data, ignore_errors=True)
        _run([*base, "--locale=en_US.UTF-8"], identity, folder)
    secret.unlink()


def _create_database(bin_: Path, url: str, folder: Path) -> None:
    maintenance = url.rsplit("/", 1)[0] + "/postgres"
    _run([bin_ / "psql", "-q", "-d", maintenance, "-c", f"CREATE DATABASE {NAME}"], {}, folder)


def start(folder: Path, *, durable: bool = False) -> str:
    """Start the cluster that was kept in `folder`, or make one there (made if absent, else empty), and return its URL.
    Raises NoServer."""
    bin_, identity = programs(), _identity()
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / KEPT
    if kept.exists():
        password = kept.read_text()
        _halt(folder)  # one that a killed process left running
        return _serve(bin_, folder, password, identity, durable=durable)
    if any(folder.iterdir()):
        raise NoServer(f"{folder} is not empty")
    folder.chmod(0o700)
    if identity:
        os.chown(folder, identity["user"], identity["group"])
    password = secrets.token_hex(12)
    _initdb(bin_, folder, password, identity)
    url = _serve(bin_, folder, password, identity, durable=durable)
    _create_database(bin_, url, folder)
    kept.touch(mode=0o600)
    kept.write_text(password)
    return url


def _serve(bin_: Path, folder: Path, password: str, identity: Identity, *, durable: bool) -> str:
    for _try in range(4):
        try:
            return _serve_at(_free_port(), bin_, folder, password, identity, durable=durable)
        except NoServer as error:  # somebody took the port between our looking and its starting
            if "could not bind" not in str(error):
                raise
            (folder / "server.log").unlink(missing_ok=True)
    return _serve_at(_free_port(), bin_, folder, password, identity, durable=durable)


def _serve_at(
    port: int, bin_: Path, folder: Path, password: str, identity: Identity, *, durable: bool
) -> str:
    settings = [*SETTINGS, *(() if durable else FAST), f"port={port}", "listen_addresses=127.0.0.1"]
    # the path of a socket may have 107 characters at most and temporary folders can be deep: loopback only
    settings.append("unix_socket_directories=")
    options = " ".join(f"-c {setting}" for setting in settings)
    log = folder / "server.log"
    _run(
        [bin_ / "pg_ctl", "-D", folder / "data", "-w", "-t", "60", "-l", log, "-o", options, "start"],
        identity,
        folder,
    )
    return f"postgresql://{NAME}:{password}@127.0.0.1:{port}/{NAME}"


def stop(folder: Path, *, keep: bool = False) -> None:
    """Stop the cluster in `folder`, if it runs, and remove everything, or `keep` it for another start."""
    _halt(folder, "fast" if keep else "immediate")
    if not keep:
        shutil.rmtree(folder, ignore_errors=True)


def _halt(folder: Path, mode: str = "immediate") -> None:
    data = folder / "data"
    if (data / "postmaster.pid").exists():
        with contextlib.suppress(NoServer):
            _run([programs() / "pg_ctl", "-D", data, "-m", mode, "-w", "stop"], _identity(), folder)


def _watch(folder: Path, pid: int) -> None:
    """Stop the cluster when the process it was started for has died without doing so."""
    while folder.exists():
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            stop(folder)
            return
        time.sleep(2)


@contextlib.contextmanager
def throwaway(*, durable: bool = False) -> Iterator[str]:
    """A cluster for the length of a `with` block; yields its URL. Raises NoServer. Killed processes leave none."""
    folder = Path(tempfile.mkdtemp(prefix="kemai-pg-"))
    try:
        url = start(folder, durable=durable)
        command = [sys.executable, __file__, "watch", str(folder), str(os.getpid())]
        subprocess.Popen(command, start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        yield url
    finally:
        stop(folder)


def main(arguments: list[str]) -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(
        prog="tools.postgres", description=(__doc__ or "").split("\n", maxsplit=1)[0]
    )
    parser.add_argument("verb", choices=("start", "stop", "find", "watch"))
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("pid", nargs="?", type=int)
    parser.add_argument("--durable", action="store_true", help="sync to disk as a production server does")
    parser.add_argument("--keep", action="store_true", help="leave the stopped cluster for another start")
    given = parser.parse_args(arguments)
    if given.verb == "find":
        print(programs())
    elif given.folder is None:
        parser.error("a folder is needed")
    elif given.verb == "start":
        print(start(given.folder.resolve(), durable=given.durable))
    elif given.verb == "watch":
        _watch(given.folder, given.pid)
    else:
        stop(given.folder.resolve(), keep=given.keep)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except NoServer as error:
        sys.exit(f"postgres: {error}")
