"""The condition tree on one record in memory: for rules, live updates and explanations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from kemai.platform.fields import FieldSpec, Ref, Test
from kemai.platform.query.tree import All, AnyOf, Leaf, Node, Not, Related

Values = Mapping[str, Any]
Fetch = Callable[[Related], Iterable[Values]]
"""Gives the records that a Related node counts over, each as values by field key."""


def nothing_related(node: Related) -> Iterable[Values]:
    raise LookupError(f"no records of {node.type.key} were given")


def passes(node: Node, values: Values, related: Fetch = nothing_related) -> bool:
    """Does a record with these values (by field key, in Python form) pass?"""
    match node:
        case All(nodes):
            return all(passes(child, values, related) for child in nodes)
        case AnyOf(nodes):
            return any(passes(child, values, related) for child in nodes)
        case Not(child):
            return not passes(child, values, related)
        case Leaf(spec, test):
            return holds(test, values.get(spec.key), spec)
        case Related():
            return related_passes(node, related(node), related)


def related_passes(node: Related, rows: Iterable[Values], related: Fetch) -> bool:
    matching = [row for row in rows if passes(node.where, row, related)]
    figure: Any = len(matching)
    if node.of is not None:
        numbers = [row[node.of.key] for row in matching if row.get(node.of.key) is not None]
        if node.aggregate == "sum":
            figure = sum(numbers)
        else:
            figure = (max if node.aggregate == "max" else min)(numbers) if numbers else None
            if not matching:
                return False
    return holds(node.test, figure, node.of or node.field, figure=True)


def holds(test: Test, value: Any, spec: FieldSpec, *, figure: bool = False) -> bool:
    """One core test on one value."""
    if isinstance(value, Ref):
        value = value.id
    if isinstance(value, list):
        value = [one.id if isinstance(one, Ref) else one for one in value]
    empty = value is None or (not figure and spec.type.is_empty(value))
    answer = empty if test.kind == "empty" else (not empty and core(test, value))
    return answer is not test.negate


def core(test: Test, value: Any) -> bool:
    match test.kind:
        case "in":
            return value in test.args
        case "range":
            return in_range(value, *test.args)
        case "ranges":
            return any(in_range(value, low, high, True, False) for low, high in test.args)
        case "contains":
            return str(test.args[0]).lower() in str(value).lower()
        case "starts":
            return str(value).lower().startswith(str(test.args[0]).lower())
        case "has_any":
            return any(one in value for one in test.args)
        case "has_all":
            return all(one in value for one in test.args)
    raise ValueError(test.kind)


def in_range(value: Any, low: Any, high: Any, with_low: bool, with_high: bool) -> bool:
    above = low is None or value > low or (with_low and value == low)
    below = high is None or value < high or (with_high and value == high)
    return bool(above and below)
