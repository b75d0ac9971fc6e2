"""The table of a report out of its groups: sub-totals, totals, and what is left over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kemai.platform.query.cube import DATED, Atoms, Axis, Group, Key, add, figure
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


@dataclass(frozen=True)
class Source:
    """The groups that figures are added up from. Over a field of several values nothing may be added, because a record
    stands in several of its groups: what leaves such a field out was asked without it. `parts` holds the groups by
    which of the `several` places they have (the keys of the others are empty)."""

    several: frozenset[int]
    parts: Mapping[frozenset[int], Sequence[Group]]

    def of(self, *places: int) -> Sequence[Group]:
        """Those that may be added up to the figures by the fields at these places."""
        return self.parts.get(self.several & frozenset(places), ())

    def split(self, place: int) -> dict[Key, Source]:
        found: dict[Key, dict[frozenset[int], list[Group]]] = {}
        for kept, groups in self.parts.items():
            if place in self.several and place not in kept:
                continue
            for group in groups:
                found.setdefault(group.keys[place], {}).setdefault(kept, []).append(group)
        return {key: Source(self.several, parts) for key, parts in found.items()}

    @staticmethod
    def together(sources: Sequence[Source]) -> Source:
        if len(sources) == 1:
            return sources[0]
        parts: dict[frozenset[int], list[Group]] = {}
        for one in sources:
            for kept, groups in one.parts.items():
                parts.setdefault(kept, []).extend(groups)
        return Source(sources[0].several, parts)


def summed(groups: Iterable[Group]) -> Atoms:
    total: Atoms = {}
    for group in groups:
        add(total, group.atoms)
    return total


@dataclass(frozen=True)
class Table:
    plan: Plan
    columns: tuple[Shown, ...]
    total: Line
    cuts: frozenset[int] = frozenset()
    """The places of fields of several values of which only the first groups are there."""

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


def table(plan: Plan, source: Source, total: Atoms | None = None) -> Table:
    """`total` is given where there are only the first groups: what it has more is left over."""
    columns: dict[Key, Shown] = {}
    cuts: set[int] = set()
    place = len(plan.rows)
    if plan.column is not None:
        parts = source.split(place)
        columns = cut(plan, place, {key: one.of(place) for key, one in parts.items()}, MOST_COLUMNS, cuts)
    whole = line_of(plan, (), source, columns)
    if plan.rows:
        most = MOST_OUTER if len(plan.rows) > 1 else MOST_ROWS
        whole.lines = level(plan, source, (), columns, most, cuts)
    if total is not None and source.several:
        cuts.add(0)
    elif total is not None:
        left_over(plan, whole, total)
    order = ordered_columns(columns)
    if REST in whole.cells and REST not in order:
        order = (*order, REST)
    return Table(plan, order, whole, frozenset(cuts))


def line_of(plan: Plan, keys: tuple[Shown, ...], source: Source, columns: Mapping[Key, Shown]) -> Line:
    places, column = range(len(keys)), len(plan.rows)
    line = Line(keys, summed(source.of(*places)))
    for group in source.of(*places, column) if columns else ():
        if group.keys[column] in columns:
            add(line.cells.setdefault(columns[group.keys[column]], {}), group.atoms)
    return line


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
    source: Source,
    before: tuple[Shown, ...],
    columns: Mapping[Key, Shown],
    most: int,
    cuts: set[int],
) -> list[Line]:
    """The lines of one grouping field, and below them those of the next."""
    depth = len(before)
    parts = source.split(depth)
    figures = {key: one.of(*range(depth + 1)) for key, one in parts.items()}
    together: dict[Shown, list[Source]] = {}
    for key, place in cut(plan, depth, figures, most, cuts).items():
        together.setdefault(place, []).append(parts[key])
    if REST in together:
        together[REST] = together.pop(REST)
    lines = []
    inner = max(5, MOST_ROWS // max(1, len(together)))
    for place, sources in together.items():
        mine = Source.together(sources)
        line = line_of(plan, (*before, place), mine, columns)
        if depth + 1 < len(plan.rows) and place is not REST:
            line.lines = level(plan, mine, line.keys, columns, inner, cuts)
        lines.append(line)
    return lines


def cut(
    plan: Plan, place: int, parts: Mapping[Key, Sequence[Group]], most: int, cuts: set[int]
) -> dict[Key, Shown]:
    """{value: itself, or REST}, in the order in which they stand. Of periods the latest stay, of others the largest. Of
    a field of several values nothing is left over as one line, which would count records twice: `cuts` takes down that
    there is more."""
    axis, measure = plan.axes[place], plan.measures[0]
    figures = {key: figure(measure, summed(groups)) for key, groups in parts.items()}
    keys = sorted(parts, key=lambda key: place_of(axis, key, figures[key]))
    if len(keys) <= most:
        return {key: key for key in keys}
    if axis.spec.type.key in DATED:
        gone = set(keys[:-most])
    else:
        gone = set(sorted(keys, key=lambda key: (-weight(figures[key]), str(key)))[most:])
    if axis.several:
        cuts.add(place)
        return {key: key for key in keys if key not in gone}
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
    if kind in {"choice", "multi_choice"}:
        values = [option.value for option in axis.spec.options]
        return (0, values.index(str(key)) if key in values else len(values), str(key))
    if kind == "boolean":
        return (0, 0 if key else 1, "")
    if kind == "rating":
        return (0, -int(key), "")
    return (0, -weight(value), str(key))
