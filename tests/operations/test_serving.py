"""`kemai serve` as an operator meets it: reloading without a gap, stopping without cutting anybody off."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.e2e.company import ROOT, free_port
from tests.operations.conftest import Place

pytestmark = pytest.mark.django_db(transaction=True)
WITHIN = 180.0


@contextmanager
def serving(place: Place, live_port: int = 0) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    port = free_port()
    environment = place.environment | {"KEMAI_LIVE_PORT": str(live_port or free_port())}
    command = [sys.executable, "-m", "kemai.project.cli", "serve", "--port", str(port)]
    with (place.data / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            wait(lambda: get(port, "/healthz")[0] == 200, process)
            yield process, port
        finally:
            process.terminate()
            process.wait(60)


def wait(done: object, process: subprocess.Popen[bytes] | None = None) -> None:
    until = time.monotonic() + WITHIN
    while time.monotonic() < until:
        assert process is None or process.poll() is None, "the server ended"
        try:
            if callable(done) and done():
                return
        except OSError:
            pass
        time.sleep(0.05)
    raise AssertionError("waited too long")


def get(port: int, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


class Visitors:
    """Ask again and again, each time by a connection of their own, and keep what went wrong."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.wrong: list[str] = []
        self.answered = 0
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self.ask) for _ in range(3)]

    def ask(self) -> None:
        while not self.stop.is_set():
            try:
                status, body = get(self.port, "/login/")
                if status != 200 or b"</html>" not in body:
                    self.wrong.append(f"{status}")
                self.answered += 1
            except OSError as error:
                self.wrong.append(repr(error))
            time.sleep(0.01)

    def __enter__(self) -> Visitors:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join()


def test_reloads_without_a_gap_and_stops_without_cutting_off(place: Place) -> None:
    """One server for all of it: starting one takes seconds."""
    with serving(place) as (process, port):
        first = json.loads(get(port, "/healthz/live")[1])["generation"]
        with Visitors(port) as visitors:
            process.send_signal(signal.SIGHUP)
            wait(lambda: b"kemai: reloaded" in (place.data / "log").read_bytes(), process)
            time.sleep(0.5)
            asked = visitors.answered
            wait(lambda: visitors.answered > asked + 20, process)
        assert visitors.wrong == []
        assert visitors.answered > 20
        assert json.loads(get(port, "/healthz/live")[1])["generation"] != first
        assert b"kemai_requests_total" in get(port, "/metrics")[1]
        again = subprocess.run(
            [sys.executable, "-m", "kemai.project.cli", "serve", "--port", str(port)],
            cwd=ROOT, env=place.environment, capture_output=True, timeout=300, check=False,
        )  # fmt: skip
        assert again.returncode == 1
        assert f"端口 {port} 已被占用" in again.stderr.decode()

        half = socket.create_connection(("127.0.0.1", port))
        half.sendall(
            b"POST /login/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 6\r\n\r\nabc"
        )
        time.sleep(2)
        process.terminate()
        time.sleep(1)
        half.sendall(b"def")
        half.settimeout(20)
        assert half.recv(4096).startswith(b"HTTP/1.1 403"), "no CSRF token, but an answer"
        half.close()
        assert process.wait(60) == 0
        with pytest.raises(OSError, match="refused"):
            get(port, "/healthz")
    assert children_of(place.data) == []


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_who_loses_its_parent_ends(place: Place) -> None:
    """Whatever is killed, nothing of it goes on: a web process without a parent would keep port and database, and would
    not hear SIGTERM while a browser keeps a line open."""
    beside = free_port()
    with serving(place, beside) as (process, port):
        (keeper,) = children(process.pid)
        web, _worker, _live = children(keeper)
        old = children(web)
        assert len(old) == 2
        kill(web)
        wait(lambda: not any(map(alive, old)), process)
        wait(lambda: get(port, "/healthz")[0] == 200, process)

        everybody = [*children(keeper), *old, *(pid for role in children(keeper) for pid in children(role))]
        kill(keeper)
        wait(lambda: not any(map(alive, everybody)), process)
        wait(lambda: children(process.pid) != [keeper] and get(port, "/healthz")[0] == 200, process)

        (keeper,) = children(process.pid)
        mains = children(keeper)
        lines = [half_asked(port), half_asked(beside)]
        everybody = [keeper, *mains, *(pid for role in mains for pid in children(role))]
        kill(process.pid)
        wait(lambda: not alive(mains[1]))  # the worker: it has heard of it
        for pid in (keeper, *mains):
            kill(pid)
        left = [pid for pid in everybody if alive(pid)]
        assert left, "the lines hold web and live process"
        started = time.monotonic()
        wait(lambda: not any(map(alive, everybody)))
        assert time.monotonic() - started < 15
        for line in lines:
            line.close()
    assert children_of(place.data) == []


def half_asked(port: int) -> socket.socket:
    line = socket.create_connection(("127.0.0.1", port))
    line.sendall(b"POST /login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6\r\n\r\nabc")
    time.sleep(0.3)
    return line


def kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def alive(pid: int) -> bool:
    """Whether it runs; who is dead and only not yet fetched by its parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def children(pid: int) -> list[int]:
    """Of all its threads, in the order in which they began."""
    found = [path.read_text().split() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    return sorted(int(child) for part in found for child in part)


def children_of(data: Path) -> list[str]:
    """Processes that still work on this data folder."""
    mark, found = f"KEMAI_DATA={data}\0".encode(), []
    for entry in Path("/proc").glob("[0-9]*") if sys.platform == "linux" else []:
        try:
            if mark in (entry / "environ").read_bytes() and int(entry.name) != os.getpid():
                found.append(entry.name)
        except OSError:
            continue
    return found
