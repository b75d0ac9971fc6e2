"""The table of a report out of its groups: sub-totals, totals, and what is left over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kemai.platform.query.cube import DATED, Atoms, Axis, Group, Key, Measure, add, figure
from kemai.platform.reports.offered import Plan

MOST_ROWS, MOST_OUTER, MOST_COLUMNS = 500, 100, 50


class Rest:
    """Stands for the groups that are not shown one by one."""

    def __repr__(self) -> str:
        return "REST"


REST = Rest()
Shown = Key | Rest


@dataclass
class Line:
    """The figures of some groups together: `keys` say which, () all of them."""

    keys: tuple[Shown, ...]
    total: Atoms = field(default_factory=dict)
    cells: dict[Shown, Atoms] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    """What it consists of."""

    def take(self, groups: Iterable[Group], columns: Mapping[Key, Shown]) -> Line:
        for group in groups:
            add(self.total, group.atoms)
            if columns:
                add(self.cells.setdefault(columns[group.keys[-1]], {}), group.atoms)
        return self


@dataclass(frozen=True)
class Table:
    plan: Plan
    columns: tuple[Shown, ...]
    total: Line

    def keys(self, place: int) -> list[Key]:
        """The values that stand on an axis, for their words."""
        if place == len(self.plan.rows):
            return [key for key in self.columns if not isinstance(key, Rest)]
        lines = self.total.lines
        if place:
            lines = [inner for line in lines for inner in line.lines]
        keys = dict.fromkeys(line.keys[place] for line in lines)
        return [key for key in keys if not isinstance(key, Rest)]

    def flat(self) -> list[Line]:
        """The lines in their order, each before what it consists of."""
        return [one for line in self.total.lines for one in (line, *line.lines)]


def table(plan: Plan, groups: Sequence[Group], total: Atoms | None = None) -> Table:
    """`total` is given where `groups` are only the first ones: what it has more is left over."""
    columns: dict[Key, Shown] = {}
    if plan.column is not None:
        columns = cut(plan.column, split(groups, -1), plan.measures[0], MOST_COLUMNS)
    whole = Line(()).take(groups, columns)
    if plan.rows:
        whole.lines = level(plan, groups, 0, (), columns, MOST_OUTER if len(plan.rows) > 1 else MOST_ROWS)
    if total is not None:
        left_over(plan, whole, total)
    order = ordered_columns(columns)
    if REST in whole.cells and REST not in order:
        order = (*order, REST)
    return Table(plan, order, whole)


def ordered_columns(columns: Mapping[Key, Shown]) -> tuple[Shown, ...]:
    shown = dict.fromkeys(columns.values())
    return (*(key for key in shown if key is not REST), *((REST,) if REST in shown else ()))


def left_over(plan: Plan, whole: Line, total: Atoms) -> None:
    """What the groups that were not fetched have together: of the smallest and largest nobody knows."""
    rest: Atoms = {
        atom: value - (whole.total.get(atom) or 0)
        for atom, value in total.items()
        if value is not None and atom[0] not in {"min", "max"}
    }
    whole.total = dict(total)
    if plan.rows:
        whole.lines.append(Line((REST,), rest))
    else:
        whole.cells[REST] = rest


def level(
    plan: Plan,
    groups: Sequence[Group],
    depth: int,
    before: tuple[Shown, ...],
    columns: Mapping[Key, Shown],
    most: int,
) -> list[Line]:
    """The lines of one grouping field, and below them those of the next."""
    parts = split(groups, depth)
    shown = cut(plan.rows[depth], parts, plan.measures[0], most)
    together: dict[Shown, list[Group]] = {}
    for key, place in shown.items():
        together.setdefault(place, []).extend(parts[key])
    if REST in together:
        together[REST] = together.pop(REST)
    lines = []
    inner = max(5, MOST_ROWS // max(1, len(together)))
    for place, mine in together.items():
        line = Line((*before, place)).take(mine, columns)
        if depth + 1 < len(plan.rows) and place is not REST:
            line.lines = level(plan, mine, depth + 1, line.keys, columns, inner)
        lines.append(line)
    return lines


def split(groups: Iterable[Group], place: int) -> dict[Key, list[Group]]:
    found: dict[Key, list[Group]] = {}
    for group in groups:
        found.setdefault(group.keys[place], []).append(group)
    return found


def cut(axis: Axis, parts: Mapping[Key, Sequence[Group]], measure: Measure, most: int) -> dict[Key, Shown]:
    """{value: itself, or REST}, in the order in which they stand. Of periods the latest stay, of others the largest."""
    figures = {key: figure(measure, Line(()).take(groups, {}).total) for key, groups in parts.items()}
    keys = sorted(parts, key=lambda key: place_of(axis, key, figures[key]))
    if len(keys) <= most:
        return {key: key for key in keys}
    if axis.spec.type.key in DATED:
        gone = set(keys[:-most])
    else:
        gone = set(sorted(keys, key=lambda key: (-weight(figures[key]), str(key)))[most:])
    return {key: REST if key in gone else key for key in keys}


def weight(value: Any) -> float:
    return float("-inf") if value is None else float(value)


def place_of(axis: Axis, key: Key, value: Any) -> tuple[Any, ...]:
    """Periods in their order, choices in the list's, ratings from the best; all else the largest first. What has no
    value comes last."""
    kind = axis.spec.type.key
    if key is None:
        return (1, 0, "")
    if kind in DATED:
        return (0, 0, str(key))
    if kind == "choice":
        values = [option.value for option in axis.spec.options]
        return (0, values.index(str(key)) if key in values else len(values), str(key))
    if kind == "boolean":
        return (0, 0 if key else 1, "")
    if kind == "rating":
        return (0, -int(key), "")
    return (0, -weight(value), str(key))
