"""Asking ClamAV's daemon about bytes (https://docs.clamav.net/manual/Usage/Scanning.html, INSTREAM). It is on this
machine or on one of the operator's, so no name of a stranger is ever looked up here."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from kemai.kit.errors import KitError

SECONDS = 60.0
PIECE = 64 * 1024
MOST_ANSWER = 4096


class ScanError(KitError):
    """Nothing is known about the bytes. Codes: unreachable, bad_answer, too_large (detail), too_slow (seconds)."""


def scan(place: str, chunks: Iterable[bytes], seconds: float = SECONDS) -> str:
    """The name of what was found in the bytes; '' where they are clean. `place` is a socket's path, or host:port.

    Raises ScanError, and never takes silence for an answer."""
    with line_to(place, seconds) as line:
        line.send(b"zINSTREAM\0")
        for chunk in chunks:
            for start in range(0, len(chunk), PIECE):
                piece = chunk[start : start + PIECE]
                line.send(len(piece).to_bytes(4, "big") + piece)
        line.send(bytes(4))
        said = line.answer()
    if said == "stream: OK":
        return ""
    if said.startswith("stream: ") and said.endswith(" FOUND"):
        return said.removeprefix("stream: ").removesuffix(" FOUND")
    raise ScanError("too_large" if "size limit exceeded" in said else "bad_answer", detail=said[:200])


def version(place: str, seconds: float = 5.0) -> str:
    """What the daemon says of itself and of its signatures. Raises ScanError."""
    with line_to(place, seconds) as line:
        line.send(b"zVERSION\0")
        said = line.answer()
    if not said.startswith("ClamAV"):
        raise ScanError("bad_answer", detail=said[:200])
    return said


class Line:
    """A connection with one deadline for all that is said on it."""

    def __init__(self, connection: socket.socket, seconds: float) -> None:
        self.connection, self.seconds = connection, seconds
        self.deadline = time.monotonic() + seconds

    def left(self) -> float:
        rest = self.deadline - time.monotonic()
        if rest <= 0:
            raise TimeoutError
        return rest

    def send(self, data: bytes) -> None:
        self.connection.settimeout(self.left())
        try:
            self.connection.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            # it stops listening once a file is too large, and says so
            if b"size limit" not in (said := self.answer().encode()):
                raise
            raise ScanError("too_large", detail=said.decode()) from None

    def answer(self) -> str:
        said = b""
        while not said.endswith(b"\0") and len(said) < MOST_ANSWER:
            self.connection.settimeout(self.left())
            piece = self.connection.recv(1024)
            if not piece:
                break
            said += piece
        return said.rstrip(b"\0").decode("utf-8", "replace").strip()


@contextmanager
def line_to(place: str, seconds: float) -> Iterator[Line]:
    try:
        with connected(place, seconds) as connection:
            yield Line(connection, seconds)
    except TimeoutError as error:
        raise ScanError("too_slow", seconds=seconds) from error
    except OSError as error:
        raise ScanError("unreachable", detail=error.strerror or type(error).__name__) from error


def connected(place: str, seconds: float) -> socket.socket:
    if not place.startswith("/"):
        host, _colon, port = place.rpartition(":")
        return socket.create_connection((host.strip("[]"), int(port)), timeout=seconds)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(seconds)
        connection.connect(place)
    except OSError:
        connection.close()
        raise
    return connection
