"""Looking through all records of a type for doubles: in a process of its own, wholly or only what has changed."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kemai.customers.models import DuplicatePair, DuplicateRun
from kemai.customers.services.duplicate_sources import CUSTOMER, Source, source_of
from kemai.kit.parties import Party
from kemai.platform import access, jobs
from kemai.platform.access import Actor
from kemai.platform.models import Job
from kemai.platform.models.sealed import current
from kemai.platform.objects import get
from kemai.platform.records import sql

JOB = "kemai.customers.services.duplicate_runs.look"
KEY = "customers.duplicates"
CHILD = "kemai.customers.duplicate_child"
MEMORY = 4 * 1024**3
KEPT = 0.75
SUGGESTED = 0.95
OVERLAP = timedelta(minutes=2)
COLUMNS = (
    "type_key", "first", "second", "kind", "p", "group", "levels", "state", "run_id", "found_at",
)  # fmt: skip
MARK = "="
COMPARING = {
    "company": gettext_noop("比较企业客户"),
    "person": gettext_noop("比较个人客户"),
    "": gettext_noop("比较记录"),
}
Report = Callable[..., None]


def may_run(actor: Actor, type_key: str = CUSTOMER) -> bool:
    return access.verb_scope(actor, get(type_key), "edit") == "all"


def start(actor: Actor, *, full: bool, type_key: str = CUSTOMER) -> Job:
    """Raises access.Denied, access.NotVisible."""
    source_of(type_key)
    if not may_run(actor, type_key):
        raise access.Denied
    title = _("查找重复的%(type)s") % {"type": get(type_key).label}
    wanted = {"full": full, "type_key": type_key}
    return jobs.enqueue(JOB, wanted, key=f"{KEY}.{type_key}", again=True, title=title, user=actor.user_id)


def look(progress: jobs.Progress, *, full: bool = True, type_key: str = CUSTOMER) -> dict[str, object]:
    """The job. Returns {"run": key, "found": pairs}."""
    wanted = {"full": full, "user": progress.user_id, "type_key": type_key}
    answer = jobs.run_in_child(CHILD, wanted, progress)
    return dict(answer) if isinstance(answer, Mapping) else {}


def latest(type_key: str = CUSTOMER) -> DuplicateRun | None:
    return DuplicateRun.objects.filter(type_key=type_key, state="done").order_by("-pk").first()


def in_the_child(
    report: Report, *, full: bool, user: int | None, type_key: str = CUSTOMER
) -> dict[str, object]:
    """The child's side. Memory has a limit: the engine spills to the disk; what does not fit fails this run alone."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    return run(full=full, user=user, report=report, type_key=type_key)


def run(
    *,
    full: bool,
    user: int | None = None,
    report: Report = lambda *_args: None,
    folder: Path | None = None,
    type_key: str = CUSTOMER,
) -> dict[str, object]:
    source, before = source_of(type_key), latest(type_key)
    now, began = timezone.now(), time.monotonic()
    full = full or before is None or not may_follow(before, source)
    made = DuplicateRun.objects.create(type_key=type_key, full=full, user_id=user, started_at=now)
    try:
        found, count, weights = search(source, made, before, full=full, report=report, folder=folder)
    except BaseException as error:
        DuplicateRun.objects.filter(pk=made.pk).update(
            state="failed", error=f"{type(error).__name__}: {error}"[:2000], finished_at=timezone.now()
        )
        raise
    DuplicateRun.objects.filter(pk=made.pk).update(
        state="done", found=found, customers=count, weights=weights, watermark=now, finished_at=timezone.now(),
        seconds=time.monotonic() - began, decisions=decisions(type_key).count(),
    )  # fmt: skip
    return {"run": made.pk, "found": found}


def may_follow(before: DuplicateRun, source: Source) -> bool:
    """Can the next run look at what has changed alone? Not after one that broke off and left the engine's table half
    filled, and not where other fields are compared."""
    later = DuplicateRun.objects.filter(type_key=before.type_key, pk__gt=before.pk)
    same = before.weights.get(MARK, "") == source.mark
    return same and before.watermark is not None and not later.exclude(state="done").exists()


def decisions(type_key: str) -> Any:
    decided = DuplicatePair.objects.filter(type_key=type_key, state__in=("merged", "distinct"))
    return decided.filter(decided_by__isnull=False)


def search(
    source: Source,
    made: DuplicateRun,
    before: DuplicateRun | None,
    *,
    full: bool,
    report: Report,
    folder: Path | None,
) -> tuple[int, int, dict[str, Any]]:
    from kemai.analytics.matching import engine, learning, table
    from kemai.analytics.matching.model import Weights
    from kemai.analytics.store import open_store

    known = before.weights if before else {}
    with open_store(folder or Path(settings.DATA_DIR), file=source.file) as session:
        connection = session.connection
        fresh = fill(connection, source, before, full=full, report=report)
        weights: dict[str, Any] = {MARK: source.mark} if source.mark else {}
        pairs: list[list[Any]] = []
        for shape in source.shapes:
            report(0, None, _(COMPARING[source.kind(shape)]))
            learnt = engine.find(
                connection,
                shape,
                known=None if full or shape.key not in known else Weights.of(known[shape.key]),
                changed=not full,
                kept=KEPT,
                lean=learning.lean(decided(source, source.kind(shape)), shape.fields),
            )
            if learnt is not None:
                weights[shape.key] = learnt.json()
                kind = source.kind(shape)
                pairs += [
                    [one, two, p, source.kept(levels), kind]
                    for one, two, p, levels in engine.results(connection, learnt, shape)
                ]
            elif shape.key in known:
                weights[shape.key] = known[shape.key]
        count = table.count(connection)
    return store(made, pairs, None if full else fresh), count, weights


def decided(source: Source, kind: str) -> Iterator[tuple[Mapping[str, Any], bool]]:
    rows = decisions(source.type.key).filter(kind=kind).values_list("levels", "state")
    for levels, state in rows.iterator(chunk_size=2000):
        yield source.taken(levels), state == "merged"


def hidden(rows: list[tuple[int, Party]]) -> list[tuple[int, Party]]:
    """Where telephones and addresses lie encrypted they do not lie in the engine's file either: what stands for them is
    equal where they are, and an address keeps its domain."""
    seal = current()
    if seal is None:
        return rows
    return [
        (
            key,
            replace(
                one,
                phones=tuple(map(seal.word, one.phones)),
                emails=tuple(f"{seal.word(mail)}@{mail.rpartition('@')[2]}" for mail in one.emails),
            ),
        )
        for key, one in rows
    ]


def fill(
    connection: Any, source: Source, before: DuplicateRun | None, *, full: bool, report: Report
) -> list[int]:
    """Brings the engine's table up to date; returns the records that have changed (none where all are read)."""
    from kemai.analytics.matching import table

    if full or before is None or not table.exists(connection):
        table.create(connection, anew=True, plain=source.plain)
        total = source.type.records().filter(deleted_at=None).count()
        done = 0
        for span in source.spans():
            rows = source.read(span)
            table.add(connection, hidden(rows))
            done += len(rows)
            report(done, total, _("读取记录"))
        ids: list[int] = []
        table.mark(connection, ids)
        return ids
    assert before.watermark is not None
    ids = sorted(source.changed(before.watermark - OVERLAP))
    table.drop(connection, ids)
    for start_at in range(0, len(ids), 2000):
        table.add(connection, hidden(source.read(Q(pk__in=ids[start_at : start_at + 2000]))))
        report(start_at, len(ids), _("读取记录"))
    alive = source.type.records().filter(deleted_at=None).order_by()
    if (
        table.count(connection) != alive.count()
    ):  # some were deleted for good, by an erasure say: nobody keeps them here
        table.keep(connection, alive.values_list("pk", flat=True).iterator(chunk_size=50_000))
    table.mark(connection, ids)
    return ids


def store(made: DuplicateRun, pairs: Sequence[Sequence[Any]], fresh: Sequence[int] | None) -> int:
    """The pairs as the queue's. What people have decided stays decided; what is no longer likely leaves the queue."""
    now = timezone.now()
    of_type = DuplicatePair.objects.filter(type_key=made.type_key)
    open_pairs = of_type.filter(state="open")
    with transaction.atomic():
        if fresh is None:
            open_pairs.delete()
        for start_at in range(0, len(fresh or ()), 500):
            part = list(fresh or ())[start_at : start_at + 500]
            open_pairs.filter(Q(first__in=part) | Q(second__in=part)).delete()
        there = set(of_type.values_list("first", "second").iterator(chunk_size=5000))
        groups = grouped([(one, two) for one, two, p, _levels, _kind in pairs if p >= SUGGESTED])
        rows = [
            [made.type_key, one, two, kind, p, groups.get(one, 0), levels, "open", made.pk, now]
            for one, two, p, levels, kind in pairs
            if (one, two) not in there
        ]
        sql.insert(DuplicatePair, COLUMNS, rows)
    return len(rows)


def grouped(pairs: Sequence[tuple[int, int]]) -> dict[int, int]:
    """{record: smallest key among those that hang together}."""
    parent: dict[int, int] = {}

    def root(key: int) -> int:
        while parent.setdefault(key, key) != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    for one, two in pairs:
        a, b = root(one), root(two)
        if a != b:
            parent[max(a, b)] = min(a, b)
    return {key: root(key) for key in parent}
