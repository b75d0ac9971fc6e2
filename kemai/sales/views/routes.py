"""Who gets new leads: the routes, in the order in which they are asked."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from kemai.platform import access
from kemai.platform.access import SYSTEM, Actor, NotVisible
from kemai.platform.objects import get
from kemai.platform.query import QueryError
from kemai.platform.records import FieldErrors
from kemai.platform.ui.door import admin_page
from kemai.platform.ui.lists import filters
from kemai.platform.ui.lists.state import dumps, loads
from kemai.platform.ui.records.answers import go
from kemai.sales.models import LeadRoute
from kemai.sales.services.pools import routing, settings, uses

TEXTS = ("name", "method", "capacity", "position", "opens", "closes")
FLAGS = ("active", "sticky", "workdays")


@admin_page
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    rows = [
        (route, list(routing.candidates(route).values()), uses.broken(route.where, "lead"))
        for route in settings.routes()
    ]
    return render(request, "sales/routes.html", {"rows": rows})


@require_http_methods(["GET", "HEAD", "POST"])
@admin_page
def edit(request: HttpRequest, actor: Actor, pk: int = 0) -> HttpResponse:
    route = settings.one_route(pk) if pk else None
    if pk and route is None:
        raise NotVisible
    values = values_of(route)
    errors: dict[str, str] = {}
    if request.method == "POST":
        values = {name: request.POST.get(name, "") for name in TEXTS}
        values |= {name: request.POST.get(name) == "1" for name in FLAGS}
        values["people"] = sent_people(request)
        try:
            values["where"] = filters.expand(loads(request.POST.get("where", ""))) or {}
            settings.save_route(route, values, by=actor)
        except QueryError as error:
            errors = {"where": error.message}
        except FieldErrors as error:
            errors = dict(error.errors)
        else:
            return go(request, reverse("lead_routes"), _("已保存，新线索马上按它分配"))
    return render(
        request, "sales/route_form.html", context_of(route, values, errors), status=422 if errors else 200
    )


def values_of(route: LeadRoute | None) -> dict[str, Any]:
    shown = route or LeadRoute()
    values: dict[str, Any] = {name: getattr(shown, name) for name in (*TEXTS, *FLAGS, "people", "where")}
    values["opens"], values["closes"] = clock(shown.opens), clock(shown.closes)
    return values


def clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def sent_people(request: HttpRequest) -> list[dict[str, Any]]:
    """The chosen people; shares and absences stand beside each by key."""
    post = request.POST
    return [
        {"user": key, "weight": post.get(f"weight-{key}", "1"), "away_until": post.get(f"away-{key}", "")}
        for key in post.getlist("people")
    ]


def context_of(route: LeadRoute | None, values: dict[str, Any], errors: dict[str, str]) -> dict[str, Any]:
    where = values.get("where") or {}
    chosen = {str(one["user"]): one for one in values["people"]}
    names = {str(key): name for key, name, _place in access.people("", 500)}
    return {
        "route": route,
        "values": values,
        "errors": errors,
        "people": [{"value": key, "label": name} for key, name in names.items()],
        "chosen": list(chosen),
        "lines": [(key, names.get(key, ""), one) for key, one in chosen.items() if key in names],
        "methods": [{"value": one.value, "label": one.label} for one in LeadRoute.METHODS],
        "where": dumps(filters.collapse(where)) if where else "",
        "config": filters.config(SYSTEM, get("lead"), where or None),
    }


@require_http_methods(["POST"])
@admin_page
def remove(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    route = settings.one_route(pk)
    if route is None:
        raise NotVisible
    settings.delete_route(route, by=actor)
    return go(request, reverse("lead_routes"), _("已删除"))
