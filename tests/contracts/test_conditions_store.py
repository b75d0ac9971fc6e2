"""The third compiler: the same conditions over the analytical store give the records that the others give."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from random import Random
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from kemai.analytics.conditions import compile_ibis
from kemai.analytics.own import column_of
from kemai.analytics.store import IBIS_TYPES, Session
from kemai.platform import access, query
from kemai.platform.access import SYSTEM
from kemai.platform.fields import FieldSpec, Ref
from kemai.platform.objects import ObjectType, get
from tests.contracts.test_conditions import operand, rows_of
from tests.factory import make, parent_of

ARROW = {
    "string": pa.string(), "int64": pa.int64(), "float64": pa.float64(), "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us"), "date": pa.date32(), "cents": pa.int64(),
}  # fmt: skip


def plain(value: Any) -> Any:
    if isinstance(value, Ref):
        return value.id
    if isinstance(value, Decimal):
        return int(value * 100)
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None)
    if isinstance(value, list):
        return json.dumps(value)
    return value if isinstance(value, date | str | int | float | bool | None) else str(value)


def column(rows: list[query.Row], spec: FieldSpec) -> list[Any]:
    """The values of a field; an empty list is nothing in the store of own fields."""
    return [None if spec.own is not None and row[spec.key] == [] else row[spec.key] for row in rows]


class Store:
    """The rows of object types as tables of an engine in memory."""

    def __init__(self) -> None:
        self.session = Session(duckdb.connect())

    def add(self, object_type: ObjectType, rows: list[query.Row]) -> None:
        columns: dict[str, Any] = {"id": pa.array([row["id"] for row in rows], pa.int64())}
        kinds = {"id": "int64"}
        for spec in object_type.fields.values():
            if spec.private or spec.type.key == "tags" or spec.compute is not None:
                continue
            kinds[column_of(spec)] = IBIS_TYPES.get(spec.type.storage, spec.type.storage)
            values = [
                plain(spec.type.store(one) if isinstance(one, list) else one) for one in column(rows, spec)
            ]
            columns[column_of(spec)] = pa.array(values, ARROW[spec.type.storage])
        tags = [(row["id"], tag.id) for row in rows for tag in row.get("tags", [])]
        self.put(object_type.key, pa.table(columns), kinds)
        pairs = {"object_id": [one for one, _ in tags], "tag_id": [tag for _, tag in tags]}
        schema = pa.schema([("object_id", pa.int64()), ("tag_id", pa.int64())])
        self.put(f"tagging:{object_type.key}", pa.table(pairs, schema), dict.fromkeys(pairs, "int64"))

    def put(self, name: str, table: Any, kinds: dict[str, str]) -> None:
        self.session.connection.register("given", table)
        self.session.execute(f'CREATE TABLE "{name}" AS SELECT * FROM given')
        self.session.kinds[name] = kinds

    def answers(self, object_type: ObjectType, nodes: list[query.Node]) -> list[set[int]]:
        """The keys that pass each condition, all asked in one query."""
        table = self.session.table(object_type.key)
        asked = {
            f"n{index}": compile_ibis(node, table, object_type.key, self.session.table)
            for index, node in enumerate(nodes)
        }
        rows = self.session.rows(table.select("id", **asked))
        return [{row["id"] for row in rows if row[name]} for name in asked]


def questions(spec: FieldSpec, rows: list[query.Row], rng: Random) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for operator in spec.operators:
        value = operand(operator.key, spec, rows, rng)
        if value is not None or operator.arity == "0":
            leaf = {"field": spec.key, "op": operator.key, "value": value}
            found += [leaf, {"not": leaf}]
    return found


@pytest.mark.parametrize("key", ["customer", "order", "interaction", "product", "equipment"])
def test_every_operator_agrees_with_the_database(key: str, db: None) -> None:
    object_type, rng = get(key), Random(key)
    parent = parent_of(object_type)
    tags: dict[str, Any] = {"tags": ["甲", "组·乙"]} if object_type.tags else {}
    for index in range(12):
        make(key, full=True, rng=rng, **parent, **(tags if index % 3 == 0 else {}))
    rows = rows_of(object_type)
    store = Store()
    store.add(object_type, rows)
    trees = [
        tree
        for spec in object_type.fields.values()
        if not spec.private
        for tree in questions(spec, rows, rng)
    ]
    trees += [{"all": trees[:3]}, {"any": trees[:2]}, {"all": []}, {"any": []}, {"not": {"any": trees[2:4]}}]
    agree(store, object_type, trees)
    assert len(trees) > 40


def test_figures_over_related_records_agree_with_the_database(db: None) -> None:
    customer = get("customer")
    for count in (0, 1, 2, 3):
        buyer = make("customer")
        for index in range(count):
            make("order", customer=buyer.pk, quantity=index, state="paid" if index < 2 else "refunded")
    store = Store()
    store.add(customer, rows_of(customer))
    store.add(get("order"), rows_of(get("order")))
    trees: list[dict[str, Any]] = [
        {
            "related": "order",
            "where": {"field": "state", "op": "eq", "value": "paid"},
            "op": op,
            "value": value,
            **of,
        }
        for op, value in (("gte", 1), ("lt", 2), ("eq", 0), ("ne", 1), ("between", [1, 2]), ("lte", 0))
        for of in ({}, {"agg": "sum", "of": "quantity"}, {"agg": "max", "of": "quantity"})
    ]
    agree(store, customer, trees)


def agree(store: Store, object_type: ObjectType, trees: list[dict[str, Any]]) -> None:
    nodes = [query.parse(tree, object_type, SYSTEM.moment()) for tree in trees]
    for tree, node, found in zip(trees, nodes, store.answers(object_type, nodes), strict=True):
        records = access.scope(SYSTEM, object_type).filter(query.compile_q(node, object_type))
        assert found == set(records.values_list("pk", flat=True)), tree
