"""The condition tree as an Ibis expression: the third of its compilers (the others: the ORM, memory).

A table has one column a field, named by the field's key (`own.column_of`), references and people by their key alone.
Money is in cents, moments are UTC without zone, a list of codes is JSON text, tags are a table of (object_id,
tag_id)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import reduce
from operator import and_, or_
from typing import Any

from kemai.analytics.own import column_of
from kemai.platform.fields import FieldSpec, Ref, Test
from kemai.platform.query.orm import zero_passes
from kemai.platform.query.tree import All, AnyOf, Leaf, Node, Not, Related

Tables = Callable[[str], Any]
"""The table of an object type by key, without deleted records; "tagging:<key>" gives its (object_id, tag_id)."""


def compile_ibis(node: Node, table: Any, type_key: str, tables: Tables) -> Any:
    """A boolean expression over `table` that is true for exactly the records that pass; never NULL."""
    import ibis

    match node:
        case All(nodes):
            parts = [compile_ibis(child, table, type_key, tables) for child in nodes]
            return reduce(and_, parts, ibis.literal(True))
        case AnyOf(nodes):
            parts = [compile_ibis(child, table, type_key, tables) for child in nodes]
            return reduce(or_, parts, ibis.literal(False))
        case Not(child):
            return ~compile_ibis(child, table, type_key, tables)
        case Related():
            return related(node, table, tables)
        case Leaf(spec, test):
            if spec.type.key == "tags":
                answer = tagged(test, table, tables(f"tagging:{type_key}"))
            else:
                answer = core(test, table[column_of(spec)], spec)
            return ~answer if test.negate else answer


def core(test: Test, column: Any, spec: FieldSpec) -> Any:
    """One core test on a column; an empty value passes nothing but 'empty'."""
    empty = is_empty(column, spec)
    if test.kind == "empty":
        return empty
    return (~empty & filled(test, column)).fill_null(False)


def is_empty(column: Any, spec: FieldSpec) -> Any:
    missing = column.isnull()
    if spec.type.key == "multi_choice":
        return missing | (column == "[]").fill_null(False)
    if column.type().is_string():
        return missing | (column == "").fill_null(False)
    return missing


def filled(test: Test, column: Any) -> Any:
    match test.kind:
        case "in":
            return column.isin([stored(one) for one in test.args])
        case "range":
            return in_range(column, *test.args)
        case "ranges":
            return reduce(or_, (in_range(column, low, high, True, False) for low, high in test.args))
        case "contains":
            return column.lower().contains(str(test.args[0]).lower())
        case "starts":
            return column.lower().startswith(str(test.args[0]).lower())
        case "has_any":
            return reduce(or_, codes(column, test.args))
        case "has_all":
            return reduce(and_, codes(column, test.args))
    raise ValueError(test.kind)


def codes(column: Any, wanted: Sequence[Any]) -> list[Any]:
    return [column.contains(f'"{code}"') for code in wanted]


def in_range(column: Any, low: Any, high: Any, with_low: bool, with_high: bool) -> Any:
    import ibis

    answer: Any = ibis.literal(True)
    if low is not None:
        answer = answer & (column >= stored(low) if with_low else column > stored(low))
    if high is not None:
        answer = answer & (column <= stored(high) if with_high else column < stored(high))
    return answer


def stored(value: Any) -> Any:
    """A Python value as the store holds it."""
    import ibis

    if isinstance(value, Decimal):
        return int(value * 100)
    if isinstance(value, datetime):
        return ibis.literal(value.astimezone(UTC).replace(tzinfo=None))
    if isinstance(value, date):
        return ibis.literal(value)
    if isinstance(value, time):
        return value.isoformat("seconds")
    return value.id if isinstance(value, Ref) else value


def tagged(test: Test, table: Any, taggings: Any) -> Any:
    if test.kind == "empty":
        return ~table.id.isin(taggings.object_id)
    each = [table.id.isin(taggings.filter(taggings.tag_id == tag).object_id) for tag in test.args]
    return reduce(or_ if test.kind == "has_any" else and_, each)


def related(node: Related, table: Any, tables: Tables) -> Any:
    other = tables(node.type.key)
    rows = other.filter(compile_ibis(node.where, other, node.type.key, tables))
    measure = rows.count() if node.of is None else getattr(rows[column_of(node.of)], node.aggregate)()
    if node.aggregate == "sum":
        measure = measure.fill_null(0)
    figures = rows.group_by(link=rows[column_of(node.field)]).aggregate(figure=measure)
    spec = FieldSpec("figure", "figure", "", (node.of or node.field).type, nullable=True)
    passing = core(node.test, figures.figure, spec)
    if node.test.negate:
        passing = ~passing
    if node.aggregate in {"count", "sum"} and zero_passes(node.test):
        return ~table.id.isin(figures.filter(~passing).link)
    return table.id.isin(figures.filter(passing).link)
