"""The same records counted or summed by the values of a field; every bar leads to the records behind it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, F, QuerySet, Sum
from django.db.models.functions import Substr, TruncMonth
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kemai.kit import regions
from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.fields import FieldSpec
from kemai.platform.objects import ObjectType
from kemai.platform.query import QueryError, moment
from kemai.platform.ui.lists import filters, found
from kemai.platform.ui.lists.state import ListState
from kemai.platform.ui.lists.trees import both

GROUPED = ("choice", "boolean", "user", "department", "reference", "rating", "region", "date", "datetime")
MOST = 30
LOOKS = ("bar", "line", "pie")


def show(actor: Actor, object_type: ObjectType, state: ListState) -> dict[str, Any]:
    known = specs_known(actor, object_type)
    spec = picked(known, state.by or default_field(object_type, known))
    sums = [one for one in known if one.type.key == "money"]
    measure = next((one for one in sums if f"sum:{one.key}" == state.measure), None)
    look = state.look if state.look in LOOKS else ("line" if spec.type.key in {"date", "datetime"} else "bar")
    records = found.matching(actor, object_type, state)
    rows = grouped(records, spec, measure)
    figure = str(measure.label if measure else object_type.plural)
    return {
        "chart": {
            "type": look,
            "title": _("各%(field)s的%(name)s") % {"field": spec.label, "name": figure},
            "unit": _("元") if measure else _("条"),
            "x": words(actor, spec, [value for value, _number in rows]),
            "series": [{"name": figure, "data": [number for _value, number in rows]}],
            "drill": [drill(state, spec, value) for value, _number in rows],
            **colors(spec, rows),
        },
        "by_options": [
            option(str(one.label), state.but(by=one.key), one is spec)
            for one in known
            if one.type.key in GROUPED
        ],
        "measure_options": [
            option(_("条数"), state.but(measure=""), measure is None),
            *(option(sum_label(one), state.but(measure=f"sum:{one.key}"), one is measure) for one in sums),
        ],
        "measure_label": sum_label(measure) if measure else _("条数"),
        "look_options": looks(state, look),
    }


def option(label: str, state: ListState, checked: bool) -> dict[str, Any]:
    return {"label": label, "url": state.url, "checked": checked}


def sum_label(spec: FieldSpec) -> str:
    return _("%(field)s合计") % {"field": spec.label}


def looks(state: ListState, look: str) -> list[dict[str, Any]]:
    words_and_icons = {
        "bar": (_("柱形"), "chart-bar"),
        "line": (_("折线"), "chart-line"),
        "pie": (_("饼图"), "chart-pie"),
    }
    return [
        {"label": label, "icon": icon, "url": state.but(look=key).url, "active": key == look}
        for key, (label, icon) in words_and_icons.items()
    ]


def drill(state: ListState, spec: FieldSpec, value: Any) -> str:
    """The list of the records behind a bar."""
    where = both(state.where, leaf(spec, value))
    return state.but(display="table", by="", measure="", look="", where=where).url


def specs_known(actor: Actor, object_type: ObjectType) -> list[FieldSpec]:
    levels = access.field_levels(actor, object_type)
    return [s for s in object_type.fields.values() if levels[s.key] in {"read", "edit"} and not s.private]


def default_field(object_type: ObjectType, known: Sequence[FieldSpec]) -> str:
    wanted = [object_type.board, *object_type.badges, object_type.date]
    keys = [s.key for s in known if s.type.key in GROUPED]
    return next((key for key in wanted if key in keys), keys[0] if keys else "")


def picked(known: Sequence[FieldSpec], key: str) -> FieldSpec:
    allowed = [spec for spec in known if spec.type.key in GROUPED]
    spec = next((one for one in allowed if one.key == key), None)
    if spec is None:
        raise QueryError(
            "unknown_field", _("不能按“%(field)s”分组") % {"field": key[:60]}, [s.key for s in allowed]
        )
    return spec


def grouped(records: QuerySet[Any], spec: FieldSpec, measure: FieldSpec | None) -> list[tuple[Any, float]]:
    """(value, figure), the largest first; months in their order."""
    value: Any = F(spec.value_path)
    dated = spec.type.key in {"date", "datetime"}
    if dated:
        value = TruncMonth(moment(spec))
    elif spec.type.key == "region":
        value = Substr(spec.path, 1, 2)
    figure: Any = Sum(measure.path) if measure else Count("pk")
    rows = records.order_by().values(chart_value=value).annotate(chart_figure=figure)
    rows = rows.order_by("-chart_value" if dated else "-chart_figure")[:MOST]
    found_rows = [(row["chart_value"], plain(row["chart_figure"])) for row in rows]
    return found_rows[::-1] if dated else found_rows


def plain(figure: Any) -> float:
    return 0 if figure is None else float(figure) if not isinstance(figure, int) else figure


def words(actor: Actor, spec: FieldSpec, values: Sequence[Any]) -> list[str]:
    match spec.type.key:
        case "user" | "reference" | "department":
            keys = [str(value) for value in values if value is not None]
            names = filters.words_for(actor, spec, keys)
            return [_("未填") if value is None else names.get(str(value), f"#{value}") for value in values]
        case "region":
            language = "en" if get_language() == "en" else "zh"
            return [region_name(str(value or ""), language) for value in values]
        case "date" | "datetime":
            return [_("未填") if value is None else value.strftime("%Y-%m") for value in values]
    return [spec.type.text(value, spec) or _("未填") for value in values]


def region_name(prefix: str, language: str) -> str:
    code = f"{prefix}0000"
    return regions.name(code, language) if regions.is_known(code) else _("未填")


def leaf(spec: FieldSpec, value: Any) -> dict[str, Any]:
    """The condition of one bar."""
    if value is None or value == "":
        return {"field": spec.key, "op": "empty"}
    match spec.type.key:
        case "boolean" | "rating":
            return {"field": spec.key, "op": "eq", "value": value if spec.type.numeric else bool(value)}
        case "region":
            return {"field": spec.key, "op": "within", "value": [f"{value}0000"]}
        case "date" | "datetime":
            first = date(value.year, value.month, 1)
            last = (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
            return {"field": spec.key, "op": "between", "value": [first.isoformat(), last.isoformat()]}
    return {"field": spec.key, "op": "in", "value": [value]}


def colors(spec: FieldSpec, rows: Sequence[tuple[Any, float]]) -> dict[str, Any]:
    if not spec.options:
        return {}
    by_value = {option.value: option.color for option in spec.options}
    return {"colors": [by_value.get(value, "gray") for value, _n in rows]}
