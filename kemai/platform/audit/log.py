"""Writing and reading the log of changes. Change sets are opened by the write door only."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from kemai.platform.access import Actor, reading
from kemai.platform.fields import FieldSpec, Ref
from kemai.platform.models import Change, ChangeSet
from kemai.platform.models.quick import add_both, put

security = logging.getLogger("kemai.security")
TOLD = frozenset({"login", "login_failed", "logout", "infected", "limit", "export", "download", "reveal"})
"""What whoever watches the log from another machine hears of at once; who and from where, never what."""
READS = frozenset({"reveal", "export", "download", "print", "limit"})
"""Kinds of entries about reading: whoever leaves one has written nothing."""
Diff = dict[str, list[Any]]
"""{field key: [old, new]} in JSON form; references by key."""


def plain(spec: FieldSpec, value: Any) -> Any:
    """A value as it stands in the log."""
    if isinstance(value, Ref):
        return value.id
    if isinstance(value, list) and spec.type.key != "sub_table":
        return [one.id if isinstance(one, Ref) else one for one in value]
    return spec.type.json(value)


def open_set(
    kind: str,
    type_key: str,
    *,
    by: Actor,
    reason: str = "",
    count: int = 0,
    rule: str = "",
    key: int | None = None,
    outcome: Mapping[str, Any] | None = None,
) -> ChangeSet:
    """`key` where one was drawn for it (`quick.next_key`)."""
    made = blank(kind, type_key, by=by, reason=reason, count=count, rule=rule)
    made.outcome = dict(outcome) if outcome is not None else None
    return put(made, key)


def blank(kind: str, type_key: str, *, by: Actor, reason: str, count: int, rule: str) -> ChangeSet:
    if kind not in READS:
        reading.written()
    return ChangeSet(
        kind=kind,
        type_key=type_key,
        actor_id=by.user_id,
        actor_name=by.name,
        source=by.source,
        reason=reason,
        request_id=by.request_id,
        at=timezone.now(),
        count=count,
        address=by.address,
        via=by.via,
        rule=rule,
    )


def one_change(
    kind: str,
    type_key: str,
    object_id: int,
    action: str,
    diff: Mapping[str, Any] | None,
    *,
    by: Actor,
    reason: str = "",
    rule: str = "",
) -> ChangeSet:
    """A set of one change: nearly every write is one."""
    changes = blank(kind, type_key, by=by, reason=reason, count=1, rule=rule)
    kept = dict(diff) if diff is not None else None
    change = Change(type_key=type_key, object_id=object_id, action=action, diff=kept)
    return add_both(changes, change, "changeset_id")


def note(
    kind: str,
    type_key: str,
    object_id: int | None = None,
    *,
    by: Actor,
    reason: str = "",
    diff: Mapping[str, Any] | None = None,
    rule: str = "",
) -> ChangeSet:
    """Something that changes no record but must be known later: a log-in, a download, a setting."""
    if kind in TOLD:
        told = {"event": "security", "kind": kind, "user": by.user_id, "address": by.address}
        security.log(
            logging.WARNING if kind in {"login_failed", "infected", "limit"} else logging.INFO,
            kind,
            extra=told,
        )
    if object_id is None and not diff:
        return open_set(kind, type_key, by=by, reason=reason, count=1, rule=rule)
    return one_change(kind, type_key, object_id or 0, kind[:8], diff or None, by=by, reason=reason, rule=rule)


def diff_of(specs: Mapping[str, FieldSpec], old: Mapping[str, Any], new: Mapping[str, Any]) -> Diff:
    """What differs, of the fields that `new` names."""
    found: Diff = {}
    for key, value in new.items():
        before, after = plain(specs[key], old.get(key)), plain(specs[key], value)
        if before != after:
            found[key] = [before, after]
    return found


def history(type_key: str, object_id: int) -> QuerySet[Change]:
    """The changes of one record, newest first."""
    changes = Change.objects.filter(type_key=type_key, object_id=object_id)
    return changes.select_related("changeset").order_by("-id")


def ids_of(changeset: ChangeSet) -> Iterable[int]:
    return changeset.changes.order_by("id").values_list("object_id", flat=True).iterator(chunk_size=5000)


def deleters(type_key: str, ids: Iterable[int]) -> dict[int, str]:
    """Who deleted each of these records last."""
    changes = Change.objects.filter(type_key=type_key, object_id__in=list(ids), action="delete")
    return dict(changes.order_by("id").values_list("object_id", "changeset__actor_name"))
