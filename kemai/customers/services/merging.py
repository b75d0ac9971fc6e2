"""What is particular to making one customer of several."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import models
from django.db.models import Count, Max, Min, Q, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.customers.models import Customer, CustomerFacts, Identifier, Order
from kemai.customers.services import conflicts
from kemai.customers.services.contacts import follow_contacts
from kemai.platform.access import Actor
from kemai.platform.records import Refused

KEYS = {"phone": "phone", "email": "email", "wecom_id": "wecom", "credit_code": "credit_code"}
YEAR = timedelta(days=365)


def check_merge(keep: Customer, gone: Sequence[Customer], by: Actor) -> None:
    """A person is no company."""
    if any(other.kind != keep.kind for other in gone):
        raise Refused("other_kind", _("个人客户和企业客户不能合并；如果类型填错了，请先改正"))


def merged(keep: Customer, gone: Sequence[Customer], by: Actor) -> Sequence[models.Model]:
    """The others' telephones, addresses and codes still identify the customer; the sums are those of all orders."""
    made: list[models.Model] = []
    now = timezone.now()
    for other in gone:
        for column, kind in KEYS.items():
            value = getattr(other, column)
            if not value or value == getattr(keep, column) or taken(kind, value):
                continue
            made.append(
                Identifier.objects.create(
                    customer=keep, kind=kind, raw=value, value=value, created_at=now, updated_at=now,
                    created_by_id=by.user_id,
                )
            )  # fmt: skip
    work_out([keep.pk])
    conflicts.count([keep.pk])
    return made


def taken(kind: str, value: str) -> bool:
    return Identifier.objects.filter(kind=kind, value=value, deleted_at=None).exists()


def parted(customers: Sequence[Customer], by: Actor) -> None:
    """Sums that somebody's later order has made stale are worked out; those put back as they were stay."""
    work_out([one.pk for one in customers if stale(one.pk)])
    conflicts.count([one.pk for one in customers])


def stale(customer: int) -> bool:
    """Has an analysis or a merge worked sums out that are no longer those of the orders?"""
    facts = CustomerFacts.objects.filter(pk=customer).values_list("orders_total", "last_order_at").first()
    return facts is not None and facts[0] != 0 and facts != told(customer)


def told(customer: int) -> tuple[int, Any]:
    found = paid([customer]).aggregate(n=Count("pk"), last=Max("ordered_at"))
    return found["n"], found["last"]


def paid(customers: Sequence[int]) -> models.QuerySet[Order]:
    return Order.objects.filter(customer__in=customers, state="paid", deleted_at=None)


def work_out(customers: Sequence[int]) -> None:
    """The sums of some customers, exactly, from their orders; classes and rhythm wait for the next analysis."""
    recent = Q(ordered_at__gte=timezone.now() - YEAR)
    for key in customers:
        sums = paid([key]).aggregate(
            first_order_at=Min("ordered_at"),
            last_order_at=Max("ordered_at"),
            orders_total=Count("pk"),
            amount_total=Coalesce(Sum("amount"), 0),
            orders_12m=Count("pk", filter=recent),
            amount_12m=Coalesce(Sum("amount", filter=recent), 0),
        )
        CustomerFacts.objects.filter(pk=key).update(**sums)
    follow_contacts(CustomerFacts.objects.filter(pk__in=customers))
