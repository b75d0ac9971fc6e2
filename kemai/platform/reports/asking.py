"""Asking a report: one statement, or two where there are more groups than are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from kemai.platform import access, search
from kemai.platform.access import Actor
from kemai.platform.query.cube import DATED, Axis, Cube, Group, Key, add, cube, leaf, priced
from kemai.platform.query.patience import TooSlow, at_most
from kemai.platform.reports.lines import MOST_COLUMNS, MOST_ROWS, Source, Table, table
from kemai.platform.reports.offered import Broken, Plan

MOST_GROUPS = 25_000
SECONDS = 20.0
SLICE = 1_000_000
"""Records that SQLite sorts at a time: a few seconds."""
BOUNDED = DATED | {"choice", "boolean", "rating", "region", "user", "department", "multi_choice", "tags"}
"""Kinds with few values, all of which are fetched."""


class Slow(Broken):
    """It takes longer than anybody waits for."""


def run(actor: Actor, plan: Plan, *, verb: str = "view", seconds: float | None = None) -> Table:
    """The table, of the records that the actor sees (or exports, or prints). Raises Broken where there is too much to
    it, Slow where it takes too long; Denied."""
    most = SECONDS if seconds is None else seconds
    access.require(actor, plan.type, verb)
    records = search.matching(actor, plan.type, plan.definition.where)
    if not access.same_reach(actor, plan.type, verb, "view"):
        records = access.scope(actor, plan.type, verb).filter(pk__in=records.order_by().values("pk"))
    try:
        with at_most(most):
            return asked(replace(plan, measures=priced(records, plan.measures)), records)
    except TooSlow:
        raise Slow(
            [_("统计超过 %(n)s 秒，已停止；请加条件缩小范围，或减少分组") % {"n": int(most)}]
        ) from None


def asked(plan: Plan, records: Any) -> Table:
    axes, measures = plan.axes, plan.measures
    if len(axes) == 1 and axes[0].spec.type.key not in BOUNDED:
        most = MOST_ROWS if plan.rows else MOST_COLUMNS
        first = cube(records, axes, measures, limit=most, largest=measures[0])
        alone = Source(several_of(axes), {several_of(axes): first.groups})
        if not (first.cut or alone.several):
            return table(plan, alone)
        total = cube(records, (), measures, limit=1).groups[0].atoms
        if not alone.several:
            return table(plan, alone, total)
        whole = replace(alone, parts={**alone.parts, frozenset(): [Group((None,), total)]})
        return table(plan, whole, total if first.cut else None)
    several = several_of(axes)
    parts = {kept: with_only(plan, records, several - kept) for kept in wanted(plan, several)}
    return table(plan, Source(several, parts))


def several_of(axes: Sequence[Axis]) -> frozenset[int]:
    return frozenset(place for place, axis in enumerate(axes) if axis.several)


def wanted(plan: Plan, several: frozenset[int]) -> list[frozenset[int]]:
    """Which fields of several values stay in the groups that lines, sub-totals and totals are added up from, with the
    columns and without."""
    depths = [frozenset(range(depth)) for depth in range(len(plan.rows) + 1)]
    columns = [frozenset[int](), frozenset({len(plan.rows)} if plan.column else ())]
    return list(dict.fromkeys((depth | column) & several for depth in depths for column in columns))


def with_only(plan: Plan, records: Any, without: frozenset[int]) -> Sequence[Group]:
    """The groups by all fields but some, whose keys are empty. Raises Broken."""
    places = [place for place in range(len(plan.axes)) if place not in without]
    found = in_slices(plan, records, [plan.axes[place] for place in places])
    if found.cut:
        raise Broken(
            [_("分组超过 %(n)s 个；请加条件，换更粗的日期，或去掉一个分组字段") % {"n": f"{MOST_GROUPS:,}"}]
        )
    if not without:
        return found.groups
    widened = []
    for keys, atoms in found.groups:
        held = dict(zip(places, keys, strict=True))
        widened.append(Group(tuple(held.get(place) for place in range(len(plan.axes))), atoms))
    return widened


def in_slices(plan: Plan, records: Any, axes: Sequence[Axis]) -> Cube:
    """All groups. SQLite sorts what it groups, and nothing stops it while it sorts: a large table is asked slice after
    slice, so that the time given up on is kept. With a condition, what it costs would be paid for each slice."""
    newest = 0
    if connection.vendor == "sqlite" and axes and not plan.definition.where:
        newest = plan.type.records().order_by("-pk").values_list("pk", flat=True).first() or 0
    if newest <= SLICE:
        return cube(records, axes, plan.measures, limit=MOST_GROUPS)
    groups: dict[tuple[Key, ...], Group] = {}
    for start in range(0, newest + 1, SLICE):
        part = records.filter(pk__gte=start, pk__lt=start + SLICE)
        found = cube(part, axes, plan.measures, limit=MOST_GROUPS)
        for group in found.groups:
            add(groups.setdefault(group.keys, Group(group.keys, {})).atoms, group.atoms)
        if found.cut or len(groups) > MOST_GROUPS:
            return Cube(list(groups.values()), cut=True)
    return Cube(list(groups.values()), cut=False)


def condition_of(plan: Plan, keys: Sequence[Key], column: Sequence[Key] = ()) -> Any:
    """The condition of the records behind a figure: `keys` of as many of the rows' fields as the line has, `column`
    one value where it is not the line's total."""
    asked_for: list[tuple[Axis, Key]] = list(zip(plan.rows, keys, strict=False))
    if plan.column is not None:
        asked_for += [(plan.column, key) for key in column[:1]]
    leaves = [leaf(axis, key) for axis, key in asked_for]
    where = plan.definition.where
    if not leaves:
        return where
    if not where:
        return {"all": leaves}
    if isinstance(where, dict) and set(where) == {"all"}:
        return {"all": [*where["all"], *leaves]}
    return {"all": [where, *leaves]}
