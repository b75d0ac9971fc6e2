"""A copy of the log for another machine: syslog (RFC 5424) over TLS (RFC 5425), sent by a thread of its own, so that a
receiver that hangs holds nobody up. What cannot be sent meanwhile waits, up to a bound; beyond it lines are lost here
and counted, never in the log on this machine."""

from __future__ import annotations

import logging
import os
import queue
import socket
import ssl
import threading
import time
from datetime import UTC, datetime
from urllib.parse import urlsplit

FACILITY = 16  # local0
SEVERITIES = {logging.CRITICAL: 2, logging.ERROR: 3, logging.WARNING: 4, logging.INFO: 6, logging.DEBUG: 7}
WAITING = 20_000
SECONDS = 10.0
AGAIN_AFTER = 5.0


def receiver(url: str) -> tuple[str, int, str]:
    """Host, port and path of the certificates to trust, of syslog+tls://host:6514?ca=/path. Raises ValueError."""
    parts = urlsplit(url)
    query = dict(pair.partition("=")[::2] for pair in parts.query.split("&") if pair)
    ca = query.pop("ca", "")
    if parts.scheme != "syslog+tls" or not parts.hostname or query or (ca and not os.path.exists(ca)):
        raise ValueError(
            "use syslog+tls://host:6514, with ?ca=/path of the certificates to trust where they are ours"
        )
    return parts.hostname, parts.port or 6514, ca


def framed(text: str, level: int, at: float, host: str) -> bytes:
    """One message with its length before it."""
    severity = SEVERITIES.get(level, 6)
    stamp = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    line = f"<{FACILITY * 8 + severity}>1 {stamp} {host} kemai {os.getpid()} - - {text}".encode()
    return str(len(line)).encode() + b" " + line


class Forward(logging.Handler):
    def __init__(self, url: str, *, again_after: float = AGAIN_AFTER) -> None:
        super().__init__()
        self.place = receiver(url)
        self.again_after = again_after
        self.host = socket.gethostname()
        self.begin()

    def begin(self) -> None:
        self.pid = os.getpid()
        self.lines: queue.Queue[bytes] = queue.Queue(WAITING)
        self.lost = 0
        self.thread: threading.Thread | None = None

    def emit(self, record: logging.LogRecord) -> None:
        if self.pid != os.getpid():
            self.begin()  # a forked process has no threads but its own
        if self.thread is None:
            self.thread = threading.Thread(target=self.run, name="log-forward", daemon=True)
            self.thread.start()
        try:
            self.lines.put_nowait(framed(self.format(record), record.levelno, record.created, self.host))
        except queue.Full:
            self.lost += 1

    def connected(self) -> ssl.SSLSocket:
        host, port, ca = self.place
        trusting = ssl.create_default_context(cafile=ca or None)
        raw = socket.create_connection((host, port), timeout=SECONDS)
        try:
            return trusting.wrap_socket(raw, server_hostname=host)
        except OSError:
            raw.close()
            raise

    def run(self) -> None:
        waiting = b""
        while True:
            try:
                with self.connected() as line:
                    while True:
                        waiting = waiting or self.lines.get()
                        line.sendall(waiting)
                        waiting = self.notice_of_loss()
            except OSError:
                time.sleep(self.again_after)

    def notice_of_loss(self) -> bytes:
        if not self.lost:
            return b""
        lost, self.lost = self.lost, 0
        return framed(f'{{"event": "log_lost", "lines": {lost}}}', logging.WARNING, time.time(), self.host)
