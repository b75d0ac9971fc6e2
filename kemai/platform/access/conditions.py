"""Conditions as a person may ask them: what they may not know of they cannot filter by, at any depth."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from kemai.platform.access import commons
from kemai.platform.access.actor import Actor
from kemai.platform.access.grants import verb_scope
from kemai.platform.access.levels import field_levels
from kemai.platform.objects import ObjectType
from kemai.platform.query import Node, QueryError, parse
from kemai.platform.query.tree import All, AnyOf, Leaf, Not, Related


def condition(actor: Actor, object_type: ObjectType, raw: object) -> Node:
    """The checked condition of a JSON tree, in the name of the actor. Raises QueryError.

    The fields of related records are held to the actor's rights on their own type: a filter on what one may not
    see would tell it piece by piece."""
    node = parse(raw, object_type, actor.moment(), asking_levels(actor, object_type))
    check(actor, node)
    return node


def asking_levels(actor: Actor, object_type: ObjectType) -> dict[str, str]:
    """What the actor may know of the fields where records are asked for by them: filtered, grouped, summed up."""
    return field_levels(actor, object_type) | commons.shut_at_large(actor, object_type)


def check(actor: Actor, node: Node) -> None:
    match node:
        case All(nodes) | AnyOf(nodes):
            for child in nodes:
                check(actor, child)
        case Not(child):
            check(actor, child)
        case Related():
            check_related(actor, node)


def check_related(actor: Actor, node: Related) -> None:
    if verb_scope(actor, node.type, "view") == "none":
        raise QueryError("unknown_relation", _("没有相关对象“%(name)s”") % {"name": node.type.key})
    levels = asking_levels(actor, node.type)
    known = {key for key, level in levels.items() if level in {"read", "edit"}}
    asked = {leaf.spec.key for leaf in leaves(node.where)} | {node.field.key}
    if node.of is not None:
        asked.add(node.of.key)
    hidden = sorted(asked - known)
    if hidden:
        raise QueryError(
            "unknown_field", _("没有可用于筛选的字段“%(field)s”") % {"field": hidden[0]}, sorted(known)
        )
    check(actor, node.where)


def leaves(node: Node) -> list[Leaf]:
    found: list[Leaf] = []
    waiting: list[Any] = [node]
    while waiting:
        one = waiting.pop()
        match one:
            case Leaf():
                found.append(one)
            case All(nodes) | AnyOf(nodes):
                waiting.extend(nodes)
            case Not(child):
                waiting.append(child)
    return found
