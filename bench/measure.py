"""Measuring: CPU of this process and of the database's processes, wall time, queries; one row a measurement."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
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
    note: str = ""


@dataclass
class Table:
    title: str
    rows: list[list[str]] = field(default_factory=list)
    head: tuple[str, ...] = ("", "CPU ms", "p50 ms", "p95 ms", "queries", "")

    def add(self, sample: Sample, *extra: str) -> None:
        self.rows.append(
            [
                sample.name,
                f"{sample.cpu:.1f}",
                f"{sample.p50:.1f}",
                f"{sample.p95:.1f}",
                str(sample.queries),
                *extra,
            ]
        )

    def print(self) -> None:
        print(f"\n### {self.title}\n")
        print("| " + " | ".join(self.head) + " |")
        print("|" + " --- |" * len(self.head))
        for row in self.rows:
            print("| " + " | ".join([*row, *[""] * (len(self.head) - len(row))]) + " |")


def database_cpu() -> float:
    """Seconds of CPU of the database's own processes; 0 for SQLite, which works in ours."""
    if connection.vendor != "postgresql":
        return 0.0
    total = 0.0
    for process in psutil.process_iter(["name", "cpu_times"]):
        if (process.info["name"] or "").startswith("postgres") and process.info["cpu_times"]:
            times = process.info["cpu_times"]
            total += times.user + times.system
    return total


def measure(name: str, act: Callable[[int], Any], *, times: int = 20, warm: int = 3) -> Sample:
    """Calls `act(n)` after a warm-up. Queries are those of one call."""
    for index in range(warm):
        act(-1 - index)
    asked = 0

    def count(run: Callable[..., Any], *query: Any) -> Any:
        nonlocal asked
        asked += 1
        return run(*query)

    with connection.execute_wrapper(count):
        act(-1 - warm)
    walls = []
    gc.collect()
    cpu, database = time.process_time(), database_cpu()
    for index in range(times):
        began = time.perf_counter()
        act(index)
        walls.append((time.perf_counter() - began) * 1000)
    spent = (time.process_time() - cpu + database_cpu() - database) * 1000 / times
    return Sample(name, spent, statistics.median(walls), percentile(walls, 0.95), asked)


def percentile(values: Iterable[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def rss() -> float:
    """Resident memory of this process in MB."""
    return float(psutil.Process().memory_info().rss) / 1e6
