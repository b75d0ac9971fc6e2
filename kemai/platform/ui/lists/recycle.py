"""The recycle bin: what was deleted of every type, by whom, how long it stays, and the way back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from math import ceil
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kemai.kit.numbers import record_key
from kemai.platform import access, audit, query, records
from kemai.platform.access import SYSTEM, Actor
from kemai.platform.jobs import Fatal, Progress, enqueue
from kemai.platform.objects import ObjectType, all_types, get
from kemai.platform.records.limits import days
from kemai.platform.records.recycle import dead_parents, every
from kemai.platform.ui import addresses
from kemai.platform.ui.door import signed_in
from kemai.platform.ui.records.answers import go

SHOWN = 100
MOST_IDS = 1000
AT_ONCE = 500
CAP = 999
WORK = "kemai.platform.ui.lists.recycle.work"


def bins(actor: Actor) -> list[tuple[ObjectType, int]]:
    """The types that the actor may restore something of, with how much there is, in one question."""
    types = [
        one
        for one in all_types()
        if one.recycles and not one.administered and access.may(actor, one, "delete")
    ]
    counts = query.capped_counts([access.binned(actor, one) for one in types], CAP) if types else []
    return list(zip(types, counts, strict=True))


@require_GET
@signed_in
def everything(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The bin of the first type that has something in it."""
    found = bins(actor)
    if not found:
        return render(request, "ui/pages/bin_none.html")
    first = next((one for one, count in found if count), found[0][0])
    return redirect("bin", first.key)


@require_GET
@signed_in
def index(request: HttpRequest, actor: Actor, key: str) -> HttpResponse:
    object_type = get(key)
    access.require(actor, object_type, "delete")
    text = request.GET.get("q", "").strip()[:100]
    gone = asked(actor, object_type, text)
    title = object_type.fields[object_type.title]
    page = latest(gone, request.GET.get("before", ""))
    rows = list(page.values_list("pk", title.path, "deleted_at")[: SHOWN + 1])
    total = gone.count()
    context = {
        "type": object_type,
        "label": object_type.plural,
        "rows": shown(actor, object_type, rows[:SHOWN]),
        "older": addresses.at("", {"q": text, "before": rows[SHOWN - 1][0]}) if len(rows) > SHOWN else "",
        "total": f"{total:,}",
        "q": text,
        "days": days("bin_days"),
        "list_url": reverse("list", args=(key,)) if object_type.nav else "",
        "bins": [
            {
                "label": one.plural, "url": reverse("bin", args=(one.key,)), "active": one is object_type,
                "count": f"{CAP}+" if count > CAP else str(count),
            }
            for one, count in bins(actor)
            if count or one is object_type
        ],
    }  # fmt: skip
    return render(request, "ui/pages/bin.html", context)


def latest(gone: QuerySet[Any], before: str) -> QuerySet[Any]:
    """What was deleted last stands first: it is what somebody comes here for. `before` is the last record of the page
    before; one that was restored meanwhile leads back to the first page."""
    ordered = gone.order_by("-deleted_at", "-pk")
    key = record_key(before)
    at = gone.filter(pk=key).values_list("deleted_at", flat=True).first() if key is not None else None
    return ordered.filter(Q(deleted_at__lt=at) | Q(deleted_at=at, pk__lt=key)) if at else ordered


def asked(actor: Actor, object_type: ObjectType, text: str) -> QuerySet[Any]:
    title = object_type.fields[object_type.title]
    gone = access.binned(actor, object_type)
    readable = access.field_levels(actor, object_type)[title.key] in {"read", "edit"}
    return gone.filter(**{f"{title.path}__icontains": text}) if text and readable else gone


def shown(actor: Actor, object_type: ObjectType, rows: Sequence[tuple[Any, ...]]) -> list[Mapping[str, Any]]:
    title = object_type.fields[object_type.title]
    readable = access.field_levels(actor, object_type)[title.key] in {"read", "edit"}
    names = audit.deleters(object_type.key, [pk for pk, _name, _at in rows])
    orphans = orphaned(object_type, [pk for pk, _name, _at in rows])
    now = timezone.now()
    return [
        {
            "id": pk,
            "title": str(name) if readable and name else f"#{pk}",
            "at": timezone.localtime(at),
            "by": _("系统") if names.get(pk) == "system" else names.get(pk, ""),
            "left": max(0, ceil((at + timedelta(days=days("bin_days")) - now) / timedelta(days=1))),
            "parent": parent_label(object_type) if pk in orphans else "",
        }
        for pk, name, at in rows
    ]


def parent_label(object_type: ObjectType) -> str:
    return str(get(object_type.fields[object_type.parent].ref).label) if object_type.parent else ""


def orphaned(object_type: ObjectType, ids: Sequence[int]) -> set[int]:
    """Those of these records whose parent is deleted as well."""
    dead = dead_parents(object_type, ids)
    if not dead:
        return set()
    path = object_type.fields[object_type.parent].path
    return set(every(object_type).filter(pk__in=ids, **{f"{path}__in": dead}).values_list("pk", flat=True))


@require_POST
@signed_in
def restore(request: HttpRequest, actor: Actor, key: str) -> HttpResponse:
    object_type = get(key)
    access.require(actor, object_type, "delete")
    if request.POST.get("all") == "1":
        return restore_all(request, actor, object_type)
    ids = [number for one in request.POST.getlist("ids") if (number := record_key(one)) is not None]
    if not ids:
        return go(request, reverse("bin", args=(key,)), _("请先选择要恢复的记录"))
    changes = records.restore(key, ids[:MOST_IDS], by=actor)
    return go(request, reverse("bin", args=(key,)), restored_words(changes.count))


def restored_words(count: int) -> str:
    return _("已恢复 %(n)s 条") % {"n": f"{count:,}"}


def restore_all(request: HttpRequest, actor: Actor, object_type: ObjectType) -> HttpResponse:
    text = request.POST.get("q", "").strip()[:100]
    keys = list(asked(actor, object_type, text).values_list("pk", flat=True)[: AT_ONCE + 1])
    if len(keys) <= AT_ONCE:
        changes = records.restore(object_type.key, keys, by=actor)
        return go(request, reverse("bin", args=(object_type.key,)), restored_words(changes.count))
    title = _("恢复全部%(type)s") % {"type": object_type.label}
    args = {"user": actor.user_id, "type_key": object_type.key, "text": text, "language": actor.language}
    job = enqueue(WORK, args, user=actor.user_id, title=title, max_attempts=2)
    return go(request, reverse("job", args=(job.pk,)))


def work(progress: Progress, *, user: int, type_key: str, text: str, language: str) -> dict[str, Any]:
    """The task: the person's rights are those of the moment it runs."""
    person = access.scope(SYSTEM, "user").filter(pk=user, is_active=True).first()
    if person is None:
        raise Fatal("the user is gone")
    actor, object_type = access.actor_for(person), get(type_key)
    with translation.override(language):
        try:
            keys = list(asked(actor, object_type, text).order_by("pk").values_list("pk", flat=True))
            changes = records.restore(type_key, keys, by=actor)
        except (access.Denied, records.Refused) as error:
            raise Fatal(str(error)) from error
        progress(changes.count, changes.count)
        return {"count": changes.count, "changeset": changes.pk, "message": restored_words(changes.count)}
