"""Working computed fields out for all records, in the background: after a definition has changed, every night for what
depends on the day, and when derived facts that formulas read have been written.

Nothing is loaded: a chunk of records is one statement, which leaves alone what has its value already, so that running
again (or after being cut off) costs a reading only."""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from django.db import connection, transaction
from django.db.models import Max, Min
from django.utils import timezone
from django.utils.translation import gettext_noop

from kemai.platform import jobs
from kemai.platform.events import on
from kemai.platform.fields import FieldSpec
from kemai.platform.jobs import Progress, schedule
from kemai.platform.models import FieldDef, Job, OutboxEvent, Setting
from kemai.platform.objects import ObjectType, UnknownObject, get, own
from kemai.platform.query import formula as formulas
from kemai.platform.query.formula import Plan
from kemai.platform.records import computed, indexes

CHUNK = 5000
"""Records a transaction: on SQLite others wait for its one writer for some tenths of a second at most."""
BREATH = 0.01
TASK = "kemai.platform.records.recompute.run"
CHANGES = "kemai.platform.records.recompute.changes"
PRINTS = "computed_prints"
SETTLED = 2.0
"""Seconds until every process works by a new definition: each looks for one once a second."""
TITLE = gettext_noop("重新计算公式和汇总")
Node = tuple[str, str]


def meta_changed() -> None:
    """Whatever changed a definition (a screen, a configuration file, a roll-back): what it moves is found out in a
    moment, when every process works by the new one."""
    if FieldDef.objects.filter(kind__in=("formula", "rollup")).exists():
        soon = timezone.now() + dt.timedelta(seconds=SETTLED)
        jobs.enqueue(CHANGES, {}, key="computed/changes", again=True, run_at=soon)


own.followers.append(meta_changed)


@jobs.atomic_task
def changes(_progress: Progress) -> list[str]:
    """Puts in the work for what is defined otherwise than when it was last worked out."""
    own.forget()
    row, _made = Setting.objects.select_for_update().get_or_create(key=PRINTS, defaults={"value": {}})
    prints = {f"{type_key}.{key}": print_of(type_key, key) for type_key, key in formulas.whole().order}
    before = row.value if isinstance(row.value, dict) else {}
    changed = [name for name, mark in prints.items() if mark and before.get(name) != mark]
    if changed:
        nodes = [(type_key, key) for type_key, _dot, key in (name.partition(".") for name in changed)]
        enqueue(nodes, f"computed/{row.pk}/{hash_of(repr(sorted(prints.items())))}")
        if any(link.own is not None for link in links(nodes)):
            indexes.soon()  # a roll-up looks its records up by their reference
    if prints != before:
        row.value = prints
        row.save()
    return changed


def print_of(type_key: str, key: str) -> str:
    """What a computed field says, in short; '' for a broken one, which is worked out when it is whole again."""
    plan = formulas.plan_of(get(type_key))
    spec = plan.type.fields[key]
    places = spec.own.settings.get("places") if spec.own is not None else None
    if key in plan.formulas:
        return hash_of(f"{plan.formulas[key].tree!r}/{spec.type.key}/{places}")
    rollup = plan.rollups.get(key)
    if rollup is None or spec.own is None:
        return ""
    of = rollup.of.type.key if rollup.of is not None else ""
    return hash_of(f"{spec.own.settings.get('rollup')!r}/{spec.type.key}/{places}/{of}")


def hash_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def definition_changed(type_key: str, keys: Iterable[str], *, user: int | None = None) -> Job | None:
    """Works these fields out at once, as far as they are computed, and everything that reads them; None where nothing
    does. (A change of a definition does it by itself, through `meta_changed`.)"""
    nodes = [(type_key, key) for key in keys]
    wanted = [node for node in nodes if node in formulas.whole().graph]
    wanted += [node for node in formulas.dependents(nodes) if node not in wanted]
    if any(link.own is not None for link in links(wanted)):
        indexes.soon()  # a roll-up looks its records up by their reference
    if not wanted:
        return None
    name = ",".join(sorted(key for _type, key in nodes))
    return enqueue(nodes, f"computed/{type_key}/{name}"[:160], user)


def links(nodes: Iterable[Node]) -> Iterator[FieldSpec]:
    for type_key, key in nodes:
        rollup = formulas.plan_of(get(type_key)).rollups.get(key)
        if rollup is not None:
            yield rollup.link


def enqueue(nodes: Sequence[Node], key: str, user: int | None = None) -> Job:
    """One job of this key waits or runs. A change that comes while it runs gets a second one, which waits."""
    args = {"nodes": [list(node) for node in nodes]}
    job = jobs.enqueue(TASK, args, key=key, again=True, title=str(TITLE), user=user)
    if job.state == "waiting":
        return job
    return jobs.enqueue(TASK, args, key=f"{key}/again"[:160], again=True, title=str(TITLE), user=user)


def run(progress: Progress, *, nodes: Sequence[Sequence[str]]) -> int:
    """Works out these fields and all that depend on them; returns how many values changed. Which these are is asked
    now: a definition may have changed since the job was put in."""
    own.forget()
    named = [(str(type_key), str(key)) for type_key, key in nodes]
    depend = set(formulas.dependents(named))
    order = [node for node in formulas.whole().order if node in depend or node in named]
    return work_out(order, progress)


def work_out(order: Sequence[Node], progress: Progress) -> int:
    steps = list(grouped(order))
    total = sum(last - first + 1 for plan, _keys in steps for first, last in [span(plan.type)])
    done = changed = 0
    for plan, keys in steps:
        first, last = span(plan.type)
        for start in range(first, last + 1, CHUNK):
            changed += chunk(plan, keys, start, min(start + CHUNK, last + 1))
            progress(min(done + start + CHUNK - first, total), total)
            if connection.vendor == "sqlite":
                time.sleep(BREATH)
        done += last - first + 1
    return changed


def grouped(order: Sequence[Node]) -> Iterator[tuple[Plan, list[str]]]:
    """Neighbours in the order that are of one type are worked out together, as far as none reads another."""
    for type_key, nodes in groupby(order, key=lambda node: node[0]):
        plan = formulas.plan_of(get(type_key))
        group: list[str] = []
        for _type, key in nodes:
            if key not in plan.formulas and key not in plan.rollups:
                continue  # broken: its values stay as they were, and are marked where they are shown
            reads = formulas.whole().graph[type_key, key]
            if any((type_key, other) in reads for other in group):
                yield plan, group
                group = []
            group.append(key)
        if group:
            yield plan, group


def span(object_type: ObjectType) -> tuple[int, int]:
    """The first and the last key of the type; an empty span where there are no records."""
    found = object_type.records().aggregate(first=Min("pk"), last=Max("pk"))
    return (found["first"], found["last"]) if found["first"] is not None else (0, -1)


def chunk(plan: Plan, keys: Sequence[str], start: int, stop: int) -> int:
    """The records with keys from `start` to before `stop`, deleted ones too: they may come back."""
    clock = formulas.clock()
    rows = plan.type.records().filter(pk__gte=start, pk__lt=stop)
    with transaction.atomic():
        if any(key in plan.rollups for key in keys):
            computed.hold(plan.type, list(rows.order_by("pk").values_list("pk", flat=True)))
        columns = [(plan.type.fields[key], computed.column_of(plan, key, clock)) for key in keys]
        return computed.put(rows, columns)


@schedule("computed.nightly", at="00:05", title=TITLE)
def nightly(progress: Progress) -> int:
    """What depends on the day: formulas over TODAY() and NOW(), roll-ups whose condition speaks of today. What reads
    derived facts is worked out along with them: some facts move without an event."""
    moving = [
        (plan.type.key, key)
        for plan in formulas.whole().plans.values()
        for key in (*plan.formulas, *plan.rollups)
        if is_moving(plan, key)
    ]
    depend = set(formulas.dependents(moving)) | set(moving)
    return work_out([node for node in formulas.whole().order if node in depend], progress)


def is_moving(plan: Plan, key: str) -> bool:
    if key in plan.rollups:
        rollup = plan.rollups[key]
        return rollup.moving or reads_facts(rollup.child, rollup.reads)
    return plan.formulas[key].clocked or reads_facts(plan.type, plan.formulas[key].reads)


def reads_facts(object_type: ObjectType, keys: Iterable[str]) -> bool:
    return any(object_type.fields[key].part for key in keys if key in object_type.fields)


@on("*.facts_changed", name="computed.facts")
def facts_changed(event: OutboxEvent) -> None:
    """An analysis has written derived facts: formulas and roll-ups over them follow in the background."""
    try:
        object_type = get(event.type_key)
    except UnknownObject:
        return
    parts = {(object_type.key, spec.key) for spec in object_type.fields.values() if spec.part}
    if any(not reads.isdisjoint(parts) for reads in formulas.whole().graph.values()):
        enqueue(sorted(parts), f"computed/facts/{object_type.key}")
