"""Measuring: CPU of this process and of the database's processes, wall time, queries; one row a measurement."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import psutil
from django.db import connection


@dataclass
class Sample:
    """CPU and wall in milliseconds per call."""

    name: str
    cpu: float
    p50: float
    p95: float
    queries: int


@dataclass
class Table:
    title: str
    rows: list[list[str]] = field(default_factory=list)
    head: tuple[str, ...] = ("", "CPU ms", "p50 ms", "p95 ms", "queries", "")

    def add(self, sample: Sample, *extra: str) -> None:
        figures = (f"{sample.cpu:.1f}", f"{sample.p50:.1f}", f"{sample.p95:.1f}", str(sample.queries))
        self.rows.append([sample.name, *figures, *extra])

    def print(self) -> None:
        print(f"\n### {self.title}\n")
        print("| " + " | ".join(self.head) + " |")
        print("|" + " --- |" * len(self.head))
        for row in self.rows:
            print("| " + " | ".join([*row, *[""] * (len(self.head) - len(row))]) + " |", flush=True)


@lru_cache(maxsize=1)
def postmaster() -> psutil.Process | None:
    """The server that this process' backend belongs to; None for SQLite, which works in ours."""
    if connection.vendor != "postgresql":
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return psutil.Process(cursor.fetchone()[0]).parent()


def database_cpu() -> float:
    """Seconds of CPU of the database's own processes, those that have ended included."""
    server = postmaster()
    if server is None:
        return 0.0
    own = server.cpu_times()
    total = own.user + own.system + own.children_user + own.children_system
    for child in server.children():
        times = child.cpu_times()
        total += times.user + times.system
    return float(total)


@lru_cache(maxsize=1)
def server_processes() -> tuple[int, list[int]]:
    """Our own backend, and the server's other lasting processes: those that clean up after the copying of the database
    (autovacuum) come and go, and what they do is not what is measured."""
    server = postmaster()
    if server is None:
        return 0, []
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        own = int(cursor.fetchone()[0])
    names = {child.pid: " ".join(child.cmdline()) for child in server.children()}
    return own, [pid for pid, name in names.items() if pid != own and "autovacuum" not in name]


def spent_by(pid: int) -> float:
    """Milliseconds of CPU of a process: the kernel's own account on Linux, exact to the nanosecond; elsewhere ticks."""
    if not pid:
        return 0.0
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e6
    except OSError:
        try:
            times = psutil.Process(pid).cpu_times()
        except psutil.NoSuchProcess:  # a worker that helped with one statement has gone meanwhile
            return 0.0
        return float(times.user + times.system) * 1000


def measure(name: str, act: Callable[[int], Any], *, times: int = 20, warm: int = 3) -> Sample:
    """Calls `act(n)` after a warm-up. CPU is the median of what a call took, here and in our backend of the database,
    and the mean of what the server's other processes did meanwhile. Queries are those of one call."""
    for index in range(warm):
        act(-1 - index)
    asked = 0

    def count(run: Callable[..., Any], *query: Any) -> Any:
        nonlocal asked
        asked += 1
        return run(*query)

    with connection.execute_wrapper(count):
        act(-1 - warm)
    backend, others = server_processes()
    walls, spent = [], []
    gc.collect()
    meanwhile = sum(map(spent_by, others))
    for index in range(times):
        before = spent_by(backend)
        began, cpu = time.perf_counter(), time.process_time()
        act(index)
        ours = (time.process_time() - cpu) * 1000
        walls.append((time.perf_counter() - began) * 1000)
        spent.append(ours + spent_by(backend) - before)
    rest = (sum(map(spent_by, others)) - meanwhile) / times
    cost = statistics.median(spent) + rest
    return Sample(name, cost, statistics.median(walls), percentile(walls, 0.95), asked)


def percentile(values: Iterable[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


class Cost:
    """Wall and CPU seconds of a piece of work, ours and the database's."""

    def __enter__(self) -> Cost:
        self.began, self.cpu, self.database = time.perf_counter(), time.process_time(), database_cpu()
        return self

    def __exit__(self, *_error: object) -> None:
        self.seconds = time.perf_counter() - self.began
        self.cpu = time.process_time() - self.cpu + database_cpu() - self.database


def rss() -> float:
    """Resident memory of this process in MB."""
    return float(psutil.Process().memory_info().rss) / 1e6
