"""Roll-ups: a figure over the records that point here ("订单总额" of a customer), as read from its definition."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from kemai.kit.formula import Type
from kemai.platform.fields import FieldSpec, Moment
from kemai.platform.fields.when import RELATIVE
from kemai.platform.objects import ObjectType, UnknownObject, get
from kemai.platform.query.formula.reading import RESULTS, TYPE_OF, clock
from kemai.platform.query.tree import All, AnyOf, Leaf, Node, Not, QueryError, Related, parse

AGGREGATES = ("count", "sum", "min", "max", "last")
MOVING = frozenset({"last", "older", "next", "this"})
ORDERED = frozenset({Type.NUMBER, Type.DATE, Type.MOMENT})
KEPT = ORDERED | {Type.TEXT, Type.BOOL}
"""What the last record may hand up."""


class BadRollUp(Exception):
    """A definition that cannot be worked out; `message` says what to do, `part` what is wrong: the relation, the
    aggregate, the field that it is of, the condition or the kind."""

    def __init__(self, message: str, part: str = "relation") -> None:
        super().__init__(message)
        self.message = message
        self.part = part


@dataclass(frozen=True)
class RollUp:
    """The field `spec` of `parent`: a figure over the records of `child` whose reference `link` points here."""

    parent: ObjectType
    spec: FieldSpec
    child: ObjectType
    link: FieldSpec
    of: FieldSpec | None
    aggregate: str
    where: Node
    order: FieldSpec | None
    """For "last": the field that says when, if the child has one."""
    moving: bool
    """The condition speaks of today, so that the figure changes by itself."""

    @property
    def reads(self) -> frozenset[str]:
        """The child's fields that it depends on."""
        keys = {self.link.key, *keys_of(self.where)}
        keys |= {spec.key for spec in (self.of, self.order) if spec is not None}
        return frozenset(keys)


def read(parent: ObjectType, spec: FieldSpec) -> RollUp:
    """Raises BadRollUp."""
    assert spec.own is not None
    raw = spec.own.settings.get("rollup")
    raw = raw if isinstance(raw, dict) else {}
    child = child_of(raw)
    link = link_of(parent, child, raw)
    aggregate = str(raw.get("agg") or "count")
    if aggregate not in AGGREGATES:
        raise BadRollUp(_("请选择统计方式"), "agg")
    of = None if aggregate == "count" else measure(child, raw, aggregate)
    kinds = result_kinds(of)
    if spec.type.key not in kinds:
        raise BadRollUp(_("这个汇总的结果不能存为现在选择的种类"), "kind")
    where, moving = condition(child, raw.get("where"))
    order = child.fields.get(child.date) if aggregate == "last" and child.date else None
    return RollUp(parent, spec, child, link, of, aggregate, where, order, moving)


def child_of(raw: Mapping[str, Any]) -> ObjectType:
    try:
        return get(str(raw.get("object")))
    except UnknownObject:
        raise BadRollUp(_("请选择要汇总的对象；原来的对象可能已经删除")) from None


def link_of(parent: ObjectType, child: ObjectType, raw: Mapping[str, Any]) -> FieldSpec:
    """The child's reference to the parent: the named one, or the only one there is."""
    links = [one for one in child.fields.values() if one.ref == parent.key and not one.part]
    named = str(raw.get("field") or "")
    found = [one for one in links if one.key == named] if named else links[:1]
    if not found:
        raise BadRollUp(_("“%(object)s”没有指向这里的关联字段") % {"object": child.label})
    return found[0]


def measure(child: ObjectType, raw: Mapping[str, Any], aggregate: str) -> FieldSpec:
    of = child.fields.get(str(raw.get("of") or ""))
    kind = TYPE_OF.get(of.type.key) if of is not None and not of.private and of.compute is None else None
    if of is None or kind is None:
        raise BadRollUp(_("请选择要汇总的字段"), "of")
    if aggregate == "sum" and kind != Type.NUMBER:
        raise BadRollUp(_("只有数字和金额能求和"), "of")
    if aggregate in {"min", "max"} and kind not in ORDERED:
        raise BadRollUp(_("只有数字、金额和日期能取最小、最大值"), "of")
    if kind not in KEPT:
        raise BadRollUp(_("这种字段不能汇总"), "of")
    return of


def result_kinds(of: FieldSpec | None) -> tuple[str, ...]:
    """The kinds that can hold the figure, the usual one first."""
    if of is None:
        return ("whole", "number")
    kind = TYPE_OF[of.type.key]
    usual = "whole" if of.type.key == "rating" else of.type.key
    return tuple(dict.fromkeys((usual, *RESULTS[kind]))) if usual in RESULTS[kind] else RESULTS[kind]


def condition(child: ObjectType, raw: object) -> tuple[Node, bool]:
    try:
        where = parse(raw, child, Moment(*clock()))
    except QueryError as error:
        raise BadRollUp(error.message, "where") from None
    for node in walk(where):
        if isinstance(node, Related) or (isinstance(node, Leaf) and node.spec.type.key == "tags"):
            raise BadRollUp(_("汇总的条件不能再看别的记录或标签"), "where")
    return where, any(is_moving(one) for one in leaves(raw))


def is_moving(leaf: Mapping[str, Any]) -> bool:
    value = leaf.get("value")
    values = value if isinstance(value, list) else [value]
    return leaf.get("op") in MOVING or any(
        one == "today" or (isinstance(one, str) and RELATIVE.fullmatch(one)) for one in values
    )


def leaves(raw: object) -> Iterable[Mapping[str, Any]]:
    if isinstance(raw, dict):
        yield raw
        for key in ("all", "any", "not"):
            yield from leaves(raw.get(key))
    elif isinstance(raw, list):
        for one in raw:
            yield from leaves(one)


def walk(node: Node) -> Iterable[Node]:
    yield node
    match node:
        case All(nodes) | AnyOf(nodes):
            for child in nodes:
                yield from walk(child)
        case Not(child):
            yield from walk(child)


def keys_of(node: Node) -> Iterable[str]:
    return (one.spec.key for one in walk(node) if isinstance(one, Leaf))
