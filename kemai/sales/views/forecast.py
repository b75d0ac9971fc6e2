"""销售预测: the pipeline by month and category with managers' figures, how good that was, and what history says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from kemai.customers.pages.links import list_url
from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.fields import KINDS, FieldSpec, Invalid
from kemai.platform.records import FieldErrors
from kemai.platform.ui.door import signed_in
from kemai.platform.ui.records.answers import go
from kemai.sales.models import Deal
from kemai.sales.rules.forecast import Accuracy, following, mean_error
from kemai.sales.services import forecasts, history, slices, staff
from kemai.sales.views.slices import bar

DAY = FieldSpec("month", "month", "", KINDS["date"])
LEADS = (0, 30)
"""Days before the month's beginning at which a forecast is judged."""


@require_GET
@signed_in
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    access.require(actor, "deal", "view")
    reach = staff.reach(actor)
    part = slices.read(request.GET.dict(), reach)
    today = timezone.localdate()
    board = forecasts.board(actor, slices.deals(actor, part), part.people, today)
    context = {
        "bar": bar(request.path, request.GET, part, reach, periods=False),
        "board": board,
        "labels": {one.value: one for one in Deal.CATEGORIES},
        "may_say": staff.leads(actor) and not actor.read_only,
        "person": part.people[0] if len(part.people) == 1 else None,
        "cell_url": lambda category, month: cell_url(part, category, month, today),
        "undated_url": list_url("deal", [*open_where(part), {"field": "expected_on", "op": "empty"}]),
        "overdue_url": list_url(
            "deal", [*open_where(part), {"field": "expected_on", "op": "before", "value": today.isoformat()}]
        ),
        "past": past(part, today),
        "sees_history": history.may_see(actor),
        "expected": history.expected(actor),
        "products": history.products() if history.may_see(actor) else [],
        "methods": history.words(),
    }
    return render(request, "sales/forecast.html", context)


def open_where(part: slices.Slice) -> list[dict[str, Any]]:
    return [{"field": "state", "op": "in", "value": ["open"]}, *part.where()]


def cell_url(part: slices.Slice, category: str, month: dt.date, today: dt.date) -> str:
    """The deals behind a cell: overdue ones stand in the running month."""
    if category == "closed":
        where: list[dict[str, Any]] = [
            {"field": "state", "op": "in", "value": ["won"]}, *part.where(),
            {"not": {"field": "closed_at", "op": "before", "value": month.isoformat()}},
            {"field": "closed_at", "op": "before", "value": following(month).isoformat()},
        ]  # fmt: skip
        return list_url("deal", where, sort="-closed_at")
    where = [*open_where(part), {"field": "category", "op": "in", "value": [category]}]
    if month > today:
        where.append({"not": {"field": "expected_on", "op": "before", "value": month.isoformat()}})
    where.append({"field": "expected_on", "op": "before", "value": following(month).isoformat()})
    return list_url("deal", where, sort="expected_on")


def past(part: slices.Slice, today: dt.date) -> dict[str, Any]:
    """The last year by month for each lead, and the chart of it."""
    if part.pipeline:
        return {}
    found = forecasts.reports(part.owners, LEADS, today=today)
    rows = [row for row in zip(*found, strict=True) if any(one.forecast is not None for one in row)]
    if not rows:
        return {}
    return {
        "rows": rows,
        "errors": [mean_error([row[n] for row in rows]) for n in range(len(LEADS))],
        "chart": chart(rows),
    }


def chart(rows: Sequence[tuple[Accuracy, ...]]) -> dict[str, Any]:
    def yuan(value: int | None) -> float | None:
        return None if value is None else value / 100

    return {
        "type": "bar",
        "title": _("预测与实际"),
        "unit": _("元"),
        "x": [f"{row[0].month:%Y-%m}" for row in rows],
        "series": [
            {"name": _("实际赢单"), "data": [yuan(row[0].actual) for row in rows]},
            {"name": _("月初的预测"), "data": [yuan(row[0].forecast) for row in rows]},
            {"name": _("提前一个月的预测"), "data": [yuan(row[1].forecast) for row in rows]},
        ],
    }


@require_http_methods(["GET", "POST"])
@signed_in
def override(request: HttpRequest, actor: Actor, person: int, month: str, category: str) -> HttpResponse:
    """A manager's own figure for one cell, with the reason; an empty one takes it back."""
    access.require(actor, "deal", "view")
    reach = staff.reach(actor)
    who = reach.by_key.get(person)
    if who is None:
        raise access.NotVisible
    day = month_of(month)
    errors: dict[str, str] = {}
    if request.method == "POST":
        amount, note = request.POST.get("amount", ""), request.POST.get("note", "")
        try:
            forecasts.override(actor, person, day, category, amount, note)
        except FieldErrors as error:
            errors = error.errors
        else:
            back = f"{reverse('forecast')}?person={person}"
            return go(request, back, _("预测已调整") if amount.strip() else _("已恢复为加权预测"))
    word = forecasts.said(day, [person]).get((person, day, category))
    context = {
        "url": reverse("forecast_override", args=[person, month, category]),
        "who": who, "month": month, "word": word, "errors": errors, "typed": request.POST,
        "label": next((one.label for one in Deal.CATEGORIES if one.value == category), category),
    }  # fmt: skip
    return render(request, "sales/forecast_override.html", context, status=422 if errors else 200)


def month_of(text: str) -> dt.date:
    try:
        day = DAY.type.parse(f"{text}-01", DAY)
    except Invalid:
        raise access.NotVisible from None
    assert isinstance(day, dt.date)
    return day
