"""A segment's page: its rule with a live count, its members, who came and went, why somebody is in it."""

from __future__ import annotations

from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kemai.customers.models import Segment
from kemai.customers.pages.links import list_url
from kemai.customers.services import segment_rules
from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.fields import clauses
from kemai.platform.objects import get
from kemai.platform.query import QueryError
from kemai.platform.records import FieldErrors
from kemai.platform.ui import addresses
from kemai.platform.ui.door import is_fragment, signed_in
from kemai.platform.ui.lists import filters
from kemai.platform.ui.lists.state import dumps, loads
from kemai.platform.ui.records.answers import announce, go


@require_GET
@signed_in
def index(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    segment: Segment = access.one(actor, "segment", pk)
    cursor = request.GET.get("cursor", "")
    members = segment_rules.members(actor, segment, cursor=cursor)
    context: dict[str, Any] = {
        "segment": segment,
        "seen": segment_rules.seen(actor, segment),
        "members": members,
        "previous_url": page_url(pk, members.previous),
        "next_url": page_url(pk, members.next),
        "option": option,
    }
    if is_fragment(request):
        return render(request, "customers/segment_members.html", context)
    edits = "edit" in access.abilities(actor, "segment", pk, ("edit", "delete"))
    context |= {
        "config": filters.config(actor, get("customer"), segment.where),
        "where": dumps(filters.collapse(segment.where)) if segment.where else "",
        "found": trial(actor, segment.where),
        "may_edit": edits,
        "may_create": access.may(actor, "segment", "create"),
        "owner": owner_of(segment),
        "moves": moves_chart(segment),
        "list_url": list_url("customer", segment.where or None),
    }
    return render(request, "customers/segment.html", context)


def option(key: str, value: str) -> Any:
    return get("customer").fields[key].option(value) if value else None


def owner_of(segment: Segment) -> str:
    return str(segment.owner) if segment.owner_id else ""


def page_url(pk: int, cursor: str) -> str:
    return addresses.at(reverse("segment", args=(pk,)), {"cursor": cursor}) if cursor else ""


def trial(actor: Actor, where: Any) -> dict[str, Any]:
    """What the rule would hold, or what is wrong with it."""
    try:
        return {"preview": segment_rules.preview(actor, where), "error": ""}
    except QueryError as error:
        return {"preview": None, "error": error.message}


def moves_chart(segment: Segment) -> dict[str, Any]:
    moves = segment_rules.history(segment)
    return {
        "type": "stacked",
        "title": _("近 %(n)s 天的进出") % {"n": segment_rules.DAYS},
        "unit": _("位"),
        "x": [f"{day:%m-%d}" for day in moves.days],
        "series": [
            {"name": _("进入"), "data": list(moves.came), "color": "green"},
            {"name": _("离开"), "data": [-count for count in moves.left], "color": "gray"},
        ]
        if any(moves.came) or any(moves.left)
        else [],
    }


def sent_rule(request: HttpRequest) -> Any:
    """The tree of the builder. Raises QueryError."""
    return filters.expand(loads(request.POST.get("where", "")))


@require_POST
@signed_in
def preview(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The live count beside the builder."""
    access.require(actor, "customer", "view")
    try:
        found = trial(actor, sent_rule(request))
    except QueryError as error:
        found = {"preview": None, "error": error.message}
    context = {"found": found, "option": option}
    return render(request, "customers/segment_preview.html", context)


@require_POST
@signed_in
def save(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Keeps the rule, or (with a name) makes a new segment of it."""
    try:
        where = sent_rule(request)
        if request.POST.get("as"):
            name = request.POST.get("name", "").strip() or _("新分群")
            made = segment_rules.save_as(actor, name, where)
            return go(
                request, reverse("segment", args=(made.pk,)), _("已另存为“%(name)s”") % {"name": made.name}
            )
        job = segment_rules.set_rule(actor, pk, where)
    except QueryError as error:
        return wrong(error.message)
    except FieldErrors as error:
        return wrong(clauses(error.errors.values()))
    text = _("规则已保存，人数正在后台更新") if job else _("规则已保存，人数已更新")
    return go(request, reverse("segment", args=(pk,)), text)


def wrong(message: str) -> HttpResponse:
    return HttpResponse(
        orjson.dumps({"message": message}), status=409, content_type="application/json"
    )  # the page stays as it is, a toast says why


@require_POST
@signed_in
def refresh(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    job = segment_rules.refresh(actor, pk)
    if job is not None:
        return announce(HttpResponse(status=204), _("正在后台更新，完成后会有消息"))
    return go(request, reverse("segment", args=(pk,)), _("人数已更新"))


@require_GET
@signed_in
def why(request: HttpRequest, actor: Actor, pk: int, customer: int) -> HttpResponse:
    segment: Segment = access.one(actor, "segment", pk)
    person, reason = segment_rules.why(actor, segment, customer)
    return render(
        request, "customers/segment_why.html", {"segment": segment, "customer": person, "reason": reason}
    )
