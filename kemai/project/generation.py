"""One generation of server processes: the product is loaded once and forked, so that the web workers, the worker and
the live process share its memory and start at once. Run by `kemai.project.supervisor`."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import secrets
import shutil
import signal
import ssl
import sys
import tempfile
import threading
import time
import traceback
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import click

from kemai.project import environment as env
from kemai.project.supervisor import STARTS_WITHIN, STOPS_WITHIN, Plan, plan_of, say

WEB_PROCESSES = 2
WEB_THREADS = 3
"""Two processes of three threads: what two cores serve best (measured, docs/adr/001). KEMAI_WORKERS sets the first."""
QUICK = 5.0
"""A process that lived shorter than this is started again only after a pause."""
PARENT_DIES = 1  # PR_SET_PDEATHSIG
GLANCE = 0.5
"""Seconds between two looks whether the parent is still there."""
ORPHANS_END_WITHIN = 5
"""Seconds that a web or live process without a parent has for the requests it has begun: nobody else would put an end
to a connection that never ends."""


class Role:
    """One kind of process: what it runs, and since when."""

    def __init__(self, name: str, work: Callable[[Plan], None]) -> None:
        self.name = name
        self.work = work
        self.pid = 0
        self.began = 0.0

    def start(self, plan: Plan) -> None:
        self.began = time.monotonic()
        parent = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            run_child(self.work, plan, parent)


def run_child(work: Callable[[Plan], None], plan: Plan, parent: int) -> None:
    """The forked process: never returns."""
    code = 1
    try:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        end_with(parent)
        work(plan)
        code = 0
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else 1
    except BaseException:  # noqa: BLE001 - whatever it is, this process must not go on as its parent
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def end_with(parent: int) -> None:
    """A killed parent takes its children along (Linux; elsewhere they are told by nobody)."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None, use_errno=True).prctl(PARENT_DIES, signal.SIGTERM)
    if os.getppid() != parent:
        os._exit(1)


def loads_and_watches(target: str) -> Callable[..., Any]:
    """What each process of granian begins with. Its parent, granian's own, is the only one that puts an end to it when
    a connection stays open, and no signal tells of a parent that was killed: seen were web processes that held port and
    database for ever, and took no notice of SIGTERM while a browser kept a line open."""
    from granian._internal import load_target

    threading.Thread(target=end_without, args=(os.getppid(),), daemon=True, name="parent").start()
    loaded: Callable[..., Any] = load_target(target)
    return loaded


def end_without(parent: int) -> None:
    """Waits until the parent is gone, then ends this process: requests that have begun are answered, but not for
    longer than ORPHANS_END_WITHIN. SIGALRM is the kernel's: it ends a process that runs no Python any more, too."""
    while os.getppid() == parent:
        time.sleep(GLANCE)
    signal.alarm(ORPHANS_END_WITHIN)
    os.kill(os.getpid(), signal.SIGTERM)


def load() -> None:
    """Everything that a request or a job will need, before the processes part."""
    import kemai.project.wsgi  # noqa: F401  # isort: skip - sets Django up
    import granian.server.mp  # noqa: F401
    from django.template.loader import get_template
    from django.urls import get_resolver

    from kemai.platform.events import handlers_for
    from kemai.platform.jobs import schedules

    assert get_resolver().url_patterns
    handlers_for("start")
    schedules.schedules()
    for page in ("account/login.html", "ui/pages/list.html", "ui/pages/record.html"):
        get_template(page)  # with all that they are made of: every process would compile them again


def part_from_database() -> None:
    """No connection may be shared by two processes; and what is loaded stays where it is, so that they share it."""
    from django.db import connections

    connections.close_all()
    gc.collect()
    gc.freeze()


def prepare_database() -> None:
    from kemai.project.cli.root import activate_language
    from kemai.project.cli.upkeep import prepare

    activate_language()
    prepare()


def check_key() -> None:
    from kemai.project.cli.columns import ready
    from kemai.project.cli.root import activate_language

    activate_language()
    ready()


def web(plan: Plan) -> None:
    serve(
        "kemai.project.wsgi:application", plan.host, plan.port, "wsgi",
        workers=int(os.environ.get("KEMAI_WORKERS") or WEB_PROCESSES), blocking_threads=WEB_THREADS,
        workers_kill_timeout=int(STOPS_WITHIN) - 10,
    )  # fmt: skip


def live(plan: Plan) -> None:
    """One process for all open pages; it holds thousands of connections that mostly say nothing."""
    serve(
        "kemai.project.live:application", plan.host, plan.live_port, "asgi",
        workers=1, backlog=4096, backpressure=6000, workers_kill_timeout=5,
    )  # fmt: skip


def serve(target: str, host: str, port: int, interface: str, **options: Any) -> None:
    import multiprocessing

    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server.mp import MPServer

    if sys.platform == "linux":
        multiprocessing.set_start_method("fork", force=True)
    cert, key = env.certificate() or (None, None)
    MPServer(
        target,
        address=host,
        port=port,
        interface=Interfaces(interface),
        log_level=LogLevels.warning,
        websockets=False,
        ssl_cert=cert,
        ssl_key=key,
        respawn_failed_workers=True,
        **options,
    ).serve(target_loader=loads_and_watches)


def worker(_plan: Plan) -> None:
    from kemai.platform.jobs import run_worker

    halt = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: halt.set())
    signal.signal(signal.SIGINT, lambda *_: halt.set())
    run_worker(halt)


class Keeper:
    """Starts the roles, starts again what ended by itself, ends all when it is told to."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.roles = [Role("web", web)]
        if plan.worker:
            self.roles.append(Role("worker", worker))
        if plan.live_port:
            self.roles.append(Role("live", live))
        self.stopping = threading.Event()

    def run(self, tells: int) -> int:
        signal.signal(signal.SIGTERM, lambda *_: self.stopping.set())
        signal.signal(signal.SIGINT, lambda *_: self.stopping.set())
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        for role in self.roles:
            role.start(self.plan)
        code = 0 if self.answers() else 1
        if not code:
            os.write(tells, b"1")
            os.close(tells)
            while not self.stopping.wait(1.0):
                self.look()
        return self.end() or code

    def answers(self) -> bool:
        """Waits until one of our own web workers has answered: another generation may listen at the same address."""
        scheme = "https" if env.certificate() else "http"
        address = f"{scheme}://{reachable(self.plan.host)}:{self.plan.port}/healthz/live"
        wanted = os.environ["KEMAI_GENERATION"].encode()
        until = time.monotonic() + STARTS_WITHIN
        while time.monotonic() < until and not self.stopping.is_set():
            if os.waitpid(self.roles[0].pid, os.WNOHANG)[0]:
                self.roles[0].pid = 0
                return False
            if wanted in fetched(address):
                return True
            time.sleep(0.02)
        return False

    def look(self) -> None:
        for role in self.roles:
            if role.pid and os.waitpid(role.pid, os.WNOHANG)[0]:
                say(f"{role.name} ended; starting it again")
                if time.monotonic() - role.began < QUICK and self.stopping.wait(QUICK):
                    return
                role.start(self.plan)

    def end(self) -> int:
        alive = [role for role in self.roles if role.pid]
        for role in alive:
            send(role.pid, signal.SIGTERM)
        until = time.monotonic() + STOPS_WITHIN - 5
        while alive and time.monotonic() < until:
            alive = [role for role in alive if not os.waitpid(role.pid, os.WNOHANG)[0]]
            time.sleep(0.02)
        for role in alive:
            send(role.pid, signal.SIGKILL)
            os.waitpid(role.pid, 0)
        return 0


def reachable(host: str) -> str:
    """Where a server that listens on `host` is found from this machine."""
    if host == "::":
        return "[::1]"
    return f"[{host}]" if ":" in host else host.replace("0.0.0.0", "127.0.0.1")  # noqa: S104 - compared, not bound


def fetched(address: str) -> bytes:
    try:
        # our own process at our own address, whatever name its certificate is for: it knows our number
        trusting = ssl._create_unverified_context()  # noqa: S323
        with urllib.request.urlopen(address, timeout=5, context=trusting) as answer:  # noqa: S310
            return bytes(answer.read())
    except (urllib.error.URLError, OSError):
        return b""


def send(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def main(plan: Plan, tells: int, parent: int) -> int:
    end_with(parent)
    os.environ["KEMAI_GENERATION"] = secrets.token_hex(8)
    os.environ["PORT"] = str(plan.port)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="kemai-metrics-")
    if plan.live_port:
        os.environ["KEMAI_LIVE_PORT"] = str(plan.live_port)
    try:
        load()
        try:
            prepare_database() if plan.prepare else check_key()
        except click.ClickException as error:
            error.show()
            return error.exit_code
        part_from_database()
        return Keeper(plan).run(tells)
    finally:
        shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(plan_of(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
