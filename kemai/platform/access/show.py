"""What an actor sees of a row: masked and hidden values never leave the server."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kemai.platform.access.actor import Actor
from kemai.platform.access.grants import field_levels
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


def mask_rows(actor: Actor, object_type: ObjectType, rows: Sequence[Row]) -> None:
    """Masks in place what the actor may only know of, and removes what he may not."""
    levels = field_levels(actor, object_type)
    masked = [spec for key, spec in object_type.fields.items() if levels[key] == "masked"]
    hidden = [key for key in object_type.fields if levels[key] == "hidden"]
    for row in rows:
        for spec in masked:
            if spec.key in row:
                row[spec.key] = Masked.of(spec, row[spec.key])
        for key in hidden:
            row.pop(key, None)


class Masked(str):
    """A masked text: shown as it is, never written back."""

    __slots__ = ()

    @classmethod
    def of(cls, spec: FieldSpec, value: object) -> object:
        shown = spec.type.mask(value)
        return cls(shown) if isinstance(shown, str) else shown
