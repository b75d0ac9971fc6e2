"""What the person who started a job may see of it and do with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from kemai.platform.models import Job


def find(job_id: int, user_id: int | None, *, admin: bool = False) -> Job | None:
    """The job, if it is the person's own (an administrator sees every one)."""
    jobs = Job.objects.filter(pk=job_id)
    return (jobs if admin else jobs.filter(user=user_id)).first()


def by_key(key: str) -> Job | None:
    """The job with this key; whether it may be seen is the caller's question."""
    return Job.objects.filter(key=key).first()


def latest(user_id: int, limit: int = 30) -> Sequence[Job]:
    """The jobs that a person started by hand, newest first."""
    return list(Job.objects.filter(user=user_id).exclude(title="").order_by("-id")[:limit])


def shown(job: Job) -> dict[str, Any]:
    """What a progress bar needs: {"done", "total", "rate" (per second), "eta" (seconds), "state", "message"}."""
    rate = eta = None
    if job.state == "running" and job.started_at is not None and job.done:
        seconds = max((timezone.now() - job.started_at).total_seconds(), 0.1)
        rate = job.done / seconds
        eta = (job.total - job.done) / rate if job.total else None
    message = job.error if job.state == "failed" else job.message
    return {
        "done": job.done,
        "total": job.total,
        "rate": rate,
        "eta": eta,
        "state": job.state,
        "message": message,
    }
