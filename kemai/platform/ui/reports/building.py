"""Making a report: the object, then what is counted and summed up by what, with the result beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kemai.platform import access, reports
from kemai.platform.access import Actor
from kemai.platform.fields import FieldSpec
from kemai.platform.models import Report
from kemai.platform.objects import ObjectType, UnknownObject, all_types, get
from kemai.platform.query import QueryError
from kemai.platform.records import FieldErrors, saved_views
from kemai.platform.reports import LOOKS, Broken, Definition, keeping
from kemai.platform.reports.definition import MOST_MEASURES
from kemai.platform.reports.offered import steps
from kemai.platform.ui import nav
from kemai.platform.ui.door import signed_in
from kemai.platform.ui.lists import filters
from kemai.platform.ui.lists.state import dumps
from kemai.platform.ui.records.answers import go
from kemai.platform.ui.reports import asked
from kemai.platform.ui.reports.showing import step_label

Context = dict[str, Any]


@signed_in
@require_safe
def new(request: HttpRequest, actor: Actor) -> HttpResponse:
    if "type" not in request.GET:
        return render(request, "ui/reports/choose.html", {"groups": choices(actor)})
    definition = asked.read(request.GET)
    if len(request.GET) == 1:
        definition = first(actor, definition)
    return builder(request, actor, definition, reverse("report_new"))


def choices(actor: Actor) -> list[Context]:
    """Every type that the actor sees, as the side bar groups them; the rest behind."""
    by_group: dict[str, list[ObjectType]] = {}
    for one in all_types():
        if access.may(actor, one, "view") and reports.groupable(actor, one):
            by_group.setdefault(one.nav if one.nav in nav.GROUPS else "", []).append(one)
    order = [key for key in (*nav.GROUPS, "") if key in by_group]
    return [
        {
            "label": nav.GROUPS.get(key, _("其他")),
            "types": sorted(by_group[key], key=lambda one: (one.nav_order, str(one.label))),
        }
        for key in order
    ]


def first(actor: Actor, definition: Definition) -> Definition:
    """Something to begin with: by the field that tells most."""
    try:
        object_type = get(definition.type_key)
    except UnknownObject:
        return definition
    known = {spec.key: spec for spec in reports.groupable(actor, object_type)}
    wanted = [object_type.board, *object_type.badges, object_type.date, *known]
    key = next((one for one in wanted if one in known), "")
    rows = ((key, steps(known[key])[0]),) if key else ()
    return Definition(definition.type_key, rows=rows)


@signed_in
@require_safe
def edit(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """The builder with a kept report in it, or with what has been made of it since."""
    report = keeping.own(actor, pk)
    definition = asked.read(request.GET) if "type" in request.GET else asked.stored(report)
    return builder(request, actor, definition, reverse("report_edit", args=(pk,)), report)


def builder(
    request: HttpRequest, actor: Actor, definition: Definition, page: str, report: Report | None = None
) -> HttpResponse:
    object_type = get(definition.type_key)
    access.require(actor, object_type, "view")
    context = {
        "type": object_type,
        "report": report,
        "page": page,
        "config": conditions(actor, object_type, definition),
        "where": dumps(filters.collapse(definition.where)) if definition.where else "",
        **offered(actor, object_type, definition),
    }
    return render(request, "ui/reports/build.html", context)


def conditions(actor: Actor, object_type: ObjectType, definition: Definition) -> Any:
    try:
        return filters.config(actor, object_type, definition.where)
    except (LookupError, TypeError, ValueError, QueryError):
        return filters.config(actor, object_type)  # the result says what is the matter with it


def offered(actor: Actor, object_type: ObjectType, definition: Definition) -> Context:
    known = reports.groupable(actor, object_type)
    chosen = {spec.key for spec in known}
    rows = [*definition.rows, ("", ""), ("", "")][:2]
    axes = [
        axis("row1", "by1", _("行"), rows[0]),
        axis("row2", "by2", _("再按"), rows[1]),
        axis("column", "column_by", _("列"), definition.column or ("", "")),
    ]
    lost = {key for key in (pair[0] for pair in (*rows, definition.column or ("", ""))) if key} - chosen
    return {
        "axes": axes,
        "fields": [choice(spec) for spec in known]
        + [{"value": key, "label": key, "steps": ""} for key in lost],
        "steps": [{"value": one, "label": step_label(one)} for one in (*reports_steps(),)],
        "figures": figure_groups(actor, object_type),
        "measures": [f"{aggregate}:{key}" for aggregate, key in definition.measures],
        "most": MOST_MEASURES,
        "looks": [{"value": key, **LOOK_WORDS[key]()} for key in ("", *LOOKS)],
        "look": definition.look,
    }


LOOK_WORDS = {
    "": lambda: {"label": _("自动"), "icon": "wand"},
    "bar": lambda: {"label": _("柱形"), "icon": "chart-bar"},
    "stacked": lambda: {"label": _("堆积"), "icon": "chart-bar"},
    "line": lambda: {"label": _("折线"), "icon": "chart-line"},
    "none": lambda: {"label": _("表格"), "icon": "table"},
}


def reports_steps() -> tuple[str, ...]:
    return ("day", "week", "month", "quarter", "year", "province", "city", "district")


def axis(name: str, by_name: str, label: str, pair: tuple[str, str]) -> Context:
    return {"name": name, "by_name": by_name, "label": label, "key": pair[0], "by": pair[1]}


def choice(spec: FieldSpec) -> Context:
    return {"value": spec.key, "label": str(spec.label), "steps": " ".join(steps(spec)).strip()}


def figure_groups(actor: Actor, object_type: ObjectType) -> list[Context]:
    words = {"sum": _("合计"), "avg": _("平均"), "min": _("最小"), "max": _("最大")}
    return [
        {
            "label": str(spec.label),
            "options": [
                {"value": f"{key}:{spec.key}", "label": f"{spec.label} · {word}"}
                for key, word in words.items()
            ],
        }
        for spec in reports.measurable(actor, object_type)
    ]


# ── keeping ──


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def save(request: HttpRequest, actor: Actor) -> HttpResponse:
    """A report as the builder has it, under a name; `report` in the form is one's own that becomes so."""
    params = request.GET
    key = params.get("of", "")
    report = keeping.own(actor, int(key)) if key.isascii() and key.isdigit() else None
    definition = asked.read(params) if "type" in params else asked.stored(report) if report else None
    if definition is None:
        raise access.NotVisible
    name, share = (report.name, report.share) if report else ("", "mine")
    errors: Mapping[str, str] = {}
    if request.method == "POST":
        name, share = request.POST.get("name", ""), request.POST.get("share", "mine")
        try:
            reports.resolve(actor, definition)
            kept = keeping.save(actor, definition, name, share, key=report.pk if report else None)
        except Broken as error:
            errors = {"": str(error)}
        except FieldErrors as error:
            errors = error.errors
        else:
            url = reverse("report", args=(kept.pk,))
            return go(request, url, _("已保存报表“%(name)s”") % {"name": kept.name})
    shares = [("mine", _("仅自己")), ("team", _("本部门"))]
    if saved_views.may_share_with_all(actor):
        shares.append(("all", _("所有人")))
    context = {
        "url": request.get_full_path(),
        "name": name,
        "share": share,
        "errors": errors,
        "shares": [{"value": value, "label": label} for value, label in shares],
    }
    return render(request, "ui/reports/save.html", context, status=422 if errors else 200)


@require_POST
@signed_in
def copy(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    made = keeping.copy(actor, pk)
    url = reverse("report", args=(made.pk,))
    return go(request, url, _("已复制为“%(name)s”") % {"name": made.name})


@require_POST
@signed_in
def delete(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    gone = keeping.delete(actor, pk)
    text = _("已删除报表“%(name)s”，%(days)s 天内可以在下面恢复") % {
        "name": gone.name, "days": keeping.KEPT.days,
    }  # fmt: skip
    return go(request, reverse("reports"), text)


@require_POST
@signed_in
def restore(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    back = keeping.restore(actor, pk)
    return go(request, reverse("report", args=(pk,)), _("已恢复报表“%(name)s”") % {"name": back.name})
