"""The virus scanner: a stand-in that speaks its protocol, well and badly, and the real one where it is installed."""

from __future__ import annotations

import hashlib
import shutil
import socket
import socketserver
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from kemai.kit.clamd import ScanError, scan, version
from tests.clamd_server import EICAR, StandIn, standing


@pytest.fixture(scope="module")
def server() -> Iterator[StandIn]:
    with standing() as made:
        yield made


def refused(place: str, seconds: float = 5.0, data: bytes = b"x") -> str:
    with pytest.raises(ScanError) as caught:
        scan(place, [data], seconds)
    return caught.value.code


def test_clean_and_infected(server: StandIn) -> None:
    assert scan(server.place, [b"one", b"", b"two" * 100_000]) == ""
    assert server.seen == b"one" + b"two" * 100_000
    assert scan(server.place, [b"before", EICAR, b"after"]) == "Eicar-Test-Signature"
    assert version(server.place).startswith("ClamAV")


def test_silence_and_nonsense_are_no_answer(server: StandIn) -> None:
    bad = {"mute": "too_slow", "nonsense": "bad_answer", "close": "bad_answer", "small": "too_large"}
    for mode, code in bad.items():
        server.mode = mode
        assert refused(server.place, 0.3 if mode == "mute" else 5.0, b"x" * 400_000) == code
    server.mode = ""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert refused(f"127.0.0.1:{port}") == "unreachable"
    assert refused("/nowhere/clamd.ctl") == "unreachable"
    with pytest.raises(ScanError):
        version("/nowhere/clamd.ctl")


def test_a_socket_in_the_file_system() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "c.sock"))

        class Once(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self.rfile.read(14)
                self.wfile.write(b"stream: OK\0")

        with socketserver.UnixStreamServer(path, Once) as made:
            threading.Thread(target=made.handle_request, daemon=True).start()
            assert scan(path, []) == ""


@pytest.mark.skipif(shutil.which("clamd") is None, reason="clamd is not installed")
def test_the_real_scanner(tmp_path: Path) -> None:
    """With one signature of our own, since the downloaded ones are not at hand everywhere."""
    folder = Path(tempfile.mkdtemp(prefix="kemai-clamd-"))  # a socket's path must be short
    (folder / "own.hdb").write_text(
        f"{hashlib.md5(EICAR, usedforsecurity=False).hexdigest()}:{len(EICAR)}:Eicar-Own\n"
    )
    sock = folder / "clamd.sock"
    conf = folder / "clamd.conf"
    conf.write_text(f"LocalSocket {sock}\nDatabaseDirectory {folder}\nForeground yes\nStreamMaxLength 1M\n")
    made = subprocess.Popen(["clamd", "-c", conf], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 30
        said = ""
        while not said and time.monotonic() < until:
            with suppress(ScanError):
                said = version(str(sock))
            time.sleep(0.05)
        assert said.startswith("ClamAV")
        assert scan(str(sock), [b"hello"]) == ""
        assert scan(str(sock), [EICAR[:20], EICAR[20:]]).startswith("Eicar-Own")
        assert refused(str(sock), data=b"\0" * 3_000_000) == "too_large"
    finally:
        made.terminate()
        made.wait(10)
        shutil.rmtree(folder)
