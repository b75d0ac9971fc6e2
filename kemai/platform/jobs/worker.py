"""The worker: runs jobs in a few threads, delivers events, keeps leases alive and looks at the clock."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import logging
import os
import signal
import socket
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

from django.db import DatabaseError, close_old_connections, connection
from django.utils.module_loading import import_string
from django.utils.translation import gettext, gettext_noop

from kemai.platform.jobs import queue, schedules
from kemai.platform.jobs.clock import Clock
from kemai.platform.jobs.progress import LeaseLost, Progress, Stopping
from kemai.platform.jobs.runner import execute
from kemai.platform.models import Job

log = logging.getLogger(__name__)

POLL = 0.4
KEEP = 0.5
"""Seconds between two looks of the keeper at the running jobs: progress out, wishes in."""
TICK = 5.0
"""Seconds between two looks at the clock and at the leases of others."""
GRACE = 20.0
"""Seconds a task has for reaching a checkpoint after the stop signal."""
BACKGROUND = ("kemai.platform.events.drain", "kemai.platform.audit.seal.seal")
"""Steps the worker repeats besides its jobs: dotted paths of functions that return how much they did."""
DEAD = gettext_noop("运行这项工作的进程中断了")


@functools.cache
def machine() -> str:
    """This kernel and process namespace: where a process id means something. Empty if that cannot be known."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return hashlib.sha256(f"{boot} {os.readlink('/proc/self/ns/pid')}".encode()).hexdigest()[:12]
    except OSError:
        return ""


def worker_name() -> str:
    return f"{machine() or '-'}/{os.getpid()}/{socket.gethostname()[:24]}/{uuid.uuid4().hex[:8]}"


def is_dead(worker: str) -> bool:
    """Whether that worker was a process on this machine and is gone. False when nobody can say."""
    where, _, rest = worker.partition("/")
    pid = rest.partition("/")[0]
    if where != machine() or where in {"", "-"} or not pid.isdecimal():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


class Worker:
    """One process's share of the work. `stop` ends it: tasks are asked to leave at their next checkpoint."""

    def __init__(
        self,
        stop: threading.Event,
        *,
        threads: int = 2,
        queues: Sequence[str] = ("default",),
        lease: float = queue.LEASE.total_seconds(),
        background: Sequence[str] = BACKGROUND,
    ) -> None:
        self.stop = stop
        self.name = worker_name()
        self.queues = tuple(queues)
        self.lease = type(queue.LEASE)(seconds=lease)
        self.threads = threads
        self.background = [import_string(path) for path in background]
        self.running: dict[int, Progress] = {}
        self._lock = threading.Lock()
        self._doubts: dict[int, tuple[dt.datetime | None, float]] = {}
        self._next_renewal = 0.0
        self._next_tick = 0.0
        self.clock = Clock()

    def run(self) -> None:
        """Work until `stop` is set and the running tasks have left, or the grace is over."""
        runners = [
            threading.Thread(target=self._loop, args=(self._run_one,), daemon=True)
            for _ in range(self.threads)
        ]
        others = [threading.Thread(target=self._loop, args=(step,), daemon=True) for step in self.background]
        keeper = threading.Thread(target=self._keep, daemon=True)
        for thread in (*runners, *others, keeper):
            thread.start()
        self.stop.wait()
        with self._lock:
            for progress in self.running.values():
                progress.interrupt(Stopping)
        end = time.monotonic() + GRACE
        for thread in (*runners, *others):
            thread.join(max(0.0, end - time.monotonic()))
        keeper.join(2.0)

    def _loop(self, step: Callable[[], int]) -> None:
        """Repeat a step while it finds work; wait a little when it does not, longer when the database is away."""
        trouble = 0
        while not self.stop.is_set():
            try:
                did = step()
                trouble = 0
            except Exception:
                trouble += 1
                log.exception("worker %s: %s", self.name, step)
                did = 0
            if not did:
                self.stop.wait(min(POLL * 2**trouble, 10.0))
            if trouble:
                connection.close()
            close_old_connections()
        connection.close()

    def _run_one(self) -> int:
        jobs = queue.claim(self.name, self.queues, 1, self.lease)
        for job in jobs:
            progress = Progress(job, live=True)
            with self._lock:
                self.running[job.pk] = progress
            if self.stop.is_set():
                progress.interrupt(Stopping)
            try:
                execute(job, progress)
            finally:
                with self._lock:
                    self.running.pop(job.pk, None)
        return len(jobs)

    def _keep(self) -> None:
        while not (self.stop.is_set() and not self.running):
            try:
                self._look_after_running()
                if time.monotonic() >= self._next_tick and not self.stop.is_set():
                    self._next_tick = time.monotonic() + min(TICK, self.lease.total_seconds() / 3)
                    self._look_around()
            except DatabaseError:
                log.exception("worker %s: the keeper could not reach the database", self.name)
                connection.close()
            except Exception:
                log.exception("worker %s: keeper", self.name)
            # not stop.wait: leases must live on while the last tasks find their checkpoints
            time.sleep(min(KEEP, self.lease.total_seconds() / 4))
        connection.close()

    def _look_after_running(self) -> None:
        with self._lock:
            mine = dict(self.running)
        if not mine:
            return
        for progress in mine.values():
            progress.save()
        for job_id, wish in Job.objects.filter(pk__in=mine).exclude(wish="").values_list("pk", "wish"):
            mine[job_id].obey(wish)
        if time.monotonic() >= self._next_renewal:
            self._next_renewal = time.monotonic() + self.lease.total_seconds() / 3
            for job_id in queue.renew(self.name, list(mine), self.lease):
                mine[job_id].interrupt(LeaseLost)

    def _look_around(self) -> None:
        """Schedules, and the jobs of workers that are gone."""
        if self.clock.believable():
            schedules.tick()
        queue.mend_clock()
        now = time.monotonic()
        doubts = {}
        for job_id, worker, until in self._lost_or_doubtful():
            if job_id in self.running:
                continue
            first = self._doubts.get(job_id)
            since = first[1] if first is not None and first[0] == until else now
            # A clock that jumped makes every lease look dead: one is believed dead only when its worker is known to
            # be gone, or did not renew it for longer than a living one ever takes, by a clock that cannot jump.
            if is_dead(worker) or now - since > self.lease.total_seconds() / 2:
                queue.take_back(job_id, until, gettext(DEAD))
            else:
                doubts[job_id] = (until, since)
        self._doubts = doubts

    def _lost_or_doubtful(self) -> list[tuple[int, str, dt.datetime | None]]:
        doubtful = set(queue.doubtful_leases(self.lease).values_list("pk", flat=True))
        running = Job.objects.filter(state="running").values_list("pk", "worker", "leased_until")
        return [row for row in running if row[0] in doubtful or is_dead(row[1])]


def run_worker(
    stop: threading.Event | None = None, *, threads: int = 2, queues: Sequence[str] = ("default",)
) -> None:
    """Work until `stop` is set, or SIGTERM or SIGINT arrives when this is the main thread."""
    stop = stop or threading.Event()
    if threading.current_thread() is threading.main_thread():
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stop.set())
    Worker(stop, threads=threads, queues=queues).run()
