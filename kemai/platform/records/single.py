"""One record at a time: what forms, inline edits, the API and actions call."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.db import IntegrityError, models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.platform import access, audit, events, query, search
from kemai.platform.access import Actor
from kemai.platform.fields import FieldSpec, Invalid
from kemai.platform.models import ChangeSet
from kemai.platform.objects import ObjectType, get
from kemai.platform.records import computed, files, guard, numbers, own, owners, tags
from kemai.platform.records.conditional import Conditional
from kemai.platform.records.errors import Conflict, Faults, FieldErrors, Refused
from kemai.platform.records.trial import further
from kemai.platform.records.values import (
    Values,
    check_references,
    check_required,
    check_unique,
    complete,
    parse_values,
)


def create(type_key: str, raw: Mapping[str, object], *, by: Actor, reason: str = "") -> Any:
    """A new record. Raises access.Denied, FieldErrors, Refused."""
    object_type = get(type_key)
    access.require(by, object_type, "create")
    faults = Faults()
    values = parse_values(
        object_type, raw, by=by, levels=access.levels_on(by, object_type, None), faults=faults
    )
    names = values.pop("tags", None)
    complete(object_type, values)
    computed.give_defaults(object_type, [values])
    if object_type.has_owner and values.get("owner") is None and "owner" not in raw and by.user_id:
        values["owner"] = object_type.fields["owner"].type.parse(by.user_id, object_type.fields["owner"])
    check_whole(object_type, values, faults, by=by)
    with transaction.atomic(), integrity():
        with faults.gathered():
            check_unique(object_type, values)
        with faults.gathered():
            own.check_unique(object_type, [values], [None])
        settle(object_type, values, None, faults, by)
        check_parent(object_type, values, by=by)
        prepare_all(object_type, [values], [None], by)
        for numbering in own.numberings(object_type):
            values[numbering.field] = numbers.take(numbering, f"{type_key}.{numbering.field}")[0]
        computed.fill(object_type, [values])
        obj = object_type.model(**attributes(object_type, values, {}))
        stamp_new(object_type, obj, by)
        obj.save(force_insert=True)
        add_parts(object_type, obj)
        files.claim(object_type, obj.pk, values, by=by)
        guard.check_placed(object_type, [obj.pk], by=by)
        changes = audit.one_change("create", type_key, obj.pk, "create", None, by=by, reason=reason)
        if names:
            tags.set_tags(object_type, obj.pk, names, by=by)
        after(object_type, [obj], frozenset(), by)
        if computed.created(object_type, [obj.pk]):
            obj.refresh_from_db(fields=["extra"])
        reindex(object_type, obj)
        events.emit(f"{type_key}.created", type_key, obj.pk, changes)
    return obj


def settle(object_type: ObjectType, values: Values, existing: Any, faults: Faults, by: Actor) -> None:
    """Raises FieldErrors where something is wrong, together with what the object's own rules find besides."""
    if faults:
        faults.add(further(object_type, values, existing, faults, by))
        faults.settle()


def check_whole(object_type: ObjectType, values: Values, faults: Faults, *, by: Actor) -> None:
    """What can be said of a new record before the database is asked."""
    with faults.gathered():
        check_required(object_type, values, whole=True)
    with faults.gathered():
        check_references(object_type, values, by=by)
    conditional = Conditional.of(object_type)
    if conditional is not None:
        faults.add(conditional.problems(values, unread=faults))


def update(
    type_key: str,
    key: int,
    raw: Mapping[str, object],
    *,
    by: Actor,
    version: int | None = None,
    base: Mapping[str, object] | None = None,
    reason: str = "",
) -> Any:
    """Changes some fields of a record. `version` is the one the writer saw: if somebody saved in between and touched
    the same fields (compared with `base`, the values the writer saw, where given), Conflict shows both.

    Raises access.NotVisible, access.Denied, FieldErrors, Refused, Conflict."""
    object_type = get(type_key)
    access.one(by, object_type, key, "edit")
    faults = Faults()
    values = parse_values(
        object_type, raw, by=by, levels=access.levels_on(by, object_type, key), faults=faults
    )
    with faults.gathered():
        check_required(object_type, values)
    with faults.gathered():
        check_references(object_type, values, by=by)
    with transaction.atomic(), integrity():
        obj = access.scope(by, object_type, "edit").select_for_update(of=("self",)).filter(pk=key).first()
        if obj is None:
            raise access.NotVisible
        spare(object_type, [values], [obj], None, by=by)
        old = current(object_type, obj, values)
        if version is not None and obj.version != version and not faults:
            check_conflict(object_type, obj, old, values, base)
        check_changes(object_type, obj, values, faults)
        settle(object_type, values, obj, faults, by)
        check_parent(object_type, values, by=by)
        names = values.pop("tags", None)
        prepare_all(object_type, [values], [obj], by)
        old |= current(object_type, obj, {k: v for k, v in values.items() if k in object_type.fields})
        shown = {k: v for k, v in values.items() if k in object_type.fields}
        diff = audit.diff_of(object_type.fields, old, shown)
        if names is not None:
            diff |= tags.set_tags(object_type, obj.pk, names, by=by)
        if not diff:
            return obj
        if "owner" in diff:
            guard.check_transfer(object_type, [obj.pk], by=by)
        files.claim(object_type, obj.pk, {k: v for k, v in values.items() if k in diff}, by=by)
        assign(object_type, obj, values)
        obj.version += 1
        obj.updated_at = timezone.now()
        obj.save()
        guard.check_stays(object_type, [obj.pk], diff, by=by)
        log_update(object_type, obj, diff, by=by, reason=reason)
    return obj


def unfitting(
    object_type: ObjectType, obj: Any, values: Values, *, unread: Collection[str] = ()
) -> dict[str, str]:
    """{field: what to do} where the record as it stands and these new values do not go together."""
    conditional = Conditional.of(object_type)
    if conditional is None:
        return {}
    known = current(object_type, obj, dict.fromkeys(conditional.needs))
    return conditional.problems({**known, **values}, set(values), unread=unread)


def check_changes(object_type: ObjectType, obj: Any, values: Values, faults: Faults) -> None:
    """What the record as it stands has to say to its new values."""
    faults.add(unfitting(object_type, obj, values, unread=faults))
    with faults.gathered():
        check_unique(object_type, values, except_id=obj.pk)
    with faults.gathered():
        own.check_unique(
            object_type, [values], [obj.pk], lambda _pk, spec: current_value(object_type, obj, spec)
        )


def log_update(
    object_type: ObjectType,
    obj: Any,
    diff: audit.Diff,
    *,
    by: Actor,
    reason: str,
    rule: str = "",
    kind: str = "update",
) -> ChangeSet:
    changed = frozenset(diff)
    changes = audit.one_change(kind, object_type.key, obj.pk, "update", diff, by=by, reason=reason, rule=rule)
    owners.note(object_type, changes, {obj.pk: diff}, by=by)
    after(object_type, [obj], changed, by)
    moved = computed.updated(object_type, {obj.pk: diff})
    if moved:
        obj.refresh_from_db(fields=["extra"])
    if moved or changed & set(object_type.searched):
        reindex(object_type, obj)
    events.emit(
        f"{object_type.key}.updated",
        object_type.key,
        obj.pk,
        changes,
        {"fields": sorted(changed), "diff": diff},
    )
    return changes


def put(
    type_key: str,
    obj: Any,
    values: Mapping[str, Any],
    *,
    by: Actor,
    reason: str = "",
    rule: str = "",
    kind: str = "update",
) -> Any:
    """Sets columns that nobody types (a state and what goes with it), for the service that owns them: values in Python
    form by field key. Logged and told like any other change; the caller has checked the rights and holds a
    transaction. `kind` "step" is for what has consequences elsewhere: it is never undone, only acted against."""
    object_type = get(type_key)
    shown = {key: value for key, value in values.items() if key in object_type.fields}
    diff = audit.diff_of(object_type.fields, current(object_type, obj, shown), shown)
    if not diff:
        return obj
    assign(object_type, obj, values)
    obj.version += 1
    obj.updated_at = timezone.now()
    obj.save()
    log_update(object_type, obj, diff, by=by, reason=reason, rule=rule, kind=kind)
    return obj


def check_conflict(
    object_type: ObjectType, obj: Any, old: Values, values: Values, base: Mapping[str, object] | None
) -> None:
    """Fields that both touched. Edits of different fields do not get in each other's way."""
    clashes = {}
    for key, mine in values.items():
        spec = object_type.fields[key]
        theirs = audit.plain(spec, old.get(key))
        if theirs == audit.plain(spec, mine):
            continue
        if base is not None and key in base:
            try:
                seen = audit.plain(spec, spec.type.parse(base[key], spec))
            except Invalid:
                seen = None
            if seen == theirs:
                continue
        clashes[key] = (old.get(key), mine)
    if clashes:
        message = _("别人刚刚也修改了这条记录，请选择要保留的值")
        raise Conflict(message, obj.version, clashes)


def current(object_type: ObjectType, obj: Any, keys: Mapping[str, Any]) -> Values:
    """The record's present values of some fields, in Python form."""
    specs = [object_type.fields[key] for key in keys if key in object_type.fields]
    return {spec.key: current_value(object_type, obj, spec) for spec in specs}


def current_value(object_type: ObjectType, obj: Any, spec: FieldSpec) -> Any:
    if spec.type.key == "tags":
        return tags.names_of(object_type.key, obj.pk)
    if spec.own is not None:
        return own.value_of(obj, spec)
    if spec.refers:
        key = getattr(obj, f"{spec.path}_id")
        return None if key is None else spec.type.parse(key, spec)
    return getattr(obj, spec.path)


def attributes(
    object_type: ObjectType, values: Mapping[str, Any], extra: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The model's attributes of parsed values; keys that are no fields (set by `prepare`) go as they are. Own fields
    become the record's `extra`: of `extra` as it was, or without it the patch that `sql.update` takes."""
    found: dict[str, Any] = {}
    patch: dict[str, Any] = {}
    for key, value in values.items():
        spec = object_type.fields.get(key)
        if spec is None:
            found[key] = value
        elif spec.own is not None:
            patch[key] = own.stored(spec, value)
        elif spec.refers:
            found[spec.value_path] = spec.type.store(value)
        elif not spec.compute and not spec.part:
            found[spec.path] = spec.type.store(value)
    if patch:
        found["extra"] = patch if extra is None else own.merged(extra, patch)
    return found


def assign(object_type: ObjectType, obj: Any, values: Mapping[str, Any]) -> None:
    """Sets parsed values on a record in memory; own fields that they do not name stay as they are."""
    for name, value in attributes(object_type, values, obj.extra).items():
        setattr(obj, name, value)


def stamp_new(object_type: ObjectType, obj: Any, by: Actor) -> None:
    now = timezone.now()
    obj.created_at = obj.updated_at = now
    obj.created_by_id = by.user_id
    numbering = object_type.numbering
    if numbering and not getattr(obj, numbering.field):
        setattr(obj, numbering.field, numbers.take(numbering, object_type.key)[0])


def add_parts(object_type: ObjectType, obj: models.Model) -> None:
    for part in object_type.parts:
        relation = object_type.model._meta.get_field(part)
        model: Any = relation.related_model
        model.objects.create(pk=obj.pk)


def check_parent(object_type: ObjectType, values: Values, *, by: Actor) -> None:
    """A child may be added only under a parent that the actor may see (a foreign parent's key is not enough)."""
    if object_type.parent and object_type.parent in values:
        spec = object_type.fields[object_type.parent]
        access.one(by, spec.ref, values[object_type.parent].id)


def spare(
    object_type: ObjectType,
    values: Sequence[Values],
    existing: Sequence[Any],
    changes: ChangeSet | None,
    *,
    by: Actor,
) -> None:
    """Takes out what the domain says this actor must not overwrite, and has it kept."""
    hook = object_type.hooks.spare
    spared = hook(values, existing, by) if hook is not None else None
    if spared is not None:
        spared.note(changes, spared.places)


def prepare(object_type: ObjectType, values: Values, existing: Any, by: Actor) -> None:
    hook = object_type.hooks.prepare
    if hook is not None:
        try:
            hook(values, existing, by)
        except Invalid as error:
            raise FieldErrors({"": error.message}) from error


def prepare_all(
    object_type: ObjectType, values: Sequence[Values], existing: Sequence[Any], by: Actor
) -> None:
    """The domain's part before a save: each record's own, then what needs the database, for all at once."""
    for one, old in zip(values, existing, strict=True):
        prepare(object_type, one, old, by)
    if object_type.hooks.check is not None:
        object_type.hooks.check(values, existing, by)


def after(object_type: ObjectType, objects: Sequence[Any], changed: frozenset[str], by: Actor) -> None:
    hook, heeds = object_type.hooks.after, object_type.hooks.heeds
    if hook is not None and not (changed and heeds is not None and heeds.isdisjoint(changed)):
        hook(objects, changed, by)


def reindex(object_type: ObjectType, obj: Any) -> None:
    if object_type.searched:
        parts = [
            (kind, current_value(object_type, obj, object_type.fields[key]))
            for key, kind in search_kinds(object_type)
        ]
        parts += search.alias_words(object_type.key, [obj.pk]).get(obj.pk, [])
        search.index(object_type.key, obj.pk, parts)


def search_kinds(object_type: ObjectType) -> list[tuple[str, str]]:
    """(field key, how the index reads it) of the searchable fields."""
    found = []
    for key in object_type.searched:
        kind = object_type.fields[key].type.key
        if kind not in {"phone", "email"}:
            numbered = object_type.numbering is not None and object_type.numbering.field == key
            kind = "name" if key == object_type.title else "number" if numbered else "text"
        found.append((key, kind))
    return found


class integrity:
    """Turns the database's last word (a race that the checks could not see) into a refusal."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, IntegrityError):
            raise Refused("duplicate", _("同样的记录刚刚被别人保存，请刷新后再试")) from error


def row_of(
    object_type: ObjectType, key: int, *, by: Actor, specs: Sequence[FieldSpec] | None = None
) -> query.Row:
    """The record as the actor sees it: all visible fields, or those of `specs`. Raises access.NotVisible, Refused where
    the place that it lies in lets nobody open so many a day."""
    specs = access.visible_specs(by, object_type) if specs is None else specs
    seen = access.scope(by, object_type).filter(pk=key)
    with query.planned_once():
        rows = query.fetch(seen, object_type, specs) if 0 < key < 2**63 else []
    if not rows:
        raise access.NotVisible
    access.opens(by, object_type, key)
    access.mask_rows(by, object_type, rows)
    return rows[0]
