"""Nightly: finished jobs and delivered events that nobody will look at any more are removed, in small bites."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone

from kemai.platform.jobs.progress import Progress
from kemai.platform.jobs.schedules import schedule
from kemai.platform.models import ApiReceipt, Job, OutboxEvent, WritePreview

KEEP_JOBS = dt.timedelta(days=30)
KEEP_EVENTS = dt.timedelta(days=14)
KEEP_RECEIPTS = dt.timedelta(days=2)
"""How long a program may send the same write again and be sure that it is done once."""
KEEP_PREVIEWS = dt.timedelta(days=1)
BITE = 1000


@schedule("housekeeping", at="03:10")
def sweep(progress: Progress) -> int:
    """Returns the number of rows removed."""
    now = timezone.now()
    old_jobs = Job.objects.filter(state__in=("done", "cancelled"), finished_at__lt=now - KEEP_JOBS)
    old_events = OutboxEvent.objects.filter(done_at__lt=now - KEEP_EVENTS)
    old_receipts = ApiReceipt.objects.filter(at__lt=now - KEEP_RECEIPTS)
    old_previews = WritePreview.objects.filter(created_at__lt=now - KEEP_PREVIEWS)
    return sum(_remove(rows, progress) for rows in (old_jobs, old_events, old_receipts, old_previews))


def _remove(rows: Any, progress: Progress) -> int:
    removed = 0
    while ids := list(rows.order_by("id").values_list("id", flat=True)[:BITE]):
        rows.model._default_manager.filter(pk__in=ids).delete()
        removed += len(ids)
        progress(removed)
    return removed
