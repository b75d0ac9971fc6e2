"""The line to the mail server: one deadline for all that is said on it, so much that is listened to and no more, and
never two mails where nobody knows whether the first one was taken."""

from __future__ import annotations

import smtplib
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.conf import settings

from kemai.collab.services.mail_server import MailServer
from kemai.kit.outgoing import Guard, resolved
from kemai.kit.turns import turn

SECONDS = 20.0
"""From the first byte to the last: a server that answers a byte a second does not hold up the others."""
MOST_BYTES = 256 * 1024
"""Of all answers on one line."""
AT_ONCE = 1
"""A worker runs two jobs at a time: one of its threads is left for everything that is no mail."""
END = b"\r\n.\r\n"


class NoAnswer(OSError):
    """The whole mail was handed over, and the server has not said whether it took it."""


class Wire(smtplib.SMTP):
    """smtplib on a line that is there already."""

    def __init__(self, line: socket.socket, host: str) -> None:
        self.line = line
        self.doubtful = False
        super().__init__(host, timeout=SECONDS)

    def _get_socket(self, *_place: object) -> socket.socket:
        return self.line

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock is not None:
            self.file = Bounded(self.sock.makefile("rb"))
        said = super().getreply()
        self.doubtful = False
        return said

    def send(self, s: Any) -> None:
        if isinstance(s, bytes) and s.endswith(END):
            self.doubtful = True
        super().send(s)


class Bounded:
    """So many bytes of answers, and no more."""

    def __init__(self, file: Any) -> None:
        self.file = file
        self.left = MOST_BYTES

    def readline(self, limit: int) -> bytes:
        line: bytes = self.file.readline(limit)
        self.left -= len(line)
        if self.left < 0:
            raise OSError("too long an answer")
        return line

    def close(self) -> None:
        self.file.close()


@contextmanager
def connected(to: MailServer) -> Iterator[Wire]:
    """A line to the server on which we are logged in. Raises what smtplib does, KitError, NoAnswer."""
    if settings.OUTGOING_ONLY and to.host not in settings.OUTGOING_ONLY:
        raise PermissionError(f"{to.host} is not named in KEMAI_OUTGOING_ONLY")
    deadline = time.monotonic() + SECONDS
    with turn(f"{to.host}:{to.port}", AT_ONCE):
        line = reached(to, deadline)
        with Guard(line, left(deadline)) as guard, suppress_late(guard):
            try:
                if to.security == "tls":
                    line = ssl.create_default_context().wrap_socket(line, server_hostname=to.host)
                with asked(line, to) as client:
                    yield client
            finally:
                line.close()


@contextmanager
def suppress_late(guard: Guard) -> Iterator[None]:
    """A line that was cut looks like one that the other side has closed."""
    try:
        yield
    except NoAnswer:
        raise
    except (OSError, ValueError) as error:
        if guard.over:
            raise TimeoutError(f"{SECONDS:.0f} s") from error
        raise


@contextmanager
def asked(line: socket.socket, to: MailServer) -> Iterator[Wire]:
    client = Wire(line, to.host)
    try:
        if to.security == "starttls":
            client.starttls(context=ssl.create_default_context())
        if to.user:
            client.login(to.user, to.password)
        yield client
        with suppress(OSError):
            client.putcmd("quit")  # whatever it says to that: the mail is sent
    except (OSError, ValueError) as error:
        if client.doubtful:
            raise NoAnswer(str(error)) from error
        raise
    finally:
        client.close()


def reached(to: MailServer, deadline: float) -> socket.socket:
    """A line to the first of the server's addresses that takes one."""
    trouble: Exception = OSError(to.host)
    for address in resolved(to.host, to.port, SECONDS):
        try:
            return socket.create_connection((str(address), to.port), timeout=left(deadline))
        except OSError as error:
            trouble = error
    raise trouble


def left(deadline: float) -> float:
    return max(0.1, deadline - time.monotonic())
