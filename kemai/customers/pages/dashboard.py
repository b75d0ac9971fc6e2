"""经营看板: what the last analysis found, chart by chart, each opening the records behind it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from kemai.customers.pages.links import leaf, list_url
from kemai.customers.services import dashboards
from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.ui.door import signed_in


@require_GET
@signed_in
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    access.require(actor, "customer", "view")
    text = request.GET.get("months", "")
    months = int(text) if text in {str(one) for one in dashboards.PERIODS} else 12
    whole = dashboards.sees_company(actor)
    board = dashboards.company(months) if whole else dashboards.own(actor, months)
    context = {
        "board": board,
        "charts": {key: drawn(spec) for key, spec in board.charts.items()},
        "whole": whole,
        "months": months,
        "periods": [
            {
                "label": ngettext("%(n)s 个月", "%(n)s 个月", one) % {"n": one},
                "url": f"{reverse('dashboard')}?months={one}",
                "active": one == months,
            }
            for one in dashboards.PERIODS
        ],
        "may_recalculate": dashboards.may_recalculate(actor),
        "cell_url": lambda code: list_url("customer", leaf("rfm_cell", "in", [code]), sort="-amount_12m"),
        "lost_url": list_url("customer", leaf("activity", "in", ["lost"]), sort="-amount_12m"),
    }
    return render(request, "customers/dashboard.html", context)


def drawn(spec: dashboards.Spec) -> dict[str, Any]:
    """The chart with the addresses of the lists behind its bars in place of conditions."""
    found = {key: value for key, value in spec.items() if key not in {"codes", "keys", "drill"}}
    drill = spec.get("drill")
    if drill:
        found["drill"] = [list_url(drill["type"], where) for where in drill["where"]]
    elif spec["type"] == "stacked":
        for one, key in zip(found["series"], spec["keys"], strict=True):
            one["drill"] = [
                list_url("order", [dashboards.month_where(month, "ordered_at"), leaf("channel", "in", [key])])
                for month in spec["codes"]
            ]
    return found


@require_POST
@signed_in
def recalculate(request: HttpRequest, actor: Actor) -> HttpResponse:
    job = dashboards.recalculate(actor)
    return render(request, "customers/recalculate.html", {"job": job})


@require_GET
@signed_in
def recalculated(request: HttpRequest, actor: Actor) -> HttpResponse:
    """In place of the progress bar: the page shows the new figures."""
    return HttpResponse(status=200, headers={"HX-Refresh": "true"})
