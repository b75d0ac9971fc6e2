"""What happens by the clock: reminders, the manager's word on overdue tasks, mails, clearing away."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from typing import Any

from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from kemai.collab import rules
from kemai.collab.handlers import page
from kemai.collab.models import Notice, Task
from kemai.collab.services import live, mails
from kemai.collab.services.comments import forget_orphans
from kemai.collab.services.notices import forget_read, notify
from kemai.collab.services.options import option
from kemai.collab.services.tasks import mark_escalated
from kemai.platform.jobs import Later, Progress, enqueue, schedule

LATE = dt.timedelta(hours=24)
"""After downtime, tasks that came due within this time are still reminded of."""
KEEP_READ = dt.timedelta(days=90)
TRIES = 5
PATIENCE = dt.timedelta(hours=24)
"""A mail waits so long for a server that is away."""
SOONEST, LATEST = 5.0, 600.0
"""Seconds between two tries meanwhile."""


@schedule("task-reminders", every=1)
def remind(progress: Progress) -> int:
    """Tell the owners of tasks that are due soon: as long before as the task says, else a quarter of an hour; once per
    task and due moment."""
    now = timezone.now()
    told = 0
    for task in due_soon(now):
        assert task.due_at is not None
        if rules.remind_at(task.due_at, task.remind_minutes) > now:
            continue
        key = f"task-due/{task.pk}/{task.due_at.timestamp():.0f}"
        said, values = _("任务即将到期：%(title)s"), {"title": task.title}
        told += notify(
            task.owner_id, key, said, page("task", task.pk), kind="due", values=values, level="warning",
            about=("task", task.pk),
        )  # fmt: skip
    return told


def due_soon(now: dt.datetime) -> Iterable[Task]:
    usual = now + dt.timedelta(minutes=rules.DEFAULT_REMIND)
    most = now + dt.timedelta(minutes=rules.MOST_REMIND)
    waiting = Task.objects.filter(state="open", deleted_at=None, due_at__gt=now - LATE).exclude(owner=None)
    soon = waiting.filter(Q(due_at__lte=usual) | Q(remind_minutes__isnull=False, due_at__lte=most))
    keys = [f"task-due/{task.pk}/{task.due_at.timestamp():.0f}" for task in soon[:5000] if task.due_at]
    had = set(Notice.objects.filter(key__in=keys).values_list("key", flat=True))
    return [
        task
        for task in soon.order_by("due_at")[:5000]
        if task.due_at and f"task-due/{task.pk}/{task.due_at.timestamp():.0f}" not in had
    ]


@schedule("task-day", at="08:30")
def begin_day(progress: Progress) -> int:
    """In the morning: how many tasks are due today and how many are overdue."""
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    tomorrow = midnight + dt.timedelta(days=1)
    waiting = Task.objects.filter(state="open", deleted_at=None, due_at__lt=tomorrow).exclude(owner=None)
    rows = waiting.order_by().values("owner").annotate(
        today=Count("pk", filter=Q(due_at__gte=midnight)), late=Count("pk", filter=Q(due_at__lt=midnight))
    )  # fmt: skip
    told = 0
    for row in rows:
        said = (
            _("今天有 %(today)s 个任务到期，%(late)s 个已逾期")
            if row["late"]
            else _("今天有 %(today)s 个任务到期")
        )
        key = f"task-day/{row['owner']}/{midnight:%Y-%m-%d}"
        url = f"{page('task')}?view=my_open"
        told += notify(row["owner"], key, said, url, kind="due", values=row)
    return told


@schedule("task-escalation", every=60)
def escalate(progress: Progress) -> int:
    """Tasks that are overdue for so many days are told to the owner's manager, once per due moment."""
    days = int(option("escalate_days") or 0)
    if days <= 0:
        return 0
    border = timezone.now() - dt.timedelta(days=days)
    late = Task.objects.filter(
        state="open", deleted_at=None, due_at__lte=border, due_at__gt=border - dt.timedelta(days=30),
        escalated_at=None, owner__manager__isnull=False,
    ).select_related("owner")  # fmt: skip
    told = 0
    for task in late.order_by("due_at")[:1000]:
        owner: Any = task.owner
        assert task.due_at is not None
        values = {"name": str(owner), "title": task.title, "days": (timezone.now() - task.due_at).days}
        key = f"task-late/{task.pk}/{task.due_at.timestamp():.0f}"
        said = _("%(name)s 的任务逾期 %(days)s 天：%(title)s")
        told += notify(
            owner.manager_id, key, said, page("task", task.pk), kind="due", values=values, level="warning",
            about=("task", task.pk),
        )  # fmt: skip
        mark_escalated(task)
    return told


@schedule("old-notices", at="03:40")
def sweep(progress: Progress) -> int:
    """Notices read long ago, what open pages have long been told, what was said of records that are gone for good."""
    return forget_read(timezone.now() - KEEP_READ) + live.forget() + forget_orphans()


@schedule("live-messages", every=60)
def sweep_live(progress: Progress) -> int:
    return live.forget()


# mail


def mail_notice(progress: Progress, *, notice: int) -> str:
    """Queued with its notice, in the same transaction."""
    return posted(progress, lambda: mails.send_notice(notice, last_try=is_last(progress)))


def mail_link(progress: Progress, *, user: int) -> str:
    """For somebody who has forgotten their password."""
    return posted(progress, lambda: mails.send_link(user))


def posted(progress: Progress, send: Callable[[], str]) -> str:
    """A mail server that is away, sick or busy says nothing against the mail: it waits, the longer it has waited, and
    costs no attempt. After PATIENCE the attempts count."""
    try:
        return send()
    except mails.NotSent as error:
        waited = timezone.now() - progress.since
        if error.final or waited > PATIENCE:
            raise
        seconds = min(max(waited.total_seconds() / 2, SOONEST), LATEST)
        raise Later(seconds, str(error)) from error


def is_last(progress: Progress) -> bool:
    return progress.attempt >= TRIES and timezone.now() - progress.since > PATIENCE


@schedule("notice-digests", at="08:40")
def digests(progress: Progress) -> int:
    """The daily mails: a job for each person for whom something waits."""
    today = timezone.localdate()
    waiting = Notice.objects.filter(mail="digest", user__is_active=True).order_by()
    users = sorted(set(waiting.values_list("user", flat=True)))
    for user_id in users:
        args = {"user": user_id, "day": today.isoformat()}
        enqueue("kemai.collab.jobs.mail_digest", args, key=f"digest/{user_id}/{today}")
    return len(users)


def mail_digest(progress: Progress, *, user: int, day: str) -> str:
    of = dt.date.fromisoformat(day)
    return posted(progress, lambda: mails.send_digest(user, of, last_try=is_last(progress)))
