"""The last contact and the next task follow mass changes as they follow single ones."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from kemai.customers.models import CustomerFacts
from kemai.platform import events, records
from kemai.platform.access import SYSTEM
from tests.factory import make

pytestmark = pytest.mark.django_db


def test_imported_interactions_move_the_last_contact() -> None:
    now = timezone.now()
    spoken, silent = make("customer"), make("customer")
    rows = [
        {"customer": spoken.pk, "channel": "call", "at": (now - timedelta(days=days)).isoformat()}
        for days in (9, 3, 40)
    ]
    rows.append({"customer": spoken.pk, "channel": "system", "at": now.isoformat()})
    rows.append({"customer": silent.pk, "channel": "system", "at": now.isoformat()})
    records.bulk_create("interaction", rows, by=SYSTEM)
    events.drain_all()
    last = CustomerFacts.objects.get(customer=spoken.pk).last_contact_at
    assert last is not None
    assert abs(last - (now - timedelta(days=3))) < timedelta(seconds=1)
    assert CustomerFacts.objects.get(customer=silent.pk).last_contact_at is None


def test_a_contact_of_another_customer_is_refused_in_a_mass_too() -> None:
    mine, other = make("customer"), make("customer")
    contact = make("contact", customer=other.pk)
    row = {"customer": mine.pk, "contact": contact.pk, "at": timezone.now().isoformat()}
    with pytest.raises(records.FieldErrors) as refusal:
        records.bulk_create("interaction", [row], by=SYSTEM)
    assert set(refusal.value.errors) == {"contact"}


def test_a_key_of_another_customer_is_refused_in_a_mass_too() -> None:
    mine, other = make("customer"), make("customer")
    make("identifier", customer=other.pk, kind="member", raw="M-1")
    for rows in ([{"raw": "M-1"}], [{"raw": "M-2"}, {"raw": "M-2"}]):
        made = [{"customer": mine.pk, "kind": "member", **row} for row in rows]
        with pytest.raises(records.FieldErrors):
            records.bulk_create("identifier", made, by=SYSTEM)
