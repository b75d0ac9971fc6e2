"""Segments: who is in, who moved, and why."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from kemai.customers.models import Customer, CustomerFacts, Order, Segment, SegmentMember, SegmentMove
from kemai.customers.services import segments
from kemai.platform import records
from kemai.platform.access import SYSTEM
from kemai.platform.events import drain_all
from kemai.platform.objects import get
from kemai.platform.records.bulk import insert_parts

BIG: dict[str, object] = {
    "all": [
        {"field": "amount_12m", "op": "gte", "value": "1000"},
        {"field": "kind", "op": "eq", "value": "company"},
    ]
}
BUSY: dict[str, object] = {
    "related": "order", "where": {"field": "ordered_at", "op": "last", "value": 90}, "agg": "count", "op": "gte",
    "value": 2,
}  # fmt: skip


def customer(name: str, amount: int = 0, kind: str = "company") -> Customer:
    now = timezone.now()
    made = Customer.objects.create(name=name, number=name, kind=kind, created_at=now, updated_at=now)
    insert_parts(get("customer"), [made.pk])
    CustomerFacts.objects.filter(customer=made).update(amount_12m=amount)
    return made


def segment(where: dict[str, object]) -> Segment:
    now = timezone.now()
    return Segment.objects.create(name="分群", where=where, created_at=now, updated_at=now)


def order(one: Customer, days_ago: int) -> None:
    now = timezone.now()
    number = f"{one.pk}-{Order.objects.count()}"
    Order.objects.create(
        customer=one, number=number, ordered_at=now - timedelta(days=days_ago), created_at=now, updated_at=now
    )


def members(one: Segment) -> set[str]:
    return set(SegmentMember.objects.filter(segment=one).values_list("customer__name", flat=True))


@pytest.mark.django_db
def test_refresh_moves_customers_in_and_out_and_notes_it() -> None:
    big, small, private = customer("大", 5000), customer("小", 10), customer("私", 9000, "person")
    rule = segment(BIG)
    assert segments.refresh_segment(rule) == segments.Moved(entered=1, left=0)
    assert members(rule) == {"大"}
    CustomerFacts.objects.filter(customer=big).update(amount_12m=1)
    CustomerFacts.objects.filter(customer=small).update(amount_12m=2000)
    assert segments.refresh_segment(rule) == segments.Moved(entered=1, left=1)
    assert members(rule) == {"小"}
    assert rule.size == 1
    moves = SegmentMove.objects.order_by("pk").values_list("customer__name", "move", "rule_version")
    assert list(moves) == [("大", "in", 1), ("大", "out", 1), ("小", "in", 1)]
    assert segments.refresh_segment(rule) == segments.Moved()
    Customer.objects.filter(pk=small.pk).update(deleted_at=timezone.now())
    segments.refresh_segment(rule)
    assert members(rule) == set()
    assert private.name not in members(rule)


@pytest.mark.django_db
def test_windows_over_related_records() -> None:
    busy, once, old = customer("勤"), customer("偶"), customer("旧")
    for one, days in ((busy, (1, 50)), (once, (5,)), (old, (200, 300))):
        for day in days:
            order(one, day)
    rule = segment(BUSY)
    segments.refresh_segment(rule)
    assert members(rule) == {"勤"}
    assert segments.refresh_segment(rule, now=timezone.now() + timedelta(days=60)).left == 1


@pytest.mark.django_db
def test_one_changed_customer_moves_by_its_event() -> None:
    one = customer("改", 5000, "person")
    rule = segment(BIG)
    segments.refresh_segment(rule)
    assert members(rule) == set()
    records.update("customer", one.pk, {"kind": "company"}, by=SYSTEM)
    drain_all()
    assert members(rule) == {"改"}
    rule.refresh_from_db()
    assert rule.size == 1


@pytest.mark.django_db
def test_a_rule_that_cannot_be_read_holds_up_nobody() -> None:
    customer("大", 5000)
    broken, whole = segment({"field": "gone", "op": "eq", "value": 1}), segment(BIG)
    moved = segments.refresh_all()
    assert broken.pk not in moved
    assert moved[whole.pk].entered == 1


@pytest.mark.django_db
def test_why_a_customer_is_in_or_out_leaf_by_leaf() -> None:
    one = customer("私", 9000, "person")
    order(one, 3)
    reason = segments.explain(segment({"any": [BIG, BUSY]}), one)
    assert not reason.passed
    both, orders = reason.parts
    assert [part.passed for part in both.parts] == [True, False]
    assert "个人" in both.parts[1].value
    assert "近 12 个月金额" in both.parts[0].text
    assert (orders.passed, orders.value) == (False, "1")
