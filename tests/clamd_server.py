"""A stand-in for ClamAV's daemon: INSTREAM and VERSION, and the ways in which such a thing goes wrong."""

from __future__ import annotations

import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

# put together here, so that this file itself alarms no scanner
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
SMALL = 100_000


@dataclass
class StandIn:
    place: str
    mode: str = ""
    """mute, nonsense, close (without an answer), small (refuses large streams)"""
    seen: bytes = b""


@contextmanager
def standing() -> Iterator[StandIn]:
    told = StandIn("")

    class Daemon(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            command = b""
            while not command.endswith(b"\0"):
                command += self.rfile.read(1)
            if command == b"zVERSION\0":
                self.wfile.write(b"ClamAV 1.4.6/27000/Sun Nov 29 09:00:00 2026\0")
            else:
                self.wfile.write(self.verdict())

        def verdict(self) -> bytes:
            told.seen = b""
            while size := int.from_bytes(self.rfile.read(4), "big"):
                told.seen += self.rfile.read(size)
                if told.mode == "small" and len(told.seen) > SMALL:
                    return b"INSTREAM size limit exceeded. ERROR\0"
            if told.mode == "mute":
                time.sleep(60)
            if told.mode in {"close", "mute"}:
                return b""
            if told.mode == "nonsense":
                return b"stream: OK, or so I think\0"
            return b"stream: Eicar-Test-Signature FOUND\0" if EICAR in told.seen else b"stream: OK\0"

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

    with Server(("127.0.0.1", 0), Daemon) as made:
        told.place = f"127.0.0.1:{made.server_address[1]}"
        threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield told
        made.shutdown()
