"""What is computed of every object type, and in which order: worked out once a version of the definitions.

The graph goes over all types: a formula reads fields of its own record, a roll-up reads fields of the records that
point to it. What stands in a circle is broken, with the circle named; so is what names a field that is gone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from django.utils import translation
from django.utils.functional import lazy

from kemai.kit.formula import Field, Formula, FormulaError, Type, names
from kemai.platform.fields import FieldSpec, Label
from kemai.platform.objects import ObjectType, all_types, get, own
from kemai.platform.query.formula.reading import RESULTS, checked, fields_of
from kemai.platform.query.formula.rollups import BadRollUp, RollUp, read
from kemai.platform.query.formula.words import explained

Node = tuple[str, str]
"""A field: (object key, field key)."""
Graph = Mapping[Node, frozenset[Node]]
"""What each computed field reads."""
ALWAYS = "updated_at"
"""Changes with every write, though no diff says so."""


@dataclass(frozen=True)
class Rule:
    """The check formula of a field."""

    spec: FieldSpec
    formula: Formula
    message: str


@dataclass
class Plan:
    """What is computed of one type. `formulas` stand in the order in which they are worked out."""

    type: ObjectType
    formulas: dict[str, Formula] = field(default_factory=dict)
    rollups: dict[str, RollUp] = field(default_factory=dict)
    rules: list[Rule] = field(default_factory=list)
    defaults: dict[str, Formula] = field(default_factory=dict)
    broken: dict[str, Label] = field(default_factory=dict)
    """Why a computed field is not worked out, a rule not asked, a default not given: in the language of whoever reads
    it, though the plan is made for everybody."""

    @cached_property
    def inputs(self) -> Mapping[str, frozenset[str]]:
        """What each formula comes down to: the fields it reads, through other formulas too, and those formulas."""
        found: dict[str, frozenset[str]] = {}
        for key, formula in self.formulas.items():
            found[key] = formula.reads.union(*(found.get(one, frozenset()) for one in formula.reads))
        return found

    @cached_property
    def late(self) -> frozenset[str]:
        """Formulas over what a record gets only when it is stored: moments, numbers."""
        given = {
            spec.key for spec in self.type.fields.values()
            if spec.own is None and not spec.part and (spec.readonly or self.numbered(spec))
        }  # fmt: skip
        given |= {spec.key for spec in self.type.fields.values() if spec.type.key == "auto_number"}
        return frozenset(key for key, inputs in self.inputs.items() if not inputs.isdisjoint(given))

    def numbered(self, spec: FieldSpec) -> bool:
        return self.type.numbering is not None and self.type.numbering.field == spec.key

    def follows(self, changed: Collection[str] | None) -> frozenset[str]:
        """The formulas that may have another value now; None stands for a record that is new altogether."""
        if changed is None:
            return frozenset(self.formulas)
        moved = {*changed, ALWAYS}
        return frozenset(key for key, inputs in self.inputs.items() if not inputs.isdisjoint(moved))

    def levels(self, wanted: Collection[str]) -> Iterator[list[str]]:
        """These formulas in groups, none of which reads another of its group."""
        group: list[str] = []
        for key in self.formulas:
            if key not in wanted:
                continue
            if not self.formulas[key].reads.isdisjoint(group):
                yield group
                group = []
            group.append(key)
        if group:
            yield group

    def needed(self, reads: Collection[str]) -> list[str]:
        """The formulas that must be worked out to know these fields, in order."""
        wanted = {*reads}.union(*(self.inputs[key] for key in reads if key in self.inputs))
        return [key for key in self.formulas if key in wanted]


@dataclass
class Whole:
    """The plans of all types together."""

    plans: dict[str, Plan] = field(default_factory=dict)
    graph: dict[Node, frozenset[Node]] = field(default_factory=dict)
    watchers: dict[str, list[RollUp]] = field(default_factory=dict)
    """{child object key: the roll-ups over it}"""
    order: list[Node] = field(default_factory=list)


_kept: tuple[object, Whole] = (None, Whole())


def whole() -> Whole:
    """Everything computed, as the definitions are now."""
    global _kept  # noqa: PLW0603 - one state a process, exchanged as a whole
    meta = own.current()
    if _kept[0] is not meta:
        with translation.override("zh-hans"):  # labels of choices are stored in one language
            _kept = (meta, build())
    return _kept[1]


def unworked() -> dict[Node, Label]:
    """What is broken and not worked out, with why. (Of some fields only the check rule is.)"""
    return {
        (type_key, key): why
        for type_key, plan in whole().plans.items()
        for key, why in plan.broken.items()
        if key not in plan.formulas and key not in plan.rollups
    }


own.judges.append(unworked)


def plan_of(object_type: ObjectType) -> Plan:
    return whole().plans.get(object_type.key) or Plan(object_type)


def watchers_of(object_type: ObjectType) -> list[RollUp]:
    return whole().watchers.get(object_type.key, [])


def build() -> Whole:
    made = Whole()
    for object_type in all_types():
        specs = [spec for spec in object_type.fields.values() if spec.own is not None and not spec.own.broken]
        if specs:
            made.plans[object_type.key] = gather(object_type, specs, made.graph)
    settle_order(made)
    for plan in made.plans.values():
        for rollup in plan.rollups.values():
            made.watchers.setdefault(rollup.child.key, []).append(rollup)
    return made


def gather(object_type: ObjectType, specs: Iterable[FieldSpec], graph: dict[Node, frozenset[Node]]) -> Plan:
    plan = Plan(object_type)
    fields = fields_of(object_type)
    for spec in specs:
        assert spec.own is not None
        try:
            if spec.own.kind == "rollup":
                rollup = plan.rollups[spec.key] = read(object_type, spec)
                graph[object_type.key, spec.key] = frozenset((rollup.child.key, key) for key in rollup.reads)
            elif spec.own.kind == "formula":
                text = str(spec.own.settings.get("formula") or "")
                graph[object_type.key, spec.key] = frozenset((object_type.key, key) for key in names(text))
                plan.formulas[spec.key] = fitting(checked(text, object_type, fields), spec)
            add_rule(plan, spec, fields)
        except FormulaError as error:
            plan.broken[spec.key] = fault(error)
        except BadRollUp:
            plan.broken[spec.key] = bad_rollup(object_type, spec)
    return plan


def why_bad(object_type: ObjectType, spec: FieldSpec) -> str:
    try:
        read(object_type, spec)
    except BadRollUp as error:
        return error.message
    return ""


def why_circular(nodes: Sequence[Node]) -> str:
    return explained(FormulaError("cycle", path=path_of(nodes)))


fault = lazy(explained, str)
bad_rollup = lazy(why_bad, str)
round_trip = lazy(why_circular, str)


def add_rule(plan: Plan, spec: FieldSpec, fields: Mapping[str, Field]) -> None:
    assert spec.own is not None
    if spec.own.rule:
        formula = condition(checked(spec.own.rule, plan.type, fields))
        plan.rules.append(Rule(spec, formula, spec.own.rule_message))
    text = spec.own.settings.get("default_formula")
    if text and not spec.readonly:
        plan.defaults[spec.key] = fitting(checked(str(text), plan.type, fields), spec)


def fitting(formula: Formula, spec: FieldSpec) -> Formula:
    """A formula whose values the field can hold. Raises FormulaError."""
    if spec.type.key not in RESULTS.get(formula.type, ()):
        raise FormulaError("wrong_result", 0, len(formula.text), found=formula.type, kind=spec.type.key)
    return formula


def condition(formula: Formula) -> Formula:
    if formula.type != Type.BOOL:
        raise FormulaError("not_a_condition", 0, len(formula.text), found=formula.type)
    return formula


def settle_order(made: Whole) -> None:
    """Topological, over all types; what stands in a circle, or reads what is broken, is broken itself."""
    for circle in circles(made.graph):
        for type_key, key in circle:
            give_up(made, (type_key, key), round_trip((*circle, circle[0])))
    made.order = sorted_graph(made.graph)
    for type_key, key in made.order:
        plan = made.plans[type_key]
        bad = [
            node for node in sorted(made.graph[type_key, key])
            if node[0] in made.plans and node[1] in made.plans[node[0]].broken
        ]  # fmt: skip
        if bad and key not in plan.broken:
            _other, field_key = bad[0]
            label = made.plans[bad[0][0]].type.fields[field_key].label
            give_up(made, (type_key, key), fault(FormulaError("broken_field", name=label)))
    for plan in made.plans.values():
        mine = [key for type_key, key in made.order if type_key == plan.type.key and key in plan.formulas]
        plan.formulas = {key: plan.formulas[key] for key in mine}
        plan.rules = [rule for rule in plan.rules if rule.formula.reads.isdisjoint(plan.broken)]
        plan.defaults = {k: one for k, one in plan.defaults.items() if one.reads.isdisjoint(plan.broken)}


def give_up(made: Whole, node: Node, why: Label) -> None:
    plan = made.plans[node[0]]
    plan.broken[node[1]] = why
    plan.formulas.pop(node[1], None)
    plan.rollups.pop(node[1], None)


def circles(graph: Graph) -> list[list[Node]]:
    """Every circle that a walk along what is read comes upon."""
    found: list[list[Node]] = []
    done: set[Node] = set()

    def visit(node: Node, path: list[Node]) -> None:
        if node in path:
            found.append(path[path.index(node) :])
            return
        if node in done or node not in graph:
            return
        for one in sorted(graph[node]):
            visit(one, [*path, node])
        done.add(node)

    for node in sorted(graph):
        visit(node, [])
    return found


def sorted_graph(graph: Graph) -> list[Node]:
    """Every computed field after those it reads. Circles do not hold it up."""
    order: dict[Node, None] = {}
    seen: set[Node] = set()

    def visit(node: Node) -> None:
        if node in seen or node not in graph:
            return
        seen.add(node)
        for one in sorted(graph[node]):
            visit(one)
        order[node] = None

    for node in sorted(graph):
        visit(node)
    return list(order)


def dependents(nodes: Iterable[Node], graph: Graph | None = None) -> list[Node]:
    """The computed fields that depend on these, directly or not, in the order in which they are worked out."""
    graph = whole().graph if graph is None else graph
    moved = set(nodes)
    found = []
    for node in sorted_graph(graph):
        if not graph[node].isdisjoint(moved):
            moved.add(node)
            found.append(node)
    return found


def refuse_circle(object_type: ObjectType, key: str, reads: Iterable[Node]) -> None:
    """Would a field that reads these read itself in the end? Raises FormulaError with the circle named."""
    node = (object_type.key, key)
    reads = frozenset(reads)
    if node in reads:
        raise FormulaError("itself")
    graph = {**whole().graph, node: reads}
    for circle in circles(graph):
        if node in circle:
            start = circle.index(node)
            turned = [*circle[start:], *circle[:start], node]
            raise FormulaError("cycle", path=path_of(turned))


def path_of(nodes: Iterable[Node]) -> str:
    return " → ".join(named(one) for one in nodes)


def named(node: Node) -> str:
    type_key, key = node
    object_type = get(type_key)
    spec = object_type.fields.get(key)
    return f"{object_type.label}.{spec.label if spec is not None else key}"


@dataclass(frozen=True)
class Use:
    """A place where a field is read: by the formula, roll-up, check or default of another field."""

    type_key: str
    key: str
    how: str
    """formula | rollup | rule | default"""


def uses(type_key: str, key: str) -> list[Use]:
    """Who reads a field: for the usage report before it is deleted or changed."""
    found = []
    for object_type in all_types():
        for spec in object_type.fields.values():
            if spec.own is None:
                continue
            found += [
                Use(object_type.key, spec.key, how) for how in uses_of(object_type, spec, type_key, key)
            ]
    return found


def uses_of(object_type: ObjectType, spec: FieldSpec, type_key: str, key: str) -> Iterator[str]:
    assert spec.own is not None
    texts = {
        "formula": spec.own.settings.get("formula") if spec.own.kind == "formula" else "",
        "rule": spec.own.rule,
        "default": spec.own.settings.get("default_formula"),
    }
    for how, text in texts.items():
        if (
            object_type.key == type_key
            and text
            and key in names(str(text))
            and (spec.key != key or how != "rule")
        ):
            yield how
    if spec.own.kind == "rollup":
        rollup = plan_of(object_type).rollups.get(spec.key)
        if rollup is not None and rollup.child.key == type_key and key in rollup.reads:
            yield "rollup"
