"""The people of the permission tests, and a few customers with facts."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from kemai.collab.models import Task
from kemai.customers.models import Customer, CustomerFacts, FactTransition, Order
from kemai.customers.services import chain
from kemai.platform import records
from kemai.platform.access import SYSTEM
from kemai.platform.fields import Ref
from kemai.platform.objects import get
from kemai.platform.records.bulk import insert_parts
from tests.people import PASSWORD, Person


class Shelf:
    """Makes customers, orders, tasks and transitions the way the write door leaves them."""

    def __init__(self, people: dict[str, Person]) -> None:
        self.people = people
        self.now = timezone.now()

    def customer(self, name: str, owner: str = "", **facts: Any) -> Customer:
        """`owner` is a person's key; what `Customer` has goes there, the rest are facts."""
        own = {
            key: facts.pop(key)
            for key in list(facts)
            if key in {"birthday", "validity", "created_at", "kind"}
        }
        made = Customer.objects.create(
            name=name,
            name_sort=name,
            number=f"C{Customer.objects.count() + 1}",
            owner=self.people[owner].user if owner else None,
            created_at=own.pop("created_at", self.now - timedelta(days=400)),
            updated_at=self.now,
            **own,
        )
        insert_parts(get("customer"), [made.pk])
        if facts:
            CustomerFacts.objects.filter(customer=made).update(**facts)
        return made

    def order(self, customer: Customer, amount: int, days_ago: float = 1, state: str = "paid") -> Order:
        return Order.objects.create(
            number=f"S{Order.objects.count() + 1}",
            customer=customer,
            amount=amount,
            state=state,
            ordered_at=self.now - timedelta(days=days_ago),
            created_at=self.now,
            updated_at=self.now,
        )

    def task(self, owner: str, due: datetime | None, about: Customer | None = None, **more: Any) -> Task:
        values = {
            "title": "跟进", "kind": "call", "state": "open", "due_at": due, "note": "",
            "owner": Ref(self.people[owner].user.pk, ""), "type_key": "customer" if about else "",
            "object_id": about.pk if about else None, "origin": "", **more,
        }  # fmt: skip
        (key,) = records.bulk_create("task", [values], by=SYSTEM, parsed=True)
        return Task.objects.get(pk=key)

    def moved(
        self, customer: Customer, field: str, old: str, new: str, hours_ago: float = 1
    ) -> FactTransition:
        at = self.now - timedelta(hours=hours_ago)
        return FactTransition.objects.create(customer=customer, field=field, old=old, new=new, at=at)


@pytest.fixture
def shelf(people: dict[str, Person]) -> Shelf:
    return Shelf(people)


@pytest.fixture
def shop(shelf: Shelf) -> Shelf:
    """Six customers of alice and charlie in all classes."""
    chain.ensure_defaults()
    facts = {"value_class": "high", "activity": "active"}
    shelf.customer("甲", "alice", amount_12m=900, orders_12m=3, **facts)
    shelf.customer("乙", "alice", amount_12m=500, orders_12m=2, value_class="high", activity="lost")
    shelf.customer("丙", "charlie", amount_12m=700, orders_12m=1, value_class="potential", activity="new")
    shelf.customer("丁", "charlie", amount_12m=100, orders_12m=4, value_class="high", activity="dormant")
    shelf.customer("戊", "", amount_12m=50, orders_12m=1, value_class="regular", activity="active")
    shelf.customer("己", "alice", value_class="none", activity="prospect")
    gone = shelf.customer("庚", "alice", amount_12m=9999, orders_12m=9, **facts)
    Customer.objects.filter(pk=gone.pk).update(deleted_at=timezone.now())
    return shelf


class Browsers:
    """A logged-in client for each person."""

    def __init__(self, people: dict[str, Person]) -> None:
        self.people = people

    def __getitem__(self, name: str) -> Client:
        client = Client()
        assert client.login(username=self.people[name].user.username, password=PASSWORD)
        return client


@pytest.fixture
def browsers(people: dict[str, Person]) -> Browsers:
    return Browsers(people)
