"""Reports: the list of them, one of them, what comes out of it, and the records behind its figures."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_safe

from kemai.platform import access, audit, reports
from kemai.platform.access import Actor
from kemai.platform.models import Report
from kemai.platform.objects import UnknownField, UnknownObject, get
from kemai.platform.query import QueryError
from kemai.platform.reports import Broken, Definition, Plan, Table, keeping
from kemai.platform.ui import nav
from kemai.platform.ui.door import signed_in
from kemai.platform.ui.lists import sentences
from kemai.platform.ui.lists.state import ListState, Saved
from kemai.platform.ui.reports import asked
from kemai.platform.ui.reports.showing import View, axis_label

Context = dict[str, Any]
CELLS = 4_000
"""Figures on one page: a browser shows more, but nobody reads them; a file has all."""


@signed_in
@require_safe
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    found = [entry(actor, report) for report in keeping.visible(actor)]
    context = {
        "mine": [one for one in found if one["owned"]],
        "shared": [one for one in found if not one["owned"]],
        "binned": keeping.binned(actor),
        "days": keeping.KEPT.days,
    }
    return render(request, "ui/reports/index.html", context)


def entry(actor: Actor, report: Report) -> Context:
    """A line of the list: what it is about, and whether it can still be asked."""
    definition = asked.stored(report)
    try:
        plan = reports.resolve(actor, definition)
    except (Broken, access.Denied) as error:
        told = {"summary": str(error), "broken": True}
    else:
        told = {"summary": summary(plan), "broken": False}
    return {"report": report, "owned": report.user_id == actor.user_id, "about": about(definition), **told}


def about(definition: Definition) -> Context:
    try:
        object_type = get(definition.type_key)
    except UnknownObject:
        return {"label": definition.type_key, "icon": "box"}
    return {"label": object_type.plural, "icon": object_type.icon}


def summary(plan: Plan) -> str:
    """ "负责人 × 阶段：金额合计、条数" """
    names = {
        "axes": " × ".join(axis_label(axis) for axis in plan.axes),
        "measures": _("、").join(reports.measure_label(one) for one in plan.measures),
    }
    return _("%(axes)s：%(measures)s") % names if names["axes"] else names["measures"]


@signed_in
@require_safe
def show(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    report = keeping.seen(actor, pk)
    definition = asked.stored(report)
    problems: list[str] = []
    try:
        plan = reports.resolve(actor, definition)
    except Broken as error:
        problems = error.problems
        context: Context = {"summary": ""}
    else:
        context = {"summary": summary(plan), "where": said(actor, plan), **rights(actor, plan)}
    context |= {
        "report": report,
        "about": about(definition),
        "owned": keeping.may_change(actor, report),
        "problems": problems,
        "query": f"report={pk}",
    }
    return render(request, "ui/reports/show.html", context, status=422 if problems else 200)


def rights(actor: Actor, plan: Plan) -> Context:
    return {verb: access.may(actor, plan.type, verb) for verb in ("export", "print")}


def said(actor: Actor, plan: Plan) -> str:
    """The condition in words."""
    if not plan.definition.where:
        return ""
    try:
        return sentences.sentence(actor, plan.type, plan.definition.where)
    except (LookupError, TypeError, ValueError, QueryError, UnknownField, UnknownObject):
        return _("有条件")


@require_GET
@signed_in
def result(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The figures: asked for by the page once it is there."""
    context: Context = {"building": "page" in request.GET, "small": "panel" in request.GET}
    address = ""
    try:
        definition, address = asked.asked(actor, request.GET)
        context |= figures(actor, definition, address)
    except reports.Slow as error:
        context |= {"problems": error.problems, "later": f"{reverse('report_later')}?{address}"}
        return render(request, "ui/reports/result.html", context)
    except (Broken, QueryError) as error:
        context["problems"] = error.problems if isinstance(error, Broken) else [error.message]
        return render(request, "ui/reports/result.html", context)
    response = render(request, "ui/reports/result.html", context)
    if context["building"]:
        response.headers["HX-Replace-Url"] = f"{request.GET['page'].partition('?')[0]}?{address}"
    return response


def figures(actor: Actor, definition: Definition, address: str) -> Context:
    plan = reports.resolve(actor, definition)
    return figures_of(actor, reports.run(actor, plan), address) | rights(actor, plan)


def figures_of(actor: Actor, found: Table, address: str) -> Context:
    view, plan = View(actor, found, address), found.plan
    shown = view.first(CELLS)
    return {
        "view": view,
        "lines": shown,
        "hidden": len(view.lines) - len(shown),
        "chart": view.chart(),
        "query": address,
        "empty": nothing(actor, plan, address) if not view.found.total.total.get(("count", "")) else None,
        "summary": summary(plan),
    }


def nothing(actor: Actor, plan: Plan, address: str) -> Context:
    """Why there are no figures, and what to do about it."""
    if plan.definition.where:
        loose = asked.query_of(replace(plan.definition, where=None))
        ways = [{"label": _("去掉条件再看"), "url": f"{reverse('report_new')}?{loose}", "icon": "filter"}]
        text = _("条件留下的记录是零条：放宽或去掉条件，或者确认这些记录共享给了您。")
        return {"title": _("没有符合条件的记录"), "text": text, "ways": ways}
    ways = []
    if plan.type.creatable and access.may(actor, plan.type, "create"):
        label = _("新建%(name)s") % {"name": plan.type.label}
        ways.append({"label": label, "url": nav.address("create", plan.type.key), "icon": "plus"})
    if plan.type.importable and access.may(actor, plan.type, "import"):
        ways.append(
            {"label": _("从文件导入"), "url": nav.address("import_new", plan.type.key), "icon": "upload"}
        )
    text = _("录入或导入记录以后，这里就有数字；别人的记录要共享给您，才算在里面。")
    return {
        "title": _("您能看到的“%(name)s”还没有记录") % {"name": plan.type.plural},
        "text": text,
        "ways": [way for way in ways if way["url"]],
    }


@require_GET
@signed_in
def drill(request: HttpRequest, actor: Actor) -> HttpResponse:
    """To the list of the records behind a figure. Raises what the list raises."""
    definition, _address = asked.asked(actor, request.GET)
    plan = reports.resolve(actor, definition)
    where = reports.condition_of(plan, keys(request.GET, "k"), keys(request.GET, "c"))
    state = ListState(plan.type.key, Saved("all", ""), where=where)
    return redirect(state.url)


def keys(params: QueryDict, name: str) -> list[Any]:
    """The values of a line or column. Raises QueryError."""
    try:
        found = orjson.loads(params.get(name) or "[]")
    except orjson.JSONDecodeError:
        found = None
    plain = isinstance(found, list) and all(isinstance(one, str | int | None) for one in found)
    if not plain or not isinstance(found, list):
        raise QueryError("malformed", _("条件的格式不对"))
    return found


@signed_in
@require_safe
def printed(request: HttpRequest, actor: Actor) -> HttpResponse:
    definition, _address = asked.asked(actor, request.GET)
    plan = reports.resolve(actor, definition)
    view = View(actor, reports.run(actor, plan, verb="print"), masked=True)
    note(actor, definition, "print", len(view.rows))
    name = request.GET.get("report", "")
    title = keeping.seen(actor, int(name)).name if name.isdigit() else plan.type.plural
    context = {
        "view": view,
        "title": title,
        "where": said(actor, plan),
        "summary": summary(plan),
        "wide": len(view.rows[0].figures) > 6,
        "actor": actor,
        "now": timezone.localtime(),
    }
    return render(request, "ui/reports/print.html", context)


def note(actor: Actor, definition: Definition, form: str, count: int, **more: str) -> None:
    """What leaves the house stands in the log, by which conditions and groups."""
    told = {"report": form, **definition.stored(), **more}
    reason = orjson.dumps(told, default=str).decode()
    audit.open_set("export", definition.type_key, by=actor, reason=reason, count=count)


def back_to(report: Report) -> str:
    return reverse("report", args=(report.pk,))
