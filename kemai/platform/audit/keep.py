"""How long the audit is kept, and what may be taken out of it: old entries by the retention, erased values by law."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from kemai.platform.access import SYSTEM, Actor
from kemai.platform.audit.chain import REDACTED, change_digest
from kemai.platform.audit.log import note
from kemai.platform.audit.seal import seal_all
from kemai.platform.models import AuditEntry, AuditGate, Change, ChangeSet, OutboxEvent

LEAST_DAYS = 183
"""The law asks for six months (网络安全法第二十一条)."""
BITE = 2000


def expired(days: int, *, now: datetime | None = None) -> int:
    """How many entries the retention would remove: the oldest ones, up to the first that is young enough."""
    return AuditEntry.objects.filter(seq__lt=bound(days, now=now)).count()


def bound(days: int, *, now: datetime | None = None) -> int:
    """The number of the first entry to stay."""
    limit = (now or timezone.now()) - timedelta(days=max(days, LEAST_DAYS))
    young = AuditEntry.objects.filter(at__gte=limit).order_by("seq").values_list("seq", flat=True).first()
    newest = AuditEntry.objects.order_by("-seq").values_list("seq", flat=True).first()
    return young if young is not None else (newest or 0)


def forget(days: int, *, by: Actor = SYSTEM, now: datetime | None = None) -> int:
    """Removes entries older than `days` (never younger than six months), with their change sets and changes, and seals
    that it did: the chain then begins with what this entry says. Returns how many entries went."""
    seal_all()
    below = bound(days, now=now)
    last = AuditEntry.objects.filter(seq__lt=below).order_by("-seq").first()
    if last is None:
        return 0
    removed = 0
    while True:
        with transaction.atomic():
            old = list(AuditEntry.objects.filter(seq__lt=below).order_by("seq")[:BITE])
            if not old:
                break
            sets = {entry.changeset_id for entry in old}
            still = set(
                AuditEntry.objects.filter(changeset_id__in=sets, seq__gt=old[-1].seq).values_list(
                    "changeset_id", flat=True
                )
            )
            Change.objects.filter(changeset__in=sets - still).delete()
            ChangeSet.objects.filter(pk__in=sets - still).delete()
            let_go(old[-1].seq + 1)
            removed += len(old)
            if removed == len(old):
                diff = {"removed_to": [None, last.seq], "hash": [None, last.hash], "days": [None, days]}
                note("retention", "audit", by=by, diff=diff)
    seal_all()
    return removed


def let_go(below: int) -> None:
    """The one deletion that the triggers allow."""
    AuditGate.objects.update_or_create(pk=1, defaults={"below": below})
    AuditEntry.objects.filter(seq__lt=below).delete()
    AuditGate.objects.filter(pk=1).update(below=0)


def redact(
    type_key: str, ids: Iterable[int], *, by: Actor, reason: str = "", words: Sequence[str] | None = None
) -> int:
    """Takes the old and new values of these records out of the log, where a person's data must be erased: that
    something was changed, by whom and when, stays, and so does the chain. With `words` only changes in which one of
    them stands: the rest of what the books say stays readable. Returns how many changes lost values."""
    seal_all()
    keys = list(ids)
    wanted = Change.objects.filter(type_key=type_key, object_id__in=keys).exclude(diff=None)
    erased = 0
    with transaction.atomic():
        for change in wanted.iterator(chunk_size=1000):
            if REDACTED not in (change.diff or {}) and holds(change.diff, words):
                row = (change.pk, change.type_key, change.object_id, change.action, change.diff)
                kept = {REDACTED: [None, change_digest(row).hex()]}
                Change.objects.filter(pk=change.pk).update(diff=kept)
                erased += 1
        for event in OutboxEvent.objects.filter(type_key=type_key, object_id__in=keys):
            if holds(event.payload, words):
                event.payload = {key: bare(key, value) for key, value in event.payload.items()}
                event.save(update_fields=["payload"])
        if erased:
            note("setting", type_key, by=by, reason=reason, diff={"erased_changes": [None, erased]})
    return erased


def holds(diff: object, words: Sequence[str] | None) -> bool:
    if words is None:
        return True
    text = json.dumps(diff, ensure_ascii=False)
    return any(word in text for word in words)


def bare(key: str, value: object) -> object:
    """A part of what was told about a change, without the values; whose record it became is still needed."""
    if key == "diff" and isinstance(value, dict):
        return {name: pair for name, pair in value.items() if name == "owner"}
    return "" if isinstance(value, str) else value
