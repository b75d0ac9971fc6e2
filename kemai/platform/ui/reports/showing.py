"""A report's table and chart as pages and files show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson
from django.urls import reverse
from django.utils.translation import gettext as _

from kemai.platform import reports
from kemai.platform.access import Actor
from kemai.platform.query.cube import DATED, Atoms, Axis, Key, Measure, beside, figure
from kemai.platform.reports import Line, Rest, Table
from kemai.platform.reports.lines import Shown
from kemai.platform.ui import addresses

CHART_PERIODS, CHART_BARS, CHART_SERIES = 120, 20, 12


@dataclass(frozen=True)
class Figure:
    text: str
    value: Any = None
    url: str = ""


NOTHING = Figure("")


@dataclass(frozen=True)
class Row:
    label: str
    kind: str
    """"leaf", "group" (its lines follow), "inner", "rest" or "total"."""
    url: str
    figures: Sequence[Figure]
    path: Sequence[str]
    """The words of all its values: of an inner line the outer one's before its own."""


class View:
    """A table in words, with the addresses of the records behind each figure."""

    def __init__(self, actor: Actor, found: Table, address: str = "", *, masked: bool = False) -> None:
        self.actor = actor
        self.found = found
        self.plan = found.plan
        self.address = address
        self.masked = masked
        self.words = [self.names(axis, place) for place, axis in enumerate(self.plan.axes)]
        self.measures = [reports.measure_label(one) for one in self.plan.measures]

    def names(self, axis: Axis, place: int) -> dict[Key, str]:
        names = reports.labels(self.actor, axis, self.found.keys(place))
        if self.masked and axis.spec.personal:
            mask = axis.spec.type.mask
            names = {key: str(mask(text)) if key is not None else text for key, text in names.items()}
        return names

    def word(self, place: int, key: Shown) -> str:
        return _("其余") if isinstance(key, Rest) else self.words[place].get(key, str(key))

    # ── heads ──

    @property
    def row_head(self) -> str:
        return " / ".join(axis_label(axis) for axis in self.plan.rows) or _("全部")

    @property
    def column_heads(self) -> list[Figure]:
        """The values across the top, then their total; none without a column field."""
        if self.plan.column is None:
            return []
        place = len(self.plan.rows)
        heads = [Figure(self.word(place, key), url=self.url((), (key,))) for key in self.found.columns]
        return [*heads, Figure(_("合计"))]

    @property
    def numbers(self) -> int:
        return len(self.measures)

    # ── lines ──

    @cached_property
    def rows(self) -> list[Row]:
        return [self.row(line) for line in self.lines]

    @cached_property
    def lines(self) -> list[Line]:
        """Every line, the total last."""
        return [*(self.found.flat() if self.plan.rows else ()), self.found.total]

    def first(self, cells: int) -> list[Row]:
        """As many lines as have about so many figures, and the total."""
        most = max(20, cells // ((len(self.found.columns) + 1) * self.numbers))
        return [self.row(line) for line in (*self.lines[:-1][:most], self.lines[-1])]

    def row(self, line: Line) -> Row:
        path = [self.word(place, key) for place, key in enumerate(line.keys)]
        before = self.url(line.keys)
        figures = [
            one
            for key in self.found.columns
            for one in self.figures(
                line.cells.get(key, {}), before and self.tails[key] and before + self.tails[key]
            )
        ]
        figures += self.figures(line.total, before)
        label = path[-1] if path else _("合计")
        return Row(label, self.kind(line), before, figures, path)

    def kind(self, line: Line) -> str:
        if not line.keys:
            return "total"
        if any(isinstance(key, Rest) for key in line.keys):
            return "rest inner" if len(line.keys) > 1 else "rest"
        if len(line.keys) > 1:
            return "inner"
        return "group" if len(self.plan.rows) > 1 else "leaf"

    def figures(self, atoms: Atoms, url: str) -> list[Figure]:
        if not atoms:
            return [NOTHING] * self.numbers
        made = []
        for measure in self.plan.measures:
            value = figure(measure, atoms)
            text = reports.told(measure, atoms)
            apart = bool(beside(measure, atoms))
            made.append(Figure(text, text if apart else value, url) if text else NOTHING)
        return made

    @cached_property
    def notes(self) -> list[str]:
        return reports.notes(self.plan.axes, self.plan.measures, self.found.cuts)

    @cached_property
    def base(self) -> str:
        return f"{reverse('report_drill')}?{self.address}" if self.address else ""

    @cached_property
    def tails(self) -> dict[Shown, str]:
        """What the address of a column's figures ends with; '' for what is left over."""
        return {key: "" if isinstance(key, Rest) else tail("c", (key,)) for key in self.found.columns}

    def url(self, keys: Sequence[Shown], column: Sequence[Shown] = ()) -> str:
        """The list of the records behind a figure; '' for what is left over."""
        if not self.base or any(isinstance(key, Rest) for key in (*keys, *column)):
            return ""
        return self.base + tail("k", keys) + tail("c", column)

    # ── chart ──

    def chart(self) -> dict[str, Any] | None:
        """The first row field along the axis; the column field, the second row field or the measures beside each
        other."""
        look = self.plan.definition.look or default_look(self.found)
        if look == "none" or not self.plan.rows:
            return None
        first = self.plan.rows[0]
        lines = [line for line in self.found.total.lines if not isinstance(line.keys[0], Rest)]
        lines = lines[-CHART_PERIODS:] if first.spec.type.key in DATED else lines[:CHART_BARS]
        if not lines:
            return None
        series = told_apart(self.series(lines))
        single = len(series) == 1
        measure = self.plan.measures[0]
        return {
            "type": look,
            "title": _("各%(field)s的%(name)s")
            % {"field": axis_label(first), "name": self.measures[0] if single else self.plan.type.plural},
            "unit": unit(measure),
            "x": [self.word(0, line.keys[0]) for line in lines],
            "series": series,
            **({"drill": series[0]["drill"]} if single else {}),
            **(colors(first, [line.keys[0] for line in lines]) if single and look == "bar" else {}),
        }

    def series(self, lines: Sequence[Line]) -> list[dict[str, Any]]:
        measure = self.plan.measures[0]
        if self.plan.column is not None:
            place, keys = len(self.plan.rows), self.found.columns
            late = self.plan.column.spec.type.key in DATED
            keys = keys[-CHART_SERIES:] if late else keys[:CHART_SERIES]
            return [self.across(lines, measure, place, self.plan.column, key) for key in keys]
        if len(self.plan.rows) > 1:
            return [self.within(lines, measure, key) for key in self.most_inner(lines, measure)]
        alike = [one for one in self.plan.measures if unit(one) == unit(measure)]
        return [
            {
                "name": reports.measure_label(one),
                "data": [plain(figure(one, line.total)) for line in lines],
                "drill": [self.url(line.keys) for line in lines],
            }
            for one in alike
        ]

    def across(
        self, lines: Sequence[Line], measure: Measure, place: int, axis: Axis, key: Shown
    ) -> dict[str, Any]:
        return {
            "name": self.word(place, key),
            "data": [
                plain(figure(measure, line.cells[key])) if key in line.cells else None for line in lines
            ],
            "drill": [self.url(line.keys, (key,)) for line in lines],
            **color_of(axis, key),
        }

    def most_inner(self, lines: Sequence[Line], measure: Measure) -> list[Shown]:
        sums: dict[Shown, float] = {}
        for line in lines:
            for inner in line.lines:
                if not isinstance(inner.keys[1], Rest):
                    number = plain(figure(measure, inner.total)) or 0
                    sums[inner.keys[1]] = sums.get(inner.keys[1], 0) + number
        return sorted(sums, key=lambda key: -sums[key])[:CHART_SERIES]

    def within(self, lines: Sequence[Line], measure: Measure, key: Shown) -> dict[str, Any]:
        held = [{inner.keys[1]: inner for inner in line.lines}.get(key) for line in lines]
        return {
            "name": self.word(1, key),
            "data": [plain(figure(measure, one.total)) if one else None for one in held],
            "drill": [self.url(one.keys) if one else "" for one in held],
            **color_of(self.plan.rows[1], key),
        }


def tail(name: str, keys: Sequence[Shown]) -> str:
    return "&" + addresses.query({name: orjson.dumps(list(keys)).decode()}) if keys else ""


def told_apart(series: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Colours of choices are kept where no two are the same."""
    given = [one["color"] for one in series if "color" in one]
    if len(set(given)) == len(given):
        return series
    return [{name: value for name, value in one.items() if name != "color"} for one in series]


def axis_label(axis: Axis) -> str:
    if axis.spec.type.key in DATED:
        return _("%(field)s（%(period)s）") % {"field": axis.spec.label, "period": step_label(axis.by)}
    return str(axis.spec.label)


def step_label(step: str) -> str:
    return {
        "day": _("按日"), "week": _("按周"), "month": _("按月"), "quarter": _("按季度"), "year": _("按年"),
        "province": _("到省"), "city": _("到市"), "district": _("到区县"),
    }.get(step, "")  # fmt: skip


def default_look(found: Table) -> str:
    if found.plan.column is not None or len(found.plan.rows) > 1:
        # columns on top of each other look like a total, which those of several values have none
        return "bar" if any(axis.several for axis in found.plan.axes[1:]) else "stacked"
    return "line" if found.plan.rows and found.plan.rows[0].spec.type.key in DATED else "bar"


def unit(measure: Measure) -> str:
    if measure.spec is None:
        return _("条")
    if measure.spec.type.key == "money":
        return "" if measure.spec.bare and measure.spec.exchange is None else _("元")
    return "%" if measure.spec.type.key == "percent" else ""


def plain(value: Any) -> float | int | None:
    return value if value is None or isinstance(value, int) else round(float(value), 4)


def colors(axis: Axis, keys: Sequence[Shown]) -> dict[str, Any]:
    if not axis.spec.options:
        return {}
    by_value = {option.value: option.color for option in axis.spec.options}
    return {"colors": [by_value.get(str(key), "gray") for key in keys]}


def color_of(axis: Axis, key: Shown) -> dict[str, Any]:
    found = next((one.color for one in axis.spec.options if one.value == key), "")
    return {"color": found} if found and found != "gray" else {}
