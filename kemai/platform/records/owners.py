"""Who had a record when. Every door that changes an owner passes `note`, so that no hand-over goes unrecorded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from django.db.models import QuerySet

from kemai.platform.access import Actor
from kemai.platform.audit import Diff
from kemai.platform.models import ChangeSet, OwnerChange
from kemai.platform.objects import ObjectType
from kemai.platform.records import sql

COLUMNS = (
    "type_key", "object_id", "old_id", "new_id", "reason", "rule", "actor_id", "actor_name", "changeset_id", "at",
)  # fmt: skip
OWNER = "owner"
Pair = tuple[int, int | None, int | None]
"""A record with its old and its new owner, by their keys."""
Follower = Callable[[ObjectType, ChangeSet, Sequence[Pair]], None]
_followers: list[Follower] = []


def follow(follower: Follower) -> Follower:
    """What must happen with every change of an owner, in its own transaction, whichever door it came through: many
    pairs at once, so a follower works on sets."""
    _followers.append(follower)
    return follower


def note(object_type: ObjectType, changeset: ChangeSet, diffs: Mapping[int, Diff], *, by: Actor) -> None:
    """The owner changes among these diffs, inside the transaction that makes them."""
    if not object_type.has_owner:
        return
    pairs = [(key, *diff[OWNER]) for key, diff in diffs.items() if OWNER in diff]
    if pairs:
        note_pairs(object_type, changeset, pairs, by=by)


def note_pairs(
    object_type: ObjectType, changeset: ChangeSet, pairs: Iterable[tuple[int, Any, Any]], *, by: Actor
) -> None:
    pairs = list(pairs)
    rows = [
        [
            object_type.key, key, old, new, changeset.reason, changeset.rule, by.user_id, by.name[:120],
            changeset.pk, changeset.at,
        ]
        for key, old, new in pairs
    ]  # fmt: skip
    sql.insert(OwnerChange, COLUMNS, rows)
    for follower in _followers:
        follower(object_type, changeset, pairs)


def history(type_key: str, object_id: int) -> QuerySet[OwnerChange]:
    """The owner changes of one record, newest first; whether it may be seen is the caller's question."""
    found = OwnerChange.objects.filter(type_key=type_key, object_id=object_id)
    return found.select_related("old", "new").order_by("-pk")
