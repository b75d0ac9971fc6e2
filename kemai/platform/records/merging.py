"""Making one of several records, and several of one again.

Nothing is lost: what pointed to the others points to the one that is kept, what cannot stand twice is put aside, the
others' addresses, numbers and names lead to the one, and for thirty days `unmerge` puts every row back where it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.platform import access, audit, events, search
from kemai.platform.access import SYSTEM, Actor
from kemai.platform.fields import FieldSpec
from kemai.platform.models import Alias, Change, ChangeSet, Merge
from kemai.platform.objects import ObjectType, by_model, get
from kemai.platform.records import computed, moving, owners, recycle, tags
from kemai.platform.records.errors import FieldErrors, Refused
from kemai.platform.records.pointers import pointers
from kemai.platform.records.single import (
    assign,
    current,
    current_value,
    integrity,
    reindex,
    search_kinds,
    unfitting,
)
from kemai.platform.records.undo import Inverse, UndoReport, register_inverse
from kemai.platform.records.undo_plan import Kept
from kemai.platform.records.values import Values

MOST = 20
"""Records that can be made one in one act."""
KEEP_DAYS = 30
CONFIRMED = ("verified", "valid")


@dataclass(frozen=True)
class Proposal:
    """For each field whose records differ: whose value is best, by key."""

    best: Mapping[str, int]
    differing: Sequence[str]


def mergeable(object_type: ObjectType) -> bool:
    """Records that can be put into the recycle bin can be merged."""
    return object_type.recycles and object_type.creatable and not object_type.administered


def locked(
    object_type: ObjectType, ids: Sequence[int], by: Actor, versions: Mapping[int, int]
) -> dict[int, Any]:
    """The records, for this transaction. Raises NotVisible and Refused."""
    if not mergeable(object_type):
        raise Refused("not_mergeable", _("%(type)s不能合并") % {"type": object_type.label})
    if len(set(ids)) != len(ids):
        raise Refused("merge_self", _("不能把一条记录和它自己合并，请选择两条不同的记录"))
    if not 2 <= len(ids) <= MOST:
        raise Refused("merge_count", _("一次可以合并 2 到 %(most)s 条记录") % {"most": MOST})
    rows = access.scope(by, object_type, "edit").select_for_update(of=("self",)).filter(pk__in=ids)
    found = {obj.pk: obj for obj in rows}
    missing = [key for key in ids if key not in found]
    if missing:
        refuse_missing(object_type, missing, by)
    for key, version in versions.items():
        if key in found and found[key].version != version:
            raise Refused("conflict", _("记录在您核对之后又被修改了，请重新核对再合并"))
    return found


def refuse_missing(object_type: ObjectType, missing: Sequence[int], by: Actor) -> None:
    """Says why a record cannot be had, as far as the actor may know."""
    seen = set(access.scope(by, object_type).filter(pk__in=missing).values_list("pk", flat=True))
    for key in missing:
        if key in seen:
            raise Refused("not_editable", not_editable_text())
        survivor = survivor_of(object_type.key, key)
        if survivor is not None and access.scope(by, object_type).filter(pk=survivor).exists():
            raise Refused("merged_already", _("其中一条已经合并到别的记录了，请刷新页面"))
    raise access.NotVisible


def not_editable_text() -> str:
    return _("其中有您不能修改的记录：别人负责的，请负责人转给您或由他来合并；公海里的，请先领取")


def survivor_of(type_key: str, key: int) -> int | None:
    """The record that this one became, through any number of merges; None where it was never merged."""
    found, seen = None, {key}
    while True:
        step = Alias.objects.filter(type_key=type_key, old_id=key).values_list("keep_id", flat=True).first()
        if step is None or step in seen:
            return found
        found = key = step
        seen.add(step)


def propose(object_type: ObjectType, objects: Sequence[Any], keys: Sequence[str] | None = None) -> Proposal:
    """A confirmed record's values before others', the latest verified first, then the fuller one, then the newer.
    `objects[0]` is the one kept: on a tie it stays as it is."""
    best: dict[str, int] = {}
    differing: list[str] = []
    for spec in mergeable_fields(object_type):
        if keys is not None and spec.key not in keys:
            continue
        values = [current_value(object_type, obj, spec) for obj in objects]
        plain = [audit.plain(spec, value) for value in values]
        filled = [place for place, value in enumerate(values) if not spec.type.is_empty(value)]
        if len({repr(one) for one in plain}) > 1:
            differing.append(spec.key)
        if filled:
            place = max(filled, key=lambda p: (*rank(objects[p], values[p]), p == 0))
            best[spec.key] = objects[place].pk
    return Proposal(best, differing)


def rank(obj: Any, value: Any) -> tuple[int, float, int, Any]:
    confirmed = getattr(obj, "validity", "") in CONFIRMED
    verified_at = getattr(obj, "verified_at", None)
    fuller = len(value) if isinstance(value, str) else 0
    return int(confirmed), verified_at.timestamp() if verified_at is not None else 0.0, fuller, obj.updated_at


def mergeable_fields(object_type: ObjectType) -> list[FieldSpec]:
    """Fields whose value one chooses; tags are put together, numbers stay, parents and derived values follow."""
    numbered = object_type.numbering.field if object_type.numbering else ""
    return [
        spec
        for spec in object_type.fields.values()
        if not (spec.readonly or spec.compute or spec.part or spec.type.key in {"tags", "computed"})
        and spec.key not in {numbered, "owner"}
        and spec.key != object_type.parent
    ]


def moves_of(object_type: ObjectType, gone: Sequence[int]) -> list[tuple[str, int]]:
    """What would move, by what it is called, with its number."""
    found: dict[str, int] = {}
    for pointer in pointers(object_type):
        label = label_of(pointer.model)
        number = sum(pointer.rows(object_type.key, key).count() for key in gone) if label else 0
        if number:
            found[label] = found.get(label, 0) + number
    return list(found.items())


def label_of(model: type[models.Model]) -> str:
    """The name of a kind of row; "" for what people know nothing of."""
    known = by_model(model)
    if known is not None:
        return str(known.label)
    name = str(model._meta.verbose_name)
    return "" if name.isascii() else name


def merge(
    type_key: str,
    keep: int,
    gone: Sequence[int],
    choices: Mapping[str, int] | None = None,
    *,
    by: Actor,
    versions: Mapping[int, int] | None = None,
    reason: str = "",
) -> ChangeSet:
    """Makes one record of several: `keep` stays, `choices` says for a field whose value it takes (else the proposal's).

    Raises access.NotVisible and Refused: merge_self, merge_count, not_editable, merged_already, conflict, unfitting,
    and what the domain says (a person is no company)."""
    object_type = get(type_key)
    with transaction.atomic(), integrity():
        found = locked(object_type, [keep, *gone], by, versions or {})
        kept, others = found[keep], [found[key] for key in gone]
        if object_type.hooks.check_merge is not None:
            object_type.hooks.check_merge(kept, others, by)
        check_parents(object_type, kept, others)
        values = chosen(object_type, kept, others, choices or {}, by) | heir(object_type, kept, others)
        check_fitting(object_type, kept, values)
        changes = audit.open_set("merge", type_key, by=by, reason=reason, count=1 + len(others))
        log = Merge(
            changeset=changes, type_key=type_key, keep_id=keep, gone_ids=list(gone), at=timezone.now()
        )
        before = moving.parts_of(object_type, keep)
        tagged = tags.names_of(type_key, keep)
        log.moved = {str(obj.pk): moving.move(object_type, obj.pk, keep) for obj in others}
        check_apart(log.moved)
        retire(object_type, others)
        diff = take_over(object_type, kept, values)
        owners.note(object_type, changes, {keep: diff}, by=by)
        now_tagged = tags.names_of(type_key, keep)
        if now_tagged != tagged:
            diff["tags"] = [tagged, now_tagged]
        log.save()
        keep_names(object_type, kept, others, log)
        if object_type.hooks.merged is not None:
            made = object_type.hooks.merged(kept, others, by)
            log.made = moving.listed(made)
        log.kept = {"fields": diff, "parts": moving.pairs(before, moving.parts_of(object_type, keep))}
        log.save()
        record(object_type, changes, keep, diff, gone)
        computed.gathered(object_type, [keep, *gone], {keep: diff})
        kept.refresh_from_db(fields=["extra"])
        reindex(object_type, kept)
        events.emit(f"{type_key}.merged", type_key, keep, changes, {"gone": list(gone)})
    return changes


def check_apart(moved: Mapping[str, Sequence[moving.Move]]) -> None:
    """What moved must not become a second record where only one may be: two machines of one customer with the same
    type plate. They were two customers' before. Raises Refused."""
    for holder, ids in moving.holders(moved):
        if not any(
            key in holder.fields and holder.fields[key].refers
            for keys in holder.unique_together
            for key in keys
        ):
            continue
        living = holder.records().filter(pk__in=ids)
        if holder.recycles:
            living = living.filter(deleted_at=None)
        try:
            recycle.check_free(holder, list(living.values_list("pk", flat=True)))
        except FieldErrors as error:
            why = {"type": holder.label, "why": "；".join(error.errors.values())}
            raise Refused(
                "moved_doubles", _("不能合并：合并后会有两条相同的%(type)s（%(why)s）。请先处理它们") % why
            ) from error


def check_parents(object_type: ObjectType, kept: Any, others: Sequence[Any]) -> None:
    """Records that belong to another stay where they are: contacts of two customers are two contacts."""
    if not object_type.parent:
        return
    spec = object_type.fields[object_type.parent]
    mine = current_value(object_type, kept, spec)
    if any(current_value(object_type, other, spec) != mine for other in others):
        parent = get(object_type.fields[object_type.parent].ref).label
        raise Refused("other_parent", _("它们属于不同的%(parent)s，请先合并%(parent)s") % {"parent": parent})


def chosen(
    object_type: ObjectType, kept: Any, others: Sequence[Any], choices: Mapping[str, int], by: Actor
) -> Values:
    """The values that the surviving record takes from the others."""
    objects = {obj.pk: obj for obj in (kept, *others)}
    allowed = {spec.key: spec for spec in mergeable_fields(object_type)}
    levels = access.field_levels(by, object_type, revealed=True)
    shut = access.locked(by, object_type, [kept.pk])
    levels |= {name: "read" for name in shut if levels[name] == "edit"}
    for key, source in choices.items():
        if key not in allowed or levels.get(key) != "edit" or source not in objects:
            raise Refused("bad_choice", _("合并的选择已经失效，请刷新页面后重新选择"))
    proposal = propose(object_type, list(objects.values()))
    wanted = {**proposal.best, **choices}
    return {
        key: current_value(object_type, objects[source], allowed[key])
        for key, source in wanted.items()
        if key in allowed and source != kept.pk
    }


def check_fitting(object_type: ObjectType, kept: Any, values: Values) -> None:
    """Values of several records may not go together: a state without the reason that it asks for. Raises Refused."""
    old = current(object_type, kept, values)
    problems = unfitting(object_type, kept, {key: one for key, one in values.items() if one != old[key]})
    if problems:
        raise Refused(
            "unfitting",
            _("不能合并：选出的值合在一起不行（%(why)s）。请为其中的字段另选一个值")
            % {"why": "；".join(problems.values())},
        )


def heir(object_type: ObjectType, kept: Any, others: Sequence[Any]) -> Values:
    """A record that nobody has (it lies in a pool) goes to whoever has one of the others: a merge takes no customer
    away from anybody."""
    if not object_type.has_owner or kept.owner_id is not None:
        return {}
    spec = object_type.fields["owner"]
    found = next((other for other in others if other.owner_id is not None), None)
    return {} if found is None else {"owner": current_value(object_type, found, spec)}


def take_over(object_type: ObjectType, kept: Any, values: Values) -> audit.Diff:
    old = current(object_type, kept, values)
    diff = audit.diff_of(object_type.fields, old, values)
    hook = object_type.hooks.prepare
    touched = {key: values[key] for key in diff}
    if touched and hook is not None:
        hook(touched, kept, SYSTEM)
        known = {key: value for key, value in touched.items() if key in object_type.fields}
        diff = audit.diff_of(object_type.fields, current(object_type, kept, known), known)
    assign(object_type, kept, touched)
    kept.version += 1
    kept.updated_at = timezone.now()
    kept.save()
    return diff


def retire(object_type: ObjectType, others: Sequence[Any]) -> None:
    now = timezone.now()
    rows = object_type.records().filter(pk__in=[obj.pk for obj in others])
    rows.update(deleted_at=now, updated_at=now, version=models.F("version") + 1)
    for obj in others:
        search.remove(object_type.key, obj.pk)


def keep_names(object_type: ObjectType, kept: Any, others: Sequence[Any], log: Merge) -> None:
    for obj in others:
        words = [
            [kind, str(value)]
            for key, kind in search_kinds(object_type)
            if (value := current_value(object_type, obj, object_type.fields[key])) not in (None, "")
        ]
        earlier = Alias.objects.filter(type_key=object_type.key, keep_id=obj.pk).values_list(
            "words", flat=True
        )
        words += [pair for before in earlier for pair in before]
        Alias.objects.create(type_key=object_type.key, old_id=obj.pk, keep_id=kept.pk, merge=log, words=words)


def record(
    object_type: ObjectType, changes: ChangeSet, keep: int, diff: audit.Diff, gone: Sequence[int]
) -> None:
    rows = [
        Change(
            changeset=changes, type_key=object_type.key, object_id=keep, action="update", diff=diff or None
        )
    ]
    rows += [
        Change(changeset=changes, type_key=object_type.key, object_id=key, action="delete") for key in gone
    ]
    Change.objects.bulk_create(rows)


# --- several again -----------------------------------------------------------------------------------------------


def check_partable(changeset: ChangeSet, by: Actor) -> None:
    """Raises Refused, NotVisible, Denied."""
    log = Merge.objects.get(changeset=changeset)
    if timezone.now() - log.at > timedelta(days=KEEP_DAYS):
        raise Refused("too_late", _("合并超过 %(days)s 天，不能再撤销了") % {"days": KEEP_DAYS})
    if survivor_of(log.type_key, log.keep_id) is not None:
        raise Refused("merged_on", _("合并后的记录又合并到了别的记录，请先撤销那一次合并"))
    access.one(by, log.type_key, log.keep_id, "edit")


def preview_part(changeset: ChangeSet, by: Actor) -> UndoReport:
    """How many records would be several again, and which fields somebody has changed since."""
    log = Merge.objects.get(changeset=changeset)
    object_type = get(log.type_key)
    kept = object_type.records().get(pk=log.keep_id)
    report = UndoReport(changeset, 1 + len(log.gone_ids))
    for name, (_old, new) in log.kept["fields"].items():
        spec = object_type.fields.get(name)
        if (
            spec is not None
            and name != "tags"
            and audit.plain(spec, current_value(object_type, kept, spec)) != new
        ):
            report.kept.append(Kept(object_type.key, kept.pk, name, "field"))
    report.kept_count = len(report.kept)
    return report


def part_all(changeset: ChangeSet, inverse: ChangeSet, by: Actor, progress: object) -> UndoReport:
    with transaction.atomic():
        count, kept = part(changeset, inverse, by)
        report = UndoReport(inverse, count, kept, len(kept))
        ChangeSet.objects.filter(pk=inverse.pk).update(outcome=report.outcome(0))
    return report


def part(changeset: ChangeSet, inverse: ChangeSet, by: Actor) -> tuple[int, list[Kept]]:
    """The inverse of a merge, inside the caller's transaction: (records brought back, what was kept as it is now)."""
    log = Merge.objects.select_for_update().get(changeset=changeset)
    object_type = get(log.type_key)
    kept = object_type.records().select_for_update().get(pk=log.keep_id)
    report: list[Kept] = []
    moving.unmake(log.made)
    log.aliases.all().delete()
    others = list(object_type.records().filter(pk__in=log.gone_ids))
    now = timezone.now()
    parts = moving.untouched(object_type, log.keep_id, log.kept["parts"])
    diff = give_back(object_type, kept, log.kept["fields"], report)
    owners.note(object_type, inverse, {log.keep_id: diff}, by=by)
    with integrity():
        object_type.records().filter(pk__in=log.gone_ids).update(
            deleted_at=None, updated_at=now, version=models.F("version") + 1
        )
        for key in reversed(
            log.gone_ids
        ):  # what was put aside for the sake of an earlier one comes back after it
            report += moving.move_back(log.moved[str(key)], key, log.keep_id)
    try:
        recycle.check_free(object_type, [log.keep_id, *log.gone_ids])
    except FieldErrors as error:
        raise Refused(
            "taken", _("不能撤销合并：%(why)s") % {"why": "；".join(error.errors.values())}
        ) from error
    moving.restore_parts(object_type, log.keep_id, parts)
    log.undone_at = now
    log.save()
    rows = [
        Change(
            changeset=inverse, type_key=log.type_key, object_id=kept.pk, action="update", diff=diff or None
        )
    ]
    rows += [
        Change(changeset=inverse, type_key=log.type_key, object_id=obj.pk, action="restore") for obj in others
    ]
    Change.objects.bulk_create(rows)
    ChangeSet.objects.filter(pk=inverse.pk).update(count=len(rows))
    computed.gathered(object_type, [log.keep_id, *log.gone_ids], {kept.pk: diff})
    for obj in (kept, *others):
        obj.refresh_from_db()
        reindex(object_type, obj)
    if object_type.hooks.parted is not None:
        object_type.hooks.parted([kept, *others], by)
    events.emit(f"{log.type_key}.parted", log.type_key, kept.pk, inverse, {"gone": list(log.gone_ids)})
    return len(rows), report


def give_back(object_type: ObjectType, kept: Any, fields: audit.Diff, report: list[Kept]) -> audit.Diff:
    """The survivor's own values, but for what somebody has changed since."""
    diff: audit.Diff = {}
    values: Values = {}
    for name, (old, new) in fields.items():
        spec = object_type.fields.get(name)
        if spec is None or name == "tags":
            continue
        if audit.plain(spec, current_value(object_type, kept, spec)) != new:
            report.append(Kept(object_type.key, kept.pk, name, "field"))
            continue
        diff[name] = [new, old]
        values[name] = spec.type.parse(old, spec)
    hook = object_type.hooks.prepare
    if values and hook is not None:
        hook(values, kept, SYSTEM)
    assign(object_type, kept, values)
    kept.version += 1
    kept.updated_at = timezone.now()
    kept.save()
    return diff


register_inverse("merge", Inverse(preview_part, part_all, check_partable))
