"""What an actor sees of a row: masked and hidden values never leave the server."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kemai.platform.access.actor import Actor
from kemai.platform.access.grants import field_levels, verb_scope
from kemai.platform.access.scope import scope
from kemai.platform.fields import FieldSpec
from kemai.platform.objects import ObjectType
from kemai.platform.query import Row


def visible_specs(
    actor: Actor, object_type: ObjectType, keys: Iterable[str] | None = None
) -> list[FieldSpec]:
    """The fields the actor may know of, in the order asked for (all but the private ones by default)."""
    levels = field_levels(actor, object_type)
    if keys is None:
        keys = (key for key, spec in object_type.fields.items() if not spec.private)
    specs = (object_type.fields[key] for key in keys if levels.get(key, "hidden") != "hidden")
    return [spec for spec in specs if not spec.private or spec.key in object_type.named]


def levels_on(actor: Actor, object_type: ObjectType, key: int | None) -> dict[str, str]:
    """The field levels on one record, or (None) on a new one: what one types oneself is no secret."""
    levels = field_levels(actor, object_type)
    if "masked" not in levels.values() or (
        key is not None and key not in revealable(actor, object_type, [key])
    ):
        return levels
    return field_levels(actor, object_type, revealed=True)


def revealable(actor: Actor, object_type: ObjectType, keys: Sequence[int]) -> set[int]:
    """Those records whose personal values the actor may see, where that right is narrower than seeing records."""
    if verb_scope(actor, object_type, "reveal") == "none":
        return set()
    return set(scope(actor, object_type, "reveal").filter(pk__in=keys).values_list("pk", flat=True))


def mask_rows(actor: Actor, object_type: ObjectType, rows: Sequence[Row]) -> None:
    """Masks in place what the actor may only know of, and removes what he may not."""
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


class Masked(str):
    """A masked text: shown as it is, never written back."""

    __slots__ = ()

    @classmethod
    def of(cls, spec: FieldSpec, value: object) -> object:
        shown = spec.type.mask(value)
        return cls(shown) if isinstance(shown, str) else shown
