"""The formula language: `[单价] * [数量]`, `IF({n_age} >= 18, "成年", "未成年")`.

    formula = check("[单价] * [数量]", fields)      # FormulaError says what is wrong, where
    formula.type, formula.unit, formula.reads       # NUMBER, "money", {"n_price", "n_count"}
    formula.stored                                  # "{n_price} * {n_count}": survives a renamed label
    formula.value(values, clock)                    # Decimal("37.50")

Pure Python. What every operation means stands in `operations`; `platform.query` makes SQL of the checked tree."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from kemai.kit.formula.checker import Checker
from kemai.kit.formula.evaluate import Run, Values, compiled
from kemai.kit.formula.functions import BY_NAME, FUNCTIONS, GROUPS, Function, Param
from kemai.kit.formula.nodes import (
    Apply,
    Clock,
    Const,
    Field,
    Fields,
    FormulaError,
    Node,
    Read,
    Span,
    Type,
    Value,
)  # fmt: skip
from kemai.kit.formula.parser import MAX_DEPTH, MAX_NODES, parse
from kemai.kit.formula.tokens import MAX_LENGTH, tokens


@dataclass(frozen=True)
class Formula:
    """A formula that can be worked out. `stored` names fields by key, `shown` by label; both mean the same."""

    text: str
    tree: Node
    reads: frozenset[str]
    clocked: bool
    """Reads TODAY() or NOW(), so that its value changes by itself."""
    stored: str
    shown: str

    @property
    def type(self) -> Type:
        return self.tree.type

    @property
    def unit(self) -> str:
        return self.tree.unit

    @cached_property
    def run(self) -> Run:
        return compiled(self.tree)

    def value(self, values: Values, clock: Clock) -> Value:
        """What it comes to for a record with these values (by field key, in the form fields have inside)."""
        found: Value = self.run(values, clock)
        return found


def check(text: str, fields: Fields) -> Formula:
    """Reads a formula in any of its forms. Raises FormulaError."""
    checker = Checker(fields)
    tree = checker.check(parse(text))
    return Formula(
        text, tree, frozenset(checker.reads), checker.clocked,
        edited(text, checker.stored), edited(text, checker.shown),
    )  # fmt: skip


def names(text: str) -> frozenset[str]:
    """The keys that a stored formula names, also when it does not check any more (a field is gone)."""
    try:
        return frozenset(token.text for token in tokens(text) if token.kind == "key")
    except FormulaError:
        return frozenset()


def edited(text: str, edits: Iterable[tuple[Span, str]]) -> str:
    for span, words in sorted(edits, reverse=True):
        text = text[: span.start] + words + text[span.end :]
    return text


__all__ = [
    "BY_NAME", "FUNCTIONS", "GROUPS", "MAX_DEPTH", "MAX_LENGTH", "MAX_NODES", "Apply", "Clock", "Const", "Field",
    "Fields", "Formula", "FormulaError", "Function", "Node", "Param", "Read", "Type", "Value", "check", "names",
]  # fmt: skip
