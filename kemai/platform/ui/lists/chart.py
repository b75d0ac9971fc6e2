"""The same records counted or summed by the values of a field; every bar leads to the records behind it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from kemai.platform import reports
from kemai.platform.access import Actor
from kemai.platform.fields import FieldSpec
from kemai.platform.objects import ObjectType
from kemai.platform.query import QueryError
from kemai.platform.query.cube import DATED, Axis, Key, Measure, cube, figure, leaf, priced
from kemai.platform.ui.lists import found
from kemai.platform.ui.lists.state import ListState
from kemai.platform.ui.lists.trees import both

MOST, MOST_MONTHS = 30, 5_000
LOOKS = ("bar", "line", "pie")


def show(actor: Actor, object_type: ObjectType, state: ListState) -> dict[str, Any]:
    reports.refuse_broken(actor, object_type, state.by, state.measure.removeprefix("sum:"))
    known = specs_known(actor, object_type)
    spec = picked(known, state.by or default_field(object_type, known))
    sums = [one for one in reports.measurable(actor, object_type) if one.type.key == "money"]
    measure = next((one for one in sums if f"sum:{one.key}" == state.measure), None)
    look = state.look if state.look in LOOKS else ("line" if spec.type.key in DATED else "bar")
    records = found.matching(actor, object_type, state)
    axis = Axis(spec, reports.steps(spec)[0], object_type.key)
    [wanted] = priced(records, [Measure("sum", measure) if measure else Measure("count")])
    rows = grouped(records, axis, wanted)
    words = reports.labels(actor, axis, [value for value, _number in rows])
    name = str(measure.label if measure else object_type.plural)
    return {
        "chart": {
            "type": look,
            "title": _("各%(field)s的%(name)s") % {"field": spec.label, "name": name},
            "unit": _("元") if measure else _("条"),
            "x": [words[value] for value, _number in rows],
            "series": [{"name": name, "data": [number for _value, number in rows]}],
            "drill": [drill(state, axis, value) for value, _number in rows],
            **colors(spec, rows),
        },
        "by_options": [option(str(one.label), state.but(by=one.key), one is spec) for one in known],
        "measure_options": [
            option(_("条数"), state.but(measure=""), measure is None),
            *(option(sum_label(one), state.but(measure=f"sum:{one.key}"), one is measure) for one in sums),
        ],
        "measure_label": sum_label(measure) if measure else _("条数"),
        "look_options": looks(state, look),
        "notes": reports.notes([axis], [wanted]),
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


def drill(state: ListState, axis: Axis, value: Key) -> str:
    """The list of the records behind a bar."""
    where = both(state.where, leaf(axis, value))
    return state.but(display="table", by="", measure="", look="", where=where).url


def specs_known(actor: Actor, object_type: ObjectType) -> list[FieldSpec]:
    """What can be grouped by; the values of a text are as many as the records."""
    return [spec for spec in reports.groupable(actor, object_type) if spec.type.key != "text"]


def default_field(object_type: ObjectType, known: Sequence[FieldSpec]) -> str:
    wanted = [object_type.board, *object_type.badges, object_type.date]
    keys = [s.key for s in known]
    return next((key for key in wanted if key in keys), keys[0] if keys else "")


def picked(known: Sequence[FieldSpec], key: str) -> FieldSpec:
    spec = next((one for one in known if one.key == key), None)
    if spec is None:
        raise QueryError(
            "unknown_field", _("不能按“%(field)s”分组") % {"field": key[:60]}, [s.key for s in known]
        )
    return spec


def grouped(records: QuerySet[Any], axis: Axis, measure: Measure) -> list[tuple[Key, float]]:
    """(value, figure), the largest first; months in their order."""
    if axis.spec.type.key in DATED:
        months = cube(records, [axis], [measure], limit=MOST_MONTHS).groups
        groups = sorted(months, key=lambda group: (group.keys[0] is not None, str(group.keys[0])))[-MOST:]
    else:
        groups = cube(records, [axis], [measure], limit=MOST, largest=measure).groups
    return [(group.keys[0], plain(figure(measure, group.atoms))) for group in groups]


def plain(value: Any) -> float:
    return 0 if value is None else float(value) if not isinstance(value, int) else value


def colors(spec: FieldSpec, rows: Sequence[tuple[Key, float]]) -> dict[str, Any]:
    if not spec.options:
        return {}
    by_value = {option.value: option.color for option in spec.options}
    return {"colors": [by_value.get(str(value), "gray") for value, _n in rows]}
