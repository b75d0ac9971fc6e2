"""Kept reports for programs: which there are, and what comes out of one."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from kemai.platform import access, reports
from kemai.platform.access import Actor
from kemai.platform.api.answers import answer
from kemai.platform.api.auth import door
from kemai.platform.api.views import check_quota
from kemai.platform.models import Report
from kemai.platform.query.cube import Atoms, beside, figure
from kemai.platform.reports import Definition, Line, Plan, Rest, Table, keeping

PROGRAMS = frozenset({"api", "mcp"})


@require_http_methods(["GET"])
@door
def listing(request: HttpRequest, actor: Actor) -> HttpResponse:
    """{"reports": [{"id", "name", "type", "share", "by", "changed_at", "definition"}]}"""
    return answer({"reports": [told(report) for report in keeping.visible(actor)]})


def told(report: Report) -> dict[str, Any]:
    return {
        "id": report.pk,
        "name": report.name,
        "type": report.type_key,
        "share": report.share,
        "by": str(report.user) if report.user else "",
        "changed_at": report.changed_at,
        "definition": Definition.of(report.type_key, report.state or {}).stored(),
    }


@require_http_methods(["GET"])
@door
def result(request: HttpRequest, actor: Actor, key: int) -> HttpResponse:
    """The figures, of the records that the caller sees. `values` stand in the order of the definition's measures; a
    line's `keys` are as many of its row fields' values as it stands for, none for the total. What is left over has the
    key {"rest": true}. `notes` say what must be known to read them; amounts without a rate stand in `not_converted`."""
    report = keeping.seen(actor, key)
    plan = reports.resolve(actor, Definition.of(report.type_key, report.state or {}))
    if actor.source in PROGRAMS:
        access.require(actor, plan.type, "api")
    found = reports.run(actor, plan)
    plan = found.plan
    if plan.names_single:
        check_quota(actor, len(every(found)))
    words = [reports.labels(actor, axis, found.keys(place)) for place, axis in enumerate(plan.axes)]

    def named(place: int, value: Any) -> dict[str, Any]:
        if isinstance(value, Rest):
            return {"rest": True}
        return {"value": value, "label": words[place].get(value, "")}

    def line(one: Line) -> dict[str, Any]:
        cells = [values(plan, one.cells.get(column, {})) for column in found.columns]
        keys = [named(place, value) for place, value in enumerate(one.keys)]
        return {
            "keys": keys,
            "values": values(plan, one.total),
            **apart(plan, one.total),
            **({"cells": cells} if found.columns else {}),
        }

    columns = [named(len(plan.rows), value) for value in found.columns]
    notes = reports.notes(plan.axes, plan.measures, found.cuts)
    lines = [line(one) for one in every(found)]
    return answer({**told(report), "columns": columns, "lines": lines, "notes": notes})


def every(found: Table) -> list[Line]:
    return [*(found.flat() if found.plan.rows else ()), found.total]


def apart(plan: Plan, atoms: Atoms) -> dict[str, Any]:
    """What could not be converted, by currency, in the order of the measures."""
    found = [{code: float(one) for code, one in beside(measure, atoms).items()} for measure in plan.measures]
    return {"not_converted": found} if any(found) else {}


def values(plan: Plan, atoms: Atoms) -> list[Any]:
    found = [figure(measure, atoms) if atoms else None for measure in plan.measures]
    return [value if value is None or isinstance(value, int) else float(value) for value in found]
