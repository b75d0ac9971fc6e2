"""What happens by the clock: reminders, and the clearing away of old notices."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone
from django.utils.translation import gettext_noop as _

from kemai.collab.handlers import page
from kemai.collab.models import Task
from kemai.collab.services.notices import forget_read, notify
from kemai.platform.jobs import Progress, schedule

AHEAD = dt.timedelta(minutes=15)
LATE = dt.timedelta(hours=24)
"""After downtime, tasks that came due within this time are still reminded of."""
KEEP_READ = dt.timedelta(days=90)


@schedule("task-reminders", every=5)
def remind(progress: Progress) -> int:
    """Tell the owners of tasks that are due within a quarter of an hour; once per task and due moment."""
    now = timezone.now()
    due = Task.objects.filter(state="open", deleted_at=None, due_at__gt=now - LATE, due_at__lte=now + AHEAD)
    told = 0
    for task in due.exclude(owner=None).order_by("due_at")[:5000]:
        assert task.due_at is not None
        key = f"task-due/{task.pk}/{task.due_at.timestamp():.0f}"
        values = {"title": task.title}
        told += notify(
            task.owner_id,
            key,
            _("任务即将到期：%(title)s"),
            page("task", task.pk),
            values=values,
            level="warning",
        )
    return told


@schedule("old-notices", at="03:40")
def sweep(progress: Progress) -> int:
    """Notices read long ago."""
    return forget_read(timezone.now() - KEEP_READ)
