"""销售分析: funnel, results, reasons and what is forgotten, each figure with the list behind it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from kemai.customers.pages.links import list_url
from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.ui.door import signed_in
from kemai.sales.services import analysis, slices, staff, stages
from kemai.sales.views.slices import address, bar


@require_GET
@signed_in
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    access.require(actor, "deal", "view")
    part, reach = asked(request, actor)
    ended = analysis.by_owner(actor, part)
    months, funnels = analysis.by_month(ended, part), analysis.funnels(actor, part)
    context = {
        "bar": bar(request.path, request.GET, part, reach),
        "part": part,
        "whole": analysis.whole(ended),
        "standing": analysis.standing(actor, part, sum(one.begun for one in funnels)),
        "funnels": funnels,
        "pipelines": {one.value: str(one.label) for one in stages.PIPELINES},
        "ranking": analysis.ranking(ended, part, reach),
        "rest_url": address(reverse("sales_analysis_rest"), request.GET),
        "chart": chart(months, part) if len(months) > 1 else None,
        "drill": list_url,
        "open_url": list_url("deal", [analysis.leaf("state", "in", ["open"]), *part.where()], sort="-amount"),
        "begun_url": list_url("deal", [*part.where(), *part.between("created_at")], sort="-created_at"),
        "won_url": list_url(
            "deal", [*part.where(), *part.between("closed_at"), analysis.leaf("state", "in", ["won"])]
        ),
    }
    return render(request, "sales/analysis.html", context)


@require_GET
@signed_in
def rest(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What is forgotten and why deals are lost; fetched after the page, whose figures need not wait for it."""
    access.require(actor, "deal", "view")
    part, _reach = asked(request, actor)
    lost = analysis.lost_by(actor, part)
    context = {
        "forgotten": analysis.forgotten(actor, part),
        "reasons": lost["lost_reason"],
        "competitors": [one for one in lost["competitor"] if one.name],
        "words": words(),
        "drill": list_url,
    }
    return render(request, "sales/analysis_rest.html", context)


def asked(request: HttpRequest, actor: Actor) -> tuple[slices.Slice, staff.Reach]:
    reach = staff.reach(actor)
    return slices.read(request.GET.dict(), reach, period="last12"), reach


def words() -> dict[str, tuple[str, str]]:
    return {
        "quiet": (_("一个月没有跟进的商机"), "clock"),
        "late": (_("在阶段里停留超期的商机"), "alarm"),
        "overdue": (_("过了预计成交日期的商机"), "calendar"),
        "undated": (_("没有预计成交日期的商机"), "calendar"),
        "idle": (_("没有写下一步的商机"), "list-check"),
        "customers": (_("90 天没有联系的高价值和潜力客户"), "users"),
    }


def chart(months: list[tuple[dt.date, int, int]], part: slices.Slice) -> dict[str, Any]:
    """Won amounts by month; a bar opens its deals."""
    where = [*part.where(), analysis.leaf("state", "in", ["won"])]
    spans = [slices.span("month", month) for month, _won, _amount in months]
    return {
        "type": "bar",
        "title": _("每月赢单金额"),
        "unit": _("元"),
        "x": [f"{month:%Y-%m}" for month, _won, _amount in months],
        "series": [{"name": _("赢单金额"), "data": [amount / 100 for _month, _won, amount in months]}],
        "drill": [
            list_url(
                "deal",
                [
                    *where,
                    {"not": {"field": "closed_at", "op": "before", "value": start.isoformat()}},
                    {"field": "closed_at", "op": "before", "value": end.isoformat()},
                ],
            )
            for start, end in spans
        ],
    }
