"""Figures for Prometheus. Requests are counted by each process and added up when somebody asks (generation.py names
the folder); jobs, events and the database are asked at that moment."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from django.db import connection
from django.db.models import Count, Min, Q
from django.utils import timezone
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import REGISTRY, Collector

from kemai.platform.models import BackupRun, Job, OutboxEvent

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5, 5.0, 10.0)
REQUESTS = Counter("kemai_requests", "Requests answered", ("route", "method", "status"))
SECONDS = Histogram("kemai_request_seconds", "Time to the answer", ("route",), buckets=BUCKETS)
BUSY = Gauge("kemai_requests_in_progress", "Requests being answered", multiprocess_mode="livesum")


def text() -> bytes:
    """Everything, in Prometheus' text format."""
    registry = REGISTRY
    if os.environ.get(FOLDER):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    asked = CollectorRegistry()
    asked.register(Now())
    return bytes(generate_latest(registry)) + bytes(generate_latest(asked))


class Now(Collector):
    """What the database and the processes say at this moment."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield from jobs()
        yield from outbox()
        yield one("kemai_database_bytes", "Size of the database", database_bytes())
        memory = GaugeMetricFamily(
            "kemai_memory_bytes", "Memory of the processes that answer requests", labels=["kind"]
        )
        for kind, size in process_memory().items():
            memory.add_metric([kind], size)
        yield memory
        last = BackupRun.objects.filter(state="done", removed=False).order_by("-started_at").first()
        if last is not None:
            age = (timezone.now() - last.started_at).total_seconds()
            yield one("kemai_backup_age_seconds", "Age of the newest backup", age)
        yield one("kemai_up", "The database answers", 1)


def one(name: str, help_text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, help_text, value=value)


def jobs() -> Iterator[GaugeMetricFamily]:
    now = timezone.now()
    counts = GaugeMetricFamily(
        "kemai_jobs", "Jobs by state (finished ones are not counted)", labels=["state"]
    )
    states = ("waiting", "running", "paused", "failed")
    found = dict(Job.objects.filter(state__in=states).values_list("state").annotate(Count("pk")))
    for state in states:
        counts.add_metric([state], found.get(state, 0))
    yield counts
    late = Job.objects.filter(state="waiting", run_at__lte=now).aggregate(n=Count("pk"), oldest=Min("run_at"))
    yield one("kemai_jobs_due", "Jobs that could run now", late["n"])
    age = (now - late["oldest"]).total_seconds() if late["oldest"] else 0
    yield one("kemai_jobs_oldest_due_seconds", "How long the oldest due job has waited", age)


def outbox() -> Iterator[GaugeMetricFamily]:
    found = OutboxEvent.objects.filter(Q(done_at=None)).aggregate(n=Count("pk"), oldest=Min("created_at"))
    yield one("kemai_outbox_waiting", "Events not delivered yet", found["n"])
    lag = (timezone.now() - found["oldest"]).total_seconds() if found["oldest"] else 0
    yield one("kemai_outbox_lag_seconds", "Age of the oldest undelivered event", lag)


def database_bytes() -> int:
    if connection.vendor == "sqlite":
        path = Path(str(connection.settings_dict["NAME"]))
        files = (path, path.with_name(f"{path.name}-wal"))
        return sum(file.stat().st_size for file in files if file.exists())
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        return int(cursor.fetchone()[0])


def process_memory() -> dict[str, int]:
    """Resident and proportional bytes of this process and its siblings (Linux; elsewhere nothing)."""
    try:
        children = Path(f"/proc/{os.getppid()}/task/{os.getppid()}/children").read_text().split()
    except OSError:
        children = []
    mine = children if str(os.getpid()) in children and os.environ.get(FOLDER) else [str(os.getpid())]
    total = {"resident": 0, "proportional": 0}
    for pid in mine:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        for line in lines:
            name, _colon, rest = line.partition(":")
            kind = {"Rss": "resident", "Pss": "proportional"}.get(name)
            if kind:
                total[kind] += int(rest.split()[0]) * 1024
    return total
