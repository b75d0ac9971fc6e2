"""From rights to SQL: the one condition that says with which records of a type an actor may do something."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from django.contrib.auth import get_user_model
from django.db.models import Q
from django.db.models.expressions import RawSQL

from kemai.platform.access import commons
from kemai.platform.access.actor import Actor
from kemai.platform.access.beyond import Extras, extras, member_keys
from kemai.platform.access.grants import Reach, reaches, root_type, within
from kemai.platform.fields import FieldSpec
from kemai.platform.objects import ObjectType, get
from kemai.platform.query import QueryError, compile_q, parse
from kemai.platform.query.orm import either

NOTHING = Q(pk__in=[])


class Bound(NamedTuple):
    """One thing that must allow: roles' reaches on records of `type`, or what the actor has beyond them."""

    type: ObjectType
    reaches: tuple[Reach, ...]
    extras: Extras
    inherited: bool = False
    """Is it about the record that this one belongs to?"""
    own: bool = True
    """Does a child's own owner count? Not for making one: everybody owns what he makes, wherever he makes it."""


def bounds(actor: Actor, object_type: ObjectType, verb: str) -> list[Bound] | None:
    """Everything that has to allow it, without what is implied by the rest; None where something never does.

    A record must pass for the verb and for seeing it; a child's parent must be seen as well."""
    root, actor = root_type(object_type), actor.judged(verb)
    wanted: list[Bound] = []
    for one in dict.fromkeys((verb, "view")):
        found = reaches(actor, object_type, one)
        if not found:
            return None
        beyond = extras(actor, root, one)
        carried = beyond.carried(object_type.key) if object_type.parent else beyond
        wanted.append(Bound(object_type, found, carried, own=one != "create"))
    if object_type.parent:
        above = reaches(actor, root, "view")
        if not above:
            return None
        wanted.append(Bound(root, above, extras(actor, root, "view"), inherited=True))
    return needed(wanted)


def needed(wanted: list[Bound]) -> list[Bound]:
    """A bound that another one is within says nothing of its own."""
    kept: list[Bound] = []
    for place, one in enumerate(wanted):
        others = kept + wanted[place + 1 :]
        if not any(implied(one, other) for other in others):
            kept.append(one)
    return kept


def implied(wide: Bound, narrow: Bound) -> bool:
    """Does whatever passes `narrow` pass `wide`? (A child's own grant counts for its parent's owner, too, but a
    condition on the one says nothing about the other.)"""
    if not wide.own and narrow.own and not narrow.inherited and narrow.type.has_owner and narrow.type.parent:
        return any(one.scope == "all" and not one.where for one in wide.reaches)
    if wide.type is not narrow.type:
        if any(one.where for one in (*wide.reaches, *narrow.reaches)):
            plain = tuple(one for one in wide.reaches if not one.where)
            return any(one.scope == "all" for one in plain)
        if narrow.inherited and narrow.extras and not any(one.scope == "all" for one in wide.reaches):
            return False
        if wide.inherited and narrow.type.has_owner and not any(one.scope == "all" for one in wide.reaches):
            return False
    return within(narrow.reaches, wide.reaches) and within_extras(narrow.extras, wide)


def within_extras(narrow: Extras, wide: Bound) -> bool:
    if not narrow or any(one.scope == "all" and not one.where for one in wide.reaches):
        return True
    more = wide.extras
    return (
        (more.members or not narrow.members)
        and (more.reports or not narrow.reports)
        and set(narrow.rules) <= set(more.rules)
        and set(narrow.levels) <= set(more.levels)
    )


def allowed_q(actor: Actor, object_type: ObjectType, verb: str, *, by_values: bool = False) -> Q:
    """The condition on records of the type. `Q()` lets everything pass. `by_values` asks what roles say of the
    record's values alone, whoever owns it."""
    if actor.is_system:
        return Q()
    found = bounds(actor, object_type, verb)
    if found is None:
        return NOTHING
    if by_values:
        found = [b._replace(reaches=tuple(Reach("all", (), one.where) for one in b.reaches)) for b in found]
    result = Q()
    for one in found:
        result &= bound_q(actor, object_type, one)
    return result


def signature(actor: Actor, object_type: ObjectType, verb: str) -> tuple[Any, ...]:
    """Equal for verbs that reach the same records."""
    found = bounds(actor, object_type, verb)
    return ("none",) if found is None else tuple((b.reaches, b.extras, b.inherited, b.own) for b in found)


def bound_q(actor: Actor, object_type: ObjectType, bound: Bound) -> Q:
    parts = [reach_q(actor, object_type, bound.type, one, own=bound.own) for one in bound.reaches]
    if not all(parts):
        return Q()
    if bound.extras:
        parts += extra_qs(actor, object_type, bound)
    return either(parts)


def reach_q(actor: Actor, object_type: ObjectType, of: ObjectType, reach: Reach, *, own: bool = True) -> Q:
    """The records of `object_type` whose own (or, `of` another type, whose parent's) owner and values lie within."""
    q = owner_q(actor, object_type, of, reach, own=own)
    if reach.where:
        q &= where_q(actor, object_type, of, reach.where)
    return q


def owner_q(actor: Actor, object_type: ObjectType, of: ObjectType, reach: Reach, *, own: bool = True) -> Q:
    root = root_type(object_type)
    if reach.scope == "all" or not root.has_owner:
        return Q()
    q = lifted(object_type, lambda prefix: owned_by(actor, f"{prefix}owner", reach))
    if own and of is object_type and object_type is not root and object_type.has_owner:
        q |= owned_by(actor, "owner", reach)
    return q


def owned_by(actor: Actor, path: str, reach: Reach) -> Q:
    mine = Q(**{path: actor.user_id})
    if reach.scope == "own":
        return mine
    if reach.scope == "reports":
        return mine | reports_q(actor, path)
    people = get_user_model()._default_manager.all()
    if reach.scope == "chosen":
        inside = either([Q(department__path__startswith=one) for one in reach.paths])
        people = people.filter(inside) if reach.paths else people.none()
    elif reach.scope == "team" or not actor.department_path:
        people = people.filter(department=actor.department_id) if actor.department_id else people.none()
    else:
        people = people.filter(department__path__startswith=actor.department_path)
    return mine | Q(**{f"{path}__in": people.values("pk")})


def reports_q(actor: Actor, path: str) -> Q:
    """Owned by somebody below the actor in the reporting line, however far."""
    table = get_user_model()._meta.db_table
    line = (
        f"WITH RECURSIVE line(id) AS (SELECT id FROM {table} WHERE manager_id = %s "  # noqa: S608 - a table's name
        f"UNION SELECT one.id FROM {table} one JOIN line ON one.manager_id = line.id) SELECT id FROM line"
    )
    return Q(**{f"{path}__in": RawSQL(line, [actor.user_id])})  # noqa: S611 - no text of anybody's in it


def where_q(actor: Actor, object_type: ObjectType, of: ObjectType, where: str) -> Q:
    """A stored condition on `of`; one that names something gone lets nothing pass."""
    try:
        q = compile_q(parse(json.loads(where), of, actor.moment()), of)
    except QueryError:
        return NOTHING
    if of is object_type or not q:
        return q
    inside = of.records().filter(q).values("pk")
    return lifted(object_type, lambda prefix: Q(**{f"{prefix}pk__in": inside}))


def extra_qs(actor: Actor, object_type: ObjectType, bound: Bound) -> list[Q]:
    root = root_type(object_type)
    child = "" if bound.inherited or root is object_type else object_type.key
    beyond = bound.extras
    found: list[Q] = []
    if beyond.members:
        keys = member_keys(actor, root, beyond.levels, child)
        found += [members_q(object_type, one.values("object_id")) for one in keys]
    if beyond.reports:
        found.append(lifted(object_type, lambda prefix: reports_q(actor, f"{prefix}owner")))
    if beyond.places:
        path = f"{commons.path_of(root.key)}__in"
        found.append(lifted(object_type, lambda prefix: Q(**{f"{prefix}{path}": list(beyond.places)})))
    found += [where_q(actor, object_type, root, rule.where) for rule in beyond.rules]
    return found


def members_q(object_type: ObjectType, keys: Any) -> Q:
    return lifted(object_type, lambda prefix: Q(**{f"{prefix}pk__in": keys}))


def lifted(object_type: ObjectType, build: Callable[[str], Q]) -> Q:
    """A condition on the record whose owner decides, said of the records that belong to it. `build(prefix)` makes it
    for paths that begin so. An own reference is no join: there the keys of the parents are asked for."""
    line = list(lineage(object_type))
    if not any(spec.own for _type, spec in line):
        return build("".join(f"{spec.key}__" for _type, spec in line))
    q = build("")
    for _type, spec in reversed(line):
        if not q:
            break
        q = Q(**{f"{spec.value_path}__in": get(spec.ref).records().filter(q).values("pk")})
    return q


def lineage(object_type: ObjectType) -> Iterator[tuple[ObjectType, FieldSpec]]:
    """(type, its reference) up to the record whose owner decides."""
    while object_type.parent:
        spec = object_type.fields[object_type.parent]
        yield object_type, spec
        object_type = get(spec.ref)
