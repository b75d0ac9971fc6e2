"""At which level an actor sees each field."""

from __future__ import annotations

from kemai.platform.access.actor import Actor
from kemai.platform.access.beyond import extras
from kemai.platform.access.grants import LEVELS, Rights, reaches, rights, root_type, widest, within
from kemai.platform.fields import FieldSpec
from kemai.platform.objects import ObjectType


def reveals_all(actor: Actor, object_type: ObjectType) -> bool:
    """Does the right to see personal values reach as far as the right to see records? In an emergency they stay masked,
    to be opened one by one."""
    reveal = reaches(actor.everyday, object_type, "reveal")
    if not reveal or not within(reaches(actor, object_type, "view"), reveal):
        return False
    everywhere = any(one.scope == "all" and not one.where for one in reveal)
    beyond = extras(actor, root_type(object_type), "view")
    # a place masks its own records by itself (commons): for its sake nobody loses the search by phone
    return everywhere or not (beyond.members or beyond.reports or beyond.rules)


def field_levels(actor: Actor, object_type: ObjectType, *, revealed: bool | None = None) -> dict[str, str]:
    """The level at which the actor sees each field: hidden, masked, read or edit. `revealed` says that it is about a
    record whose personal values he may see; without it, about records of the type at large."""
    if actor.is_system:
        return {key: "read" if spec.readonly else "edit" for key, spec in object_type.fields.items()}
    held = rights(actor)
    reveals = reveals_all(actor, object_type) if revealed is None else revealed
    fields = object_type.fields
    if held.emergency:
        return {key: level_by(held, object_type, spec, reveals) for key, spec in fields.items()}
    found = {
        key: "masked" if spec.personal and not reveals else "read" if spec.readonly else "edit"
        for key, spec in fields.items()
    }
    for type_key, key in held.levels:  # of most fields no role says anything
        if type_key == object_type.key and key in fields:
            found[key] = level_by(held, object_type, fields[key], reveals)
    return found


def level_of(actor: Actor, object_type: ObjectType, key: str) -> str:
    """`field_levels` for one field, said of records of the type at large; "edit" of what is no field."""
    spec = object_type.fields.get(key)
    if spec is None:
        return "edit"
    if actor.is_system:
        return "read" if spec.readonly else "edit"
    return level_by(rights(actor), object_type, spec, spec.personal and reveals_all(actor, object_type))


def level_by(held: Rights, object_type: ObjectType, spec: FieldSpec, reveals: bool) -> str:
    level = default = "masked" if spec.personal and not reveals else "edit"
    rules = held.levels.get((object_type.key, spec.key), ())
    if rules:
        level = widest(LEVELS, *(rules if len(rules) >= held.roles else (*rules, default)))
    if held.emergency:
        level = widest(LEVELS, level, "masked" if spec.personal else "read")
    return "read" if level == "edit" and spec.readonly else level
