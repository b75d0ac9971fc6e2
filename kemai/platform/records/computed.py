"""Formulas and roll-ups in the write door: worked out in the transaction of the change that moves them, so that no
reader ever sees a figure that does not fit its records (docs/adr/014).

New records get their formulas in memory, before they are stored. Everything else is set-based: one statement works
out the formulas of the records that changed, one the roll-ups of those they point to (now or before), and so on up."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from django.db import connection
from django.db.models import Expression, QuerySet, Subquery

from kemai.kit.formula import Clock
from kemai.platform.fields import FieldSpec
from kemai.platform.objects import ObjectType
from kemai.platform.query import formula as formulas
from kemai.platform.query.formula import Plan, RollUp

CHUNK = 2000
Values = dict[str, Any]
Changes = Mapping[int, Mapping[str, Sequence[Any]]]
"""{id: {field: [old, new]}}, references as keys."""
Links = Mapping[str, Collection[int]]
"""{reference field: keys of records that were pointed to before}"""


def fill(object_type: ObjectType, rows: Sequence[Values]) -> None:
    """Adds to new records what is computed of them, as far as it can be known before they are stored."""
    plan = formulas.plan_of(object_type)
    give_defaults(object_type, rows)
    counts = [key for key, one in plan.rollups.items() if one.aggregate == "count"]
    work = [(key, one, object_type.fields[key]) for key, one in plan.formulas.items() if key not in plan.late]
    if not work and not counts:
        return
    clock = formulas.clock()
    parts = {spec.key: spec.default for spec in object_type.fields.values() if spec.part}
    for row in rows:
        for key in counts:
            row[key] = 0
        known = {**parts, **row}
        for key, formula, spec in work:
            known[key] = row[key] = formulas.settled(formula.run(known, clock), spec)


def give_defaults(object_type: ObjectType, rows: Iterable[Values]) -> None:
    """Formula defaults for what new records leave out, or a form sends empty."""
    plan = formulas.plan_of(object_type)
    if not plan.defaults:
        return
    clock = formulas.clock()
    for row in rows:
        for key, formula in plan.defaults.items():
            spec = object_type.fields[key]
            if spec.type.is_empty(row.get(key)):
                row[key] = formulas.settled(formula.run(row, clock), spec)


def created(object_type: ObjectType, ids: Sequence[int]) -> bool:
    """What follows from new records whose values have been through `fill`."""
    plan = formulas.plan_of(object_type)
    return follow(object_type, ids, None, own=plan.late)


def pointed_before(object_type: ObjectType, changes: Changes) -> Links:
    """The records that these pointed to before the change."""
    names = {rollup.link.key for rollup in formulas.watchers_of(object_type)}
    return {
        name: {diff[name][0] for diff in changes.values() if name in diff and isinstance(diff[name][0], int)}
        for name in names
    }


def updated(object_type: ObjectType, changes: Changes) -> bool:
    """What follows from changes. Did any computed value of these very
    records come up for it?"""
    fields = {name for diff in changes.values() for name in diff}
    return follow(object_type, list(changes), fields, pointed_before(object_type, changes))


def flipped(object_type: ObjectType, ids: Sequence[int]) -> None:
    """What follows from records that went to the bin or came back."""
    follow(object_type, ids, None, own=())


def gathered(object_type: ObjectType, ids: Sequence[int], changes: Changes) -> None:
    """What follows when other records were moved from some of these to others of them (a merge, or its inverse)."""
    plan = formulas.plan_of(object_type)
    if plan.rollups:
        roll_up(object_type, sorted(ids), list(plan.rollups.values()), formulas.clock())
    follow(object_type, ids, None, pointed_before(object_type, changes))


def follow(
    object_type: ObjectType,
    ids: Sequence[int],
    changed: Collection[str] | None,
    before: Links | None = None,
    *,
    own: Collection[str] | None = None,
) -> bool:
    """Works out what depends on these records. `changed` are the fields that moved, None for all of them; `own` the
    formulas of the records themselves that are to be worked out, None for those that read what changed."""
    plan, watchers = formulas.plan_of(object_type), formulas.watchers_of(object_type)
    moved = plan.follows(changed)
    mine = moved if own is None else own
    if not ids or not (mine or watchers):
        return False
    clock = formulas.clock()
    work_out(plan, ids, mine, clock)
    for (parent, link), rollups in by_link(watchers):
        wanted = [one for one in rollups if changed is None or not one.reads.isdisjoint({*changed, *moved})]
        if wanted:
            above = pointed_to(object_type, link, ids) | set((before or {}).get(link.key, ()))
            roll_up(parent, sorted(above), wanted, clock)
    return bool(mine)


def work_out(plan: Plan, ids: Sequence[int], wanted: Collection[str], clock: Clock) -> None:
    for level in plan.levels(wanted):
        columns = [(plan.type.fields[key], column_of(plan, key, clock)) for key in level]
        for start in range(0, len(ids), CHUNK):
            put(plan.type.records().filter(pk__in=ids[start : start + CHUNK]), columns)


def put(rows: QuerySet[Any], columns: formulas.Columns, *, compare: bool = True) -> int:
    """Writes the values into those of the rows that do not have them yet; returns how many that were. Versions stay:
    nobody edited anything. Without `compare` into all of them: where most will change, working each value out twice
    costs more than writing some in vain."""
    changed = rows.filter(formulas.differs(columns)) if compare else rows
    return changed.update(extra=formulas.patched(columns))


def column_of(plan: Plan, key: str, clock: Clock) -> Expression | Subquery:
    """A computed field as SQL over its own record."""
    if key in plan.rollups:
        return formulas.figure(plan.rollups[key], clock)
    return formulas.stored(plan.formulas[key], plan.type.fields[key], plan.type, clock)


def by_link(rollups: Iterable[RollUp]) -> Iterable[tuple[tuple[ObjectType, FieldSpec], list[RollUp]]]:
    def place(one: RollUp) -> tuple[str, str]:
        return one.parent.key, one.link.key

    for _place, group in groupby(sorted(rollups, key=place), key=place):
        found = list(group)
        yield (found[0].parent, found[0].link), found


def pointed_to(object_type: ObjectType, link: FieldSpec, ids: Sequence[int]) -> set[int]:
    found: set[Any] = set()
    for start in range(0, len(ids), CHUNK):
        rows = object_type.records().filter(pk__in=ids[start : start + CHUNK])
        found.update(rows.order_by().values_list(link.value_path, flat=True).distinct())
    return found - {None}


def roll_up(parent: ObjectType, ids: Sequence[int], rollups: Sequence[RollUp], clock: Clock) -> None:
    """Works the roll-ups of these records out anew, and what depends on those."""
    columns = [(one.spec, formulas.figure(one, clock)) for one in rollups]
    for start in range(0, len(ids), CHUNK):
        chunk = ids[start : start + CHUNK]
        hold(parent, chunk)
        put(parent.records().filter(pk__in=chunk), columns, compare=False)
    follow(parent, ids, {one.spec.key for one in rollups})


def hold(parent: ObjectType, ids: Sequence[int]) -> None:
    """On PostgreSQL whoever changes children of one parent at the same time waits here: what comes next is a statement
    of its own, and sees what the other has committed. Always in the order of the keys, so that nobody waits in a
    circle. SQLite has one writer."""
    if connection.vendor == "postgresql":
        rows = parent.records().filter(pk__in=ids).order_by("pk").select_for_update(of=("self",), no_key=True)
        list(rows.values_list("pk", flat=True))


def known_with(
    plan: Plan, reads: Collection[str], values: Mapping[str, Any], clock: Clock
) -> Mapping[str, Any]:
    """The values, with the formulas that `reads` names worked out of them: for a check that reads a formula."""
    needed = plan.needed(reads)
    if not needed:
        return values
    known = dict(values)
    for key in needed:
        known[key] = formulas.settled(plan.formulas[key].run(known, clock), plan.type.fields[key])
    return known
