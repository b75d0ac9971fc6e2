"""Who is told of what."""

from __future__ import annotations

from collections import Counter

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_noop as _

from kemai.collab.models import Task
from kemai.collab.services.notices import notify
from kemai.platform.events import on
from kemai.platform.models import Change, OutboxEvent
from kemai.platform.objects import ObjectType, UnknownObject, get


@on("job.*", name="collab.job_over")
def tell_of_job(event: OutboxEvent) -> None:
    """Long work that somebody started and that has ended."""
    said = {
        "job.done": (_("已完成：%(title)s"), "success"),
        "job.failed": (_("未能完成：%(title)s"), "danger"),
        "job.cancelled": (_("已取消：%(title)s"), "info"),
    }.get(event.name)
    if said is not None:
        values = {"title": event.payload.get("title", "")}
        notify(event.payload["user"], f"job/{event.pk}", said[0], values=values, level=said[1])


@on("*.created", name="collab.new_task")
def tell_of_task(event: OutboxEvent) -> None:
    """A task that somebody has given to somebody else."""
    if event.type_key != "task" or event.object_id is None:
        return
    task = Task.objects.filter(pk=event.object_id).first()
    if task is None or task.owner_id is None or task.owner_id == _doer(event):
        return
    values = {"name": event.changeset.actor_name if event.changeset else "", "title": task.title}
    notify(
        task.owner_id,
        f"task/{event.pk}",
        _("%(name)s 给您安排了任务：%(title)s"),
        page("task", task.pk),
        values=values,
    )


@on("*.updated", name="collab.new_owner")
def tell_new_owner(event: OutboxEvent) -> None:
    """A record has been handed to somebody."""
    change = (event.payload.get("diff") or {}).get("owner")
    if not change or not change[1] or event.object_id is None or change[1] == _doer(event):
        return
    object_type = _type(event)
    if object_type is None:
        return
    title = object_type.model._default_manager.filter(pk=event.object_id).values_list(
        object_type.title, flat=True
    )
    values = {"object": str(object_type.label), "title": title.first() or ""}
    url = page(event.type_key, event.object_id)
    notify(change[1], f"owner/{event.pk}", _("%(object)s 已转到您名下：%(title)s"), url, values=values)


@on("*.bulk_*", name="collab.new_owners")
def tell_new_owners(event: OutboxEvent) -> None:
    """Many records have been handed over, or many tasks given, in one act: one notice a person and chunk."""
    if event.changeset is not None and event.changeset.kind == "handover":
        return  # told once, when it is over: tell_of_handover
    if event.name == "task.bulk_created":
        counts, title = _task_owners(event), _("您有 %(n)s 个新任务")
    elif event.name.endswith(".bulk_updated") and "owner" in (event.payload.get("fields") or []):
        counts, title = _new_owners(event), _("%(object)s 有 %(n)s 条已转到您名下")
    else:
        return
    object_type = _type(event)
    for user_id, number in counts.items():
        if object_type is not None and user_id != _doer(event):
            values = {"n": number, "object": str(object_type.label)}
            notify(user_id, f"owners/{event.pk}/{user_id}", title, page(event.type_key), values=values)


@on("handover.done", name="collab.handover")
def tell_of_handover(event: OutboxEvent) -> None:
    """What each has received from somebody who leaves: one notice each."""
    received: dict[int, list[str]] = {}
    lines = event.payload.get("lines") or {}
    for type_key, to in sorted(lines.items(), key=lambda one: (-sum(one[1].values()), one[0])):
        for user_id, number in to.items():
            received.setdefault(int(user_id), []).append(f"{get(type_key).label} {number:,}")
    for user_id, parts in received.items():
        values = {"name": event.payload.get("name", ""), "what": "、".join(parts)}
        title = _("%(name)s 离职，交接给您：%(what)s")
        notify(user_id, f"handover/{event.pk}/{user_id}", title, page("customer"), values=values)


def _task_owners(event: OutboxEvent) -> Counter[int]:
    span = (event.payload.get("first") or 0, event.payload.get("last") or 0)
    owners = Task.objects.filter(pk__range=span, owner__is_active=True)
    return Counter(owners.values_list("owner", flat=True))


def _new_owners(event: OutboxEvent) -> Counter[int]:
    span = (event.payload.get("first") or 0, event.payload.get("last") or 0)
    changes = Change.objects.filter(
        changeset=event.changeset_id, type_key=event.type_key, object_id__range=span
    )
    pairs = (diff.get("owner") for diff in changes.values_list("diff", flat=True) if diff)
    return Counter(pair[1] for pair in pairs if pair and pair[1])


def _doer(event: OutboxEvent) -> int | None:
    return event.changeset.actor_id if event.changeset else None


def _type(event: OutboxEvent) -> ObjectType | None:
    try:
        return get(event.type_key)
    except UnknownObject:
        return None


def page(type_key: str, key: int | None = None) -> str:
    """The address of a record or a list; '' where the pages are not installed."""
    try:
        return reverse("list", args=[type_key]) if key is None else reverse("record", args=[type_key, key])
    except NoReverseMatch:
        return ""
