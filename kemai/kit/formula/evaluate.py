"""A checked tree as a Python function of a record's values: closures, made once and called a million times."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from kemai.kit.formula import operations
from kemai.kit.formula.nodes import Apply, Clock, Const, Node, Read, Type
from kemai.kit.formula.operations import CLOCKED, STRICT

Values = Mapping[str, Any]
Run = Callable[[Values, Clock], Any]
"""Takes the values by field key, in the form that fields have inside; gives a Value."""


def compiled(tree: Node) -> Run:
    if isinstance(tree, Const):
        value = tree.value
        if isinstance(value, Decimal):
            value = operations.fixed(value)
        return lambda _values, _clock: value
    if isinstance(tree, Read):
        return READERS.get(tree.type, read_value)(tree.key)
    return apply(tree)


def read_value(key: str) -> Run:
    return lambda values, _clock: values.get(key)


def read_text(key: str) -> Run:
    return lambda values, _clock: values.get(key) or None


def read_number(key: str) -> Run:
    number = operations.number
    return lambda values, _clock: number(values.get(key))


READERS: dict[Type, Callable[[str], Run]] = {Type.NUMBER: read_number, Type.TEXT: read_text}


def apply(tree: Apply) -> Run:
    args = [compiled(one) for one in tree.args]
    special = SPECIAL.get(tree.op)
    if special is not None:
        return special(tree, args)
    if tree.op in CLOCKED:
        return clocked(CLOCKED[tree.op], args[0])
    run = STRICT_OF_COUNT.get(len(args), strict_many)(STRICT[tree.op], args)
    return filled(run) if tree.type == Type.TEXT else run


def filled(run: Run) -> Run:
    """An empty text is no text."""
    return lambda values, clock: run(values, clock) or None


def clocked(function: Callable[..., Any], arg: Run) -> Run:
    def run(values: Values, clock: Clock) -> Any:
        value = arg(values, clock)
        return None if value is None else function(value, clock)

    return run


def strict_one(function: Callable[..., Any], args: list[Run]) -> Run:
    (first,) = args

    def run(values: Values, clock: Clock) -> Any:
        a = first(values, clock)
        return None if a is None else function(a)

    return run


def strict_two(function: Callable[..., Any], args: list[Run]) -> Run:
    first, second = args

    def run(values: Values, clock: Clock) -> Any:
        a = first(values, clock)
        if a is None:
            return None
        b = second(values, clock)
        return None if b is None else function(a, b)

    return run


def strict_many(function: Callable[..., Any], args: list[Run]) -> Run:
    def run(values: Values, clock: Clock) -> Any:
        given = [one(values, clock) for one in args]
        return None if None in given else function(*given)

    return run


STRICT_OF_COUNT: dict[int, Callable[[Callable[..., Any], list[Run]], Run]] = {1: strict_one, 2: strict_two}


def condition(_tree: Apply, args: list[Run]) -> Run:
    """IF and CASE: condition and value in turn, the last one for all other cases."""
    pairs = list(zip(args[::2], args[1::2], strict=False))
    other = args[-1] if len(args) % 2 else None

    def run(values: Values, clock: Clock) -> Any:
        for holds, value in pairs:
            if holds(values, clock):
                return value(values, clock)
        return None if other is None else other(values, clock)

    return run


def gathering(function: Callable[[list[Any]], Any]) -> Callable[[Apply, list[Run]], Run]:
    def build(_tree: Apply, args: list[Run]) -> Run:
        return lambda values, clock: function([one(values, clock) for one in args])

    return build


def present(function: Callable[[list[Any]], Any]) -> Callable[[Apply, list[Run]], Run]:
    """Over what is not empty; empty where nothing is."""

    def whole(found: list[Any]) -> Any:
        found = [one for one in found if one is not None]
        return function(found) if found else None

    return gathering(whole)


def total(found: list[Decimal]) -> Decimal:
    result = operations.ZERO
    for one in found:
        result = operations.add(result, one)
    return result


def coalesce(_tree: Apply, args: list[Run]) -> Run:
    def run(values: Values, clock: Clock) -> Any:
        for one in args:
            value = one(values, clock)
            if value is not None:
                return value
        return None

    return run


def replaced(_tree: Apply, args: list[Run]) -> Run:
    def run(values: Values, clock: Clock) -> Any:
        text, old, new = (one(values, clock) for one in args)
        if text is None or old is None:
            return text
        return operations.replace(text, old, new) or None

    return run


def label(tree: Apply, args: list[Run]) -> Run:
    (code,) = args
    labels = dict(tree.table)

    def run(values: Values, clock: Clock) -> Any:
        value = code(values, clock)
        return None if value is None else labels.get(value, value)

    return run


def today(_tree: Apply, _args: list[Run]) -> Run:
    return lambda _values, clock: clock.today


def now(_tree: Apply, _args: list[Run]) -> Run:
    def run(_values: Values, clock: Clock) -> dt.datetime:
        return clock.now

    return run


SPECIAL: dict[str, Callable[[Apply, list[Run]], Run]] = {
    "if": condition,
    "case": condition,
    "and": gathering(operations.all_true),
    "or": gathering(operations.any_true),
    "isblank": gathering(lambda found: found[0] is None),
    "coalesce": coalesce,
    "sum": present(total),
    "min": present(min),
    "max": present(max),
    "concat": gathering(lambda found: "".join(one for one in found if one is not None) or None),
    "replace": replaced,
    "label": label,
    "today": today,
    "now": now,
}
