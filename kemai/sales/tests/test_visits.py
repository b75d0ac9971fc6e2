"""Visits: checking in on the spot, and the report that the customer's timeline shows."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from kemai.collab.models import Task
from kemai.customers.models import Interaction
from kemai.platform import records
from kemai.platform.access import NotVisible
from kemai.platform.records import FieldErrors, Refused
from kemai.sales.models import Visit
from kemai.sales.rules import visits as rules
from kemai.sales.services import visits
from tests.people import Person, crowd

NOON = dt.datetime(2026, 11, 20, 4, 0, tzinfo=dt.UTC)


@given(st.floats(), st.floats(), st.floats())
def test_a_place_that_cannot_be_is_refused(latitude: float, longitude: float, accuracy: float) -> None:
    fine = -90 <= latitude <= 90 and -180 <= longitude <= 180 and 0 <= accuracy < 1e7
    try:
        found = rules.read_fix(repr(latitude), repr(longitude), repr(accuracy))
    except ValueError:
        assert not fine
    else:
        assert found is not None
        assert fine


@pytest.mark.parametrize(
    ("state", "hours", "place", "reason"),
    [("planned", 0, "前台", ""), ("planned", -30, "前台", "too_early"), ("planned", 90, "前台", ""),
     ("planned", 0, " ", "no_place"), ("here", 0, "前台", "not_planned"), ("done", 0, "前台", "not_planned")],
)  # fmt: skip
def test_who_may_check_in(state: str, hours: int, place: str, reason: str) -> None:
    verdict = rules.may_check_in(state, NOON, NOON + dt.timedelta(hours=hours), place=place, fix=None)
    assert (verdict.ok, verdict.reason) == (not reason, reason)


@pytest.mark.django_db
@pytest.mark.row(64)
def test_a_visit_is_checked_in_and_its_report_stands_on_the_timeline() -> None:
    people: dict[str, Person] = crowd()
    alice, charlie = people["alice"].actor, people["charlie"].actor
    customer = records.create("customer", {"name": "杭州云帆科技有限公司", "kind": "company"}, by=alice)
    other = records.create("customer", {"name": "苏州远景", "kind": "company"}, by=alice)
    contact = records.create("contact", {"name": "钱经理", "customer": other.pk}, by=alice)
    values = {"purpose": "看样品", "customer": customer.pk, "starts_at": timezone.now()}
    with pytest.raises(FieldErrors) as refused:
        records.create("visit", {**values, "contact": contact.pk}, by=alice)
    assert set(refused.value.errors) == {"contact"}
    visit = records.create("visit", values, by=alice)
    with pytest.raises(NotVisible):
        visits.check_in(visit.pk, {"place": "前台"}, by=charlie)
    with pytest.raises(FieldErrors):
        visits.check_in(visit.pk, {"latitude": "99", "longitude": "120", "accuracy": "5"}, by=alice)
    there = visits.check_in(
        visit.pk,
        {"latitude": "30.2741", "longitude": "120.1551", "accuracy": "12.3", "place": "前台"},
        by=alice,
    )
    assert (there.state, there.latitude, there.accuracy, there.place) == ("here", 30.2741, 12.3, "前台")
    with pytest.raises(Refused):
        visits.check_in(visit.pk, {"place": "前台"}, by=alice)
    with pytest.raises(FieldErrors):
        visits.report(visit.pk, {"report": " "}, by=alice)
    again = (timezone.now() + dt.timedelta(days=7)).isoformat()
    done = visits.report(
        visit.pk, {"report": "样品满意，下周谈价", "outcome": "reached", "next_at": again}, by=alice
    )
    assert (done.state, done.outcome) == ("done", "reached")
    touch = Interaction.objects.get(customer=customer.pk, channel="visit")
    assert (touch.body, touch.owner_id, touch.at) == (
        "样品满意，下周谈价",
        people["alice"].user.pk,
        there.checked_in_at,
    )
    assert Task.objects.filter(object_id=customer.pk, type_key="customer", kind="visit").count() == 1
    with pytest.raises(Refused):
        visits.report(visit.pk, {"report": "再写一次"}, by=alice)
    assert [one.pk for one in visits.around(people["boss"].actor, team=True).today] == [visit.pk]
    assert Visit.objects.filter(deleted_at=None).count() == 1
