"""Things that happen by the clock of the company: `@schedule("nightly", at="02:30")` in `<app>/jobs.py`.

A slot ("nightly@2026-11-22T02:30") is a job with a unique key, so that it runs once however many workers look at the
clock. After downtime the latest missed slot is made up for, earlier ones are not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from django.db import transaction
from django.utils import timezone
from django.utils.module_loading import autodiscover_modules

from kemai.platform.jobs.queue import enqueue
from kemai.platform.models import Job

PLATFORM = (
    "kemai.platform.jobs.housekeeping",
    "kemai.platform.audit.sealfile",
    "kemai.platform.backup.jobs",
    "kemai.platform.define.jobs",
    "kemai.platform.exports.services",
    "kemai.platform.imports.retention",
    "kemai.platform.records.purge",
    "kemai.platform.records.recompute",
    "kemai.platform.reports.keeping",
    "kemai.platform.reports.later",
)
"""The platform is one app of many packages; its schedules are named here."""
DAY_MINUTES = 24 * 60
_schedules: dict[str, Schedule] = {}
_seen: dict[str, str] = {}


@dataclass(frozen=True)
class Schedule:
    """`at` is minutes after local midnight; else it runs every `every` minutes, counted from midnight UTC."""

    name: str
    task: str
    at: int | None
    every: int
    title: str
    queue: str

    def slot(self, now: dt.datetime) -> tuple[str, dt.datetime]:
        """Key and moment of the latest slot that is due at `now`."""
        if self.at is None:
            midnight = now.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
            passed = int((now - midnight).total_seconds() // 60)
            moment = midnight + dt.timedelta(minutes=passed - passed % self.every)
            return f"{self.name}@{moment:%Y-%m-%dT%H:%MZ}", moment
        local = timezone.localtime(now, timezone.get_default_timezone())
        moment = local.replace(hour=self.at // 60, minute=self.at % 60, second=0, microsecond=0, fold=0)
        if moment > local:
            moment -= dt.timedelta(days=1)
        return f"{self.name}@{moment:%Y-%m-%dT%H:%M}", moment


def schedule(
    name: str, *, at: str | None = None, every: int | None = None, title: str = "", queue: str = "default"
) -> Callable[[Callable[..., object]], Callable[..., object]]:
    """Run a task daily `at="HH:MM"` company time or `every` so many minutes (a divisor of a day)."""
    minutes = None
    if at is not None:
        hour, minute = at.split(":")
        minutes = int(hour) * 60 + int(minute)
    if (minutes is None) == (every is None):
        raise ValueError(f"schedule {name}: give one of at= and every=")
    if (minutes is not None and not 0 <= minutes < DAY_MINUTES) or (
        every is not None and DAY_MINUTES % every
    ):
        raise ValueError(f"schedule {name}: {at or every} is not possible")

    def register(task: Callable[..., object]) -> Callable[..., object]:
        path = f"{task.__module__}.{task.__qualname__}"
        known = _schedules.get(name)
        if known is not None and known.task != path:
            raise ValueError(f"two schedules are called {name}: {known.task} and {path}")
        _schedules[name] = Schedule(name, path, minutes, every or 0, title, queue)
        return task

    return register


def schedules() -> list[Schedule]:
    """Every schedule of every installed app."""
    autodiscover_modules("jobs")
    for module in PLATFORM:
        import_module(module)

    return list(_schedules.values())


def tick(now: dt.datetime | None = None) -> list[str]:
    """Put every slot that has come due and is not yet there in the queue; returns the new slots' keys."""
    now = now or timezone.now()
    made = []
    for one in schedules():
        key, _moment = one.slot(now)
        if _seen.get(one.name) == key:
            continue
        if _place(one, key, now):
            made.append(key)
        transaction.on_commit(lambda name=one.name, key=key: _seen.__setitem__(name, key))  # type: ignore[misc]
    return made


def _place(one: Schedule, key: str, now: dt.datetime) -> bool:
    with transaction.atomic():
        if Job.objects.filter(key=key).exists():
            return False
        if one.at is not None and not Job.objects.filter(key__startswith=f"{one.name}@").exists():
            # The first look at the clock after installation: last night's slot was nobody's to run.
            Job.objects.bulk_create(
                [Job(task=one.task, key=key, state="done", run_at=now, created_at=now, finished_at=now)],
                ignore_conflicts=True,
            )
            return False
        job = enqueue(one.task, {}, key=key, title=one.title, queue=one.queue)
        return job.state == "waiting" and job.attempts == 0
