"""What an actor's roles grant: for each verb how far it reaches, and the levels of fields. Roles only add up."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from django.contrib.auth import get_user_model
from django.db import transaction

from kemai.platform.access.actor import EMERGENCY, OF_EMERGENCY, Actor, forget_version, rights_version
from kemai.platform.models import FieldRule, Grant
from kemai.platform.objects import ObjectType, get, own

SCOPES = ("none", "own", "reports", "team", "below", "chosen", "all")
LEVELS = ("hidden", "masked", "read", "edit")


class Reach(NamedTuple):
    """How far one grant goes: a scope over owners, and a condition (JSON, "" for none) that records must pass."""

    scope: str
    paths: tuple[str, ...] = ()
    """Of chosen departments."""
    where: str = ""

    def covers(self, other: Reach) -> bool:
        """Is whatever the other reaches within this one, for every actor?"""
        if self.where and self.where != other.where:
            return False
        if self.scope == "all" or other.scope == "own":
            return True
        return self[:2] == other[:2] or (self.scope, other.scope) == ("below", "team")


EVERYTHING = Reach("all")


@dataclass(frozen=True)
class Rights:
    """`verbs` is {(object key, verb): reaches, none within another}, `levels` {(object key, field): levels} where a
    role has a rule, `roles` how many roles there are: a role without a rule for a field has the field's default."""

    verbs: Mapping[tuple[str, str], tuple[Reach, ...]]
    levels: Mapping[tuple[str, str], tuple[str, ...]]
    roles: int
    locks: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    """{(object key, field): conditions (JSON)} of the roles that let it be edited only on other records."""
    emergency: bool = False
    """Is every record open to be read? It is no role: what roles say of editing a field stays as it is."""

    def reaches(self, type_key: str, verb: str) -> tuple[Reach, ...]:
        named, every = self.verbs.get((type_key, verb), ()), self.verbs.get(("*", verb), ())
        return widest_of((*named, *every)) if named and every else named or every


def widest(ladder: tuple[str, ...], *steps: str) -> str:
    return max(steps, key=ladder.index)


def widest_of(reaches: Iterable[Reach]) -> tuple[Reach, ...]:
    """Without those that lie within another."""
    kept: list[Reach] = []
    for one in reaches:
        if not any(other.covers(one) for other in kept):
            kept = [other for other in kept if not one.covers(other)] + [one]
    return tuple(kept)


def within(narrow: Iterable[Reach], wide: Iterable[Reach]) -> bool:
    """Does everything that the narrow ones reach lie within the wide ones?"""
    wide = tuple(wide)
    return all(any(other.covers(one) for other in wide) for one in narrow)


def rights_changed() -> None:
    """To be called in the transaction that changes roles, grants, field rules, members or departments."""
    own.give_version(own.RIGHTS)
    forget_version()
    transaction.on_commit(forget_version)
    for forget in forgetting:
        forget()


@lru_cache(maxsize=512)
def load_rights(role_ids: tuple[int, ...], version: str) -> Rights:
    verbs: dict[tuple[str, str], tuple[Reach, ...]] = {}
    grants = list(Grant.objects.filter(role__in=role_ids))
    paths = department_paths({int(key) for one in grants for key in one.departments})
    for one in grants:
        if one.scope in SCOPES[1:]:
            cell = (one.type_key, one.verb)
            verbs[cell] = widest_of((*verbs.get(cell, ()), reach_of(one, paths)))
    levels: dict[tuple[str, str], tuple[str, ...]] = {}
    locks: dict[tuple[str, str], tuple[str, ...]] = {}
    rules = FieldRule.objects.filter(role__in=role_ids)
    for key, name, level, where in rules.values_list("type_key", "field", "level", "locked_where"):
        levels[key, name] = (*levels.get((key, name), ()), level)
        if where and level == "edit":
            text = json.dumps(where, ensure_ascii=False, sort_keys=True)
            locks[key, name] = (*locks.get((key, name), ()), text)
    emergency = EMERGENCY in role_ids
    if emergency:
        verbs |= {("*", verb): (EVERYTHING,) for verb in OF_EMERGENCY}
    return Rights(verbs, levels, len(role_ids) - emergency, locks, emergency)


forgetting = [load_rights.cache_clear]
"""What each process forgets when rights change."""


def reach_of(grant: Grant, paths: Mapping[int, str]) -> Reach:
    chosen = sorted(paths[int(key)] for key in grant.departments if int(key) in paths)
    where = json.dumps(grant.where, ensure_ascii=False, sort_keys=True) if grant.where else ""
    return Reach(grant.scope, tuple(chosen) if grant.scope == "chosen" else (), where)


def department_paths(ids: Iterable[int]) -> dict[int, str]:
    wanted = set(ids)
    if not wanted:
        return {}
    model = get_user_model()._meta.get_field("department").related_model
    return dict(model._default_manager.filter(pk__in=wanted, deleted_at=None).values_list("pk", "path"))


def version_of(actor: Actor) -> str:
    return actor.rights_version or rights_version()


def rights(actor: Actor) -> Rights:
    return load_rights(actor.role_ids, version_of(actor))


def root_type(object_type: ObjectType) -> ObjectType:
    """The type whose grants and owner decide: the parent's, for records that belong to another."""
    while object_type.parent:
        object_type = get(object_type.fields[object_type.parent].ref)
    return object_type


def reaches(actor: Actor, object_type: ObjectType, verb: str) -> tuple[Reach, ...]:
    """What the actor's roles grant on the type itself, whatever its parent says."""
    if actor.is_system:
        return (EVERYTHING,)
    if object_type.administered and verb != "view":
        return ()
    if actor.types and object_type.key not in actor.types:
        return ()
    if actor.read_only and verb not in {"view", "export", "api"}:
        return ()
    return rights(actor).reaches(object_type.key, verb)


def verb_scope(actor: Actor, object_type: ObjectType, verb: str) -> str:
    """The name of how far the actor may `verb` records of the type: "none" where roles give no such right, "all" only
    where nothing bounds it. A child is bounded by its parent's view as well: both must allow."""
    actor = actor.judged(verb)
    own = scope_name(reaches(actor, object_type, verb))
    if not object_type.parent:
        return own
    above = scope_name(reaches(actor, root_type(object_type), "view"))
    return min(own, above, key=SCOPES.index)


def scope_name(found: tuple[Reach, ...]) -> str:
    name = widest(SCOPES, "none", *(one.scope for one in found))
    return "chosen" if name == "all" and EVERYTHING not in found else name
