"""The customer's page: what the composer writes down, what the next step says, what the portrait counts."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kemai.collab.models import Task
from kemai.customers.models import Customer, CustomerFacts, Interaction
from kemai.customers.services import interactions, portrait
from kemai.customers.services.next_step import Seen, next_step
from kemai.platform import records
from kemai.platform.access import SYSTEM, rights_changed
from kemai.platform.models import FieldRule, Role
from tests.factory import make
from tests.people import Person

FRAGMENT = {"HX-Request": "true"}
TODAY = date(2026, 11, 20)


def browser(person: Person) -> Client:
    client = Client()
    client.force_login(person.user)
    return client


def customer_of(person: Person, **values: Any) -> Customer:
    made = records.create("customer", {"name": "张伟", "owner": person.user.pk, **values}, by=SYSTEM)
    assert isinstance(made, Customer)
    return made


def test_a_call_is_logged_by_its_outcome_alone(people: dict[str, Person]) -> None:
    customer = customer_of(people["alice"])
    url = f"/customers/{customer.pk}/log?mode=call"
    assert browser(people["alice"]).post(url, {"outcome": "missed"}, headers=FRAGMENT).status_code == 200
    touch = Interaction.objects.get()
    assert (touch.channel, touch.outcome, touch.owner) == ("call", "missed", people["alice"].user)
    facts = CustomerFacts.objects.get(customer=customer)
    assert facts.last_contact_at is not None
    assert browser(people["charlie"]).post(url, {"outcome": "missed"}).status_code == 404
    assert browser(people["nobody"]).post(url, {"outcome": "missed"}).status_code == 404


def test_an_empty_note_says_so_and_keeps_the_mode(people: dict[str, Person]) -> None:
    customer = customer_of(people["alice"])
    alice = browser(people["alice"])
    answer = alice.post(f"/customers/{customer.pk}/log?mode=note", {"body": "  "}, headers=FRAGMENT)
    assert answer.status_code == 422
    assert "写几个字" in answer.content.decode()
    assert alice.get(f"/customers/{customer.pk}/composer?mode=nonsense").status_code == 422
    switched = alice.get(
        f"/customers/{customer.pk}/composer?mode=wecom&body=%E5%86%99%E4%BA%86%E4%B8%80%E5%8D%8A"
    )
    assert "写了一半" in switched.content.decode()


def test_next_contact_becomes_a_task(people: dict[str, Person]) -> None:
    customer = customer_of(people["alice"])
    typed = {"body": "月底再谈", "next_at": "2026-12-25T10:00"}
    browser(people["alice"]).post(f"/customers/{customer.pk}/log?mode=note", typed, headers=FRAGMENT)
    task = Task.objects.get()
    assert (task.object_id, task.type_key, task.owner) == (customer.pk, "customer", people["alice"].user)
    assert CustomerFacts.objects.get(customer=customer).next_contact_at == task.due_at
    bad = browser(people["alice"]).post(
        f"/customers/{customer.pk}/log?mode=note", {"body": "x", "next_at": "32 号"}, headers=FRAGMENT
    )
    assert bad.status_code == 422
    assert Interaction.objects.count() == 1


def test_the_next_step_starts_once(people: dict[str, Person]) -> None:
    customer = customer_of(people["alice"])
    alice = browser(people["alice"])
    url = f"/customers/{customer.pk}/step/first_call"
    assert url in alice.get(f"/o/customer/{customer.pk}/panel/summary").content.decode()
    assert alice.post(url, headers=FRAGMENT).status_code == 204
    assert alice.post(url, headers=FRAGMENT).status_code == 204
    assert Task.objects.get().origin == "step/first_call"
    assert url not in alice.get(f"/o/customer/{customer.pk}/panel/summary").content.decode()
    assert alice.post(f"/customers/{customer.pk}/step/birthday").status_code == 422
    assert browser(people["charlie"]).post(url).status_code == 404


@pytest.mark.parametrize(
    ("seen", "code"),
    [
        (Seen(TODAY, orders=5, since_order=46, gap_median=30.0, since_contact=9), "call_back"),
        (Seen(TODAY, orders=5, since_order=46, gap_median=30.0, since_contact=2), "wait"),
        (Seen(TODAY, orders=5, since_order=44, gap_median=30.0, since_contact=90), "wait"),
        (Seen(TODAY, orders=5, since_order=46, gap_median=30.0, overdue_task="回电"), "finish_task"),
        (Seen(TODAY, valid=False, orders=5, since_order=400, gap_median=30.0), "check_contact"),
        (Seen(TODAY, birthday=date(1990, 12, 1), orders=1, since_contact=1), "birthday"),
        (Seen(TODAY, orders=1, since_first=10, since_order=10), "welcome"),
        (Seen(TODAY), "first_call"),
        (Seen(TODAY, since_contact=3, completeness=20, question="电话"), "ask"),
        (Seen(TODAY, orders=2, since_first=300, since_order=100, since_contact=100), "nothing"),
    ],
)
def test_next_step_names_the_most_pressing(seen: Seen, code: str) -> None:
    assert next_step(seen).code == code


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dates(date(1930, 1, 1), date(2020, 12, 31)), st.dates(date(2024, 1, 1), date(2030, 12, 31)))
def test_birthdays_come_within_a_year(birthday: date, today: date) -> None:
    step = next_step(Seen(today, orders=1, birthday=birthday, since_contact=0))
    days = step.figures.get("days")
    if step.code == "birthday":
        there = today + timedelta(days=int(str(days)))
        assert (there.month, there.day) in {(birthday.month, birthday.day), (2, 28)}
        assert 0 <= int(str(days)) <= 14


def test_portrait_counts_only_paid_visible_orders(people: dict[str, Person]) -> None:
    customer = customer_of(people["alice"])
    now = timezone.now()
    for days, state in ((60, "paid"), (40, "paid"), (40, "paid"), (10, "paid"), (5, "refunded")):
        make(
            "order", customer=customer.pk, ordered_at=now - timedelta(days=days), amount="100.00", state=state
        )
    bought = portrait.purchases(people["alice"].actor, customer.pk)
    assert len(bought) == 4
    assert [gap.days for gap in portrait.gaps(bought)] == [20, 30]
    assert portrait.median([20, 30]) == 25
    assert portrait.purchases(people["charlie"].actor, customer.pk) == []
    months = portrait.by_month(bought, timezone.localdate())
    assert len(months) == 24
    assert sum(amount for _month, amount, _count in months) == 400
    page = browser(people["alice"]).get(f"/o/customer/{customer.pk}/panel/portrait").content.decode()
    assert '"median": 25' in page


def test_hidden_figures_stay_hidden_in_every_panel(people: dict[str, Person]) -> None:
    customer = customer_of(people["alice"])
    CustomerFacts.objects.filter(customer=customer).update(
        amount_12m="98765.43", orders_12m=3, value_class="high"
    )
    role = Role.objects.get(key="t_sales")
    FieldRule.objects.create(role=role, type_key="customer", field="amount_12m", level="hidden")
    rights_changed()
    alice = browser(people["alice"])
    for tail in ("", "/panel/summary", "/panel/portrait", "/why/value_class", "/peek"):
        answer = alice.get(f"/o/customer/{customer.pk}{tail}")
        assert answer.status_code == 200
        assert "98,765" not in answer.content.decode(), tail
    assert alice.get(f"/o/customer/{customer.pk}/why/amount_12m").status_code == 422


def test_tasks_done_stand_on_the_timeline(people: dict[str, Person]) -> None:
    customer = customer_of(people["alice"])
    task = interactions.add_task(customer.pk, {"title": "寄样品"}, by=people["alice"].actor)
    alice = browser(people["alice"])
    url = f"/o/customer/{customer.pk}/timeline?kind=task"
    assert "寄样品" not in alice.get(url).content.decode()
    records.update("task", task.pk, {"state": "done"}, by=people["alice"].actor)
    assert "寄样品" in alice.get(url).content.decode()
