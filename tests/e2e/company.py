"""A small demo company on a server of its own: what the browser tests and the pictures look at."""

from __future__ import annotations

import fcntl
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

ROOT = Path(__file__).resolve().parents[2]
STARTS_WITHIN = 180
"""Seconds; a machine at rest needs three."""
PORTS = range(20_000, 32_000)


@dataclass(frozen=True)
class Company:
    """Where the server and its live process listen, the password that all demo accounts share, and its data folder."""

    address: str
    live: str
    password: str
    data: Path
    pid: int = 0


def chromium() -> str | None:
    """The path of a Chromium of this machine; the shell without windows costs a third of the whole browser."""
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    return next(filter(None, map(shutil.which, names)), None)


_held: list[TextIO] = []


def free_port() -> int:
    """A port for a server that is about to start. The system gives none of these to an outgoing connection meanwhile,
    and no other process that asks here gets it: this one holds a lock on its number for as long as it lives."""
    folder = Path(tempfile.gettempdir(), f"kemai-ports-{os.getuid()}")
    folder.mkdir(exist_ok=True)
    for port in random.SystemRandom().sample(PORTS, 200):
        lock = (folder / str(port)).open("w")
        with suppress(OSError), socket.socket() as probe:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            probe.bind(("127.0.0.1", port))
            _held.append(lock)
            return port
        lock.close()
    raise RuntimeError("no port is free")


def environment(data: Path) -> dict[str, str]:
    """The process environment without whatever this machine's user has set for a server of their own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KEMAI_")}
    return {
        **kept,
        "KEMAI_DATA": str(data),
        "KEMAI_LANG": "zh",
        "DJANGO_SETTINGS_MODULE": "kemai.project.settings",
    }


def load(data: Path, scale: float) -> str:
    """Fill the folder with the demo company unless it holds one; returns the password."""
    account = data / "account.txt"
    if not account.exists():
        data.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "kemai.project.cli", "demo", "--scale", str(scale), "--load-only"]
        done = subprocess.run(
            command, cwd=ROOT, env=environment(data), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(
                f"the demo company could not be loaded:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
            )
    return account.read_text(encoding="utf-8").strip()


@contextmanager
def running(data: Path, scale: float = 0.02, settings: Mapping[str, str] | None = None) -> Iterator[Company]:
    """Serve a demo company (with its worker) while the block runs, with more settings where they are given."""
    password = load(data, scale)
    port, beside = free_port(), free_port()
    log = data / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "kemai.project.cli", "serve", "--port", str(port)],
            cwd=ROOT, env=environment(data) | {"KEMAI_LIVE_PORT": str(beside)} | dict(settings or {}),
            stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            wait_for(f"http://127.0.0.1:{port}/login/", process, log)
            wait_for(f"http://127.0.0.1:{beside}/live/health", process, log)
            yield Company(
                f"http://127.0.0.1:{port}", f"http://127.0.0.1:{beside}", password, data, process.pid
            )
        finally:
            process.terminate()
            try:
                process.wait(timeout=40)
            except subprocess.TimeoutExpired:
                process.kill()


def wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return once the server answers; raise with its log if it ended or took too long."""
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=10):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise RuntimeError(f"the server did not answer at {address}:\n{log.read_text(errors='replace')[-4000:]}")
