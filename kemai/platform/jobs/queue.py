"""The leased table: putting jobs in, claiming them, renewing and voiding leases, and what people may ask of a job."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence

from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone

from kemai.platform.models import Job

LEASE = dt.timedelta(seconds=30)
FINISHED = ("done", "failed", "cancelled")
BACKOFF_BASE = 5
BACKOFF_LIMIT = 600


def enqueue(
    task_path: str,
    args: Mapping[str, object] | None = None,
    *,
    key: str | None = None,
    again: bool = False,
    run_at: dt.datetime | None = None,
    user: models.Model | int | None = None,
    title: str = "",
    queue: str = "default",
    priority: int = 0,
    max_attempts: int = 5,
) -> Job:
    """Put `task_path` ("kemai.app.jobs.function") in the queue, in the caller's transaction.

    With a `key` there is one job of that key: whoever comes second gets the first one's row, also when that is
    finished. `again=True` lets a finished job make room for a new one ("at most one of these waits or runs")."""
    now = timezone.now()
    job = Job(
        task=task_path,
        args=dict(args or {}),
        queue=queue,
        priority=priority,
        run_at=run_at or now,
        max_attempts=max_attempts,
        key=key,
        title=title[:200],
        user_id=user.pk if isinstance(user, models.Model) else user,
        created_at=now,
    )
    if key is None:
        job.save(force_insert=True)
        return job
    if again:
        Job.objects.filter(key=key, state__in=FINISHED).update(key=None)
    Job.objects.bulk_create([job], ignore_conflicts=True)
    return Job.objects.get(key=key)


def due(queues: Sequence[str], now: dt.datetime) -> models.QuerySet[Job]:
    return Job.objects.filter(state="waiting", run_at__lte=now, queue__in=queues)


def claim(worker: str, queues: Sequence[str], limit: int = 1, lease: dt.timedelta = LEASE) -> list[Job]:
    """Take up to `limit` due jobs. Two workers never get the same one: rows are locked and skipped on PostgreSQL,
    the transaction is the only writer on SQLite (BEGIN IMMEDIATE)."""
    now = timezone.now()
    if not due(queues, now).exists():
        return []
    with transaction.atomic():
        jobs = list(
            due(queues, now).order_by("-priority", "run_at", "id").select_for_update(skip_locked=True)[:limit]
        )
        for job in jobs:
            job.state = "running"
            job.worker = worker
            job.leased_until = now + lease
            job.attempts += 1
            job.started_at = now
            job.wish = ""
            job.save(update_fields=["state", "worker", "leased_until", "attempts", "started_at", "wish"])
    return jobs


def renew(worker: str, job_ids: Collection[int], lease: dt.timedelta = LEASE) -> set[int]:
    """Lengthen the leases of `worker` on these jobs; returns the jobs it no longer holds."""
    if not job_ids:
        return set()
    held = Job.objects.filter(pk__in=job_ids, worker=worker, state="running")
    held.update(leased_until=timezone.now() + lease)
    return set(job_ids) - set(held.values_list("pk", flat=True))


def doubtful_leases(lease: dt.timedelta = LEASE) -> models.QuerySet[Job]:
    """Running jobs whose lease has run out, or lies so far ahead that only a clock set back explains it."""
    now = timezone.now()
    return Job.objects.filter(Q(leased_until__lt=now) | Q(leased_until__gt=now + 3 * lease), state="running")


def take_back(job_id: int, leased_until: dt.datetime | None, error: str) -> bool:
    """A job whose worker is gone goes back to the queue, or fails when that was its last attempt.

    `leased_until` is the lease that was judged dead: a renewal in between keeps the job where it is."""
    now = timezone.now()
    lost = Job.objects.filter(pk=job_id, state="running", leased_until=leased_until)
    again = lost.filter(attempts__lt=F("max_attempts")).update(
        state="waiting", run_at=now, worker="", leased_until=None
    )
    if again:
        return True
    return bool(lost.update(state="failed", error=error, finished_at=now, leased_until=None))


def mend_clock() -> int:
    """Jobs put in before the clock was set back are due at once: their moment may be hours ahead by now."""
    now = timezone.now()
    ahead = now + dt.timedelta(seconds=60)
    fresh = Job.objects.filter(state="waiting", created_at__gt=ahead, run_at__lte=F("created_at"))
    mended = fresh.update(created_at=now, run_at=now)
    retries = Job.objects.filter(
        state="waiting",
        attempts__gt=0,
        started_at__gt=ahead,
        run_at__gt=now + dt.timedelta(seconds=2 * BACKOFF_LIMIT),
    )
    return mended + retries.update(run_at=now)


def backoff(attempts: int) -> dt.timedelta:
    """5 s, 10 s, 20 s … at most ten minutes."""
    return dt.timedelta(seconds=min(BACKOFF_BASE * 2 ** min(max(attempts - 1, 0), 16), BACKOFF_LIMIT))


def cancel(job_id: int) -> bool:
    """A waiting or paused job ends at once, a running one at its next checkpoint. False if it is over already."""
    idle = Job.objects.filter(pk=job_id, state__in=("waiting", "paused"))
    if idle.update(state="cancelled", finished_at=timezone.now(), wish=""):
        return True
    return bool(Job.objects.filter(pk=job_id, state="running").update(wish="cancel"))


def pause(job_id: int) -> bool:
    if Job.objects.filter(pk=job_id, state="waiting").update(state="paused", wish=""):
        return True
    return bool(Job.objects.filter(pk=job_id, state="running", wish="").update(wish="pause"))


def resume(job_id: int) -> bool:
    if Job.objects.filter(pk=job_id, state="paused").update(state="waiting", run_at=timezone.now(), wish=""):
        return True
    return bool(Job.objects.filter(pk=job_id, state="running", wish="pause").update(wish=""))


def retry(job_id: int) -> bool:
    """Give a failed job a new set of attempts."""
    failed = Job.objects.filter(pk=job_id, state="failed")
    return bool(
        failed.update(state="waiting", run_at=timezone.now(), attempts=0, error="", finished_at=None, wish="")
    )
