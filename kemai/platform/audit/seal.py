"""Sealing: change sets that are committed become links of the chain, in one place, a moment later.

Writers only leave a row that says "not sealed yet": no writer waits for the chain (docs/adr/020). Whoever alters a
change set between its commit and its sealing (less than a second while a worker runs) is not found out by the chain;
everything from then on is."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from kemai.platform.audit.chain import START, Slice, changes_between, entry_hash, slice_of
from kemai.platform.models import AuditEntry, ChangeSet

log = logging.getLogger(__name__)
BATCH = 400
GROWING = (
    "bulk",
    "import",
    "delete",
    "restore",
    "transfer",
    "handover",
    "dissolve",
    "undo",
    "redo",
    "run",
    "merge",
    "purge",
)
BEGINNING = timedelta(seconds=30)
"""A change set without changes that is younger has most likely only just been opened for a mass change."""
LOCK = 0x6B656D61
"""Of PostgreSQL's advisory locks: one process at a time adds links."""


def seal(limit: int = BATCH) -> int:
    """Seals up to `limit` waiting change sets, oldest first; returns how many links that made. A step of the worker."""
    begun = timezone.now() - BEGINNING
    rows = ChangeSet.objects.filter(sealed=None).exclude(count=0, at__gt=begun, kind__in=GROWING)
    waiting = list(rows.order_by("pk")[:limit])
    if not waiting:
        return 0
    slices = read(waiting)
    with transaction.atomic():
        if not alone():
            return 0
        return add(waiting, slices)


def seal_all() -> int:
    """Everything that waits: before a verification or an export."""
    total = 0
    while added := seal():
        total += added
    return total


def alone() -> bool:
    """Whether nobody else adds links now. SQLite has one writer at a time anyhow."""
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        return bool(cursor.fetchone()[0])


def read(waiting: list[ChangeSet]) -> dict[int, Slice]:
    """What each of them has changed since its last link; read before the lock is taken, so that nobody waits."""
    known = AuditEntry.objects.filter(changeset_id__in=[one.pk for one in waiting])
    last = dict(
        known.values("changeset_id").annotate(last=Max("last_change")).values_list("changeset_id", "last")
    )
    return {one.pk: slice_of(changes_between(one.pk, (last.get(one.pk) or 0) + 1)) for one in waiting}


def add(waiting: list[ChangeSet], slices: dict[int, Slice]) -> int:
    """The links, inside the transaction that marks their change sets. One that grew meanwhile stays waiting."""
    newest = AuditEntry.objects.order_by("-seq").first()
    seq, previous = (newest.seq, newest.hash) if newest else (0, START)
    linked = {
        row["changeset_id"]: (row["last"] or 0, row["number"])
        for row in AuditEntry.objects.filter(changeset_id__in=list(slices))
        .values("changeset_id")
        .annotate(last=Max("last_change"), number=Max("seq"))
    }
    fresh: list[AuditEntry] = []
    for one in waiting:
        part = slices[one.pk]
        if one.pk in linked and (not part.count or part.first is None or part.first <= linked[one.pk][0]):
            continue  # nothing new, or another process has sealed it meanwhile
        entry = link(one, part, seq := seq + 1, previous)
        previous = entry.hash
        fresh.append(entry)
    AuditEntry.objects.bulk_create(fresh, batch_size=200)
    known = {key: number for key, (_last, number) in linked.items()}
    mark(waiting, known | {entry.changeset_id: entry.seq for entry in fresh})
    return len(fresh)


def mark(waiting: list[ChangeSet], numbers: dict[int, int]) -> None:
    """Sealed, unless it has grown since it was read."""
    table = connection.ops.quote_name(ChangeSet._meta.db_table)
    rows = [[numbers[one.pk], one.pk, one.count] for one in waiting]
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {table} SET sealed = %s WHERE id = %s AND count = %s AND sealed IS NULL",  # noqa: S608
            rows,
        )


def link(one: ChangeSet, part: Slice, seq: int, previous: str) -> AuditEntry:
    record = part.record
    entry = AuditEntry(
        seq=seq,
        changeset_id=one.pk,
        at=one.at,
        kind=one.kind,
        type_key=record[0] if record else one.type_key,
        object_id=(record[1] or None) if record else None,
        actor_id=one.actor_id,
        actor_name=one.actor_name,
        source=one.source,
        address=one.address,
        via=one.via,
        request_id=one.request_id,
        reason=one.reason,
        rule=one.rule,
        fields=f" {' '.join(sorted(part.fields))} " if part.fields else "",
        count=one.count,
        changes=part.count,
        first_change=part.first,
        last_change=part.last,
        digest=part.digest,
        previous=previous,
    )
    entry.hash = entry_hash(entry)
    return entry
