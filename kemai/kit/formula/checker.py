"""Names and types: a parsed tree becomes a checked one, or an error that says where and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from difflib import get_close_matches

from kemai.kit.formula.functions import BY_NAME, Function, Param
from kemai.kit.formula.nodes import (
    Apply,
    Call,
    Const,
    Field,
    Fields,
    FormulaError,
    Literal,
    Name,
    Node,
    Parsed,
    Read,
    Span,
    Type,
)  # fmt: skip

MAX_DEPTH = 60
ORDERED = frozenset({Type.NUMBER, Type.DATE, Type.MOMENT})
DAYS = frozenset({Type.DATE, Type.MOMENT})
CONSTANT_TYPES = {bool: Type.BOOL, str: Type.TEXT, type(None): Type.EMPTY}
AS_TEXT = {Type.NUMBER: "number_text", Type.DATE: "date_text", Type.MOMENT: "moment_text"}
WANTED = {"number": Type.NUMBER, "text": Type.TEXT, "truth": Type.BOOL, "moment": Type.MOMENT}
EQUALITY = frozenset({"=", "<>"})
COMPARISONS = EQUALITY | {"<", "<=", ">", ">="}
HUNDRED = Decimal(100)


@dataclass
class Checker:
    """Walks one formula. `stored` and `shown` are the edits that make those forms of the text: (span, words)."""

    fields: Fields
    reads: set[str] = field(default_factory=set)
    stored: list[tuple[Span, str]] = field(default_factory=list)
    shown: list[tuple[Span, str]] = field(default_factory=list)
    clocked: bool = False
    depth: int = 0

    def check(self, tree: Parsed) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise FormulaError("too_deep", *tree.span, limit=MAX_DEPTH)
        try:
            return self.node(tree)
        finally:
            self.depth -= 1

    def node(self, tree: Parsed) -> Node:
        if isinstance(tree, Literal):
            return constant(tree)
        if isinstance(tree, Name):
            return self.read(tree)
        if not tree.operator:
            return self.call(tree)
        if tree.name in COMPARISONS:
            return self.compare(tree)
        if tree.name in {"+", "-"}:
            return self.sum(tree)
        return self.operation(tree)

    # names

    def read(self, name: Name) -> Read:
        found = self.find(name)
        self.reads.add(found.key)
        self.stored.append((name.span, "{" + found.key + "}"))
        self.shown.append((name.span, self.written(found)))
        options = tuple((code, labels[0]) for code, labels in found.options)
        return Read(found.key, found.type, found.unit, options)

    def find(self, name: Name) -> Field:
        if name.style == "key":
            named = [self.fields[name.name]] if name.name in self.fields else []
        else:
            named = [one for one in self.fields.values() if name.name in one.labels]
            if not named and name.name in self.fields:
                named = [self.fields[name.name]]
        if len(named) > 1:
            keys = " / ".join("{" + one.key + "}" for one in named)
            raise FormulaError("ambiguous_field", *name.span, name=name.name, keys=keys)
        if not named:
            self.unknown(name)
        return named[0]

    def unknown(self, name: Name) -> None:
        known = [label for one in self.fields.values() for label in one.labels]
        close = get_close_matches(
            name.name, list(self.fields) if name.style == "key" else known, n=2, cutoff=0.5
        )
        code = "gone_field" if name.style == "key" else "unknown_field"
        raise FormulaError(code, *name.span, name=name.name, close=close)

    def written(self, found: Field) -> str:
        label = found.labels[0]
        if sum(label in one.labels for one in self.fields.values()) > 1:
            return "{" + found.key + "}"
        return "[" + label.replace("]", "]]") + "]"

    # operators

    def operation(self, tree: Call) -> Node:
        args = [self.check(one) for one in tree.args]
        if tree.name == "&":
            joined = [self.fit(one, "joined", at) for one, at in zip(args, tree.args, strict=True)]
            return Apply("concat", tuple(joined), Type.TEXT)
        if tree.name in {"and", "or", "not"}:
            truths = [self.fit(one, "truth", at) for one, at in zip(args, tree.args, strict=True)]
            return Apply(tree.name, tuple(truths), Type.BOOL)
        numbers = [self.fit(one, "number", at) for one, at in zip(args, tree.args, strict=True)]
        if tree.name == "%":
            return Apply("/", (numbers[0], Const(HUNDRED, Type.NUMBER)), Type.NUMBER, "percent")
        return Apply(tree.name, tuple(numbers), Type.NUMBER, unit_of(tree.name, numbers))

    def sum(self, tree: Call) -> Node:
        """Numbers; a date and a number of days; the days between two dates."""
        first, second = (self.check(one) for one in tree.args)
        if first.type in DAYS and second.type in DAYS and tree.name == "-":
            return Apply("days", (day(first), day(second)), Type.NUMBER, "whole")
        if first.type in DAYS or (second.type in DAYS and tree.name == "+"):
            date, count, place = (first, second, 1) if first.type in DAYS else (second, first, 0)
            count = self.fit(count, "number", tree.args[place])
            if tree.name == "-":
                count = Apply("neg", (count,), Type.NUMBER)
            return Apply("add_days", (day(date), count), Type.DATE)
        if Type.TEXT in (first.type, second.type) and tree.name == "+":
            raise FormulaError("join_texts", *tree.head)
        numbers = [self.fit(one, "number", at) for one, at in zip((first, second), tree.args, strict=True)]
        return Apply(tree.name, tuple(numbers), Type.NUMBER, unit_of(tree.name, numbers))

    def compare(self, tree: Call) -> Node:
        left, right = (self.check(one) for one in tree.args)
        if blank(left) or blank(right):
            return self.compare_blank(tree, left, right)
        for choice, literal, at in ((left, right, tree.args[1]), (right, left, tree.args[0])):
            if isinstance(choice, Read) and choice.options and isinstance(literal, Const):
                code = self.option(choice, literal, at)
                return self.comparison(tree, Read(choice.key, Type.TEXT), Const(code, Type.TEXT))
        return self.comparison(tree, *self.unified([left, right], tree.args, days=True))

    def comparison(self, tree: Call, left: Node, right: Node) -> Node:
        if left.type == Type.REF:
            raise FormulaError("no_comparison", *tree.head, type=left.type)
        if tree.name not in EQUALITY and left.type not in ORDERED:
            raise FormulaError("no_order", *tree.head, type=left.type)
        return Apply(tree.name, (left, right), Type.BOOL)

    def compare_blank(self, tree: Call, left: Node, right: Node) -> Node:
        """`x = 空` and `x = ""` ask whether x is empty; else a comparison with nothing would always be empty."""
        if tree.name not in EQUALITY:
            raise FormulaError("order_of_empty", *tree.head)
        asked: Node = Apply("isblank", (right if blank(left) else left,), Type.BOOL)
        return asked if tree.name == "=" else Apply("not", (asked,), Type.BOOL)

    def option(self, choice: Read, literal: Const, at: Parsed) -> str:
        """The code of an option that a text names; the stored form holds the code, the shown one the label."""
        if literal.type != Type.TEXT:
            raise FormulaError("wrong_type", *at.span, wanted=Type.TEXT, found=literal.type)
        options = self.fields[choice.key].options
        for code, labels in options:
            if literal.value == code or literal.value in labels:
                self.stored.append((at.span, quoted(code)))
                self.shown.append((at.span, quoted(labels[0])))
                return code
        names = [labels[0] for _code, labels in options]
        raise FormulaError("unknown_option", *at.span, name=literal.value, options=names[:12])

    # functions

    def call(self, tree: Call) -> Node:
        function = BY_NAME.get(tree.name.upper())
        if function is None:
            close = get_close_matches(tree.name.upper(), list(BY_NAME), n=3, cutoff=0.5)
            raise FormulaError("unknown_function", *tree.head, name=tree.name, close=close)
        self.count(function, tree)
        args = [self.check(one) for one in tree.args]
        self.clocked |= function.op in {"today", "now"}
        params = roles(function, len(args))
        fitted = [
            self.fit(one, param.want, at) for one, param, at in zip(args, params, tree.args, strict=True)
        ]
        same = [n for n, param in enumerate(params) if param.want in {"same", "ordered"}]
        if not same:
            unit = first_unit(fitted) if function.unit == "first" else function.unit
            assert function.result is not None
            return Apply(function.op, tuple(fitted), function.result, unit)
        alike = self.unified([fitted[n] for n in same], [tree.args[n] for n in same])
        for n, one in zip(same, alike, strict=True):
            if params[n].want == "ordered" and one.type not in ORDERED | {Type.EMPTY}:
                raise FormulaError("no_order", *tree.args[n].span, type=one.type)
            fitted[n] = one
        return Apply(function.op, tuple(fitted), alike[0].type, first_unit(alike))

    def count(self, function: Function, tree: Call) -> None:
        given, most = len(tree.args), function.most
        if given < function.least or (most is not None and given > most):
            code = "too_few_arguments" if given < function.least else "too_many_arguments"
            raise FormulaError(code, *tree.span, name=tree.name, signature=function.name)

    # types

    def fit(self, node: Node, want: str, at: Parsed) -> Node:
        """The node as what is wanted here, converted where that is plain."""
        if want in {"any", "same", "ordered"}:
            return node
        if want == "day":
            if node.type not in DAYS | {Type.EMPTY}:
                raise FormulaError("wrong_type", *at.span, wanted=Type.DATE, found=node.type)
            return day(node)
        if want == "joined":
            if node.type in {Type.BOOL, Type.REF}:
                raise FormulaError("not_as_text", *at.span, found=node.type)
            return as_text(node)
        wanted = WANTED[want]
        if node.type not in {wanted, Type.EMPTY}:
            raise FormulaError("wrong_type", *at.span, wanted=wanted, found=node.type)
        return label_of(node) if wanted == Type.TEXT else retyped(node, wanted)

    def unified(self, nodes: Sequence[Node], at: Sequence[Parsed], *, days: bool = False) -> list[Node]:
        """The nodes as one type. `days`: a date and a moment meet as days (in comparisons)."""
        types = {node.type for node in nodes} - {Type.EMPTY}
        if days and types == DAYS:
            return [day(node) for node in nodes]
        if len(types) > 1:
            first = next(node.type for node in nodes if node.type != Type.EMPTY)
            place = next(n for n, node in enumerate(nodes) if node.type not in {first, Type.EMPTY})
            raise FormulaError("mixed_types", *at[place].span, wanted=first, found=nodes[place].type)
        if not types:
            return list(nodes)
        kind = types.pop()
        return [label_of(retyped(node, kind)) for node in nodes]


def constant(tree: Literal) -> Const:
    if tree.value == "":
        return Const(None, Type.TEXT)
    return Const(tree.value, CONSTANT_TYPES.get(type(tree.value), Type.NUMBER))


def blank(node: Node) -> bool:
    return isinstance(node, Const) and node.value is None


def retyped(node: Node, kind: Type) -> Node:
    """An empty constant takes the type that its place asks for."""
    if node.type != Type.EMPTY:
        return node
    if isinstance(node, Apply):
        return Apply(node.op, tuple(retyped(one, kind) for one in node.args), kind)
    return Const(None, kind)


def as_text(node: Node) -> Node:
    if node.type in AS_TEXT:
        return Apply(AS_TEXT[node.type], (node,), Type.TEXT)
    return label_of(retyped(node, Type.TEXT))


def label_of(node: Node) -> Node:
    """A choice where a text is wanted: its label."""
    if isinstance(node, Read) and node.options:
        return Apply("label", (Read(node.key, Type.TEXT),), Type.TEXT, table=node.options)
    return node


def day(node: Node) -> Node:
    if node.type != Type.MOMENT:
        return retyped(node, Type.DATE)
    return Apply("to_day", (node,), Type.DATE)


def roles(function: Function, given: int) -> list[Param]:
    """The parameter that each argument stands for."""
    if function.pairs:
        condition, value = function.params[:2]
        found = [condition if n % 2 == 0 else value for n in range(given)]
        if given % 2:
            found[-1] = value
        return found
    last = function.params[-1:] * max(given - len(function.params), 0)
    return [*function.params[:given], *last]


def first_unit(nodes: Iterable[Node]) -> str:
    units = [node.unit for node in nodes if node.type == Type.NUMBER and node.unit]
    return "money" if "money" in units else units[0] if units else ""


def unit_of(op: str, args: Sequence[Node]) -> str:
    """What a number that an operator gives is counted in, as far as one can tell."""
    units = [arg.unit for arg in args]
    if op == "/":
        return "money" if units[0] == "money" and units[1] != "money" else ""
    if op == "*":
        return "money" if units.count("money") == 1 else "whole" if set(units) == {"whole"} else ""
    return "money" if "money" in units else units[0] if len(set(units)) == 1 else ""


def quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
