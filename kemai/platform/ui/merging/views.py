"""Field by field: which record stays, whose value it takes, what moves along."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from kemai.kit.numbers import record_key
from kemai.platform import access, query, records
from kemai.platform.access import Actor
from kemai.platform.fields import FieldSpec
from kemai.platform.objects import ObjectType, get
from kemai.platform.ui.door import signed_in
from kemai.platform.ui.records.answers import go

MOST_SHOWN = 5


@dataclass(frozen=True)
class Line:
    """One field: each record's value, whose is proposed, and whether one may choose."""

    spec: FieldSpec
    values: Sequence[Any]
    best: int
    differs: bool
    open: bool


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def merge(request: HttpRequest, actor: Actor, key: str) -> HttpResponse:
    object_type = get(key)
    if not records.mergeable(object_type):
        raise access.NotVisible
    access.require(actor, object_type, "edit")
    if request.method == "POST":
        return done(request, actor, object_type)
    ids = numbers(request.GET.get("ids", ""))
    return page(request, actor, object_type, ids)


def numbers(text: str) -> list[int]:
    parts = text.split(",")
    return list(dict.fromkeys(key for one in parts if (key := record_key(one)) is not None))


def page(
    request: HttpRequest, actor: Actor, object_type: ObjectType, ids: Sequence[int], error: str = ""
) -> HttpResponse:
    """Those of the records that can be merged; which they are and why others are not is said on the page."""
    editable = access.scope(actor, object_type, "edit").filter(pk__in=ids)
    found = {obj.pk: obj for obj in editable}
    objects = [found[one] for one in ids if one in found][:MOST_SHOWN]
    left_out = len(ids) - len(objects)
    context: dict[str, Any] = {"type": object_type, "left_out": left_out, "error": error, "records": ()}
    context["list_url"] = reverse("list", args=(object_type.key,))
    if len(objects) < 2:
        same = request.GET.get("ids", "").count(",") and len(ids) == 1
        few = alone() if same else too_few(actor, object_type, ids)
        context["error"] = error or few
        return render(request, "ui/pages/merge.html", context, status=409 if error else 200)
    keep = sent_keep(request, objects) or best_keep(objects)
    objects.sort(key=lambda obj: obj.pk != keep)
    lines = compared(actor, object_type, objects)
    told = access.field_levels(actor, object_type).get("owner") in {"read", "edit"}
    context |= {
        "records": [heading(object_type, obj, owned=told) for obj in objects],
        "keep": keep,
        "heir": heir_of(keep, objects) if told else "",
        "differing": [line for line in lines if line.differs],
        "same": [line for line in lines if not line.differs],
        "moves": records.moves_of(object_type, [obj.pk for obj in objects if obj.pk != keep]),
        "after": request.GET.get("after", request.POST.get("after", "")),
        "swap_url": f"{reverse('merge', args=(object_type.key,))}?ids={','.join(str(obj.pk) for obj in objects)}",
    }
    return render(request, "ui/pages/merge.html", context, status=409 if error else 200)


def alone() -> str:
    return _("不能把一条记录和它自己合并，请选择两条不同的记录")


def too_few(actor: Actor, object_type: ObjectType, ids: Sequence[int]) -> str:
    """Why there is nothing to merge, as far as the actor may know of the records."""
    shut = access.scope(actor, object_type).filter(pk__in=ids)
    if shut.exclude(pk__in=access.scope(actor, object_type, "edit").filter(pk__in=ids)).exists():
        return records.not_editable_text()
    return _("请选择至少两条您可以修改的%(type)s") % {"type": object_type.label}


def sent_keep(request: HttpRequest, objects: Sequence[Any]) -> int | None:
    sent = request.POST.get("keep", request.GET.get("keep", ""))
    return next((obj.pk for obj in objects if str(obj.pk) == sent), None)


def best_keep(objects: Sequence[Any]) -> int:
    """The confirmed one, then the oldest: its number is the one that people know."""
    chosen = min(objects, key=lambda obj: (getattr(obj, "validity", "") != "valid", obj.pk))
    return int(chosen.pk)


def heading(object_type: ObjectType, obj: Any, *, owned: bool) -> dict[str, Any]:
    numbering = object_type.numbering
    return {
        "id": obj.pk,
        "version": obj.version,
        "title": str(obj) or f"#{obj.pk}",
        "number": getattr(obj, numbering.field) if numbering else f"#{obj.pk}",
        "url": reverse("record", args=(object_type.key, obj.pk)),
        "created": obj.created_at,
        "updated": obj.updated_at,
        "owned": owned,
        "owner": str(obj.owner) if owned and obj.owner_id is not None else "",
    }


def heir_of(keep: int, objects: Sequence[Any]) -> str:
    """Whose the record will be that nobody has now; '' where that does not change."""
    if any(obj.pk == keep and obj.owner_id is not None for obj in objects):
        return ""
    return next((str(obj.owner) for obj in objects if obj.owner_id is not None), "")


def compared(actor: Actor, object_type: ObjectType, objects: Sequence[Any]) -> list[Line]:
    """The fields that at least one record fills, as the actor sees them."""
    ids = [obj.pk for obj in objects]
    levels = access.field_levels(actor, object_type, revealed=True)
    specs = [spec for spec in records.mergeable_fields(object_type) if levels[spec.key] != "hidden"]
    rows = query.fetch(access.scope(actor, object_type).filter(pk__in=ids), object_type, specs)
    access.mask_rows(actor, object_type, rows)
    by_id = {row["id"]: row for row in rows}
    proposal = records.propose(object_type, objects)
    found = []
    for spec in specs:
        values = [by_id[key].get(spec.key) for key in ids]
        if spec.key not in proposal.best:
            continue
        differs = spec.key in proposal.differing
        found.append(Line(spec, values, proposal.best[spec.key], differs, levels[spec.key] == "edit"))
    return found


def done(request: HttpRequest, actor: Actor, object_type: ObjectType) -> HttpResponse:
    ids = numbers(request.POST.get("ids", ""))
    if len(ids) == 1:
        return page(request, actor, object_type, ids, alone())
    keep = next(iter(numbers(request.POST.get("keep", ""))), 0)
    choices = {
        name.removeprefix("f-"): int(str(value))
        for name, value in request.POST.items()
        if name.startswith("f-") and str(value).isdigit()
    }
    versions = {key: int(value) for key in ids if (value := request.POST.get(f"v-{key}", "")).isdigit()}
    gone = [key for key in ids if key != keep]
    try:
        records.merge(object_type.key, keep, gone, choices, by=actor, versions=versions)
    except records.Refused as refused:
        return page(request, actor, object_type, ids, refused.message)
    text = _("已合并 %(n)s 条%(type)s；30 天内可以在“变更记录”里撤销") % {
        "n": len(ids),
        "type": object_type.label,
    }
    return go(request, after(request, object_type, keep), text)


def after(request: HttpRequest, object_type: ObjectType, keep: int) -> str:
    """Back to where the person came from (the queue, say), or to the record."""
    wanted = request.POST.get("after", "")
    if wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None):
        return wanted
    return reverse("record", args=(object_type.key, keep))
