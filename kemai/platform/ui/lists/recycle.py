"""The recycle bin of an object type: what was deleted, by whom, and the way back."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kemai.platform import access, audit, records
from kemai.platform.access import Actor
from kemai.platform.objects import ObjectType, get
from kemai.platform.ui.door import signed_in
from kemai.platform.ui.records.answers import go

SHOWN = 100
MOST_IDS = 1000


@require_GET
@signed_in
def index(request: HttpRequest, actor: Actor, key: str) -> HttpResponse:
    object_type = get(key)
    access.require(actor, object_type, "delete")
    title = object_type.fields[object_type.title]
    readable = access.field_levels(actor, object_type)[title.key] in {"read", "edit"}
    text = request.GET.get("q", "").strip()[:100]
    gone = access.binned(actor, object_type)
    if text and readable:
        gone = gone.filter(**{f"{title.path}__icontains": text})
    rows = list(gone.order_by("-updated_at").values_list("pk", title.path, "deleted_at")[: SHOWN + 1])
    context = {
        "type": object_type,
        "label": str(object_type.label),
        "rows": [
            {"id": pk, "title": str(name) if readable and name else f"#{pk}", "at": at, "by": who}
            for (pk, name, at), who in zip(rows[:SHOWN], deleters(object_type, rows[:SHOWN]), strict=True)
        ],
        "more": len(rows) > SHOWN,
        "q": text,
        "list_url": reverse("list", args=(key,)),
    }
    return render(request, "ui/pages/bin.html", context)


def deleters(object_type: ObjectType, rows: list[tuple[Any, ...]]) -> list[str]:
    names = audit.deleters(object_type.key, [pk for pk, _name, _at in rows])
    return [names.get(pk, "") for pk, _name, _at in rows]


@require_POST
@signed_in
def restore(request: HttpRequest, actor: Actor, key: str) -> HttpResponse:
    ids = [
        int(one) for one in request.POST.getlist("ids") if one.isascii() and one.isdigit() and len(one) < 19
    ]
    changes = records.restore(key, ids[:MOST_IDS], by=actor)
    return go(request, reverse("bin", args=(key,)), _("已恢复 %(n)s 条") % {"n": changes.count})
