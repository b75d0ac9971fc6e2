"""Keeps one `kemai serve` going: starts a generation of processes, puts a new one in its place on SIGHUP without a
gap, ends it on SIGTERM. Only the standard library: this process lives as long as the server and should weigh nothing.

A generation (`kemai.project.generation`) is one process that loads the product once and forks the web server, the
worker and the live process from it. Two generations can listen at one address for a moment (SO_REUSEPORT), so the old
one is told to finish what it has begun only when the new one answers."""

from __future__ import annotations

import errno
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from dataclasses import asdict, dataclass

STARTS_WITHIN = 120.0
"""Seconds a generation has until it answers; preparing a large database counts."""
STOPS_WITHIN = 45.0
"""Seconds it has for finishing requests and putting jobs back."""
AGAIN_AFTER = 3.0
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)


@dataclass(frozen=True)
class Plan:
    """What a generation runs. `live_port` 0: no live process. `prepare`: bring the database up to date first."""

    host: str
    port: int
    live_port: int = 0
    worker: bool = True
    prepare: bool = True

    def text(self) -> str:
        return json.dumps(asdict(self))


def plan_of(text: str) -> Plan:
    return Plan(**json.loads(text))


class Generation:
    """One running generation and the pipe on which it says that it answers."""

    def __init__(self, plan: Plan) -> None:
        self.hears, tells = os.pipe()
        command = [
            sys.executable,
            "-m",
            "kemai.project.generation",
            plan.text(),
            str(tells),
            str(os.getpid()),
        ]
        # a session of its own: what Ctrl+C sends to everybody at the terminal, processes of granian take for a fault of
        # their own and start again; this one hears it and ends them in their order
        self.process = subprocess.Popen(command, pass_fds=[tells], start_new_session=True)
        os.close(tells)
        self.until = time.monotonic() + STARTS_WITHIN

    def ready(self) -> bool:
        """Whether it has said so by now."""
        if self.hears < 0:
            return True
        if select.select([self.hears], [], [], 0)[0] and os.read(self.hears, 1):
            self.close()
            return True
        return False

    def close(self) -> None:
        if self.hears >= 0:
            os.close(self.hears)
            self.hears = -1

    def late(self) -> bool:
        return self.hears >= 0 and time.monotonic() > self.until

    def stop(self) -> None:
        self.close()
        if self.process.poll() is None:
            self.process.terminate()

    def end(self) -> int:
        """Waits for its end, by force when it takes too long."""
        try:
            return self.process.wait(STOPS_WITHIN)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


class Supervisor:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.current = Generation(plan)
        self.next: Generation | None = None
        self.old: list[Generation] = []
        self.answered = False

    def run(self) -> int:
        """Until it is told to stop, or its first generation cannot start; returns the exit code."""
        wakes, pokes = os.pipe()
        os.set_blocking(wakes, False)
        os.set_blocking(pokes, False)
        signal.set_wakeup_fd(pokes)
        for number in SIGNALS:
            signal.signal(number, lambda *_: None)
        while True:
            select.select([wakes], [], [], self.patience())
            heard = read_all(wakes)
            if signal.SIGTERM in heard or signal.SIGINT in heard:
                return self.stop()
            if signal.SIGHUP in heard and self.next is None:
                say("reloading")
                self.next = Generation(self.plan)
            code = self.look()
            if code is not None:
                return code

    def patience(self) -> float:
        return 0.1 if self.next is not None or not self.answered else 5.0

    def look(self) -> int | None:
        """What has happened to the generations; an exit code when there is nothing left to do."""
        self.old = [one for one in self.old if one.process.poll() is None]
        if self.next is not None:
            self.look_at_next(self.next)
        self.answered = self.answered or self.current.ready()
        code = self.current.process.poll()
        if code is None and not self.current.late():
            return None
        if not self.answered:
            self.current.stop()
            return self.current.end() or 1
        say(f"the processes ended ({code}); starting them again")
        self.current.end()
        time.sleep(AGAIN_AFTER)
        self.current = Generation(self.plan)
        return None

    def look_at_next(self, new: Generation) -> None:
        if new.ready():
            self.current.stop()
            self.old.append(self.current)
            self.current, self.next = new, None
            say("reloaded")
        elif new.process.poll() is not None or new.late():
            new.stop()
            new.end()
            self.next = None
            say("the new processes did not start; the old ones go on")

    def stop(self) -> int:
        everyone = [*self.old, *([self.next] if self.next else []), self.current]
        for one in everyone:
            one.stop()
        for one in everyone:
            one.end()
        return 0


def read_all(pipe: int) -> bytes:
    try:
        return os.read(pipe, 4096)
    except BlockingIOError:
        return b""


def say(text: str) -> None:
    print(f"kemai: {text}", file=sys.stderr, flush=True)  # noqa: T201 - the log is not set up in this process


def taken(host: str, port: int) -> bool:
    """Whether somebody else listens there. (A second server would silently share the port.)"""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error.errno == errno.EADDRINUSE
    return False


def free_port_beside(host: str, port: int) -> int:
    """The next port, else any that is free: pages are told which."""
    if port < 65535 and not taken(host, port + 1):
        return port + 1
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sys.exit(Supervisor(plan_of(sys.argv[1])).run())
