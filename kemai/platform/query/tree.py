"""The condition tree: read from JSON, checked against an object type, reduced to a few core tests.

Grammar: {"all": [tree…]} | {"any": [tree…]} | {"not": tree} | {"field": key, "op": operator, "value": …}
| {"related": "order" or "order.customer", "where": tree, "agg": "count"|"sum"|"max"|"min", "of": key, "op": …,
"value": …} (how many related records pass, or a figure over them: "近 90 天订单数 ≥ 3").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kemai.platform.fields import KINDS, OPERATORS, FieldSpec, Invalid, Moment, Test
from kemai.platform.models import FieldDef
from kemai.platform.objects import ObjectType, all_types

MAX_DEPTH = 8
MAX_NODES = 200
MAX_VALUES = 1000
AGGREGATES = ("count", "sum", "max", "min")
COUNT_OPERATORS = ("eq", "ne", "lt", "lte", "gt", "gte", "between")
COUNT_SPEC = FieldSpec("count", "count", gettext_lazy("数量"), KINDS["whole"])


class QueryError(Exception):
    """A condition that cannot be run: `message` for people, `allowed` the names that would have been right."""

    def __init__(self, code: str, message: str, allowed: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.allowed = tuple(allowed)


@dataclass(frozen=True)
class Leaf:
    spec: FieldSpec
    test: Test


@dataclass(frozen=True)
class All:
    nodes: tuple[Node, ...]


@dataclass(frozen=True)
class AnyOf:
    nodes: tuple[Node, ...]


@dataclass(frozen=True)
class Not:
    node: Node


@dataclass(frozen=True)
class Related:
    """A figure over the records of `type` whose reference `field` points to this record."""

    type: ObjectType
    field: FieldSpec
    where: Node
    aggregate: str
    of: FieldSpec | None
    test: Test


Node = Leaf | All | AnyOf | Not | Related
EVERYTHING = All(())


@dataclass(frozen=True)
class Reader:
    """Reads a tree for one object type. `levels` are the reader's field rights: hidden and masked fields cannot be
    asked about, or their values could be guessed by filtering (a masked one may be compared as a whole)."""

    type: ObjectType
    moment: Moment
    levels: Mapping[str, str]

    def node(self, raw: object, depth: int, budget: list[int]) -> Node:
        budget[0] -= 1
        if depth > MAX_DEPTH or budget[0] < 0:
            raise QueryError("too_complex", _("条件太复杂，请拆成几个"))
        if not isinstance(raw, dict):
            raise QueryError("malformed", _("条件的格式不对"))
        for key, build in (("all", All), ("any", AnyOf)):
            if key in raw:
                children = raw[key]
                if not isinstance(children, list):
                    raise QueryError("malformed", _("条件的格式不对"))
                return build(tuple(self.node(child, depth + 1, budget) for child in children))
        if "not" in raw:
            return Not(self.node(raw["not"], depth + 1, budget))
        if "related" in raw:
            return self.related(raw, depth, budget)
        return self.leaf(raw)

    def leaf(self, raw: Mapping[str, Any]) -> Leaf:
        spec = self.spec(raw.get("field"))
        op = str(raw.get("op"))
        allowed = allowed_operators(spec, self.levels.get(spec.key, "edit"))
        if op not in allowed:
            raise QueryError(
                "unknown_operator",
                _("“%(field)s”不能用“%(op)s”比较") % {"field": spec.label, "op": op[:40]},
                allowed,
            )
        return Leaf(spec, run_test(spec, op, raw.get("value"), self.moment))

    def spec(self, name: object) -> FieldSpec:
        fields = self.type.fields
        found = fields.get(name) if isinstance(name, str) else None
        if found is not None and self.levels.get(found.key, "hidden") != "hidden":
            refuse_broken(found)  # what the reader may perhaps not know of is not called by its name
        if found is None or not self.askable(found):
            visible = [key for key, spec in fields.items() if self.askable(spec)]
            raise QueryError("unknown_field", missing(self.type.key, str(name)[:60]), visible)
        return found

    def askable(self, spec: FieldSpec) -> bool:
        shown = self.levels.get(spec.key, "edit") != "hidden"
        return shown and not spec.private and bool(spec.type.operators)

    def related(self, raw: Mapping[str, Any], depth: int, budget: list[int]) -> Related:
        other, link = find_relation(self.type, str(raw["related"]))
        where = Reader(other, self.moment, {}).node(raw.get("where") or {"all": []}, depth + 1, budget)
        aggregate = str(raw.get("agg", "count"))
        if aggregate not in AGGREGATES:
            raise QueryError("unknown_aggregate", _("不认识的统计方式"), AGGREGATES)
        numeric = [s.key for s in other.fields.values() if s.type.numeric and not s.part]
        of = other.fields.get(str(raw.get("of"))) if aggregate != "count" else None
        if aggregate != "count" and (of is None or of.key not in numeric):
            raise QueryError("unknown_field", _("请选择要统计的数值字段"), numeric)
        op = str(raw.get("op"))
        if op not in COUNT_OPERATORS:
            raise QueryError("unknown_operator", _("请选择比较方式"), COUNT_OPERATORS)
        measure = of or COUNT_SPEC
        return Related(
            other, link, where, aggregate, of, run_test(measure, op, raw.get("value"), self.moment)
        )


def parse(
    raw: object, object_type: ObjectType, moment: Moment, levels: Mapping[str, str] | None = None
) -> Node:
    """The checked condition of a JSON tree; None or {} is the condition that everything passes.

    Raises QueryError, with the allowed names where one is wrong."""
    if raw is None or raw == {}:
        return EVERYTHING
    return Reader(object_type, moment, levels or {}).node(raw, 0, [MAX_NODES])


def allowed_operators(spec: FieldSpec, level: str) -> tuple[str, ...]:
    if level == "masked":
        return tuple(op for op in ("eq", "empty", "not_empty") if op in spec.type.operators)
    return spec.compared


def run_test(spec: FieldSpec, op: str, value: object, moment: Moment) -> Test:
    try:
        return spec.type.test(op, shaped(op, value), spec, moment)
    except Invalid as error:
        raise QueryError(
            "bad_value", _("“%(field)s”：%(problem)s") % {"field": spec.label, "problem": error.message}
        ) from error


def shaped(op: str, value: object) -> object:
    """The value in the form that the operator's arity asks for."""
    arity = OPERATORS[op].arity
    if arity == "0":
        return None
    if arity in {"many", "2"}:
        values = list(value) if isinstance(value, list | tuple) else [value]
        if arity == "2" and len(values) != 2:
            raise Invalid(_("请填写两个值"))
        if not values or len(values) > MAX_VALUES:
            raise Invalid(_("请填写 1 到 %(most)s 个值") % {"most": MAX_VALUES})
        return values
    if isinstance(value, list | dict):
        raise Invalid(_("请只填写一个值"))
    return value


def find_relation(target: ObjectType, name: str) -> tuple[ObjectType, FieldSpec]:
    """The other type and its reference to `target` that "order" or "order.customer" names."""
    key, _dot, field = name.partition(".")
    options = relations(target)
    for other, link in options:
        if other.key == key and field in {"", link.key}:
            return other, link
    raise QueryError(
        "unknown_relation",
        _("没有相关对象“%(name)s”") % {"name": name[:60]},
        [f"{other.key}.{link.key}" for other, link in options],
    )


def relations(target: ObjectType) -> list[tuple[ObjectType, FieldSpec]]:
    """Every (type, reference field) that points to records of `target`."""
    return [
        (other, spec)
        for other in all_types()
        for spec in other.fields.values()
        if target.key in (spec.ref, spec.refs) and not spec.part and not spec.private
    ]


def refuse_broken(spec: FieldSpec) -> None:
    """Raises QueryError for a field whose definition names something gone: what it would answer is of then."""
    if spec.own is not None and spec.own.broken:
        raise QueryError("broken_field", broken_words(spec))


def broken_words(spec: FieldSpec) -> str:
    assert spec.own is not None
    return _("字段“%(field)s”的定义有误：%(why)s") % {"field": spec.label, "why": spec.own.broken}


def missing(type_key: str, name: str) -> str:
    """Why a condition cannot ask for a field. One that was taken away is called by its name: what was kept with it (a
    view, a segment, a rule) cannot run until it comes back or the condition is changed."""
    gone = FieldDef.objects.filter(type_key=type_key, key=name).exclude(deleted_at=None)
    label = gone.values_list("label", flat=True).first()
    if label is None:
        return _("没有可用于筛选的字段“%(field)s”") % {"field": name}
    return _(
        "字段“%(field)s”已被删除，用到它的条件不再执行；请修改条件，或请管理员在“对象与字段”里恢复这个字段"
    ) % {"field": label}
