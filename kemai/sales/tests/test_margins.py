"""Gross profit: exact where the cost is known, and silent with figures where it is not."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from kemai.platform import records
from kemai.platform.access import SYSTEM
from kemai.platform.events.delivery import drain_all
from kemai.platform.models import FieldRule
from kemai.sales.models import Contract
from kemai.sales.rules.amounts import Margin, Priced, margin
from kemai.sales.services import contracts, lines, targets
from kemai.sales.tests.selling import TODAY, fresh
from tests.people import person, role

pytestmark = pytest.mark.django_db


def signed(world: dict[str, Any], *rows: dict[str, Any]) -> Contract:
    alice = world["alice"].actor
    made = records.create("contract", {"name": "合同", "customer": world["customer"].pk}, by=alice)
    lines.write_lines("contract", made.pk, rows, by=alice)
    contracts.submit(made.pk, "", by=alice)
    return contracts.decide(made.pk, yes=True, note="", by=world["boss"].actor)


@pytest.mark.row(61)
def test_a_margin_is_net_of_tax_and_says_nothing_of_lines_without_a_cost() -> None:
    known, unknown = Priced(10, None, 11_300, 0.0, 0.13), Priced(1, None, 50_000, 0.0, 0.06)
    assert margin([(known, 8_000), (unknown, None)], 1.0) == Margin(100_000 - 80_000, 50_000)
    assert margin([(known, 8_000)], 7.0) == Margin(700_000 - 80_000, 0)  # sold in dollars, bought in yuan
    assert margin([(known, 12_000)], 1.0) == Margin(-20_000, 0)


@pytest.mark.row(61)
def test_gross_profit_is_a_measure_of_targets_with_what_it_leaves_out(world: dict[str, Any]) -> None:
    boss, year = world["boss"].actor, TODAY().year
    records.update("product", world["pump"].pk, {"cost": "60.00"}, by=SYSTEM)
    one = signed(
        world,
        {"product": world["pump"].pk, "quantity": 10, "price": "113"},
        {"product": world["valve"].pk, "price": "50"},
    )
    assert (str(fresh(one).gross), str(one.uncosted), str(one.amount)) == ("400.00", "50.00", "1180.00")
    records.update("product", world["pump"].pk, {"cost": "90.00"}, by=SYSTEM)
    drain_all()
    assert str(fresh(one).gross) == "400.00"  # what it cost then
    sheet = targets.sheet(boss, "gross", year)
    assert sheet.lines[0].actual[TODAY().month - 1] == 40_000
    assert sheet.coverage is not None
    assert (sheet.coverage.uncosted, sheet.coverage.contracts) == (Decimal("50.00"), 1)
    node = f"p{world['alice'].user.pk}"
    targets.set_months(boss, "gross", year, {node: ["800", *[""] * 11]})
    line = next(line for line in targets.sheet(boss, "gross", year).lines if line.key == node)
    assert line.share(range(12)) == pytest.approx(0.5)


@pytest.mark.row(61)
def test_a_cost_told_later_counts_for_what_had_none(world: dict[str, Any]) -> None:
    one = signed(world, {"product": world["valve"].pk, "quantity": 2, "price": "113"})
    bare = records.create(
        "contract",
        {"name": "没有明细", "customer": world["customer"].pk, "amount": "70"},
        by=world["alice"].actor,
    )
    assert (str(fresh(one).gross), str(one.uncosted)) == ("0.00", "226.00")
    assert str(fresh(bare).uncosted) == "70.00"
    records.update("product", world["valve"].pk, {"cost": "80"}, by=SYSTEM)
    drain_all()
    assert (str(fresh(one).gross), str(one.uncosted)) == ("40.00", "0.00")


def test_what_goods_cost_is_not_told_to_everybody(world: dict[str, Any], client: Client) -> None:
    records.update("product", world["pump"].pk, {"cost": "61.37"}, by=SYSTEM)
    closed = role("closed", {"view": "all", "edit": "all", "api": "all"})
    for type_key, field in (("product", "cost"), ("contract", "gross"), ("contract", "uncosted")):
        FieldRule.objects.create(role=closed, type_key=type_key, field=field, level="hidden")
    eve = person("eve", None, closed)
    assert [one.value for one in targets.measures(eve.actor)] == ["won", "contract", "receipt", "customers"]
    assert targets.measure_of(eve.actor, "gross") == "won"
    signed(world, {"product": world["pump"].pk, "quantity": 10, "price": "113"})
    client.force_login(eve.user)
    for address in (f"/o/product/{world['pump'].pk}", "/sales/targets?measure=gross"):
        page = client.get(address).content.decode()
        assert "61.37" not in page
        assert "毛利" not in page
    client.force_login(world["boss"].user)
    assert "毛利" in client.get("/sales/targets?measure=gross").content.decode()
