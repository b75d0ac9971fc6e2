"""Nightly: finished jobs and delivered events that nobody will look at any more are removed, in small bites."""

from __future__ import annotations

import datetime as dt

from django.db import models
from django.utils import timezone

from kemai.platform.jobs.progress import Progress
from kemai.platform.jobs.schedules import schedule
from kemai.platform.models import Job, OutboxEvent

KEEP_JOBS = dt.timedelta(days=30)
KEEP_EVENTS = dt.timedelta(days=14)
BITE = 1000


@schedule("housekeeping", at="03:10")
def sweep(progress: Progress) -> int:
    """Returns the number of rows removed."""
    now = timezone.now()
    old_jobs = Job.objects.filter(state__in=("done", "cancelled"), finished_at__lt=now - KEEP_JOBS)
    old_events = OutboxEvent.objects.filter(done_at__lt=now - KEEP_EVENTS)
    return _remove(old_jobs, progress) + _remove(old_events, progress)


def _remove(rows: models.QuerySet[Job] | models.QuerySet[OutboxEvent], progress: Progress) -> int:
    removed = 0
    while ids := list(rows.order_by("id").values_list("id", flat=True)[:BITE]):
        rows.model._default_manager.filter(pk__in=ids).delete()
        removed += len(ids)
        progress(removed)
    return removed
