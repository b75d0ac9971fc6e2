"""The few rows that the demo company writes itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.contrib.auth.hashers import make_password
from django.db.models import OuterRef, Subquery

from kemai.collab.models import Task
from kemai.customers.models import CustomerFacts, Interaction
from kemai.platform.models import Setting
from kemai.staff.models import User

MARK = "demo.loaded"


def set_passwords(usernames: Sequence[str], password: str) -> None:
    """One password for all of them: hashing it for each would take ten seconds."""
    User.objects.filter(username__in=usernames).update(password=make_password(password))


def mark() -> dict[str, object] | None:
    """What the loader noted last ("stage", and what makes the company); None if there is no demo company."""
    value: dict[str, object] | None = Setting.objects.filter(key=MARK).values_list("value", flat=True).first()
    return value


def set_mark(value: Mapping[str, object]) -> None:
    """Note how far the demo company is."""
    Setting.objects.update_or_create(key=MARK, defaults={"value": dict(value)})


def follow_contacts(now: datetime) -> None:
    """The last touch and the next task of every customer, set-based: the write door keeps them record by record,
    but says of a mass of new records only that there are some."""
    of = OuterRef("pk")
    said = Interaction.objects.filter(customer=of, at__lte=now, deleted_at=None).exclude(channel="system")
    due = Task.objects.filter(
        type_key="customer", object_id=of, state="open", deleted_at=None, due_at__isnull=False
    )
    CustomerFacts.objects.update(
        last_contact_at=Subquery(said.order_by("-at").values("at")[:1]),
        next_contact_at=Subquery(due.order_by("due_at").values("due_at")[:1]),
    )
