"""Taking back a change set: what was edited later is kept and listed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from kemai.platform import access, audit, query
from kemai.platform.access import SYSTEM, Actor
from kemai.platform.models import Change, ChangeSet
from kemai.platform.objects import ObjectType, get
from kemai.platform.records import sql, tags
from kemai.platform.records.bulk import chunks, record_changes
from kemai.platform.records.errors import Refused
from kemai.platform.records.single import attributes, prepare, set_deleted

NO_CHANGE = frozenset({"export", "reveal"})
"""Kinds of change sets that note what somebody took out or looked at."""


@dataclass
class UndoReport:
    """`kept` are records that somebody changed afterwards: (object key, id, field or "")."""

    changeset: ChangeSet
    undone: int = 0
    kept: list[tuple[str, int, str]] = field(default_factory=list)


def undo(changeset_id: int, *, by: Actor, progress: Any = None, resume: bool = False) -> UndoReport:
    """The inverse of a change set, newest change first. `resume` goes on with an undo that was cut off (a job that is
    run again). Raises Refused when it was undone already, Denied when the actor neither made it nor may make mass
    changes, NotVisible when there is none."""
    with transaction.atomic():
        original = ChangeSet.objects.select_for_update().filter(pk=changeset_id).first()
        if original is None:
            raise access.NotVisible
        inverse = original.undone_by if resume else None
        going_on = inverse is not None
        if inverse is None:
            check_undoable(original, by)
            inverse = audit.open_set("undo", original.type_key, by=by, reason=f"undo {original.pk}")
            original.undone_by = inverse
            original.save()
    report = UndoReport(inverse)
    total = original.count
    for done, chunk in enumerate(chunks(newest_first(original), 1000)):
        with transaction.atomic():
            undo_chunk(outstanding(chunk, inverse) if going_on else chunk, original, report, by)
        if progress is not None:
            progress(min((done + 1) * 1000, total), total)
    return report


def outstanding(chunk: list[Change], inverse: ChangeSet) -> list[Change]:
    """The changes that an undo which was cut off had not come to."""
    keys = [change.object_id for change in chunk]
    seen = set(inverse.changes.filter(object_id__in=keys).values_list("type_key", "object_id"))
    return [change for change in chunk if (change.type_key, change.object_id) not in seen]


def check_undoable(changeset: ChangeSet, by: Actor) -> None:
    if changeset.undone_by_id is not None:
        raise Refused("undone", _("这次修改已经撤销过了"))
    if changeset.kind in NO_CHANGE:
        raise Refused("no_change", _("这不是一次修改，没有可以撤销的内容"))
    if changeset.kind == "run":
        raise Refused("derived", _("分析结果不能撤销，请调整参数后重新计算"))
    if changeset.kind == "reveal":
        raise Refused("nothing_to_undo", _("查看记录不能撤销"))
    mine = by.user_id is not None and changeset.actor_id == by.user_id
    if not (by.is_system or mine or access.may(by, changeset.type_key, "bulk")):
        raise access.Denied


def newest_first(changeset: ChangeSet) -> Iterator[Change]:
    last = None
    while True:
        batch = changeset.changes.order_by("-id")
        if last is not None:
            batch = batch.filter(pk__lt=last)
        rows = list(batch[:1000])
        if not rows:
            return
        yield from rows
        last = rows[-1].pk


def undo_chunk(chunk: list[Change], original: ChangeSet, report: UndoReport, by: Actor) -> None:
    by_type: dict[str, list[Change]] = {}
    for change in chunk:
        by_type.setdefault(change.type_key, []).append(change)
    for type_key, changes in by_type.items():
        object_type = get(type_key)
        undo_created([c for c in changes if c.action == "create"], object_type, report, by)
        undo_updates([c for c in changes if c.action == "update"], object_type, report, by)
        for action, deleted in (("delete", False), ("restore", True)):
            ids = [c.object_id for c in changes if c.action == action]
            if ids:
                flip(object_type, ids, deleted=deleted, report=report, by=by)


def flip(object_type: ObjectType, ids: list[int], *, deleted: bool, report: UndoReport, by: Actor) -> None:
    inner = set_deleted(object_type, ids, deleted=deleted, by=by, reason="", kind="undo")
    inner.changes.update(changeset=report.changeset)
    ChangeSet.objects.filter(pk=inner.pk).delete()
    count = ChangeSet.objects.get(pk=report.changeset.pk).count + len(ids)
    ChangeSet.objects.filter(pk=report.changeset.pk).update(count=count)
    report.undone += len(ids)


def undo_created(changes: list[Change], object_type: ObjectType, report: UndoReport, by: Actor) -> None:
    """Created records go to the recycle bin, unless somebody worked on them since."""
    if not changes:
        return
    touched = later_changes(object_type, changes)
    ids = []
    for change in changes:
        if change.object_id in touched:
            report.kept.append((object_type.key, change.object_id, ""))
        else:
            ids.append(change.object_id)
    if ids:
        flip(object_type, ids, deleted=True, report=report, by=by)


def later_changes(object_type: ObjectType, changes: list[Change]) -> set[int]:
    own = {change.object_id: change.pk for change in changes}
    newest = (
        Change.objects.filter(type_key=object_type.key, object_id__in=list(own))
        .values("object_id")
        .annotate(newest=Max("pk"))
        .values_list("object_id", "newest")
    )
    mine = changes[0].changeset_id
    moved = [key for key, newest_pk in newest if newest_pk > own[key]]
    foreign = Change.objects.filter(type_key=object_type.key, object_id__in=moved).exclude(changeset=mine)
    foreign = foreign.exclude(action="reveal")  # who only looked at something did not work on it
    return {key for key, pk in foreign.values_list("object_id", "pk") if pk > own[key]}


def undo_updates(changes: list[Change], object_type: ObjectType, report: UndoReport, by: Actor) -> None:
    """Fields get their old value back where they still have the one that the change set gave them."""
    if not changes:
        return
    names = {name for change in changes for name in change.diff or {} if name in object_type.fields}
    specs = [object_type.fields[name] for name in names if name != "tags"]
    rows = query.fetch(
        object_type.model._default_manager.filter(pk__in=[c.object_id for c in changes]), object_type, specs
    )
    now = {row["id"]: row for row in rows}
    inverse: list[tuple[int, str, audit.Diff | None]] = []
    for change in changes:
        diff = undo_one(change, object_type, now.get(change.object_id, {}), report, by)
        if diff:
            inverse.append((change.object_id, "update", diff))
            write_back(object_type, change.object_id, diff)
    record_changes(object_type, report.changeset, inverse)
    report.undone += len(inverse)


def undo_one(
    change: Change, object_type: ObjectType, row: query.Row, report: UndoReport, by: Actor
) -> audit.Diff:
    diff: audit.Diff = {}
    for name, (old, new) in (change.diff or {}).items():
        if name == "tags":
            diff |= tags.set_tags(object_type, change.object_id, old, by=by)
            continue
        spec = object_type.fields.get(name)
        if spec is None:
            continue
        if audit.plain(spec, row.get(name)) != new:
            report.kept.append((object_type.key, change.object_id, name))
            continue
        diff[name] = [new, old]
        row[name] = spec.type.parse(old, spec)
    return diff


def write_back(object_type: ObjectType, key: int, diff: audit.Diff) -> None:
    specs = object_type.fields
    values = {n: specs[n].type.parse(old, specs[n]) for n, (_new, old) in diff.items() if n != "tags"}
    if not values:
        return
    existing = object_type.model._default_manager.get(pk=key)
    prepare(object_type, values, existing, SYSTEM)
    touched = attributes(object_type, values)
    sql.update(object_type.model, list(touched), [[*touched.values(), key]])


def undoable(changesets: Iterable[ChangeSet], by: Actor) -> list[ChangeSet]:
    """Those that the actor could take back now."""
    found = []
    for changeset in changesets:
        try:
            check_undoable(changeset, by)
        except (Refused, access.Denied):
            continue
        found.append(changeset)
    return found
