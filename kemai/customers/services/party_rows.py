"""Customers in their comparable form, read a span at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import Q

from kemai.customers.models import Contact, Customer, Identifier
from kemai.kit.parties import Party, make

SPAN = 10_000
COLUMNS = ("pk", "kind", "name", "phone", "email", "credit_code", "wecom_id", "region", "address", "birthday")
Extra = dict[int, dict[str, list[str]]]


def spans() -> Iterator[Q]:
    """Conditions that cut all customers into spans."""
    last = Customer.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    first = Customer.objects.order_by("pk").values_list("pk", flat=True).first() or 0
    while first <= last:
        yield Q(pk__gte=first, pk__lt=first + SPAN)
        first += SPAN


def read(condition: Q) -> list[tuple[int, Party]]:
    """The living customers of one span."""
    rows = list(Customer.objects.filter(condition, deleted_at=None).values_list(*COLUMNS))
    further = extras(condition)
    return [(row[0], party(row, further.get(row[0], {}))) for row in rows]


def extras(condition: Q) -> Extra:
    """Further telephones and addresses, and the people there."""
    found: Extra = defaultdict(lambda: defaultdict(list))
    customers = Customer.objects.filter(condition)
    keys = Identifier.objects.filter(customer__in=customers, deleted_at=None, kind__in=("phone", "email"))
    for customer, kind, value in keys.values_list("customer_id", "kind", "value"):
        found[customer][kind].append(value)
    contacts = Contact.objects.filter(customer__in=customers, deleted_at=None)
    for customer, name, phone, email in contacts.values_list("customer_id", "name", "phone", "email"):
        found[customer]["contact"].append(name)
        found[customer]["contact_phone"].append(phone)
        found[customer]["contact_email"].append(email)
    return found


def party(row: Iterable[Any], further: dict[str, list[str]]) -> Party:
    """A contact's number is the company's as well; that of a person's acquaintance is not theirs."""
    _key, kind, name, phone, email, code, wecom, region, address, birthday = row
    person = kind == "person"
    phones = [phone, *further.get("phone", ())]
    emails = [email, *further.get("email", ())]
    if not person:
        phones += further.get("contact_phone", ())
        emails += further.get("contact_email", ())
    return make(
        person=person, name=name, phones=phones, emails=emails, code=code, wecom=wecom, region=region, address=address,
        contacts=() if person else further.get("contact", ()), birthday=str(birthday) if birthday else "",
    )  # fmt: skip
