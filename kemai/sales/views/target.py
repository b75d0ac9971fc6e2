"""Targets: what is to be reached, what was, who leads; and the year grid in which they are set."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.records import FieldErrors
from kemai.platform.ui.door import signed_in
from kemai.platform.ui.records.answers import announce, go
from kemai.sales.services import targets

Context = dict[str, Any]


def asked(actor: Actor, params: QueryDict) -> tuple[str, int]:
    """Measure and year; this year where none is told."""
    this = timezone.localdate().year
    text = params.get("year", "")
    year = int(text) if text.isascii() and text.isdigit() and len(text) == 4 else this
    return targets.measure_of(actor, params.get("measure", "")), min(max(year, this - 5), this + 2)


def address(measure: str, year: int, name: str = "targets") -> str:
    return f"{reverse(name)}?measure={measure}&year={year}"


def common(actor: Actor, sheet: targets.Sheet, name: str) -> Context:
    today = timezone.localdate()
    month = today.month - 1 if sheet.year == today.year else 11 if sheet.year < today.year else 0
    quarter = range(month // 3 * 3, month // 3 * 3 + 3)
    return {
        "sheet": sheet,
        "counts": sheet.measure == "customers",
        "measures": [
            {
                "label": one.label,
                "url": address(one.value, sheet.year, name),
                "active": one.value == sheet.measure,
            }
            for one in targets.measures(actor)
        ],
        "years": [
            {"label": str(year), "url": address(sheet.measure, year, name), "active": year == sheet.year}
            for year in range(today.year - 2, today.year + 2)
        ],
        "spans": {"month": range(month, month + 1), "quarter": quarter, "year": range(12)},
        "month": month + 1,
        "edit_url": address(sheet.measure, sheet.year, "targets_edit"),
        "page_url": address(sheet.measure, sheet.year),
    }


@require_GET
@signed_in
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    access.require(actor, "deal", "view")
    sheet = targets.sheet(actor, *asked(actor, request.GET))
    ranked = sorted(sheet.people, key=lambda one: -one.sum_actual(range(12)))
    context = common(actor, sheet, "targets") | {
        "ranked": [one for one in ranked if one.sum_actual(range(12))][:20]
    }
    return render(request, "sales/targets.html", context)


@require_http_methods(["GET", "POST"])
@signed_in
def edit(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The grid; sent, every changed cell becomes part of one change that can be undone."""
    access.require(actor, "deal", "view")
    measure, year = asked(actor, request.GET)
    sheet = targets.sheet(actor, measure, year)
    if not sheet.may_edit:
        raise access.Denied(_("目标由主管设置"))
    context = common(actor, sheet, "targets_edit") | {"typed": {}, "errors": {}, "months": list(range(1, 13))}
    if request.method == "POST":
        typed = {
            line.key: [request.POST.get(f"{line.key}.{n}", "") for n in range(1, 13)] for line in sheet.lines
        }
        try:
            undo = targets.set_months(actor, measure, year, typed)
        except FieldErrors as error:
            cells = {f"{key}.{n + 1}": text for key, row in typed.items() for n, text in enumerate(row)}
            context |= {"typed": cells, "errors": error.errors}
            return render(request, "sales/targets_grid.html", context, status=422)
        context = common(actor, targets.sheet(actor, measure, year), "targets_edit")
        context |= {"typed": {}, "errors": {}, "months": list(range(1, 13))}
        answer = render(request, "sales/targets_grid.html", context)
        said = _("目标已保存") if undo else _("没有改动")
        # who may set targets by this page alone has no right to the rows themselves, which undoing asks for
        return announce(answer, said, undo=undo if access.may(actor, "target", "edit") else None)
    return render(request, "sales/targets_edit.html", context)


@require_http_methods(["GET", "POST"])
@signed_in
def spread(request: HttpRequest, actor: Actor, node: str) -> HttpResponse:
    """A year's figure over the months, evenly or as last year went."""
    measure, year = asked(actor, request.GET)
    errors: dict[str, str] = {}
    if request.method == "POST":
        like = request.POST.get("how") == "last"
        try:
            targets.spread_year(actor, measure, year, node, request.POST.get("year", ""), like_last_year=like)
        except FieldErrors as error:
            errors = error.errors
        else:
            return go(request, address(measure, year, "targets_edit"), _("目标已分摊到各月"))
    targets.check_nodes(actor, {node: ()})
    context = {
        "url": f"{reverse('targets_spread', args=[node])}?measure={measure}&year={year}",
        "errors": errors,
        "typed": request.POST,
        "counts": measure == "customers",
    }
    return render(request, "sales/targets_spread.html", context, status=422 if errors else 200)
