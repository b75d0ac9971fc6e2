"""Many records at once: imports, bulk edits, the demo company. Set-based, in chunks, one change set."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from django.db import models, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.platform import access, audit, events, query
from kemai.platform.access import Actor
from kemai.platform.fields import FieldSpec, FieldType, Ref
from kemai.platform.models import Change, ChangeSet
from kemai.platform.objects import ObjectType, get
from kemai.platform.objects.types import part_model
from kemai.platform.records import computed, guard, numbers, own, owners, sql
from kemai.platform.records.conditional import Conditional
from kemai.platform.records.errors import FieldErrors
from kemai.platform.records.single import attributes, prepare_all, spare
from kemai.platform.records.tags import tag_many
from kemai.platform.records.values import (
    Values,
    check_references,
    check_required,
    complete,
    parse_values,
    visible,
)

T = TypeVar("T")
CHUNK = 5000
CHANGE_COLUMNS = ("changeset_id", "type_key", "object_id", "action", "diff")


def bulk_create(
    type_key: str,
    rows: Iterable[Mapping[str, object]],
    *,
    by: Actor,
    reason: str = "",
    changeset: ChangeSet | None = None,
    parsed: bool = False,
    kind: str = "bulk",
) -> list[int]:
    """New records; returns their keys in the order of the rows. Each chunk is one transaction unless the caller holds
    one; all chunks are one change set. `parsed` says that the values are already in Python form and checked (an
    import has told the person about each bad row); references are checked in any case. The system may give
    "created_at" (history that is older than this database).

    Raises FieldErrors for the first bad row of a chunk; nothing of that chunk is stored."""
    object_type = get(type_key)
    access.require(by, object_type, "create")
    changeset = changeset or audit.open_set(kind, type_key, by=by, reason=reason)
    keys: list[int] = []
    for chunk in chunks(rows):
        with transaction.atomic():
            keys += create_chunk(object_type, chunk, by=by, changeset=changeset, parsed=parsed)
    return keys


def create_chunk(
    object_type: ObjectType,
    rows: Sequence[Mapping[str, object]],
    *,
    by: Actor,
    changeset: ChangeSet,
    parsed: bool,
    prepared: bool = False,
) -> list[int]:
    """One chunk inside the caller's transaction. `prepared` rows have been through everything that `checked` does
    (an import tells the person about each row itself), all name the same fields, and are not used again."""
    if not rows:
        return []
    now = timezone.now()
    given = [row.get("created_at") if by.is_system else None for row in rows]
    values: list[Values] = list(rows) if prepared else checked(object_type, rows, by=by, parsed=parsed)  # type: ignore[arg-type]
    names = [one.pop("tags", None) for one in values]
    give_numbers(object_type, values)
    computed.fill(object_type, values)
    keys = list(sql.new_ids(object_type.model, len(rows)))
    layout = column_layout(object_type, values[0])
    pack = own.packer(object_type, values)
    extra = ["extra"] if pack is not None else []
    stamps = ("id", "created_at", "updated_at", "created_by_id", "version")
    unnamed = other_columns(object_type, {*stamps, *extra, *(name for name, _key, _store in layout)})
    sql.insert(
        object_type.model,
        [*stamps, *extra, *unnamed, *(name for name, _key, _store in layout)],
        (
            [
                key, at or now, now, by.user_id, 1, *([] if pack is None else [pack(one)]), *unnamed.values(),
                *[one[k] if store is None else store(one[k]) for _name, k, store in layout],
            ]
            for key, at, one in zip(keys, given, values, strict=True)
        ),
    )  # fmt: skip
    insert_parts(object_type, keys)
    guard.check_placed(object_type, keys, by=by)
    record_created(object_type, changeset, keys)
    tag_chunk(object_type, keys, names, by=by)
    computed.created(object_type, keys)
    events.emit(f"{object_type.key}.bulk_created", object_type.key, None, changeset, span(keys))
    return keys


def checked(
    object_type: ObjectType, rows: Sequence[Mapping[str, object]], *, by: Actor, parsed: bool
) -> list[Values]:
    """The rows as they may be stored. Raises FieldErrors for the first bad one."""
    defaults: Values = {}
    complete(object_type, defaults)
    values = [new_values(object_type, row, defaults, by=by, parsed=parsed) for row in rows]
    conditional = Conditional.of(object_type)
    if conditional is not None:
        for one in values:
            conditional.check(one)
    check_many_references(object_type, values, by=by)
    own.check_unique(object_type, values, [None] * len(values))
    prepare_all(object_type, values, [None] * len(values), by)
    return values


def column_layout(object_type: ObjectType, sample: Values) -> list[tuple[str, str, sql.Convert | None]]:
    """(attribute, key of the values, what turns the value into the attribute's) for rows like this one:
    `single.attributes`, worked out once for many rows."""
    found: list[tuple[str, str, sql.Convert | None]] = []
    for key in sample:
        spec = object_type.fields.get(key)
        if spec is None:
            found.append((key, key, None))
        elif spec.own is not None:
            continue  # own.packer
        elif spec.refers:
            found.append((spec.value_path, key, spec.type.store))
        elif not (spec.compute or spec.part or key in {"tags", "created_at"}):
            plain = type(spec.type).store is FieldType.store
            found.append((spec.path, key, None if plain else spec.type.store))
    return found


def other_columns(object_type: ObjectType, given: set[str]) -> dict[str, Any]:
    """Columns that are no fields and that nobody gave: what the model says they begin with."""
    return {
        column.attname: column.get_default()
        for column in object_type.model._meta.concrete_fields
        if column.attname not in given and not column.null and column.has_default()
    }


def typed(object_type: ObjectType, fields: Mapping[str, object], by: Actor) -> Values:
    return parse_values(object_type, fields, by=by, levels=access.levels_on(by, object_type, None))


def new_values(
    object_type: ObjectType, row: Mapping[str, object], defaults: Values, *, by: Actor, parsed: bool
) -> Values:
    fields = {key: value for key, value in row.items() if key != "created_at"}
    values = {**defaults, **(fields if parsed else typed(object_type, fields, by))}
    computed.give_defaults(object_type, [values])
    check_required(object_type, values, whole=True)
    return values


def span(keys: Sequence[int]) -> dict[str, int]:
    """What a handler needs to find the chunk's records again without reading the whole change set."""
    return {"first": min(keys), "last": max(keys), "count": len(keys)} if keys else {"count": 0}


def check_many_references(object_type: ObjectType, values: Sequence[Values], *, by: Actor) -> None:
    """One query per reference field instead of one per row."""
    refuse_files(object_type, values)
    wanted: dict[str, set[int]] = defaultdict(set)
    for one in values:
        for key, value in one.items():
            if isinstance(value, Ref):
                wanted[key].add(value.id)
            elif isinstance(value, list) and value and isinstance(value[0], Ref):
                wanted[key].update(ref.id for ref in value)
    for key, ids in wanted.items():
        spec = object_type.fields[key]
        if not (spec.ref or spec.refs or spec.type.key == "user"):
            continue
        missing = ids - visible(spec, ids, by=by)
        if missing:
            raise FieldErrors({key: _("选择的%(field)s不存在，或您看不到它") % {"field": spec.label}})


def refuse_files(object_type: ObjectType, values: Sequence[Values]) -> None:
    """A file belongs to one record: mass changes may only take it away."""
    for spec in object_type.fields.values():
        holds = spec.own is not None and spec.type.key in {"file", "image"}
        if holds and any(one.get(spec.key) is not None for one in values):
            raise FieldErrors({spec.key: _("文件不能批量填写，请在每条记录里上传")})


def give_numbers(object_type: ObjectType, values: Sequence[Values]) -> None:
    for given in own.numberings(object_type):
        taken = numbers.take(given, f"{object_type.key}.{given.field}", len(values))
        for one, number in zip(values, taken, strict=True):
            one[given.field] = number
    numbering = object_type.numbering
    if numbering is None:
        return
    bare = [one for one in values if not one.get(numbering.field)]
    if bare:
        for one, number in zip(bare, numbers.take(numbering, object_type.key, len(bare)), strict=True):
            one[numbering.field] = number


def insert_parts(object_type: ObjectType, keys: Sequence[int]) -> None:
    for part in object_type.parts:
        model = part_model(object_type.model, part)
        columns = [column for column in model._meta.concrete_fields if not column.primary_key]
        defaults = {c.attname: c.get_default() if c.has_default() else None for c in columns}
        sql.insert_same(model, model._meta.pk.attname, keys, defaults)


def record_created(object_type: ObjectType, changeset: ChangeSet, keys: Sequence[int]) -> None:
    same = {"changeset_id": changeset.pk, "type_key": object_type.key, "action": "create", "diff": None}
    sql.insert_same(Change, "object_id", keys, same)
    ChangeSet.objects.filter(pk=changeset.pk).update(count=F("count") + len(keys), sealed=None)


def record_changes(
    object_type: ObjectType, changeset: ChangeSet, changes: Iterable[tuple[int, str, audit.Diff | None]]
) -> None:
    rows = [[changeset.pk, object_type.key, key, action, diff] for key, action, diff in changes]
    sql.insert(Change, CHANGE_COLUMNS, rows)
    ChangeSet.objects.filter(pk=changeset.pk).update(count=F("count") + len(rows), sealed=None)


def tag_chunk(
    object_type: ObjectType, keys: Sequence[int], names: Sequence[Sequence[str] | None], *, by: Actor
) -> None:
    rows = [
        {"object_id": key, "tag": tag} for key, tags in zip(keys, names, strict=True) for tag in tags or ()
    ]
    if rows:
        tag_many(object_type.key, rows, by=by, source="import" if by.source == "import" else "manual")


def bulk_update(
    type_key: str,
    values: Mapping[int, Mapping[str, object]],
    *,
    by: Actor,
    reason: str = "",
    changeset: ChangeSet | None = None,
    parsed: bool = False,
    kind: str = "bulk",
) -> ChangeSet:
    """Changes of many records: {key: {field: value}}. Records that stay as they were are not touched. Keys that the
    actor may not edit make their chunk fail with NotVisible. Raises FieldErrors as well."""
    object_type = get(type_key)
    access.require(by, object_type, "edit")
    changeset = changeset or audit.open_set(kind, type_key, by=by, reason=reason)
    for chunk in chunks(values.items()):
        with transaction.atomic():
            update_chunk(object_type, dict(chunk), by=by, changeset=changeset, parsed=parsed)
    return changeset


def update_chunk(
    object_type: ObjectType,
    values: Mapping[int, Mapping[str, object]],
    *,
    by: Actor,
    changeset: ChangeSet,
    parsed: bool,
) -> int:
    """One chunk inside the caller's transaction; returns how many records changed."""
    keys = list(values)
    editable = set(access.scope(by, object_type, "edit").filter(pk__in=keys).values_list("pk", flat=True))
    if len(editable) != len(keys):
        raise access.NotVisible
    wanted = {
        key: dict(one) if parsed else parse_values(object_type, one, by=by) for key, one in values.items()
    }
    for one in wanted.values():
        check_required(object_type, one)
    check_many_references(object_type, list(wanted.values()), by=by)
    hooks = object_type.hooks
    objects = object_type.records().in_bulk(keys) if hooks.prepare or hooks.check or hooks.spare else {}
    spare(object_type, list(wanted.values()), [objects.get(key) for key in wanted], changeset, by=by)
    check_conditions(object_type, wanted)
    check_unique_changes(object_type, wanted)
    prepare_all(object_type, list(wanted.values()), [objects.get(key) for key in wanted], by)
    changes = differences(object_type, wanted)
    guard.check_transfer(object_type, [key for key, diff in changes.items() if "owner" in diff], by=by)
    apply_changes(object_type, wanted, changes, changeset, by=by)
    guard.check_stays(object_type, list(changes), {name for diff in changes.values() for name in diff}, by=by)
    return len(changes)


def check_conditions(object_type: ObjectType, wanted: Mapping[int, Values]) -> None:
    conditional = Conditional.of(object_type)
    if conditional is None:
        return
    known = known_rows(object_type, wanted, conditional.needs)
    for key, one in wanted.items():
        conditional.check({**known.get(key, {}), **one}, set(one))


def known_rows(object_type: ObjectType, ids: Iterable[int], names: Iterable[str]) -> dict[int, query.Row]:
    """What records have now in some fields."""
    specs = [object_type.fields[name] for name in names if name != "tags"]
    rows = query.fetch(object_type.records().filter(pk__in=list(ids)), object_type, specs)
    return {row["id"]: row for row in rows}


def check_unique_changes(object_type: ObjectType, wanted: Mapping[int, Values]) -> None:
    """What the rows do not name of what must be unique together is asked for all of them at once."""
    named = {name for one in wanted.values() for name in one}
    sets = [specs for specs in own.unique_sets(object_type) if any(spec.key in named for spec in specs)]
    missing = {spec.key for specs in sets if len(specs) > 1 for spec in specs}
    known = known_rows(object_type, wanted, missing) if missing else {}
    own.check_unique(
        object_type, list(wanted.values()), list(wanted), lambda pk, spec: known.get(pk, {}).get(spec.key)
    )


def apply_changes(
    object_type: ObjectType,
    wanted: Mapping[int, Values],
    changes: Mapping[int, audit.Diff],
    changeset: ChangeSet,
    *,
    by: Actor,
) -> None:
    """Writes checked changes, with their log and event. Raises FieldErrors for what the state of a record locks."""
    if not changes:
        return
    guard.check_locks(object_type, changes, by=by)
    write_changes(object_type, wanted, changes)
    note_changes(object_type, changes, changeset, by=by)


def note_changes(
    object_type: ObjectType, changes: Mapping[int, audit.Diff], changeset: ChangeSet, *, by: Actor
) -> None:
    """What follows from changes that were written: their log, the owners' history, what is computed, one event."""
    record_changes(object_type, changeset, ((key, "update", diff) for key, diff in changes.items()))
    owners.note(object_type, changeset, changes, by=by)
    computed.updated(object_type, changes)
    fields = sorted({field for diff in changes.values() for field in diff})
    payload = {**span(list(changes)), "fields": fields}
    events.emit(f"{object_type.key}.bulk_updated", object_type.key, None, changeset, payload)


def differences(object_type: ObjectType, wanted: Mapping[int, Values]) -> dict[int, audit.Diff]:
    specs = shown_specs(object_type, wanted)
    rows = query.fetch(object_type.records().filter(pk__in=list(wanted)), object_type, specs)
    old = {row["id"]: row for row in rows}
    found = {}
    for key, one in wanted.items():
        shown = {name: value for name, value in one.items() if name in object_type.fields and name != "tags"}
        diff = audit.diff_of(object_type.fields, old[key], shown)
        if diff:
            found[key] = diff
    return found


def shown_specs(object_type: ObjectType, wanted: Mapping[int, Values]) -> list[FieldSpec]:
    names = {name for one in wanted.values() for name in one}
    return [object_type.fields[name] for name in names if name in object_type.fields and name != "tags"]


def write_changes(
    object_type: ObjectType, wanted: Mapping[int, Values], changes: Mapping[int, audit.Diff]
) -> None:
    """UPDATEs grouped by the set of columns they touch."""
    now = timezone.now()
    groups: dict[tuple[str, ...], list[list[Any]]] = defaultdict(list)
    for key in changes:
        touched = attributes(object_type, {k: v for k, v in wanted[key].items() if k != "tags"})
        groups[tuple(touched)].append([*touched.values(), now, key])
    for names, rows in groups.items():
        sql.update(object_type.model, [*names, "updated_at"], rows)
    write_parts(object_type, {key: wanted[key] for key in changes})


def write_parts(object_type: ObjectType, values: Mapping[int, Values]) -> None:
    """What stands beside the record. Nobody types it: only an undo of what a service has noted comes through here."""
    for key, one in values.items():
        by_part: dict[str, dict[str, Any]] = defaultdict(dict)
        for name, value in one.items():
            spec = object_type.fields.get(name)
            if spec is not None and spec.part and not spec.compute:
                by_part[spec.part][spec.path.partition("__")[2]] = spec.type.store(value)
        for part, columns in by_part.items():
            part_model(object_type.model, part)._default_manager.filter(pk=key).update(**columns)


def edit_many(
    type_key: str,
    records: models.QuerySet[Any],
    raw: Mapping[str, object],
    *,
    by: Actor,
    reason: str = "",
    progress: Any = None,
) -> ChangeSet:
    """The same change to many records (a bulk edit): `records` is narrowed to those the actor may edit in bulk, and to
    those whose state does not lock what would change."""
    object_type = get(type_key)
    access.require(by, object_type, "bulk")
    values = parse_values(object_type, raw, by=by)
    check_references(object_type, values, by=by)
    verb = "transfer" if "owner" in values else "edit"
    allowed = access.scope(by, object_type, verb).filter(pk__in=records.values("pk"))
    if verb == "transfer":
        allowed = allowed.filter(pk__in=access.scope(by, object_type, "edit").values("pk"))
    keys = list(allowed.order_by("pk").values_list("pk", flat=True))
    changeset = audit.open_set("bulk", type_key, by=by, reason=reason)
    for done, chunk in enumerate(chunks(keys, 1000)):
        with transaction.atomic():
            shut = set().union(*access.locked(by, object_type, chunk, values).values())
            same = {key: dict(values) for key in chunk if key not in shut}
            update_chunk(object_type, same, by=by, changeset=changeset, parsed=True)
        if progress is not None:
            progress(min((done + 1) * 1000, len(keys)), len(keys))
    return changeset


def chunks(items: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    walk = iter(items)
    while chunk := list(islice(walk, size)):
        yield chunk
