"""Tasks: made, done, put off, dropped. The change log, search and events come with the write door."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.collab.models import Task
from kemai.kit.calendar_cn import add_workdays
from kemai.platform import access, events, records
from kemai.platform.access import Actor
from kemai.platform.fields import Ref
from kemai.platform.records import FieldErrors, Refused

About = tuple[str, int]
"""(object key, id) of the record that a task is about."""


def create_task(
    values: Mapping[str, object], *, by: Actor, about: About | None = None, origin: str = ""
) -> Task:
    """A task of `values` (title, kind, due_at, owner, note), about a record that the actor may see.

    Raises access.NotVisible, access.Denied, records.FieldErrors."""
    if about is not None:
        access.one(by, about[0], about[1])
    with transaction.atomic():
        task: Task = records.create("task", values, by=by)
        if about is not None or origin:
            task.type_key, task.object_id = about or ("", None)
            task.origin = origin[:80]
            task.save(update_fields=["type_key", "object_id", "origin"])
    return task


def create_tasks(
    tasks: Iterable[Mapping[str, Any]], *, by: Actor, origin: str, reason: str = ""
) -> list[int]:
    """Many tasks at once, as plays and analyses make them: {title, kind, due_at (datetime), owner (user id), note,
    about (object key, id), origin where each has its own}. Whoever calls has looked up the records through
    `access.scope`. Returns their ids."""
    return records.bulk_create(
        "task", (_row(one, origin) for one in tasks), by=by, reason=reason, parsed=True
    )


def _row(one: Mapping[str, Any], origin: str) -> dict[str, Any]:
    type_key, object_id = one.get("about") or ("", None)
    return {
        "title": str(one["title"])[:200],
        "kind": one.get("kind", "todo"),
        "due_at": one.get("due_at"),
        "owner": Ref(one["owner"], "") if one.get("owner") else None,
        "note": one.get("note", ""),
        "type_key": type_key,
        "object_id": object_id,
        "origin": str(one.get("origin", origin))[:80],
    }


def complete_task(task_id: int, *, by: Actor, note: str = "") -> Task:
    """Raises access.NotVisible, access.Denied, Refused if it is over already."""
    task = _open_task(task_id, by=by)
    values: dict[str, object] = {"state": "done"}
    if note:
        values["note"] = f"{task.note}\n{note}".strip()
    done: Task = records.update("task", task_id, values, by=by)
    return done


def postpone_task(task_id: int, until: dt.datetime | dt.timedelta, *, by: Actor) -> Task:
    """Put a task off to a moment, or by a time from its due moment (from now if that has passed)."""
    task = _open_task(task_id, by=by)
    if isinstance(until, dt.timedelta):
        until = max(task.due_at or timezone.now(), timezone.now()) + until
    moved: Task = records.update("task", task_id, {"due_at": until}, by=by)
    return moved


def later(word: str) -> dt.datetime:
    """What "tomorrow" means: ten o'clock of that day, by the company's clock; "hour" is an hour from now."""
    now = timezone.localtime(timezone.now(), timezone.get_default_timezone())
    if word == "hour":
        return now + dt.timedelta(hours=1)
    days = {"tomorrow": now.date() + dt.timedelta(days=1), "week": now.date() + dt.timedelta(days=7)}
    day = days.get(word) or add_workdays(now.date(), 1)
    return now.replace(
        year=day.year, month=day.month, day=day.day, hour=10, minute=0, second=0, microsecond=0
    )


def drop_task(task_id: int, *, by: Actor, reason: str = "") -> Task:
    """The task is not needed any more."""
    _open_task(task_id, by=by)
    dropped: Task = records.update("task", task_id, {"state": "dropped"}, by=by, reason=reason)
    return dropped


def open_tasks(by: Actor, *, about: About | None = None) -> QuerySet[Task]:
    """The open tasks the actor may see, the most urgent first; of everybody when about a record."""
    tasks: QuerySet[Task] = access.scope(by, "task").filter(state="open")
    if about is not None:
        tasks = tasks.filter(type_key=about[0], object_id=about[1])
    return tasks.order_by("due_at", "pk")


def agenda(by: Actor, *, now: dt.datetime | None = None) -> dict[str, QuerySet[Task]]:
    """The actor's own open tasks: overdue, today (company time), the next seven days, undated."""
    now = now or timezone.now()
    midnight = timezone.localtime(now, timezone.get_default_timezone()).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    tomorrow = midnight + dt.timedelta(days=1)
    mine = open_tasks(by).filter(owner=by.user_id)
    return {
        "overdue": mine.filter(due_at__lt=now),
        "today": mine.filter(due_at__gte=now, due_at__lt=tomorrow),
        "week": mine.filter(due_at__gte=tomorrow, due_at__lt=tomorrow + dt.timedelta(days=7)),
        "undated": mine.filter(due_at=None),
    }


def still_open(tasks: QuerySet[Task]) -> QuerySet[Task]:
    """What a leaver hands over; what is done stays his."""
    return tasks.filter(state="open")


def about_records(type_key: str, ids: Sequence[int]) -> Q:
    return Q(type_key=type_key, object_id__in=list(ids))


def records_of(ids: Sequence[int]) -> dict[int, About]:
    """The record that each task is about."""
    rows = Task.objects.filter(pk__in=list(ids)).exclude(object_id=None)
    named = rows.values_list("pk", "type_key", "object_id")
    return {key: (type_key, object_id) for key, type_key, object_id in named if object_id is not None}


def _open_task(task_id: int, *, by: Actor) -> Task:
    task: Task = access.one(by, "task", task_id, "edit")
    if task.state != "open":
        raise Refused("task_over", _("这个任务已经结束"))
    return task


def reassign_task(task_id: int, owner: int, *, by: Actor, reason: str = "") -> Task:
    """To a colleague, who is told. Raises access.NotVisible, access.Denied, FieldErrors, Refused."""
    _open_task(task_id, by=by)
    moved: Task = records.update("task", task_id, {"owner": owner}, by=by, reason=reason)
    return moved


def leads(by: Actor, user_id: int | None) -> bool:
    """Is the actor above this person: by the reporting line, or by seeing the work of others?"""
    if user_id is None or by.user_id is None or user_id == by.user_id:
        return False
    if by.is_admin:
        return True
    people = get_user_model()._default_manager
    above = people.filter(pk=user_id).values_list("manager", flat=True).first()
    for _step in range(10):
        if above is None or above == by.user_id:
            break
        above = people.filter(pk=above).values_list("manager", flat=True).first()
    return above == by.user_id


def nudge(task_id: int, *, by: Actor, reason: str, due_at: dt.datetime | None = None) -> Task:
    """督促: a manager tells the owner of an open task why it matters, and by when. Raises access.NotVisible,
    access.Denied, FieldErrors, Refused."""
    task: Task = access.one(by, "task", task_id)
    if task.state != "open":
        raise Refused("task_over", _("这个任务已经结束"))
    if not leads(by, task.owner_id):
        raise access.Denied(_("只有负责人的上级可以督促"))
    reason = reason.strip()
    if not reason:
        raise FieldErrors({"reason": _("请写明为什么督促")})
    if due_at is not None and due_at <= timezone.now():
        raise FieldErrors({"due_at": _("新的截止时间应在现在之后")})
    with transaction.atomic():
        if due_at is not None:
            task = records.update("task", task_id, {"due_at": due_at}, by=by, reason=reason)
        events.emit(
            "task.nudged",
            "task",
            task_id,
            payload={"by": by.user_id, "name": by.name, "reason": reason[:300]},
        )
    return task


def mark_escalated(task: Task) -> None:
    """The manager has been told. No change of the task: it makes no line in its history."""
    Task.objects.filter(pk=task.pk).update(escalated_at=timezone.now())
