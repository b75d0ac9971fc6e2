"""The condition tree on its way to the browser's builder and back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kemai.platform.access import SYSTEM
from kemai.platform.objects import all_types
from kemai.platform.query import parse
from kemai.platform.ui.lists.filters import collapse, expand, fields_for
from kemai.platform.ui.lists.trees import both

WORDS = st.sampled_from(["name", "stage", "created_at", "amount_12m"])
LEAF = st.fixed_dictionaries(
    {"field": WORDS, "op": st.sampled_from(["in", "last", "between", "gte"]), "value": st.integers(0, 99)}
)
PERIOD = st.fixed_dictionaries(
    {"field": WORDS, "op": st.just("this"), "value": st.sampled_from(["day", "month", "year"])}
)
WINDOW = st.fixed_dictionaries(
    {"field": st.just("ordered_at"), "op": st.just("last"), "value": st.sampled_from([30, 90])}
)
OTHER = st.fixed_dictionaries({"field": st.just("state"), "op": st.just("in"), "value": st.just(["paid"])})
RELATED = st.fixed_dictionaries(
    {"related": st.sampled_from(["order.customer", "order"]), "agg": st.just("count"), "op": st.just("gte"),
     "value": st.integers(0, 9)},
    optional={"where": st.one_of(WINDOW, OTHER)},
)  # fmt: skip
TREES = st.recursive(
    st.one_of(LEAF, PERIOD, RELATED),
    lambda inside: st.one_of(
        st.fixed_dictionaries({"all": st.lists(inside, max_size=3)}),
        st.fixed_dictionaries({"any": st.lists(inside, max_size=3)}),
        st.fixed_dictionaries(
            {"not": st.fixed_dictionaries({"any": st.lists(inside, min_size=1, max_size=2)})}
        ),
    ),
    max_leaves=8,
)


@given(TREES)
def test_a_tree_comes_back_from_the_browser_as_it_went(tree: Any) -> None:
    assert expand(collapse(tree)) == tree


@given(TREES)
def test_the_browser_sees_fields_only(tree: Any) -> None:
    """The builder knows groups, fields and counted records; a node it does not know would break it."""

    def only(node: Any) -> bool:
        for key in ("all", "any", "not"):
            if key in node:
                return isinstance(node[key], list) and all(map(only, node[key]))
        if "related" in node:  # counted by their own fields: a leaf with a tree of such leaves in it
            return node.get("agg", "count") == "count" and (not node.get("where") or only(node["where"]))
        return "field" in node

    assert only(collapse(tree))


@pytest.mark.django_db
def test_whatever_the_builder_offers_can_be_asked() -> None:
    """Every field with every operator of every type, with a value of its kind, is a condition that the kernel takes."""
    for object_type in all_types():
        for field in fields_for(SYSTEM, object_type):
            for operator in field["operators"]:
                leaf = {"field": field["key"], "op": operator["key"], "value": value_for(field, operator)}
                assert parse(expand(leaf), object_type, SYSTEM.moment()), (object_type.key, leaf)


def value_for(field: dict[str, Any], operator: dict[str, Any]) -> Any:
    kinds = {
        "bool": True, "number": 5, "money": 5, "integer": 5, "date": "2026-11-20", "region": "330000",
        "phone": "13800138000", "email": "a@example.com", "url": "example.com", "reference": 1, "user": "me", "tags": 1,
    }  # fmt: skip
    one = 7 if operator.get("input") == "number" else kinds.get(field["type"], "甲")
    if field.get("choices"):
        one = field["choices"][0]["value"]
    if operator["key"] == "starts":
        one = "138"
    return {0: None, 1: one, 2: [one, one], "many": [one]}[operator["arity"]]


def test_conditions_are_put_together() -> None:
    leaf = {"field": "a", "op": "empty"}
    assert both(None, leaf) == {"all": [leaf]}
    assert both({"all": [leaf]}, leaf) == {"all": [leaf, leaf]}
    assert both({"any": [leaf]}, leaf) == {"all": [{"any": [leaf]}, leaf]}
