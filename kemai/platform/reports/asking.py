"""Asking a report: one statement, or two where there are more groups than are shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from kemai.platform import access, search
from kemai.platform.access import Actor
from kemai.platform.query.cube import DATED, Axis, Cube, Group, Key, add, cube, leaf
from kemai.platform.query.patience import TooSlow, at_most
from kemai.platform.reports.lines import MOST_COLUMNS, MOST_ROWS, Table, table
from kemai.platform.reports.offered import Broken, Plan

MOST_GROUPS = 25_000
SECONDS = 20.0
SLICE = 1_000_000
"""Records that SQLite sorts at a time: a few seconds."""
BOUNDED = DATED | {"choice", "boolean", "rating", "region", "user", "department"}
"""Kinds with few values, all of which are fetched."""


def run(actor: Actor, plan: Plan, *, verb: str = "view") -> Table:
    """The table, of the records that the actor sees (or exports, or prints). Raises Broken where there is too much to
    it; Denied."""
    access.require(actor, plan.type, verb)
    records = search.matching(actor, plan.type, plan.definition.where)
    if not access.same_reach(actor, plan.type, verb, "view"):
        records = access.scope(actor, plan.type, verb).filter(pk__in=records.order_by().values("pk"))
    try:
        with at_most(SECONDS):
            return asked(plan, records)
    except TooSlow:
        raise Broken(
            [_("统计超过 %(n)s 秒，已停止；请加条件缩小范围，或减少分组") % {"n": int(SECONDS)}]
        ) from None


def asked(plan: Plan, records: Any) -> Table:
    axes, measures = plan.axes, plan.measures
    if len(axes) == 1 and axes[0].spec.type.key not in BOUNDED:
        most = MOST_ROWS if plan.rows else MOST_COLUMNS
        first = cube(records, axes, measures, limit=most, largest=measures[0])
        total = cube(records, (), measures, limit=1).groups[0].atoms if first.cut else None
        return table(plan, first.groups, total)
    found = in_slices(plan, records)
    if found.cut:
        raise Broken(
            [_("分组超过 %(n)s 个；请加条件，换更粗的日期，或去掉一个分组字段") % {"n": f"{MOST_GROUPS:,}"}]
        )
    return table(plan, found.groups)


def in_slices(plan: Plan, records: Any) -> Cube:
    """All groups. SQLite sorts what it groups, and nothing stops it while it sorts: a large table is asked slice after
    slice, so that the time given up on is kept. With a condition, what it costs would be paid for each slice."""
    newest = 0
    if connection.vendor == "sqlite" and plan.axes and not plan.definition.where:
        newest = plan.type.records().order_by("-pk").values_list("pk", flat=True).first() or 0
    if newest <= SLICE:
        return cube(records, plan.axes, plan.measures, limit=MOST_GROUPS)
    groups: dict[tuple[Key, ...], Group] = {}
    for start in range(0, newest + 1, SLICE):
        part = records.filter(pk__gte=start, pk__lt=start + SLICE)
        found = cube(part, plan.axes, plan.measures, limit=MOST_GROUPS)
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
