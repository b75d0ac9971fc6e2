"""The log's copy on another machine."""

from __future__ import annotations

import logging
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from kemai.kit.syslog import Forward, framed, receiver


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("syslog")
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", cert],
        check=True, capture_output=True,
    )  # fmt: skip
    return cert, key


class Receiver:
    """Takes one message a connection at a time, and hangs up after each."""

    def __init__(self, cert: Path, key: Path) -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(cert, key)
        self.door = socket.create_server(("localhost", 0))
        self.port = self.door.getsockname()[1]
        self.heard: list[str] = []
        self.refused = 0
        self.news = threading.Condition()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self) -> None:
        while True:
            try:
                raw, _address = self.door.accept()
            except OSError:
                return
            try:
                with self.context.wrap_socket(raw, server_side=True) as line:
                    data = line.recv(65536)
                with self.news:
                    self.heard += [data.decode()] if data else []
                    self.news.notify_all()
            except OSError:
                with self.news:
                    self.refused += 1
                    self.news.notify_all()


@pytest.fixture
def stands(keys: tuple[Path, Path]) -> Iterator[Receiver]:
    made = Receiver(*keys)
    yield made
    made.door.close()


def logger(url: str) -> tuple[logging.Logger, Forward]:
    handler = Forward(url, again_after=0.01)
    made = logging.Logger("kemai.test")  # noqa: LOG001 - of this test alone
    made.addHandler(handler)
    return made, handler


def test_lines_arrive_and_the_line_is_made_anew(stands: Receiver, keys: tuple[Path, Path]) -> None:
    log, _handler = logger(f"syslog+tls://localhost:{stands.port}?ca={keys[0]}")
    for n in range(1, 500):
        log.warning("line %s", n)
        with stands.news:
            if stands.news.wait_for(lambda n=n: len(stands.heard) >= min(n, 3), 5 if n < 4 else 0.01):  # type: ignore[misc]
                pass
            if len(stands.heard) >= 3:
                break
    assert len(stands.heard) >= 3
    length, _space, rest = stands.heard[0].partition(" ")
    assert rest.startswith("<132>1 ")
    assert rest[: int(length)].endswith(" - - line 1")


def test_a_receiver_whom_nobody_knows_hears_nothing(stands: Receiver) -> None:
    log, handler = logger(f"syslog+tls://localhost:{stands.port}")
    log.warning("secret")
    with stands.news:
        assert stands.news.wait_for(lambda: stands.refused > 1, 60)
    assert not stands.heard
    assert handler.thread is not None


def test_a_full_queue_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kemai.kit.syslog.WAITING", 2)
    log, handler = logger("syslog+tls://localhost:1")
    for n in range(10):
        log.warning("line %s", n)
    assert handler.lost >= 7
    assert b'"lines": ' in handler.notice_of_loss()
    assert not handler.lost


@pytest.mark.parametrize(
    "url", ["tcp://host", "syslog+tls://", "syslog+tls://host?ca=/no/such", "syslog+tls://h?x=1"]
)
def test_what_is_no_receiver(url: str) -> None:
    with pytest.raises(ValueError, match="syslog"):
        receiver(url)
    assert receiver("syslog+tls://logs.internal") == ("logs.internal", 6514, "")


def test_a_frame_counts_bytes() -> None:
    length, _space, rest = framed("客脉", logging.ERROR, 0.0, "h").partition(b" ")
    assert int(length) == len(rest)
    assert rest.startswith(b"<131>1 1970-01-01T00:00:00.000Z h kemai ")
