"""Own fields that are asked for only under a condition, and those that a formula checks: decided in memory, on all
values of one record, by the same tree that the form evaluates in the browser."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from kemai.platform import query
from kemai.platform.access import SYSTEM
from kemai.platform.fields import FieldSpec
from kemai.platform.objects import ObjectType
from kemai.platform.query import formula as formulas
from kemai.platform.query.formula import Plan, Rule
from kemai.platform.query.tree import All, AnyOf, Leaf, Node, Not, Related
from kemai.platform.records import computed
from kemai.platform.records.errors import FieldErrors

Values = Mapping[str, Any]


def is_conditional(spec: FieldSpec) -> bool:
    """Is it required only where a condition says so?"""
    return spec.own is not None and bool(spec.own.show_if or spec.own.require_if)


def applies(object_type: ObjectType, spec: FieldSpec, values: Values) -> bool:
    """Is the field asked for on a record with these values?"""
    if spec.own is None or not spec.own.show_if:
        return True
    node = node_of(object_type, spec.own.show_if)
    return node is None or query.passes(node, values)


@dataclass(frozen=True)
class Item:
    spec: FieldSpec
    show: Node | None
    require: Node | None
    inputs: frozenset[str]

    def problem(self, values: Values) -> str:
        if not self.spec.type.is_empty(values.get(self.spec.key)):
            return ""
        if self.show is not None and not query.passes(self.show, values):
            return ""
        wanted = self.spec.required or (self.require is not None and query.passes(self.require, values))
        return _("请填写%(field)s") % {"field": self.spec.label} if wanted else ""


@dataclass(frozen=True)
class Check:
    """The check formula of a field: refused is what makes it false. What it reads may be empty: then nothing is."""

    plan: Plan
    rule: Rule
    inputs: frozenset[str]

    @property
    def spec(self) -> FieldSpec:
        return self.rule.spec

    def problem(self, values: Values) -> str:
        clock = formulas.clock()
        known = computed.known_with(self.plan, self.rule.formula.reads, values, clock)
        if self.rule.formula.value(known, clock) is not False:
            return ""
        return self.rule.message or _("%(field)s不符合校验规则") % {"field": self.spec.label}


@dataclass(frozen=True)
class Conditional:
    """The conditions and checks of one type, read once for many records."""

    items: tuple[Item | Check, ...]

    @staticmethod
    def of(object_type: ObjectType) -> Conditional | None:
        """None where the type has none."""
        items: tuple[Item | Check, ...] = tuple(
            item(object_type, spec) for spec in object_type.fields.values() if is_conditional(spec)
        )
        items += tuple(checks(object_type))
        return Conditional(items) if items else None

    @property
    def needs(self) -> frozenset[str]:
        """The fields whose values must be known."""
        return frozenset().union(*(one.inputs | {one.spec.key} for one in self.items))

    def problems(
        self, values: Values, touched: Collection[str] | None = None, unread: Collection[str] = ()
    ) -> dict[str, str]:
        """{field: what to do}; of a change (`touched`) only what it has to do with. Nothing is said by what depends on
        fields that could not be read (`unread`)."""
        found: dict[str, str] = {}
        for one in self.items:
            if not one.inputs.isdisjoint(unread):
                continue
            if touched is None or one.spec.key in touched or not one.inputs.isdisjoint(touched):
                problem = one.problem(values)
                if problem:
                    found.setdefault(one.spec.key, problem)
        return found

    def check(self, values: Values, touched: Collection[str] | None = None) -> None:
        """Raises FieldErrors."""
        found = self.problems(values, touched)
        if found:
            raise FieldErrors(found)


def item(object_type: ObjectType, spec: FieldSpec) -> Item:
    assert spec.own is not None
    show, require = node_of(object_type, spec.own.show_if), node_of(object_type, spec.own.require_if)
    nodes = [node for node in (show, require) if node is not None]
    return Item(spec, show, require, frozenset(key for node in nodes for key in keys_of(node)))


def checks(object_type: ObjectType) -> Iterable[Check]:
    plan = formulas.plan_of(object_type)
    for rule in plan.rules:
        reads = rule.formula.reads
        yield Check(plan, rule, reads.union(*(plan.inputs[key] for key in plan.needed(reads))))


def node_of(object_type: ObjectType, tree: Mapping[str, Any] | None) -> Node | None:
    """The condition; one that names what is gone, or asks about other records, is none: nobody is locked out."""
    if not tree:
        return None
    try:
        node = query.parse(tree, object_type, SYSTEM.moment())
    except query.QueryError:
        return None
    return None if any(isinstance(one, Related) for one in walk(node)) else node


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
