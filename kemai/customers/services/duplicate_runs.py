"""Looking through all customers for doubles: in a process of its own, wholly or only what has changed."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.customers.models import Contact, Customer, DuplicatePair, DuplicateRun, Identifier
from kemai.customers.services import party_rows
from kemai.platform import access, jobs
from kemai.platform.access import Actor
from kemai.platform.models import Job
from kemai.platform.records import sql

JOB = "kemai.customers.services.duplicate_runs.look"
KEY = "customers.duplicates"
CHILD = "kemai.customers.duplicate_child"
MEMORY = 4 * 1024**3
KEPT = 0.75
SUGGESTED = 0.95
OVERLAP = timedelta(minutes=2)
FILE = "duplicates.duckdb"
COLUMNS = ("first", "second", "kind", "p", "group", "levels", "state", "run_id", "found_at")
KINDS = (("company", False), ("person", True))
Report = Callable[..., None]


def may_run(actor: Actor) -> bool:
    return access.verb_scope(actor, _customer(), "edit") == "all"


def _customer() -> Any:
    from kemai.platform.objects import get

    return get("customer")


def start(actor: Actor, *, full: bool) -> Job:
    """Raises access.Denied."""
    if not may_run(actor):
        raise access.Denied
    title = _("查找重复客户")
    return jobs.enqueue(JOB, {"full": full}, key=KEY, again=True, title=title, user=actor.user_id)


def look(progress: jobs.Progress, *, full: bool = True) -> dict[str, object]:
    """The job. Returns {"run": key, "found": pairs}."""
    answer = jobs.run_in_child(CHILD, {"full": full, "user": progress.user_id}, progress)
    return dict(answer) if isinstance(answer, Mapping) else {}


def latest() -> DuplicateRun | None:
    return DuplicateRun.objects.filter(state="done").order_by("-pk").first()


def in_the_child(report: Report, *, full: bool, user: int | None) -> dict[str, object]:
    """The child's side. Memory has a limit: the engine spills to the disk; what does not fit fails this run alone."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    return run(full=full, user=user, report=report)


def run(
    *, full: bool, user: int | None = None, report: Report = lambda *_args: None, folder: Path | None = None
) -> dict[str, object]:
    before = latest()
    now, began = timezone.now(), time.monotonic()
    full = full or before is None or before.watermark is None
    made = DuplicateRun.objects.create(full=full, user_id=user, started_at=now)
    try:
        found, count, weights = search(made, before, full=full, report=report, folder=folder)
    except BaseException as error:
        DuplicateRun.objects.filter(pk=made.pk).update(
            state="failed", error=f"{type(error).__name__}: {error}"[:2000], finished_at=timezone.now()
        )
        raise
    DuplicateRun.objects.filter(pk=made.pk).update(
        state="done", found=found, customers=count, weights=weights, watermark=now, finished_at=timezone.now(),
        seconds=time.monotonic() - began, decisions=decisions().count(),
    )  # fmt: skip
    return {"run": made.pk, "found": found}


def decisions() -> Any:
    return DuplicatePair.objects.filter(state__in=("merged", "distinct"), decided_by__isnull=False)


def search(
    made: DuplicateRun, before: DuplicateRun | None, *, full: bool, report: Report, folder: Path | None
) -> tuple[int, int, dict[str, Any]]:
    from kemai.analytics.matching import engine, learning, table
    from kemai.analytics.matching.model import Weights
    from kemai.analytics.store import open_store

    known = before.weights if before else {}
    with open_store(folder or Path(settings.DATA_DIR), file=FILE) as session:
        connection = session.connection
        fresh = fill(connection, before, full=full, report=report)
        weights: dict[str, Any] = {}
        pairs: list[list[Any]] = []
        for name, person in KINDS:
            report(0, None, _("比较企业客户") if not person else _("比较个人客户"))
            learnt = engine.find(
                connection,
                person=person,
                known=None if full or name not in known else Weights.of(known[name]),
                changed=not full,
                kept=KEPT,
                lean=learning.lean(decided(name), person=person),
            )
            if learnt is not None:
                weights[name] = learnt.json()
                pairs += [[*pair, name] for pair in engine.results(connection, learnt, person=person)]
            elif name in known:
                weights[name] = known[name]
        count = table.count(connection)
    return store(made, pairs, None if full else fresh), count, weights


def decided(kind: str) -> Iterator[tuple[Mapping[str, Any], bool]]:
    for levels, state in (
        decisions().filter(kind=kind).values_list("levels", "state").iterator(chunk_size=2000)
    ):
        yield levels, state == "merged"


def fill(connection: Any, before: DuplicateRun | None, *, full: bool, report: Report) -> list[int]:
    """Brings the engine's table up to date; returns the customers that have changed (none where all are read)."""
    from kemai.analytics.matching import table

    if full or before is None or not table.exists(connection):
        table.create(connection, anew=True)
        total = Customer.objects.filter(deleted_at=None).count()
        done = 0
        for span in party_rows.spans():
            rows = party_rows.read(span)
            table.add(connection, rows)
            done += len(rows)
            report(done, total, _("读取客户"))
        ids: list[int] = []
        table.mark(connection, ids)
        return ids
    assert before.watermark is not None
    ids = sorted(changed_since(before.watermark - OVERLAP))
    table.drop(connection, ids)
    for start_at in range(0, len(ids), 2000):
        table.add(connection, party_rows.read(Q(pk__in=ids[start_at : start_at + 2000])))
        report(start_at, len(ids), _("读取客户"))
    table.mark(connection, ids)
    return ids


def changed_since(moment: Any) -> set[int]:
    """Customers that were changed, deleted or restored, and those whose contacts or identifiers were."""
    found = set(Customer.objects.filter(updated_at__gte=moment).values_list("pk", flat=True))
    for model in (Contact, Identifier):
        found |= set(
            model._default_manager.filter(updated_at__gte=moment).values_list("customer_id", flat=True)
        )
    return found


def store(made: DuplicateRun, pairs: Sequence[Sequence[Any]], fresh: Sequence[int] | None) -> int:
    """The pairs as the queue's. What people have decided stays decided; what is no longer likely leaves the queue."""
    now = timezone.now()
    open_pairs = DuplicatePair.objects.filter(state="open")
    with transaction.atomic():
        if fresh is None:
            open_pairs.delete()
        for start_at in range(0, len(fresh or ()), 500):
            part = list(fresh or ())[start_at : start_at + 500]
            open_pairs.filter(Q(first__in=part) | Q(second__in=part)).delete()
        there = set(DuplicatePair.objects.values_list("first", "second").iterator(chunk_size=5000))
        groups = grouped([(one, two) for one, two, p, _levels, _kind in pairs if p >= SUGGESTED])
        rows = [
            [one, two, kind, p, groups.get(one, 0), levels, "open", made.pk, now]
            for one, two, p, levels, kind in pairs
            if (one, two) not in there
        ]
        sql.insert(DuplicatePair, COLUMNS, rows)
    return len(rows)


def grouped(pairs: Sequence[tuple[int, int]]) -> dict[int, int]:
    """{customer: smallest key among those that hang together}."""
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
