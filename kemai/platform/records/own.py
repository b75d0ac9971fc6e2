"""Own fields in the write door: how their values go into `extra`, which must be unique, which are conditional."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from kemai.platform.fields import FieldSpec, Ref, listed
from kemai.platform.models.extra import dump, load
from kemai.platform.objects import ObjectType
from kemai.platform.objects.types import Numbering
from kemai.platform.records.errors import FieldErrors

Values = Mapping[str, Any]
Pack = Callable[[Values], dict[str, Any]]


def stored(spec: FieldSpec, value: Any) -> Any:
    """What stands in the JSON for a value; None where nothing does."""
    assert spec.own is not None
    return None if spec.type.is_empty(value) else dump(spec.own.letter, spec.type.store(value))


def value_of(obj: Any, spec: FieldSpec) -> Any:
    """The value that a record in memory has."""
    assert spec.own is not None
    return spec.type.read(spec, [load(spec.own.letter, obj.extra.get(spec.key))])


def merged(extra: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON with a patch in it, whose None takes a key away."""
    return {key: value for key, value in {**extra, **patch}.items() if value is not None}


def packer(object_type: ObjectType, rows: Sequence[Values]) -> Pack | None:
    """What makes the JSON of rows; None where they name no own field."""
    known = [spec for spec in object_type.fields.values() if spec.own is not None]
    named = set().union(*rows) if known else set()
    own = [spec for spec in known if spec.key in named]
    if not own:
        return None

    def pack(values: Values) -> dict[str, Any]:
        found = {}
        for spec in own:
            value = values.get(spec.key)
            if value is not None and (value := stored(spec, value)) is not None:
                found[spec.key] = value
        return found

    return pack


# ── numbers ──


def numberings(object_type: ObjectType) -> list[Numbering]:
    """The running numbers that own fields give to a new record."""
    return [
        Numbering(spec.key, str(spec.own.settings.get("prefix") or ""), digits_of(spec.own.settings))
        for spec in object_type.fields.values()
        if spec.own is not None and spec.type.key == "auto_number"
    ]


def digits_of(settings: Mapping[str, Any]) -> int:
    digits = settings.get("digits")
    return digits if isinstance(digits, int) and 1 <= digits <= 12 else 6


# ── uniqueness ──


def unique_sets(object_type: ObjectType) -> list[tuple[FieldSpec, ...]]:
    """The own fields that alone, and the fields that only together, must differ between records."""
    fields = object_type.fields
    single = [(spec,) for spec in fields.values() if spec.own is not None and spec.unique]
    several = [
        tuple(fields[key] for key in keys)
        for keys in object_type.unique_together
        if all(key in fields for key in keys)
    ]
    return [*single, *several]


def check_unique(
    object_type: ObjectType,
    rows: Sequence[Values],
    ids: Sequence[int | None],
    before: Callable[[int, FieldSpec], Any] | None = None,
) -> None:
    """None of these rows (new ones without id) may have what another record has, or another of the rows. `before`
    tells what a record has in a field that its row does not name. Raises FieldErrors for the first that does."""
    for specs in unique_sets(object_type):
        wanted = keyed(specs, rows, ids, before)
        if not wanted:
            continue
        lock(object_type, specs, wanted)
        for other, key in holders(object_type, specs, list(wanted)):
            if wanted[key] != other:
                raise taken(specs, key)


def keyed(
    specs: Sequence[FieldSpec],
    rows: Sequence[Values],
    ids: Sequence[int | None],
    before: Callable[[int, FieldSpec], Any] | None,
) -> dict[tuple[Any, ...], int | None]:
    """{what must be unique: id of the row that has it}; rows in which a part is empty have nothing to be unique."""
    found: dict[tuple[Any, ...], int | None] = {}
    for row, pk in zip(rows, ids, strict=True):
        if not any(spec.key in row for spec in specs):
            continue
        key = tuple(
            plain(
                row[s.key]
                if s.key in row
                else before(pk, s)
                if before is not None and pk is not None
                else None
            )
            for s in specs
        )
        if any(part in (None, "") for part in key):
            continue
        if key in found:
            raise taken(specs, key)
        found[key] = pk
    return found


def plain(value: Any) -> Any:
    return value.id if isinstance(value, Ref) else value


def holders(
    object_type: ObjectType, specs: Sequence[FieldSpec], keys: Sequence[tuple[Any, ...]]
) -> Iterable[tuple[int, tuple[Any, ...]]]:
    """The living records that have one of the keys."""
    living = object_type.records()
    if object_type.recycles:
        living = living.filter(deleted_at=None)
    wanted = set(keys)
    first = specs[0]
    for start in range(0, len(keys), 2000):
        some = [key[0] for key in keys[start : start + 2000]]
        match = {first.value_path: some[0]} if len(some) == 1 else {f"{first.value_path}__in": some}
        rows = living.filter(**match)
        for pk, *parts in rows.values_list("pk", *(spec.value_path for spec in specs)):
            if tuple(parts) in wanted:
                yield pk, tuple(parts)


def lock(object_type: ObjectType, specs: Sequence[FieldSpec], keys: Iterable[tuple[Any, ...]]) -> None:
    """Nobody else may write the same value until this transaction ends. SQLite has one writer; PostgreSQL gets locks
    by value, or, for many values, one for the field that those by value respect."""
    if connection.vendor != "postgresql":
        return
    name = f"{object_type.key}.{'+'.join(spec.key for spec in specs)}"
    found = list(keys)
    with connection.cursor() as cursor:
        if len(found) > 1:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number_of(name)])
            return
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [number_of(name)])
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number_of(f"{name}={found[0]!r}")])


def number_of(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)


def taken(specs: Sequence[FieldSpec], key: Sequence[Any]) -> FieldErrors:
    last = specs[-1]
    if len(specs) > 1:
        names = listed(str(spec.label) for spec in specs)
        return FieldErrors({last.key: _("已有一条记录的%(fields)s与此相同") % {"fields": names}})
    return FieldErrors({last.key: taken_text(last, key[0])})


def taken_text(spec: FieldSpec, value: Any) -> str:
    shown = str(value) if spec.refers else spec.type.text(value, spec)
    return _("%(field)s“%(value)s”已经有一条记录在用") % {"field": spec.label, "value": shown[:60]}
