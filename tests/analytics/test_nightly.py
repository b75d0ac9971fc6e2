"""The nightly run end to end: from orders to facts, classes, states and results."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from kemai.analytics.models import AnalysisRun
from kemai.customers.models import Customer, CustomerFacts, FactTransition, Order, OrderLine
from kemai.platform.models import ChangeSet, OutboxEvent
from tests.analytics.conftest import NOW, Till

Nightly = Callable[..., Any]


def facts(customer: Customer) -> CustomerFacts:
    return CustomerFacts.objects.get(customer=customer)


def test_facts_of_one_customer(till: Till, nightly: Nightly) -> None:
    one = till.customer(phone="+8613800138000", source="store")
    till.order(one, 400, 50)
    till.order(one, 100, 30, hour=9, channel="online", product=till.bear)
    till.order(one, 70, 80, hour=9, channel="online", product=till.bear)
    till.order(one, 70, 10, hour=20)
    till.order(one, 5, 40, state="refunded")
    nightly()
    found = facts(one)
    assert (found.orders_total, found.amount_total) == (4, 170)
    assert (found.orders_12m, found.amount_12m) == (3, 120)
    assert found.gap_median_days == 165.0  # 300 and 30 days: two orders of one day are one visit
    assert found.favourite_category == till.toys
    assert found.preferred_channel == "store"  # two orders each: the one used last
    assert found.preferred_hour == 9
    assert found.last_order_at is not None
    assert timezone.localtime(found.last_order_at).hour == 20
    assert found.completeness == 40
    assert found.computed_at == NOW


def test_nothing_after_the_moment_leaks_in(till: Till, nightly: Nightly) -> None:
    one = till.customer()
    till.order(one, 60, 100)
    till.order(one, 3, 900)
    nightly(NOW - timedelta(days=30))
    assert facts(one).orders_total == 1
    nightly(NOW)
    assert facts(one).orders_total == 2


def test_a_look_back_does_not_overwrite_what_stands(till: Till, nightly: Nightly) -> None:
    one = till.customer()
    till.order(one, 60, 100)
    till.order(one, 3, 900)
    nightly(NOW)
    run = nightly(NOW - timedelta(days=30))
    assert run.rows_written == 0
    assert facts(one).orders_total == 2
    again = nightly(NOW + timedelta(hours=1))
    assert again.rows_written == 0


def test_activity_follows_each_customers_own_rhythm(till: Till, nightly: Nightly) -> None:
    weekly, yearly, fresh, never, back, caller = (till.customer(name) for name in "周年新无回呼")
    for days in (70, 63, 56, 49, 42):
        till.order(weekly, days)
    for days in (1290, 930, 570, 210):
        till.order(yearly, days)
    till.order(fresh, 3)
    for days in (500, 20):
        till.order(back, days)
    till.order(caller, 300)
    till.touch(caller, 10)
    nightly()
    states = {one.name: facts(one).activity for one in (weekly, yearly, fresh, never, back, caller)}
    assert states == {
        "周": "lost", "年": "dormant", "新": "new", "无": "prospect", "回": "recovered", "呼": "active",
    }  # fmt: skip


def test_value_classes_and_their_hysteresis(till: Till, nightly: Nightly) -> None:
    crowd = [till.customer(f"客{n}") for n in range(1, 11)]
    for number, one in enumerate(crowd, start=1):
        for index in range(number):
            till.order(one, 10 + index, 10)
    rare = till.customer("大单")
    till.order(rare, 20, 500)
    sleeper, stranger = till.customer("老客"), till.customer("路人")
    till.order(sleeper, 800, 9999)
    run = nightly()
    basis = run.basis["value_class"]
    assert basis["base"] == 11
    assert basis["amount"] == 9000.0  # P80 of 10, 20 … 100 and 500 yuan, in cents
    assert basis["orders"] == 6.0
    classes = {one.name: facts(one).value_class for one in (*crowd, rare, sleeper, stranger)}
    assert classes["客10"] == classes["客9"] == "high"
    assert classes["大单"] == "potential"
    assert classes["客8"] == classes["老客"] == "regular"
    assert classes["路人"] == "none"
    # the threshold rises to 100 yuan: who was high stays so within 10 % of it, who was not does not come in
    till.order(crowd[7], 12, 20)
    till.order(crowd[6], 12, 22)
    again = nightly(NOW + timedelta(hours=1))
    assert again.basis["value_class"]["amount"] == 10000.0
    assert facts(crowd[8]).amount_12m == 90
    assert facts(crowd[6]).amount_12m == 92
    assert facts(crowd[6]).value_class == "regular"
    assert facts(crowd[8]).value_class == "high"


def test_a_second_run_writes_only_what_changed(till: Till, nightly: Nightly) -> None:
    crowd = [till.customer(f"客{n}") for n in range(20)]
    for one in crowd:
        till.order(one, 50, 10)
    first = nightly()
    assert first.rows_written == 20
    assert FactTransition.objects.count() == 0, "a first computation is not a change of state"
    assert nightly().rows_written == 0
    assert OutboxEvent.objects.filter(name="customer.facts_changed").count() == 1
    later = nightly(NOW + timedelta(days=100))
    assert later.result["metrics"]["transitions"] == {"activity": 20}
    moved = FactTransition.objects.filter(customer=crowd[0], field="activity").get()
    assert (moved.old, moved.new, moved.run_id) == ("active", "dormant", later.pk)
    assert moved.inputs["silence_days"] == 150
    assert ChangeSet.objects.filter(kind="run").count() == 2


def test_incremental_and_full_refresh_agree(till: Till, nightly: Nightly) -> None:
    one, two, gone = (till.customer(name) for name in ("甲", "乙", "丙"))
    moving = till.order(one, 40, 70)
    dropped = till.order(two, 30, 80)
    till.order(gone, 20, 90)
    edited = till.order(two, 25, 60)
    nightly()
    now = timezone.now()
    Order.objects.filter(pk=moving.pk).update(customer=two, updated_at=now)
    Order.objects.filter(pk=dropped.pk).update(deleted_at=now, updated_at=now)
    Customer.objects.filter(pk=gone.pk).update(deleted_at=now, updated_at=now)
    OrderLine.objects.filter(order=edited).delete()
    OrderLine.objects.create(order=edited, product=till.bear, quantity=1, amount=600)
    Order.objects.filter(pk=edited.pk).update(updated_at=now)
    late = till.order(one, 10, 11)  # its stamp is old: found by its key
    nightly(NOW + timedelta(minutes=1))
    incremental = list(CustomerFacts.objects.order_by("customer").values())
    assert facts(one).orders_total == 1
    assert facts(one).last_order_at == late.ordered_at
    assert facts(two).amount_total == 130
    assert facts(two).favourite_category == till.toys
    assert nightly(NOW + timedelta(minutes=1), full=True).rows_written == 0
    assert list(CustomerFacts.objects.order_by("customer").values()) == incremental


def test_results_for_the_dashboard_are_kept_and_bounded(till: Till, nightly: Nightly) -> None:
    one, two = till.customer(), till.customer()
    till.order(one, 70, 100, channel="online")
    till.order(one, 35, 100)
    till.order(two, 65, 50, product=till.bear)
    nightly(quick=False)
    sales = AnalysisRun.objects.get(analysis="sales")
    months = {row[0]: row[1:] for row in sales.result["tables"]["month"]["rows"]}
    assert months["2026-04"] == [2, 15000]
    assert months["2026-05"] == [1, 10000]
    assert sales.result["tables"]["category"]["rows"] == [
        [till.food.pk, "食品", 2, 20000], [till.toys.pk, "玩具", 1, 5000],
    ]  # fmt: skip
    retention = AnalysisRun.objects.get(analysis="cohort").result["tables"]["retention"]["rows"]
    assert retention[0][:4] == ["2026-04", 2, 0.5, 0.0]
    for row in AnalysisRun.objects.all():
        assert row.state == "done"
        for chart in row.result["charts"]:
            assert {"type", "title", "unit", "x", "series", "drill"} <= set(chart)


def test_an_empty_company(db: None, nightly: Nightly) -> None:
    run = nightly(quick=False)
    assert run.state == "done"
    assert run.rows_written == 0


def test_a_failed_run_says_why(till: Till, nightly: Nightly) -> None:
    from kemai.analytics.analysis import BadParams

    with pytest.raises(BadParams, match="hysteresis"):
        nightly(params={"value_class": {"hysteresis": 7}})
