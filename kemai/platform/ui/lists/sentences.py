"""A condition in words: what the filter builder cannot spell is at least said."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from kemai.platform.access import Actor
from kemai.platform.fields import OPERATORS, FieldSpec, listed
from kemai.platform.objects import ObjectType, UnknownField, UnknownObject
from kemai.platform.query import QueryError
from kemai.platform.query.tree import find_relation
from kemai.platform.ui.lists import filters

Tree = Any


def related(actor: Actor, object_type: ObjectType, tree: Tree) -> str:
    """ "订单数量 ≥ 3（其中 状态 是 已付款 且 金额 > 100）"; only the object's name where that cannot be told."""
    try:
        return figure(actor, object_type, tree)
    except (LookupError, TypeError, ValueError, QueryError, UnknownField, UnknownObject):
        return filters.related_title(tree)


def figure(actor: Actor, object_type: ObjectType, tree: Tree) -> str:
    other, _link = find_relation(object_type, str(tree["related"]))
    of = other.fields[str(tree["of"])] if tree.get("of") else None
    names = {
        "count": _("%(object)s数量"), "sum": _("%(object)s的%(field)s合计"),
        "max": _("%(object)s的最大%(field)s"), "min": _("%(object)s的最小%(field)s"),
    }  # fmt: skip
    subject = names[str(tree.get("agg", "count"))] % {"object": other.label, "field": of.label if of else ""}
    said = f"{subject} {operator(str(tree.get('op')))} {tree.get('value', '')}".strip()
    where = tree.get("where")
    return (
        _("%(figure)s（其中 %(where)s）") % {"figure": said, "where": sentence(actor, other, where)}
        if where
        else said
    )


def sentence(actor: Actor, object_type: ObjectType, tree: Tree) -> str:
    for key, word in (("all", _("且")), ("any", _("或"))):
        if key in tree:
            parts = [sentence(actor, object_type, one) for one in tree[key]]
            return parts[0] if len(parts) == 1 else "（" + f" {word} ".join(parts) + "）"
    if "not" in tree:
        return _("并非 %(what)s") % {"what": sentence(actor, object_type, tree["not"])}
    if "related" in tree:
        return figure(actor, object_type, tree)
    spec = object_type.fields[str(tree["field"])]
    return f"{spec.label} {said(actor, spec, str(tree.get('op')), tree.get('value'))}".strip()


def said(actor: Actor, spec: FieldSpec, op: str, value: Any) -> str:
    if op == "this":
        return str(filters.PERIODS.get(str(value), value))
    if op in filters.DAYS:
        return str(filters.DAYS[op]).format(value)
    values = [] if value is None else value if isinstance(value, list) else [value]
    words = filters.words_for(actor, spec, [str(one) for one in values])
    shown = [
        str(option.label) if (option := spec.option(one)) else words.get(str(one), str(one)) for one in values
    ]
    return f"{operator(op, numeric=spec.type.numeric)} {listed(shown)}".strip()


def operator(op: str, *, numeric: bool = True) -> str:
    sign = filters.SIGNS.get(op, "") if numeric or op not in {"eq", "ne"} else ""
    return sign or str(filters.WORDS.get(op) or OPERATORS[op].label)
