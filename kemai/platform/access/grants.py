"""What an actor may do: the sum over roles of granted verbs with their scopes, and of field levels."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from kemai.platform.access.actor import Actor
from kemai.platform.models import FieldRule, Grant, Setting
from kemai.platform.objects import ObjectType, get, own

SCOPES = ("none", "own", "team", "below", "all")
LEVELS = ("hidden", "masked", "read", "edit")
_looked_up: list[tuple[float, str]] = []
"""Until when the version of the rights is known, and the version."""


@dataclass(frozen=True)
class Rights:
    """`verbs` is {(object key, verb): widest scope}, `levels` {(object key, field): widest level} where a role has a
    rule, `roles` how many roles there are: a role without a rule for a field has the field's default."""

    verbs: Mapping[tuple[str, str], str]
    levels: Mapping[tuple[str, str], tuple[str, ...]]
    roles: int

    def scope(self, type_key: str, verb: str) -> str:
        return widest(SCOPES, self.verbs.get((type_key, verb), "none"), self.verbs.get(("*", verb), "none"))


def widest(ladder: tuple[str, ...], *steps: str) -> str:
    return max(steps, key=ladder.index)


def rights_version() -> str:
    """Changes whenever a role does; shared by all processes through a setting row, looked up once a second."""
    until, version = _looked_up[0] if _looked_up else (0.0, "")
    if (
        until < time.monotonic()
    ):  # asked some dozens of times a page: a cache's lock and pickle would cost more
        version = own.look()["rights_version"]
        _looked_up[:] = [(time.monotonic() + 1, version)]
    return version


def rights_changed() -> None:
    """To be called in the transaction that changes roles, grants or field rules."""
    row, _created = Setting.objects.get_or_create(key="rights_version", defaults={"value": 0})
    row.value = int(row.value) + 1
    row.save()
    _looked_up.clear()
    load_rights.cache_clear()


@lru_cache(maxsize=512)
def load_rights(role_ids: tuple[int, ...], version: str) -> Rights:
    verbs: dict[tuple[str, str], str] = {}
    for key, verb, scope in Grant.objects.filter(role__in=role_ids).values_list("type_key", "verb", "scope"):
        verbs[key, verb] = widest(SCOPES, scope, verbs.get((key, verb), "none"))
    levels: dict[tuple[str, str], tuple[str, ...]] = {}
    for key, name, level in FieldRule.objects.filter(role__in=role_ids).values_list(
        "type_key", "field", "level"
    ):
        levels[key, name] = (*levels.get((key, name), ()), level)
    return Rights(verbs, levels, len(role_ids))


def rights(actor: Actor) -> Rights:
    return load_rights(actor.role_ids, rights_version())


def root_type(object_type: ObjectType) -> ObjectType:
    """The type whose grants and owner decide: the parent's, for records that belong to another."""
    while object_type.parent:
        object_type = get(object_type.fields[object_type.parent].ref)
    return object_type


def verb_scope(actor: Actor, object_type: ObjectType, verb: str) -> str:
    """How far the actor may `verb` records of the type. A child is bounded by its parent's view (or edit) as well:
    both must allow."""
    if actor.is_system:
        return "all"
    if object_type.administered and verb != "view":
        return "none"
    if actor.read_only and verb not in {"view", "export"}:
        return "none"
    own = rights(actor).scope(object_type.key, verb)
    if not object_type.parent:
        return own
    above = verb_scope(actor, root_type(object_type), "view")
    return min(own, above, key=SCOPES.index)


def reveals_all(actor: Actor, object_type: ObjectType) -> bool:
    """Does the right to see personal values reach as far as the right to see records?"""
    reach = SCOPES.index(verb_scope(actor, object_type, "reveal"))
    return reach > 0 and reach >= SCOPES.index(verb_scope(actor, object_type, "view"))


def field_levels(actor: Actor, object_type: ObjectType, *, revealed: bool | None = None) -> dict[str, str]:
    """The level at which the actor sees each field: hidden, masked, read or edit. `revealed` says that it is about a
    record whose personal values he may see; without it, about records of the type at large."""
    if actor.is_system:
        return {key: "read" if spec.readonly else "edit" for key, spec in object_type.fields.items()}
    held = rights(actor)
    reveals = reveals_all(actor, object_type) if revealed is None else revealed
    found = {}
    for key, spec in object_type.fields.items():
        default = "masked" if spec.personal and not reveals else "edit"
        rules = held.levels.get((object_type.key, key), ())
        steps = rules if len(rules) >= held.roles and rules else (*rules, default)
        level = widest(LEVELS, *steps)
        found[key] = "read" if level == "edit" and spec.readonly else level
    return found
