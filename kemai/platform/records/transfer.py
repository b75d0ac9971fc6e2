"""Giving records to another owner, with what goes along. One change set, in chunks; the owner's history follows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from kemai.platform import access, audit
from kemai.platform.access import Actor
from kemai.platform.fields import Ref
from kemai.platform.models import ChangeSet
from kemai.platform.objects import ObjectType, get
from kemai.platform.records.belongings import Belonging, belonging, companions
from kemai.platform.records.bulk import chunks
from kemai.platform.records.recycle import every
from kemai.platform.records.values import check_references, check_required, parse_values

CHUNK = 2000
Report = Callable[[int, int], object]


def transfer(
    type_key: str,
    records: QuerySet[Any],
    to: object,
    *,
    by: Actor,
    reason: str = "",
    rule: str = "",
    along: Collection[str] = (),
    progress: Report | None = None,
) -> ChangeSet:
    """To `to` (a user's key; empty for nobody), as far as the actor may edit the records. `along` names the types of
    what goes with them: that which the old owner had. Raises access.Denied, FieldErrors."""
    object_type = get(type_key)
    values = parse_values(object_type, {"owner": to}, by=by)
    check_required(object_type, values)
    check_references(object_type, values, by=by)
    owner = values.get("owner")
    mine = access.scope(by, object_type, "edit").filter(pk__in=records.order_by().values("pk"))
    keys = list(mine.order_by("pk").values_list("pk", flat=True))
    changes = audit.open_set("transfer", type_key, by=by, reason=reason, rule=rule)
    wanted = [one for one in companions(object_type) if one[0].type_key in along]
    for done, chunk in enumerate(chunks(keys, CHUNK)):
        with transaction.atomic():
            before = owners_of(object_type, chunk)
            belonging(object_type).put(dict.fromkeys(chunk, owner), by=by, changes=changes)
            for one, about in wanted:
                take_along(one, about, before, owner, by=by, changes=changes)
        if progress is not None:
            progress(min((done + 1) * CHUNK, len(keys)), len(keys))
    changes.refresh_from_db(fields=["count"])
    return changes


def owners_of(object_type: ObjectType, ids: Sequence[int]) -> dict[int, list[int]]:
    """The records by their owner."""
    found: dict[int, list[int]] = {}
    rows = every(object_type).filter(pk__in=list(ids)).exclude(owner=None)
    for key, owner in rows.values_list("pk", "owner"):
        found.setdefault(owner, []).append(key)
    return found


def take_along(
    one: Belonging,
    about: Callable[[Sequence[int]], Any],
    before: Mapping[int, Sequence[int]],
    owner: Ref | None,
    *,
    by: Actor,
    changes: ChangeSet,
) -> None:
    """What each old owner had about his records, as far as the actor may edit it."""
    for old, ids in before.items():
        editable = access.scope(by, one.type, "edit").filter(
            pk__in=one.of(old).filter(about(ids)).values("pk")
        )
        keys = list(editable.order_by("pk").values_list("pk", flat=True))
        for chunk in chunks(keys, CHUNK):
            one.put(dict.fromkeys(chunk, owner), by=by, changes=changes)


def counts_along(object_type: ObjectType, ids: Sequence[int], *, by: Actor) -> list[tuple[Belonging, int]]:
    """What could go along with these records, with how many there are for the actor to give."""
    before = owners_of(object_type, ids)
    found = []
    for one, about in companions(object_type):
        count = sum(
            access.scope(by, one.type, "edit")
            .filter(pk__in=one.of(old).filter(about(keys)).values("pk"))
            .count()
            for old, keys in before.items()
        )
        found.append((one, count))
    return [(one, count) for one, count in found if count]
