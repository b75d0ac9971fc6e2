"""What the write door asks of tasks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.collab import rules
from kemai.collab.models import Task
from kemai.platform import records
from kemai.platform.access import SYSTEM, Actor
from kemai.platform.fields import Ref
from kemai.platform.records import FieldErrors


def prepare_task(values: dict[str, Any], existing: Any, actor: Actor) -> None:
    """The moment of completion follows the state, whichever door changed that; what repeats needs a moment."""
    check_repeat(values, existing)
    if "due_at" in values and existing is not None and values["due_at"] != existing.due_at:
        values["escalated_at"] = None
    state = values.get("state")
    if state is None:
        return
    was_done = existing is not None and existing.state == "done"
    if state == "done" and not was_done:
        # no person gives it; whoever brings tasks that are done already says when they were
        values["done_at"] = values.get("done_at") or timezone.now()
    elif state != "done" and was_done:
        values["done_at"] = None


def check_repeat(values: dict[str, Any], existing: Any) -> None:
    def now(name: str) -> Any:
        return values[name] if name in values else getattr(existing, name, None)

    if now("repeat") and now("due_at") is None:
        raise FieldErrors({"due_at": _("重复的任务需要截止时间")})
    minutes = values.get("remind_minutes")
    if minutes is not None and minutes > rules.MOST_REMIND:
        raise FieldErrors({"remind_minutes": _("最多提前 7 天（10080 分钟）提醒")})


def after_task(tasks: Sequence[Any], changed: frozenset[str], actor: Actor) -> None:
    """What repeats comes again as soon as it is done."""
    if "state" not in changed:
        return
    for task in tasks:
        if task.repeat and task.state == "done" and task.due_at is not None:
            come_again(task)


def come_again(task: Task) -> Task | None:
    """The next one of the row; once, also when a task is opened and done again."""
    assert task.due_at is not None
    first = task.series or task.pk
    zone: Any = timezone.get_default_timezone()
    began = Task.objects.filter(pk=first).values_list("due_at", flat=True).first() or task.due_at
    due = rules.next_due(
        task.due_at, task.repeat, zone, now=timezone.now(), until=task.repeat_until,
        anchor=began.astimezone(zone).day,
    )  # fmt: skip
    if due is None or Task.objects.filter(series=first, state="open", deleted_at=None).exists():
        return None
    values: dict[str, object] = {
        "title": task.title,
        "kind": task.kind,
        "due_at": due,
        "remind_minutes": task.remind_minutes,
        "repeat": task.repeat,
        "repeat_until": task.repeat_until,
        "note": "",
        "owner": Ref(task.owner_id, "") if task.owner_id else None,
        "type_key": task.type_key,
        "object_id": task.object_id,
        "origin": task.origin,
        "series": first,
    }
    ids = records.bulk_create("task", iter([values]), by=SYSTEM, parsed=True)
    return Task.objects.filter(pk__in=ids).first()
