"""The relations of a record: which there are, a new one, one less."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kemai.kit.numbers import record_key
from kemai.platform import access, records
from kemai.platform.access import Actor
from kemai.platform.objects import UnknownObject, all_types, get, link_kind, link_kinds
from kemai.platform.records import FieldErrors, Refused
from kemai.platform.ui.door import signed_in
from kemai.platform.ui.records import choice_views
from kemai.platform.ui.records.answers import announce
from kemai.platform.ui.records.subject import Subject


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def links(request: HttpRequest, actor: Actor, type_key: str, pk: int) -> HttpResponse:
    subject = Subject(actor, type_key, pk, columns=[get(type_key).title])
    errors: dict[str, str] = {}
    if request.method == "POST":
        errors = add(request, actor, type_key, pk)
    typed = request.POST if errors else {}
    context: dict[str, Any] = {
        "subject": subject,
        "links": records.links_of(type_key, pk, by=actor),
        "words": words(type_key),
        "errors": errors,
        "typed": typed,
        "options_url": f"{subject.url}/links/options",
    }
    response = render(request, "ui/pages/links.html", context, status=422 if errors else 200)
    return announce(response, _("已添加关系")) if request.method == "POST" and not errors else response


def words(type_key: str) -> list[dict[str, str]]:
    """What another record may be to this one: "parent:a" is a relation in which this one stands as `a`."""
    return [
        {
            "value": f"{kind.key}:{'a' if first else 'b'}",
            "label": str(kind.forward if first else kind.backward),
        }
        for kind in link_kinds(type_key)
        for first in kind.ends(type_key)
    ]


def add(request: HttpRequest, actor: Actor, type_key: str, pk: int) -> dict[str, str]:
    """Returns what was wrong."""
    kind, _sep, end = request.POST.get("kind", "").partition(":")
    other = other_of(request.POST.get("other", ""))
    if other is None:
        return {"other": _("请选择另一条记录")}
    try:
        since, until = day(request.POST.get("since", "")), day(request.POST.get("until", ""))
    except ValueError:
        return {"since": _("日期请写成 2026-11-20 这样")}
    mine = (type_key, pk)
    a, b = (mine, other) if end != "b" else (other, mine)
    try:
        records.link(kind, a, b, by=actor, since=since, until=until, note=request.POST.get("note", ""))
    except FieldErrors as error:
        return error.errors
    except Refused as error:
        return {"other": error.message}
    except access.NotVisible:
        return {"other": _("请选择另一条记录")}
    return {}


def other_of(text: str) -> tuple[str, int] | None:
    """ "customer:12" of the list of choices."""
    key, _sep, number = text.rpartition(":")
    try:
        get(key)
    except UnknownObject:
        return None
    found = record_key(number)
    return None if found is None else (key, found)


def day(text: str) -> date | None:
    return date.fromisoformat(text.strip()) if text.strip() else None


@signed_in
@require_safe
def options(request: HttpRequest, actor: Actor, type_key: str, pk: int) -> JsonResponse:
    """Records that may stand at the other end, by what was typed."""
    access.one(actor, type_key, pk)
    kind_key, _sep, end = request.GET.get("kind", "").partition(":")
    kind = link_kind(kind_key)
    wanted = (kind.b if end != "b" else kind.a) if kind is not None else ()
    text = request.GET.get("q", "").strip()[:100]
    types = [get(key) for key in wanted] or [one for one in all_types() if one.nav and one.searched]
    items = []
    for object_type in types:
        if not access.may(actor, object_type, "view"):
            continue
        for item in choice_views.found(actor, object_type, text)[: 20 if len(types) < 3 else 6]:
            if (object_type.key, item["value"]) == (type_key, str(pk)):
                continue
            sub = " · ".join(part for part in (str(object_type.label), item["sub"]) if part)
            items.append({**item, "value": f"{object_type.key}:{item['value']}", "sub": sub})
    return JsonResponse({"items": items})


@signed_in
@require_POST
def remove(request: HttpRequest, actor: Actor, type_key: str, pk: int, link_id: int) -> HttpResponse:
    if all(one.id != link_id for one in records.links_of(type_key, pk, by=actor)):
        raise access.NotVisible
    records.unlink(link_id, by=actor)
    return announce(HttpResponse(status=200), _("已删除关系"))
