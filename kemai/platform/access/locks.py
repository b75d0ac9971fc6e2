"""Fields that may be edited in general, but only be read on records in a certain state (the amount of a won deal)."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from typing import Any

from django.utils.translation import gettext as _

from kemai.platform.access.actor import SYSTEM, Actor
from kemai.platform.access.grants import rights
from kemai.platform.fields import OPERATORS, FieldSpec, listed
from kemai.platform.objects import ObjectType
from kemai.platform.query import QueryError, compile_q, parse


def lock_trees(actor: Actor, object_type: ObjectType) -> dict[str, Any]:
    """{field: condition tree under which the actor may only read it}: what every role that lets them edit the field
    says. One role without a condition, or without a rule for the field, sets it free."""
    if actor.is_system:
        return {}
    held = rights(actor)
    found = {}
    for (type_key, name), texts in held.locks.items():
        spec = object_type.fields.get(name) if type_key == object_type.key else None
        if spec is None:
            continue
        rules = held.levels[type_key, name]
        by_default = 0 if spec.personal else held.roles - len(rules)
        if rules.count("edit") == len(texts) and not by_default:
            found[name] = {"all": [json.loads(text) for text in dict.fromkeys(texts)]}
    return found


def locked(
    actor: Actor, object_type: ObjectType, ids: Collection[int], fields: Iterable[str] | None = None
) -> dict[str, set[int]]:
    """{field: those of the records on which it is locked}, as the records are stored now. Nothing is asked where
    nothing can be locked; a condition that names something gone locks every record, until it is mended."""
    trees = lock_trees(actor, object_type)
    wanted = trees if fields is None else [name for name in fields if name in trees]
    found: dict[str, set[int]] = {}
    for name in wanted:
        try:
            node = parse(trees[name], object_type, SYSTEM.moment())
        except QueryError:
            found[name] = set(ids)
            continue
        rows = object_type.records().filter(compile_q(node, object_type), pk__in=list(ids))
        if shut := set(rows.values_list("pk", flat=True)):
            found[name] = shut
    return found


def why_locked(actor: Actor, object_type: ObjectType, name: str) -> str:
    """The sentence for whoever tries; "" where no state of a record locks the field for them."""
    tree = lock_trees(actor, object_type).get(name)
    if tree is None:
        return ""
    values = {"field": object_type.fields[name].label, "when": told(object_type, tree)}
    return _("“%(when)s”时，您只能查看“%(field)s”，不能修改") % values


def told(object_type: ObjectType, tree: Any) -> str:
    """A condition in words: 阶段 是 赢单."""
    if not isinstance(tree, dict):
        return ""
    for word, mark in (("all", _(" 且 ")), ("any", _(" 或 "))):
        if word in tree:
            parts = [told(object_type, one) for one in tree[word]]
            return mark.join(part for part in parts if part)
    if "not" in tree:
        return _("并非 %(what)s") % {"what": told(object_type, tree["not"])}
    spec = object_type.fields.get(str(tree.get("field")))
    operator = OPERATORS.get(str(tree.get("op")))
    if spec is None or operator is None:
        return _("（条件里的字段已不存在）")
    return " ".join(
        part for part in (str(spec.label), str(operator.label), value(spec, tree.get("value"))) if part
    )


def value(spec: FieldSpec, given: Any) -> str:
    if given is None:
        return ""
    if isinstance(given, list):
        return listed(value(spec, one) for one in given)
    if isinstance(given, bool):
        return _("是") if given else _("否")
    option = spec.option(given)
    return str(option.label) if option is not None else str(given)
