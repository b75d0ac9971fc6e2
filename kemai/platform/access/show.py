"""What an actor sees of a row: masked and hidden values never leave the server."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from django.utils.translation import gettext as _

from kemai.platform.access import commons, reading
from kemai.platform.access.actor import Actor
from kemai.platform.access.grants import verb_scope
from kemai.platform.access.levels import field_levels, level_of
from kemai.platform.access.locks import locked
from kemai.platform.access.reach import allowed_q
from kemai.platform.access.scope import scope
from kemai.platform.fields import FieldSpec, Ref
from kemai.platform.objects import ObjectType, get
from kemai.platform.query import QueryError, Row


def visible_specs(
    actor: Actor, object_type: ObjectType, keys: Iterable[str] | None = None
) -> list[FieldSpec]:
    """The fields the actor may know of, in the order asked for (all but the private ones by default)."""
    levels, fields = field_levels(actor, object_type), object_type.fields
    if keys is None:
        keys = (key for key, spec in fields.items() if not spec.private)
    specs = (fields[key] for key in keys if levels.get(key, "hidden") != "hidden")
    return [spec for spec in specs if not spec.private or spec.key in object_type.named]


def levels_on(actor: Actor, object_type: ObjectType, key: int | None) -> dict[str, str]:
    """The field levels on one record, or (None) on a new one: what one types oneself is no secret. What the state of
    the record locks may only be read."""
    levels = field_levels(actor, object_type)
    if "masked" in levels.values() and (key is None or key in revealable(actor, object_type, [key])):
        levels = field_levels(actor, object_type, revealed=True)
    if key is None:
        return levels
    levels |= narrowed(actor, object_type, [key]).get(key, {})
    return levels | {name: "read" for name in locked(actor, object_type, [key]) if levels[name] == "edit"}


def narrowed(actor: Actor, object_type: ObjectType, keys: Sequence[int]) -> Mapping[int, dict[str, str]]:
    """{record: {field: level}} where the actor sees a record only because of the place that it lies in."""
    return commons.shut_on(actor, object_type, keys, partial(editable, actor, object_type))


def editable(actor: Actor, object_type: ObjectType, keys: Sequence[int]) -> set[int]:
    return set(scope(actor, object_type, "edit").filter(pk__in=keys).values_list("pk", flat=True))


def opens(actor: Actor, object_type: ObjectType, key: int) -> None:
    """The actor is about to see this record in full: the place it lies in may count that. Raises what the place
    raises where it is one too many (records.Refused)."""
    commons.opens(actor, object_type, key, partial(editable, actor, object_type))


def revealable(actor: Actor, object_type: ObjectType, keys: Sequence[int]) -> set[int]:
    """Those records whose personal values the actor may see, where that right is narrower than seeing records. An
    emergency opens them only one by one, each counted."""
    actor = actor.everyday
    if verb_scope(actor, object_type, "reveal") == "none":
        return set()
    return set(scope(actor, object_type, "reveal").filter(pk__in=keys).values_list("pk", flat=True))


def mask_rows(actor: Actor, object_type: ObjectType, rows: Sequence[Row]) -> None:
    """Masks in place what the actor may only know of, and removes what he may not."""
    for key in refs_in(object_type, rows):
        mask_refs(actor, object_type, object_type.fields[key], rows)
    levels = field_levels(actor, object_type)
    masked = [key for key in object_type.fields if levels[key] == "masked"]
    hidden = [key for key in object_type.fields if levels[key] == "hidden"]
    shown = {key for row in rows[:1] for key in masked if key in row}
    open_rows = revealable(actor, object_type, [row["id"] for row in rows]) if shown else set()
    still = field_levels(actor, object_type, revealed=True) if open_rows else levels
    for row in rows:
        for key in masked:
            if key in row and (row["id"] not in open_rows or still[key] == "masked"):
                row[key] = Masked.of(object_type.fields[key], row[key])
        for key in hidden:
            row.pop(key, None)
    shut = narrowed(actor, object_type, [row["id"] for row in rows]) if rows else {}
    for row in rows:
        for key, level in shut.get(row["id"], {}).items():
            shut_value(object_type, row, key, level)
    if rows:
        reading.shown(object_type.key, [row["id"] for row in rows])


def shut_value(object_type: ObjectType, row: Row, key: str, level: str) -> None:
    """In a list the others keep their columns: what is hidden here is empty."""
    value = row.get(key)
    if value in (None, "") or isinstance(value, Masked) or key not in object_type.fields:
        return
    row[key] = Masked.of(object_type.fields[key], value) if level == "masked" else None


def mask_fields(actor: Actor, object_type: ObjectType, rows: Sequence[Row]) -> None:
    """Masks in place what these roles may only know of, whosever the records are: a preview for a role."""
    levels = field_levels(actor, object_type)
    for row in rows:
        for key in (key for key in object_type.fields if levels[key] == "masked" and key in row):
            if not isinstance(row[key], Masked):
                row[key] = Masked.of(object_type.fields[key], row[key])


def mask_personal(specs: Iterable[FieldSpec], rows: Sequence[Row]) -> None:
    """Masks personal values in place, whoever looks: what leaves the house is masked unless somebody asks otherwise."""
    for spec in specs:
        if spec.personal:
            for row in rows:
                value = row.get(spec.key)
                if value not in (None, "") and not isinstance(value, Masked):
                    row[spec.key] = Masked.of(spec, value)


def refs_in(object_type: ObjectType, rows: Sequence[Row]) -> list[str]:
    fields = object_type.fields
    return [key for row in rows[:1] for key in row if key in fields and fields[key].ref]


def mask_refs(actor: Actor, object_type: ObjectType, spec: FieldSpec, rows: Sequence[Row]) -> None:
    """A reference names another record: only to those who see that record, and its title as they see that."""
    other = get(spec.ref)
    if actor.is_system or other.administered:
        return
    level = level_of(actor, other, other.title)
    ids = {ref.id for row in rows for ref in refs_of(row.get(spec.key))}
    if not ids:
        return
    seen = ids
    if spec.key != object_type.parent and (condition := allowed_q(actor, other, "view")):
        seen = set(other.records().filter(condition, pk__in=ids).values_list("pk", flat=True))
    if level in {"read", "edit"} and seen == ids:
        return
    for row in rows:
        row[spec.key] = told_as(row.get(spec.key), seen, level, other)


def refs_of(value: object) -> list[Ref]:
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, Ref)]


def told_as(value: Any, seen: set[int], level: str, other: ObjectType) -> Any:
    if isinstance(value, list):
        return [told_as(one, seen, level, other) for one in value]
    if not isinstance(value, Ref):
        return value
    if value.id not in seen:
        return value._replace(title=_("无权查看"))
    if level in {"read", "edit"}:
        return value
    title = other.fields[other.title].type.mask(value.title) if level == "masked" else "***"
    return value._replace(title=str(title))


def mask_title(actor: Actor, object_type: ObjectType, title: str) -> str:
    """The title of a record that the actor sees, as they see it."""
    return title_mask(actor, object_type)(title)


def title_mask(actor: Actor, object_type: ObjectType) -> Callable[[str], str]:
    """What makes of the title of a record that the actor sees what they see of it; for many at once."""
    level = level_of(actor, object_type, object_type.title)
    if level in {"read", "edit"}:
        return str
    mask = object_type.fields[object_type.title].type.mask
    return (lambda title: str(mask(title))) if level == "masked" else lambda title: "***"


def order(actor: Actor, object_type: ObjectType, sort: str) -> str:
    """An order that the actor may ask for: what stands in it must be readable, or it would tell of values one by one.
    Raises QueryError; the type's own order, where it is not readable, is given up for that of the keys."""
    wanted = sort or object_type.sort
    key = wanted.removeprefix("-")
    shut = commons.shut_at_large(actor, object_type)
    if key == "id" or (key not in shut and level_of(actor, object_type, key) in {"read", "edit"}):
        return wanted
    if sort:
        raise QueryError("unknown_sort", _("不能按“%(field)s”排序") % {"field": key[:60]})
    return "-id"


class Masked(str):
    """A masked text: shown as it is, never written back."""

    __slots__ = ()

    @classmethod
    def of(cls, spec: FieldSpec, value: object) -> object:
        shown = spec.type.mask(value)
        return cls(shown) if isinstance(shown, str) else shown
