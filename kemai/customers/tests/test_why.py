"""Every derived value says why, from what is stored."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import translation

from kemai.customers.models import Customer, CustomerFacts
from kemai.customers.services.facts import EXPLAINERS, why
from kemai.platform.objects import get
from tests.analytics.conftest import NOW, Till, nightly, till  # noqa: F401 - fixtures

Nightly = Callable[..., Any]


def crowd(till: Till) -> list[Customer]:  # noqa: F811
    made = []
    for index in range(10):
        one = till.customer(f"客{index}", phone="+8613800138000")
        for number in range(index):
            till.order(one, 20 + 15 * number, 10 * (index + 1))
        made.append(one)
    return made


def test_every_derived_field_of_everybody_is_explained(till: Till, nightly: Nightly) -> None:  # noqa: F811
    made = crowd(till)
    nightly()
    derived = {spec.key for spec in get("customer").fields.values() if spec.part == "facts"} - {"computed_at"}
    assert derived == set(EXPLAINERS)
    for one in made:
        for field in EXPLAINERS:
            found = why(one, field)
            assert found is not None
            assert found.title
            assert found.rule
            if found.version:
                assert found.as_of == NOW


def test_the_arithmetic_of_a_class(till: Till, nightly: Nightly) -> None:  # noqa: F811
    made = crowd(till)
    run = nightly()
    best = why(made[9], "value_class")
    assert best is not None
    assert best.value == "高价值"
    assert best.version == "1"
    line = run.basis["value_class"]["amount"] / 100
    assert any(f"¥{line:,.2f}" in step and "≥" in step for step in best.steps)
    assert ("近 12 个月订单数", "9") in best.inputs
    never = why(made[0], "value_class")
    assert never is not None
    assert (never.value, never.conclusion) == ("未成交", "还没有买过。")


def test_the_explained_state_is_the_stored_one(till: Till, nightly: Nightly) -> None:  # noqa: F811
    made = crowd(till)
    nightly()
    nightly(NOW + timedelta(days=70))
    lost = why(made[8], "activity")
    assert lost is not None
    assert CustomerFacts.objects.get(customer=made[8]).activity == "lost"
    assert lost.conclusion == "沉默时间超过了期限。"
    assert lost.history == ("2026-09-08：活跃 → 流失",)
    assert any("3 × 间隔中位数 15 天" in step and "45 天" in step for step in lost.steps)
    rfm = why(made[8], "rfm_cell")
    assert rfm is not None
    facts = CustomerFacts.objects.get(customer=made[8])
    assert f"R{facts.r_score} F{facts.f_score} M{facts.m_score}" in rfm.conclusion
    assert rfm.value in rfm.conclusion


@pytest.mark.django_db
def test_before_the_first_run(till: Till) -> None:  # noqa: F811
    one = till.customer()
    found = why(one, "value_class")
    assert found is not None
    assert "还没有计算过" in found.conclusion
    assert why(one, "name") is None


def test_in_english(till: Till, nightly: Nightly) -> None:  # noqa: F811
    made = crowd(till)
    nightly()
    with translation.override("en"):
        found = why(made[9], "value_class")
    assert found is not None
    assert not any(
        "一" <= char <= "鿿" for text in (found.rule, found.conclusion, *found.steps) for char in text
    )
