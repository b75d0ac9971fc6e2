"""我的看板: the reports that somebody has chosen, each loading by itself."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from kemai.platform.access import Actor
from kemai.platform.reports import keeping, panels
from kemai.platform.ui.door import signed_in
from kemai.platform.ui.records.answers import go


@signed_in
@require_safe
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    shown = panels.of(actor)
    keys = {report.pk for report in shown}
    more = [
        {
            "label": one.name,
            "icon": "plus",
            "attrs": {"hx-post": reverse("report_panel", args=(one.pk,)), "hx-swap": "none"},
        }
        for one in keeping.visible(actor)
        if one.pk not in keys
    ]
    return render(request, "ui/reports/board.html", {"panels": shown, "more": more})


@require_POST
@signed_in
def add(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    report = panels.add(actor, pk)
    return go(request, reverse("report_board"), _("已把“%(name)s”放到我的看板") % {"name": report.name})


@require_POST
@signed_in
def remove(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    panels.remove(actor, pk)
    return go(request, reverse("report_board"))


@require_POST
@signed_in
def move(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    panels.move(actor, pk, up=request.GET.get("to") == "up")
    return go(request, reverse("report_board"))
