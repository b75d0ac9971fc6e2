"""What the filter builder cannot spell, its chip says in words."""

from __future__ import annotations

from typing import Any

import pytest

from kemai.platform.access import SYSTEM
from kemai.platform.objects import get
from kemai.platform.ui.lists import sentences
from tests.people import customer

pytestmark = pytest.mark.django_db
PAID = {"field": "state", "op": "in", "value": ["paid"]}


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        (
            {
                "related": "order",
                "op": "gte",
                "value": 3,
                "where": {"all": [PAID, {"field": "amount", "op": "gt", "value": 100}]},
            },
            "订单数量 ≥ 3（其中 （状态 是 已付款 且 金额 > 100））",
        ),
        (
            {
                "related": "order.customer",
                "agg": "sum",
                "of": "amount",
                "op": "lt",
                "value": 50,
                "where": {"not": PAID},
            },
            "订单的金额合计 < 50（其中 并非 状态 是 已付款）",
        ),
        (
            {
                "related": "interaction",
                "op": "eq",
                "value": 0,
                "where": {"field": "at", "op": "last", "value": 30},
            },
            "互动数量 = 0（其中 时间 近 30 天内）",
        ),
        ({"related": "nothing.here", "op": "eq", "value": 1}, "相关记录"),
        ({"related": "order", "op": "eq", "value": 1, "where": {"field": "gone", "op": "eq"}}, "订单"),
    ],
)
def test_a_chip_says_what_it_holds(tree: dict[str, Any], said: str) -> None:
    assert sentences.related(SYSTEM, get("customer"), tree) == said


def test_references_are_called_by_their_titles() -> None:
    one = customer(name="王五")
    tree = {"field": "customer", "op": "in", "value": [one.pk]}
    assert sentences.sentence(SYSTEM, get("order"), tree) == "客户 是 王五"
