"""Receivers that are sick, each in a way of its own: what a server outside may do to whoever asks it.

`serving(kind)` listens on a port of this machine; whoever connects meets the sickness of that name."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

Line = socket.socket
LONGEST = 90.0
"""Seconds after which even the most patient sickness lets go."""
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def drip(line: Line, data: bytes, every: float = 1.0) -> None:
    """Byte by byte, then for ever the last one."""
    end = time.monotonic() + LONGEST
    for byte in data:
        line.sendall(bytes([byte]))
        time.sleep(every)
        if time.monotonic() > end:
            return


def hold(line: Line) -> None:
    """Says nothing, until the other side goes or it has been long enough."""
    line.settimeout(LONGEST)
    with contextlib.suppress(OSError):
        while line.recv(65536):
            pass


def flood(line: Line, piece: bytes) -> None:
    end = time.monotonic() + LONGEST
    while time.monotonic() < end:
        line.sendall(piece)


def heard(line: Line) -> None:
    """The request is read, as a well server would."""
    line.settimeout(5)
    with contextlib.suppress(OSError):
        line.recv(65536)


def reset(line: Line) -> None:
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.close()


def half_closed(line: Line) -> None:
    line.shutdown(socket.SHUT_WR)
    hold(line)


def says(data: bytes, after: Callable[[Line], None] = lambda _line: None) -> Callable[[Line], None]:
    def meet(line: Line) -> None:
        heard(line)
        line.sendall(data)
        after(line)

    return meet


def then(act: Callable[[Line], None]) -> Callable[[Line], None]:
    return says(b"", act)


BOMB = gzip.compress(bytes(64 * 1024 * 1024))
DEEP = b"[" * 200_000

HTTP: dict[str, Callable[[Line], None]] = {
    "says nothing": then(hold),
    "drips its headers": then(lambda line: drip(line, OK + b"X-Long: " + b"x" * 500)),
    "drips its body": says(OK + b"Content-Length: 600\r\n\r\n", lambda line: drip(line, b" " * 600)),
    "gigabytes of body": says(OK + b"\r\n", lambda line: flood(line, b"x" * 65536)),
    "headers without end": says(OK, lambda line: flood(line, b"X-More: yes\r\n" * 4000)),
    "a status line without end": then(lambda line: flood(line, b"H" * 65536)),
    "a length that it does not keep": says(OK + b"Content-Length: 5000\r\n\r\n{", hold),
    "a length too short": says(OK + b'Content-Length: 3\r\n\r\n{"issuer": "x"}'),
    "a negative length": says(OK + b"Content-Length: -1\r\n\r\n", hold),
    "a packed bomb": says(OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(BOMB) + BOMB),
    "leads into the house": says(
        b"HTTP/1.1 302 Found\r\nLocation: http://10.0.0.1/\r\nContent-Length: 0\r\n\r\n"
    ),
    "leads in a circle": says(b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"),
    "hangs up at once": reset,
    "hangs up in the middle": says(OK + b"Content-Length: 5000\r\n\r\n{", reset),
    "closes its half": then(half_closed),
    "nothing but faults": says(b"HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\n{}"),
    "come again in a million years": says(
        b"HTTP/1.1 429 Slow\r\nRetry-After: 31536000000000\r\nContent-Length: 2\r\n\r\n{}"
    ),
    "no status": says(b"HTTP/9.9 abc \xff\r\n\r\n"),
    "no UTF-8": says(OK + b"Content-Length: 4\r\n\r\n\xff\xfe\xfd\xfc"),
    "cookies of a megabyte": says(
        OK + b"".join(b"Set-Cookie: a=%s\r\n" % (b"x" * 60000) for _n in range(18)), hold
    ),
    "pieces without end": says(
        OK + b"Transfer-Encoding: chunked\r\n\r\n", lambda line: flood(line, b"1\r\n \r\n" * 4000)
    ),
    "a piece of four gigabytes": says(OK + b"Transfer-Encoding: chunked\r\n\r\nffffffff\r\n{", hold),
    "HTTP of 1991": says(b"<html>hello</html>"),
    "go on, for ever": then(lambda line: flood(line, b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)),
    "nested without end": says(OK + b"Content-Length: %d\r\n\r\n" % len(DEEP) + DEEP),
    "other things than were asked for": says(OK + b'\r\n[1, null, "\\ud800"]'),
}

TLS: dict[str, Callable[[Line], None]] = {
    "never shakes hands": hold,
    "shakes hands a byte a second": lambda line: drip(line, b"\x16\x03\x03\x3f\xff" + bytes(500)),
    "speaks in the clear": says(OK + b"\r\n{}"),
}
BEHIND_TLS: dict[str, Callable[[Line], None]] = {
    "TLS, and drips": HTTP["drips its body"],
    "TLS, and says nothing": HTTP["says nothing"],
    "TLS, and gigabytes": HTTP["gigabytes of body"],
    "TLS that nobody knows": says(OK + b"\r\n{}"),
}


def mail(*answers: bytes, last: Callable[[Line], None] = hold) -> Callable[[Line], None]:
    """One answer to each thing that is said, the first unasked."""

    def meet(line: Line) -> None:
        line.settimeout(LONGEST)
        with contextlib.suppress(OSError):
            for number, answer in enumerate(answers):
                if number and not line.recv(65536):
                    return
                line.sendall(answer)
            line.recv(65536)
            last(line)

    return meet


HELLO, YES, GO = b"220 mail\r\n", b"250 ok\r\n", b"354 go\r\n"

MAIL: dict[str, Callable[[Line], None]] = {
    "mail: never greets": hold,
    "mail: drips its greeting": lambda line: drip(line, b"220-" + b"x" * 500),
    "mail: greets without end": lambda line: flood(line, b"220-hello\r\n" * 4000),
    "mail: not now, for ever": mail(b"421 not now\r\n"),
    "mail: nobody is known for now": mail(HELLO, YES, YES, b"451 later\r\n", b"250 ok\r\n"),
    "mail: drips its welcome": mail(HELLO, last=lambda line: drip(line, b"250-" + b"x" * 500)),
    "mail: hangs up in the middle": mail(HELLO, YES, YES, YES, GO, last=reset),
    "mail: takes it and says nothing": mail(HELLO, YES, YES, YES, GO, last=hold),
}

DIRECTORY: dict[str, Callable[[Line], None]] = {
    "directory: says nothing": hold,
    "directory: drips": lambda line: drip(line, b"\x30\x84\x00\x00\x02\x00" + bytes(500)),
    "directory: an answer of two gigabytes": says(
        b"\x30\x84\x7f\xff\xff\xff", lambda line: flood(line, bytes(65536))
    ),
    "directory: nonsense": says(b"\xff" * 4000, hold),
}

SCANNER: dict[str, Callable[[Line], None]] = {
    "scanner: says nothing": hold,
    "scanner: drips": lambda line: drip(line, b"s" * 500),
    "scanner: an answer without end": lambda line: flood(line, b"x" * 65536),
}
KINDS = {**HTTP, **TLS, **BEHIND_TLS, **MAIL, **DIRECTORY, **SCANNER}


@contextmanager
def full() -> Iterator[int]:
    """Takes nobody: the kernel's queue is full, and whoever comes waits."""
    with contextlib.ExitStack() as stack:
        line = stack.enter_context(socket.socket())
        line.bind(("127.0.0.1", 0))
        line.listen(0)
        for _one in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                waiting.connect(line.getsockname())
        yield int(line.getsockname()[1])


@contextmanager
def serving(kind: str, certificate: Path | None = None, port: int = 0) -> Iterator[int]:
    """The port on which `kind` is met, each connection by a thread of its own."""
    act = KINDS[kind]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if certificate is not None:
        context.load_cert_chain(certificate)

    def meet(line: Line) -> None:
        with contextlib.suppress(OSError), line:
            if certificate is not None:
                line = context.wrap_socket(line, server_side=True)
            with line:
                act(line)

    def take(door: Line) -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=meet, args=(door.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", port)) as door:
        threading.Thread(target=take, args=(door,), daemon=True).start()
        yield int(door.getsockname()[1])
        with contextlib.suppress(OSError):
            door.shutdown(socket.SHUT_RDWR)


def provider(port: int) -> bytes:
    """What a well provider of single sign-on says of itself."""
    base = f"http://127.0.0.1:{port}"
    return json.dumps(
        {
            "issuer": base,
            "authorization_endpoint": f"{base}/in",
            "token_endpoint": f"{base}/t",
            "jwks_uri": f"{base}/k",
        }
    ).encode()
