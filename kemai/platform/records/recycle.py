"""Into the recycle bin and out of it, for one record or a hundred thousand. What belongs to a record goes with it and
comes back with it, in the same change set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.db import models, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.platform import access, audit, events, query, search
from kemai.platform.access import Actor
from kemai.platform.fields import clauses
from kemai.platform.models import Change, ChangeSet
from kemai.platform.objects import ObjectType, all_types, get
from kemai.platform.records import computed, own, sql
from kemai.platform.records.bulk import chunks, span
from kemai.platform.records.errors import FieldErrors, Refused
from kemai.platform.records.single import integrity

CHUNK = 2000
ACTION = {True: "delete", False: "restore"}
DONE = {True: "deleted", False: "restored"}


def every(object_type: ObjectType) -> models.QuerySet[Any]:
    """All records of a type, the deleted ones too: the machinery's view, for nobody's eyes."""
    return object_type.records()


def child_types(object_type: ObjectType) -> list[ObjectType]:
    """The types whose records belong to a record of this one."""
    return [
        one
        for one in all_types()
        if one.parent
        and one.recycles
        and one.fields[one.parent].ref == object_type.key
        and one is not object_type
    ]


def children(child: ObjectType, parents: Sequence[int]) -> models.QuerySet[Any]:
    return every(child).filter(**{f"{child.fields[child.parent].path}__in": list(parents)})


def flip(
    object_type: ObjectType,
    ids: Sequence[int],
    *,
    gone: bool,
    changeset: ChangeSet,
    by: Actor,
    alone: bool = False,
) -> None:
    """Sets or clears the mark of deletion, in one statement a chunk, inside the caller's transaction: with log, search
    and event. `alone` names the record in the event (one record was meant)."""
    for chunk in chunks(ids, CHUNK):
        now = timezone.now()
        if not gone:
            check_free(object_type, chunk)
            check_restore(object_type, chunk, by)
        rows = object_type.records().filter(pk__in=chunk)
        rows.update(deleted_at=now if gone else None, updated_at=now, version=F("version") + 1)
        log(object_type, chunk, ACTION[gone], changeset)
        computed.flipped(object_type, chunk)
        if gone:
            search.remove(object_type.key, chunk)
        else:
            search.reindex(object_type.key, chunk)
        if alone:
            events.emit(f"{object_type.key}.{DONE[gone]}", object_type.key, chunk[0], changeset)
        else:
            events.emit(f"{object_type.key}.bulk_{DONE[gone]}", object_type.key, None, changeset, span(chunk))


def check_free(object_type: ObjectType, ids: Sequence[int]) -> None:
    """What must be unique of these records may have been given to another meanwhile. Raises FieldErrors."""
    specs = {spec.key: spec for several in own.unique_sets(object_type) for spec in several}
    if specs:
        rows = query.fetch(object_type.records().filter(pk__in=ids), object_type, list(specs.values()))
        own.check_unique(object_type, rows, [row["id"] for row in rows])


def check_restore(object_type: ObjectType, ids: Sequence[int], by: Actor) -> None:
    """Raises what the domain refuses with."""
    hook = object_type.hooks.check_restore
    if hook is not None:
        hook(list(object_type.records().filter(pk__in=list(ids))), by)


def log(object_type: ObjectType, ids: Sequence[int], action: str, changeset: ChangeSet) -> None:
    same = {"changeset_id": changeset.pk, "type_key": object_type.key, "action": action, "diff": None}
    sql.insert_same(Change, "object_id", ids, same)
    ChangeSet.objects.filter(pk=changeset.pk).update(count=F("count") + len(ids), sealed=None)


def family(object_type: ObjectType, ids: Sequence[int]) -> Iterator[tuple[ObjectType, list[int]]]:
    """What belongs to these records and is not deleted yet, by type, whatever depth."""
    for child in child_types(object_type):
        found = list(children(child, ids).filter(deleted_at=None).order_by("pk").values_list("pk", flat=True))
        if found:
            yield from family(child, found)
            yield child, found


def send(
    object_type: ObjectType, ids: Sequence[int], *, changeset: ChangeSet, by: Actor, alone: bool = False
) -> None:
    """To the bin, with everything that belongs to them."""
    for child, found in family(object_type, ids):
        check_delete(child, found, by)
        flip(child, found, gone=True, changeset=changeset, by=by)
    check_delete(object_type, ids, by)
    flip(object_type, ids, gone=True, changeset=changeset, by=by, alone=alone)


def check_delete(object_type: ObjectType, ids: Sequence[int], by: Actor) -> None:
    """Raises what the domain refuses with."""
    hook = object_type.hooks.check_delete
    if hook is not None:
        hook(list(object_type.records().filter(pk__in=list(ids))), by)


def delete(type_key: str, ids: Sequence[int], *, by: Actor, reason: str = "") -> ChangeSet:
    """To the recycle bin. Records that the actor may not delete make the whole act fail: nothing is half done."""
    object_type = get(type_key)
    wanted = set(ids)
    with transaction.atomic():
        found = set(
            access.scope(by, object_type, "delete").filter(pk__in=wanted).values_list("pk", flat=True)
        )
        if found != wanted:
            visible = access.scope(by, object_type).filter(pk__in=wanted).count()
            raise access.Denied if visible == len(wanted) else access.NotVisible
        changes = audit.open_set("delete", type_key, by=by, reason=reason)
        send(object_type, sorted(found), changeset=changes, by=by, alone=len(found) == 1)
    changes.refresh_from_db(fields=["count"])
    return changes


def restore(type_key: str, ids: Sequence[int], *, by: Actor, reason: str = "") -> ChangeSet:
    """Back from the recycle bin, with what went there together with them; a record that belongs to a deleted one brings
    that back as well. Raises Refused where its parent is not the actor's to restore, or the place has been taken."""
    object_type = get(type_key)
    access.require(by, object_type, "delete")
    with transaction.atomic(), integrity():
        changes = audit.open_set("restore", type_key, by=by, reason=reason)
        gone = access.binned(by, object_type).filter(pk__in=list(ids))
        try:
            bring_back(object_type, list(gone.order_by("pk").values_list("pk", flat=True)), changes, by)
        except FieldErrors as error:
            raise Refused("duplicate", clauses(error.errors.values())) from error
    changes.refresh_from_db(fields=["count"])
    return changes


def bring_back(object_type: ObjectType, ids: Sequence[int], changeset: ChangeSet, by: Actor) -> None:
    if not ids:
        return
    parents_first(object_type, ids, changeset, by)
    for chunk in chunks(ids, CHUNK):
        still = list(
            every(object_type).filter(pk__in=chunk).exclude(deleted_at=None).values_list("pk", flat=True)
        )
        if not still:
            continue
        together = dict(gone_together(object_type, still))
        flip(object_type, sorted(still), gone=False, changeset=changeset, by=by, alone=len(ids) == 1)
        for key, found in together.items():
            flip(get(key), found, gone=False, changeset=changeset, by=by)


def parents_first(object_type: ObjectType, ids: Sequence[int], changeset: ChangeSet, by: Actor) -> None:
    """Brings back deleted records that these belong to. Raises Refused."""
    missing = dead_parents(object_type, ids)
    if not missing:
        return
    parent = get(object_type.fields[object_type.parent].ref)
    mine = set(access.binned(by, parent).filter(pk__in=missing).values_list("pk", flat=True))
    if mine != missing:
        text = _("它所属的%(parent)s也已删除，而您没有权限恢复那条%(parent)s。请联系有权限的同事先恢复它。")
        raise Refused("parent_deleted", text % {"parent": parent.label})
    bring_back(parent, sorted(mine), changeset, by)


def dead_parents(object_type: ObjectType, ids: Sequence[int]) -> set[int]:
    """The deleted records that these belong to."""
    if not object_type.parent:
        return set()
    spec = object_type.fields[object_type.parent]
    if not get(spec.ref).recycles:
        return set()
    of = every(object_type).filter(pk__in=list(ids)).values_list(spec.value_path, flat=True)
    named = {key for key in of if key is not None}
    return set(
        every(get(spec.ref)).filter(pk__in=named).exclude(deleted_at=None).values_list("pk", flat=True)
    )


def gone_together(object_type: ObjectType, ids: Sequence[int]) -> Iterator[tuple[str, list[int]]]:
    """What went to the bin in the same act as these records and belongs to them: (type, ids), parents first."""
    deletions = Change.objects.filter(type_key=object_type.key, object_id__in=list(ids), action="delete")
    newest: dict[int, int] = dict(deletions.order_by("pk").values_list("object_id", "changeset_id"))
    for child in child_types(object_type):
        dead = children(child, ids).exclude(deleted_at=None).values_list("pk", flat=True)
        mine = Change.objects.filter(
            changeset__in=set(newest.values()), type_key=child.key, action="delete", object_id__in=dead
        )
        found = sorted(set(mine.values_list("object_id", flat=True)))
        if found:
            yield child.key, found
            yield from gone_together(child, found)
