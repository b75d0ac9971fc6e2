"""The last touch and the next task of customers, for many at once."""

from __future__ import annotations

from datetime import datetime

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone

from kemai.collab.models import Task
from kemai.customers.models import CustomerFacts, Interaction


def follow_contacts(facts: QuerySet[CustomerFacts] | None = None, *, now: datetime | None = None) -> int:
    """Works both moments out anew from the interactions and tasks themselves, in one statement; all customers' where
    none are named. Returns how many rows it wrote."""
    of = OuterRef("pk")
    said = Interaction.objects.filter(customer=of, at__lte=now or timezone.now(), deleted_at=None)
    due = Task.objects.filter(
        type_key="customer", object_id=of, state="open", deleted_at=None, due_at__isnull=False
    )
    rows = CustomerFacts.objects.all() if facts is None else facts
    return rows.update(
        last_contact_at=Subquery(said.exclude(channel="system").order_by("-at").values("at")[:1]),
        next_contact_at=Subquery(due.order_by("due_at").values("due_at")[:1]),
    )


def follow_interactions(first: int, last: int) -> int:
    """The same for the customers of a chunk of new or changed interactions."""
    touched = Interaction.objects.filter(pk__range=(first, last)).values_list("customer_id", flat=True)
    return follow_contacts(CustomerFacts.objects.filter(pk__in=touched))


def follow_tasks(first: int, last: int) -> int:
    """The same for the customers that a chunk of new or changed tasks is about."""
    tasks = Task.objects.filter(pk__range=(first, last), type_key="customer", object_id__isnull=False)
    return follow_contacts(CustomerFacts.objects.filter(pk__in=tasks.values("object_id")))
