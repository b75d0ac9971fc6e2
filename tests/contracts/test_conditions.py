"""Every operator × field kind gives the same records in the database and in memory."""

from __future__ import annotations

from functools import partial
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kemai.platform import access, query, records
from kemai.platform.access import SYSTEM
from kemai.platform.fields import FieldSpec, Ref
from kemai.platform.models import Grant, Role
from kemai.platform.objects import ObjectType, all_types, get
from tests.equipment import OWN
from tests.factory import make, parent_of

KEYS = [*(one.key for one in all_types() if one.creatable), *OWN]


def rows_of(object_type: ObjectType) -> list[query.Row]:
    specs = [spec for spec in object_type.fields.values() if not spec.private]
    return query.fetch(access.scope(SYSTEM, object_type), object_type, specs)


def candidates(spec: FieldSpec, rows: list[query.Row]) -> list[Any]:
    """Operands worth asking for: values that occur, and some that do not."""
    found = []
    for row in rows:
        value = row.get(spec.key)
        if isinstance(value, list):
            found += [one.id if isinstance(one, Ref) else one for one in value]
        elif value not in (None, ""):
            found.append(value.id if isinstance(value, Ref) else spec.type.json(value))
    return [one for one in found if not isinstance(one, list | dict)][:6]


def operand(op: str, spec: FieldSpec, rows: list[query.Row], rng: Random) -> Any:
    known = candidates(spec, rows)
    if op in {"last", "older", "next"}:
        return rng.choice([1, 30, 400, 9000])
    if op == "this":
        return rng.choice(["day", "week", "month", "quarter", "year"])
    if not known:
        return None
    if op == "between":
        return [rng.choice(known), rng.choice(known)]
    if op in {"in", "not_in", "within", "not_within", "has_any", "has_all", "has_none"}:
        return rng.sample(known, k=min(len(known), rng.choice([1, 2])))
    one = rng.choice(known)
    if op in {"contains", "not_contains"}:
        return str(one)[1:3] or one
    if op == "starts":
        return str(one)[:3]
    return one


def check(object_type: ObjectType, tree: dict[str, Any], rows: list[query.Row]) -> None:
    node = query.parse(tree, object_type, SYSTEM.moment())
    in_database = set(
        access.scope(SYSTEM, object_type)
        .filter(query.compile_q(node, object_type))
        .values_list("pk", flat=True)
    )
    in_memory = {row["id"] for row in rows if query.passes(node, row)}
    assert in_database == in_memory, tree


@pytest.mark.parametrize("key", KEYS)
def test_operators_agree(key: str, db: None) -> None:
    object_type, rng = get(key), Random(key)
    parent = parent_of(object_type)
    tags: dict[str, Any] = {"tags": ["甲", "组·乙"]} if object_type.tags else {}
    for index in range(12):
        make(key, full=True, rng=rng, **parent, **(tags if index % 3 == 0 else {}))
    rows = rows_of(object_type)
    asked = 0
    for spec in object_type.fields.values():
        if spec.private:
            continue
        for operator in spec.operators:
            for _ in range(3):
                value = operand(operator.key, spec, rows, rng)
                if value is None and operator.arity != "0":
                    continue
                leaf = {"field": spec.key, "op": operator.key, "value": value}
                check(object_type, leaf, rows)
                check(object_type, {"not": leaf}, rows)
                asked += 1
    assert asked > 20


LEAVES = st.sampled_from(
    [
        {"field": "name", "op": "contains", "value": "a"},
        {"field": "region", "op": "within", "value": ["330000"]},
        {"field": "kind", "op": "in", "value": ["company"]},
        {"field": "birthday", "op": "empty"},
        {"field": "birthday", "op": "before", "value": "1990-01-01"},
        {"field": "important", "op": "eq", "value": True},
        {"field": "orders_12m", "op": "gte", "value": 1},
        {"field": "owner", "op": "not_empty"},
        {"field": "phone", "op": "empty"},
        {"field": "tags", "op": "has_any", "value": [1]},
    ]
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda nodes: {"all": nodes}, st.lists(inner, max_size=3)),
        st.builds(lambda nodes: {"any": nodes}, st.lists(inner, max_size=3)),
        st.builds(lambda node: {"not": node}, inner),
    ),
    max_leaves=8,
)


@pytest.mark.django_db
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=TREES)
def test_nested_trees_agree(tree: dict[str, Any]) -> None:
    object_type = get("customer")
    if not access.scope(SYSTEM, "customer").exists():
        rng = Random(3)
        for _ in range(20):
            make("customer", full=True, rng=rng)
    check(object_type, tree, rows_of(object_type))


def related_to(known: dict[int, list[query.Row]], key: int, _node: object) -> list[query.Row]:
    return known[key]


@pytest.mark.parametrize(
    ("op", "value"),
    [
        ("gte", 1),
        ("gte", 2),
        ("lt", 2),
        ("eq", 0),
        ("ne", 0),
        ("ne", 1),
        ("between", [1, 2]),
        ("lte", 0),
        ("gt", 0),
    ],
)
@pytest.mark.parametrize("figure", [{}, {"agg": "sum", "of": "quantity"}, {"agg": "max", "of": "quantity"}])
def test_figures_over_related_records_agree(op: str, value: Any, figure: dict[str, str], db: None) -> None:
    customer, order = get("customer"), get("order")
    for count in (0, 1, 2, 3):
        buyer = make("customer")
        for index in range(count):
            state = "paid" if index < 2 else "refunded"
            make("order", customer=buyer.pk, quantity=index, state=state)
    tree = {
        "related": "order",
        "where": {"field": "state", "op": "in", "value": ["paid"]},
        "op": op,
        "value": value,
    }
    node = query.parse(tree | figure, customer, SYSTEM.moment())
    orders = rows_of(order)
    by_customer = {
        row["id"]: [one for one in orders if one["customer"].id == row["id"]] for row in rows_of(customer)
    }
    expected = {
        row["id"]
        for row in rows_of(customer)
        if query.passes(node, row, partial(related_to, by_customer, row["id"]))
    }
    found = (
        access.scope(SYSTEM, "customer").filter(query.compile_q(node, customer)).values_list("pk", flat=True)
    )
    assert set(found) == expected


def test_masked_and_hidden_fields_cannot_be_guessed_by_filtering(people: dict[str, Any]) -> None:
    actor = people["alice"].actor
    levels = access.field_levels(actor, get("customer"))
    assert levels["phone"] == "masked"
    with pytest.raises(query.QueryError) as refusal:
        query.parse(
            {"field": "phone", "op": "starts", "value": "138"}, get("customer"), actor.moment(), levels
        )
    assert "starts" not in refusal.value.allowed
    records.create("customer", {"name": "甲", "owner": actor.user_id}, by=SYSTEM)
    hidden = {**levels, "note": "hidden"}
    with pytest.raises(query.QueryError) as refusal:
        query.parse({"field": "note", "op": "empty"}, get("customer"), actor.moment(), hidden)
    assert "note" not in refusal.value.allowed


def test_a_narrow_right_to_reveal_opens_only_those_records(people: dict[str, Any]) -> None:
    """bob sees the team's customers, but telephones only of his own; what he types on a new one he may type."""
    Grant.objects.create(role=Role.objects.get(key="t_mate"), type_key="*", verb="reveal", scope="own")
    access.rights_changed()
    bob, alice = people["bob"].actor, people["alice"].actor
    own = records.create("customer", {"name": "甲", "phone": "13812345678"}, by=bob)
    foreign = records.create(
        "customer", {"name": "乙", "phone": "13912345678", "owner": alice.user_id}, by=SYSTEM
    )
    object_type = get("customer")
    assert records.row_of(object_type, own.pk, by=bob)["phone"] == "+8613812345678"
    assert "*" in records.row_of(object_type, foreign.pk, by=bob)["phone"]
    records.update("customer", own.pk, {"phone": "13812345679"}, by=bob)
    assert records.row_of(object_type, own.pk, by=SYSTEM)["phone"] == "+8613812345679"
    made = records.create("customer", {"name": "丙", "phone": "13712345678"}, by=alice)
    assert "*" in records.row_of(object_type, made.pk, by=alice)["phone"]
