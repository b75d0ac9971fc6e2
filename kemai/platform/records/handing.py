"""Owners alone, of many records: those that nobody has to somebody, which many people reach for at once, and those that
somebody has to nobody, in a night's run. What `single.put` does for one record whose row was read, this does for some,
in as few statements as there are tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import F
from django.utils import timezone

from kemai.platform import audit
from kemai.platform.access import Actor
from kemai.platform.fields import Ref
from kemai.platform.models import Change, ChangeSet, OutboxEvent, quick
from kemai.platform.objects import ObjectType, get
from kemai.platform.records import computed, owners, sql
from kemai.platform.records.bulk import CHANGE_COLUMNS, check_conditions, note_changes
from kemai.platform.records.single import after, reindex
from kemai.platform.records.values import check_required

EVENT_COLUMNS = ("name", "type_key", "object_id", "changeset_id", "payload", "created_at")


def hand_out(
    type_key: str, keys: Sequence[int], to: Ref, *, by: Actor, reason: str = "", rule: str = ""
) -> list[int]:
    """Gives `to` those of the records that nobody has, inside the caller's transaction; returns which. Whoever comes
    second finds none. One change set; the owner's history, its followers and the events are those of any other change.
    The caller has checked the rights."""
    object_type = get(type_key)
    taken, set_key = take_free(object_type, keys, to.id, timezone.now())
    if not taken:
        return []
    diff: audit.Diff = {owners.OWNER: [None, to.id]}
    diffs = dict.fromkeys(taken, diff)
    payload = {"fields": [owners.OWNER], "diff": diff}
    told = f"{type_key}.updated"
    with quick.gathered():
        changes = audit.open_set(
            "update", type_key, by=by, reason=reason, count=len(taken), rule=rule, key=set_key
        )
        sql.insert(Change, CHANGE_COLUMNS, [[changes.pk, type_key, key, "update", diff] for key in taken])
        owners.note(object_type, changes, diffs, by=by)
        sql.insert(OutboxEvent, EVENT_COLUMNS, [
            [told, type_key, key, changes.pk, payload, changes.at] for key in taken
        ])  # fmt: skip
    follow(object_type, taken, by)
    if computed.updated(object_type, diffs):
        for one in object_type.records().filter(pk__in=taken):
            reindex(object_type, one)
    return taken


def let_go(type_key: str, keys: Sequence[int], *, by: Actor, changeset: ChangeSet) -> list[int]:
    """Takes the records out of their owners' hands, inside the caller's transaction; returns those that somebody had.
    The caller has checked the rights. Raises FieldErrors where one may not be without an owner."""
    object_type = get(type_key)
    nobody: dict[str, object] = {owners.OWNER: None}
    check_required(object_type, nobody)
    held = object_type.records().filter(sql.Among("pk", keys), owner__isnull=False, deleted_at=None)
    locked = held.select_for_update(of=("self",), no_key=True).order_by("pk")
    former = dict(locked.values_list("pk", "owner"))
    if not former:
        return []
    check_conditions(object_type, dict.fromkeys(former, nobody))
    # the keys named once: PostgreSQL reads the whole table where they are named twice
    rows = object_type.records().filter(sql.Among("pk", former))
    rows.update(owner=None, version=F("version") + 1, updated_at=timezone.now())
    diffs: dict[int, audit.Diff] = {key: {owners.OWNER: [owner, None]} for key, owner in former.items()}
    note_changes(object_type, diffs, changeset, by=by)
    return list(former)


def take_free(
    object_type: ObjectType, keys: Sequence[int], owner: int, now: datetime
) -> tuple[list[int], int | None]:
    """Those of the records that nobody had, and a key for the act's change set. "Nobody's" is said so that no index of
    owners answers it: after a night that let a quarter of all records go PostgreSQL still thought that there were none
    and looked through all of them for twenty."""
    drawn = quick.next_key(ChangeSet, connection.vendor)
    table = connection.ops.quote_name(object_type.model._meta.db_table)
    marks = ", ".join(["%s"] * len(keys))
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET owner_id = %s, version = version + 1, updated_at = %s WHERE id IN ({marks}) "  # noqa: S608
            f"AND COALESCE(owner_id, 0) = 0 AND deleted_at IS NULL RETURNING id, {drawn}",
            [owner, connection.ops.adapt_datetimefield_value(now), *keys],
        )
        found = dict(cursor.fetchall())
    return [key for key in keys if key in found], next(iter(found.values()), None)


def follow(object_type: ObjectType, keys: Sequence[int], by: Actor) -> None:
    """The domain's part after a save, where it has to do with owners."""
    hooks = object_type.hooks
    if hooks.after is None or (hooks.heeds is not None and owners.OWNER not in hooks.heeds):
        return
    objects: list[Any] = list(object_type.records().filter(pk__in=keys))
    after(object_type, objects, frozenset({owners.OWNER}), by)
