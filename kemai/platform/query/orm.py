"""The condition tree as a Django Q: one of its three compilers (the others: memory here, Ibis in analytics)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import and_
from typing import Any

from django.db import connection
from django.db.models import Count, F, Max, Min, Q, QuerySet, Sum
from django.db.models.aggregates import Aggregate

from kemai.platform.fields import FieldSpec, Test
from kemai.platform.models import Tagging
from kemai.platform.objects import ObjectType
from kemai.platform.query.several import named_by
from kemai.platform.query.tree import All, AnyOf, Leaf, Node, Not, Related

NOTHING = Q(pk__in=[])
AGGREGATE: dict[str, type[Aggregate]] = {"count": Count, "sum": Sum, "max": Max, "min": Min}


def compile_q(node: Node, object_type: ObjectType) -> Q:
    """A Q over the type's model that is true for exactly the records that pass; never unknown (NULL)."""
    match node:
        case All(nodes):
            result = Q()
            for child in nodes:
                result &= compile_q(child, object_type)
            return result
        case AnyOf(nodes):
            return either([compile_q(child, object_type) for child in nodes])
        case Not(child):
            compiled = compile_q(child, object_type)
            return ~compiled if compiled else NOTHING
        case Related():
            return related_q(node)
        case Leaf(spec, test):
            return leaf_q(spec, test, object_type)


def either(conditions: Sequence[Q]) -> Q:
    """True where one is. An empty Q means everything, but Django drops it from an OR."""
    if not all(conditions):
        return Q()
    result = conditions[0] if conditions else NOTHING
    for one in conditions[1:]:
        result |= one
    return result


def leaf_q(spec: FieldSpec, test: Test, object_type: ObjectType) -> Q:
    q = tag_q(test, object_type) if spec.type.key == "tags" else core_q(spec, test)
    return ~q if test.negate else q


def core_q(spec: FieldSpec, test: Test) -> Q:
    q = test_q(spec, test)
    if spec.own is None or test.kind == "empty":
        return q
    # a key that is not there compares to unknown: said outright, its negation is true
    return q & Q(**{f"{spec.path}__isnull": False})


def test_q(spec: FieldSpec, test: Test) -> Q:
    path = spec.path
    match test.kind:
        case "in":
            return Q(**{f"{path}__in": list(test.args)}) if len(test.args) != 1 else Q(**{path: test.args[0]})
        case "range":
            return range_q(path, *test.args)
        case "ranges":
            return either([range_q(path, low, high, True, False) for low, high in joined(test.args)])
        case "contains":
            return Q(**{f"{path}__icontains": test.args[0]})
        case "starts":
            return Q(**{f"{path}__istartswith": test.args[0]})
        case "empty":
            return empty_q(spec)
        case "has_any" | "has_all":
            return list_q(path, test)
    raise ValueError(test.kind)


def joined(ranges: Sequence[tuple[str, str]]) -> Sequence[tuple[str, str]]:
    """Neighbouring provinces are one range on PostgreSQL, which compares the regions of row after row and estimates one
    range better than two. SQLite was slower with the wider one."""
    if connection.vendor != "postgresql":
        return ranges
    found: list[tuple[str, str]] = []
    for low, high in sorted(ranges):
        if found and low <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], high)
        else:
            found.append((low, high))
    return found


def range_q(path: str, low: Any, high: Any, with_low: bool, with_high: bool) -> Q:
    q = Q()
    if low is not None:
        q &= Q(**{f"{path}__{'gte' if with_low else 'gt'}": low})
    if high is not None:
        q &= Q(**{f"{path}__{'lte' if with_high else 'lt'}": high})
    return q


def empty_q(spec: FieldSpec) -> Q:
    if spec.type.key == "multi_choice" and spec.own is None:
        return Q(**{spec.path: []})
    missing = Q(**{f"{spec.path}__isnull": True})
    if spec.own is not None:
        return missing  # what is empty is not kept
    textual = spec.type.storage == "string" and not spec.ref
    if spec.nullable:
        return missing | Q(**{spec.path: ""}) if textual else missing
    return Q(**{spec.path: ""}) if textual else NOTHING


def list_q(path: str, test: Test) -> Q:
    """Codes in a JSON list: the list is text on SQLite, so the quoted code is looked for (codes hold no quotes)."""
    codes = [Q(**{f"{path}__icontains": f'"{code}"'}) for code in test.args]
    if test.kind == "has_any":
        return either(codes)
    return reduce(and_, codes)


def tag_q(test: Test, object_type: ObjectType) -> Q:
    taggings = Tagging.objects.filter(type_key=object_type.key)
    if test.kind == "empty":
        return ~Q(pk__in=taggings.values("object_id"))
    if test.kind == "has_any":
        return Q(pk__in=taggings.filter(tag__in=test.args).values("object_id"))
    result = Q()
    for tag in test.args:
        result &= Q(pk__in=taggings.filter(tag=tag).values("object_id"))
    return result


def related_q(node: Related) -> Q:
    """Records by a figure over related ones. Those without any related record count as 0 (count, sum) or fail."""
    other = node.type
    rows = other.records().filter(compile_q(node.where, other))
    if other.recycles:
        rows = rows.filter(deleted_at=None)
    if node.field.refs:
        return several_q(node, rows)
    link = node.field.value_path
    if node.field.own is not None:
        rows = rows.filter(**{f"{link}__isnull": False})
    path = node.of.path if node.of else "pk"
    figures = rows.order_by().values(link).annotate(figure=AGGREGATE[node.aggregate](F(path)))
    test = node.test
    spec = FieldSpec("figure", "figure", "", (node.of or node.field).type, nullable=True)
    passing = core_q(spec, test)
    if test.negate:
        passing = ~passing
    if node.aggregate in {"count", "sum"} and zero_passes(test):
        return ~Q(pk__in=figures.filter(~passing).values(link))
    return Q(pk__in=figures.filter(passing).values(link))


def several_q(node: Related, rows: QuerySet[Any]) -> Q:
    """The same where records point here by a list."""
    test = node.test
    if node.aggregate in {"count", "sum"} and zero_passes(test):
        failing = test._replace(negate=not test.negate)
        return ~named_by(rows, node.field, node.of, node.aggregate, failing)
    return named_by(rows, node.field, node.of, node.aggregate, test)


def zero_passes(test: Test) -> bool:
    """Would a record with nothing related pass?"""
    if test.kind == "in":
        return (0 in test.args) is not test.negate
    low, high, with_low, with_high = test.args
    above = low is None or low < 0 or (low == 0 and with_low)
    below = high is None or high > 0 or (high == 0 and with_high)
    return bool(above and below) is not test.negate
