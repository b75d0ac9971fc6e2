"""What people really reached, month by month: sums per owner out of the tables, for targets and rankings alike."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, QuerySet, Sum
from django.db.models.functions import ExtractMonth
from django.utils import timezone

from kemai.customers.models import Customer
from kemai.kit.money import to_cents
from kemai.sales.models import Contract, Deal, Receipt
from kemai.sales.services import margins
from kemai.sales.services.margins import Coverage

SIGNED = ("effective", "completed", "terminated", "expired")
"""A contract counts from the day it took effect, whatever became of it later."""
Monthly = dict[int, list[int]]
"""{owner: twelve figures: cents, or a number of customers}."""


def midnight(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time()), timezone.get_default_timezone())


def won(year: int) -> QuerySet[Any]:
    start, end = midnight(dt.date(year, 1, 1)), midnight(dt.date(year + 1, 1, 1))
    rows = Deal.objects.filter(deleted_at=None, state="won", closed_at__gte=start, closed_at__lt=end)
    zone = timezone.get_default_timezone()
    return rows.annotate(month=ExtractMonth("closed_at", tzinfo=zone), who=F("owner")).annotate(
        value=F("amount")
    )


def contracts(year: int) -> QuerySet[Any]:
    rows = Contract.objects.filter(deleted_at=None, state__in=SIGNED, amends=None, signed_on__year=year)
    return rows.annotate(month=ExtractMonth("signed_on"), who=F("owner"), value=F("amount_base"))


def gross(year: int) -> QuerySet[Any]:
    """Of the lines whose cost is known: `margins.coverage` says of how much nothing is known."""
    rows = Contract.objects.filter(deleted_at=None, state__in=SIGNED, amends=None, signed_on__year=year)
    return rows.annotate(month=ExtractMonth("signed_on"), who=F("owner"), value=F("gross"))


def receipts(year: int) -> QuerySet[Any]:
    """Yuan at the contract's rate; money taken back (红冲) counts against the month in which it was."""
    rows = Receipt.objects.filter(deleted_at=None, received_on__year=year)
    return rows.annotate(month=ExtractMonth("received_on"), who=F("contract__owner"), value=F("amount"))


def customers(year: int) -> QuerySet[Any]:
    start, end = midnight(dt.date(year, 1, 1)), midnight(dt.date(year + 1, 1, 1))
    rows = Customer.objects.filter(
        deleted_at=None, owner__isnull=False, facts__first_order_at__gte=start, facts__first_order_at__lt=end
    )
    zone = timezone.get_default_timezone()
    return rows.annotate(month=ExtractMonth("facts__first_order_at", tzinfo=zone), who=F("owner"))


SOURCES: dict[str, Callable[[int], QuerySet[Any]]] = {
    "won": won, "contract": contracts, "receipt": receipts, "gross": gross, "customers": customers,
}  # fmt: skip


def monthly(measure: str, year: int, owners: Sequence[int] | None = None) -> Monthly:
    """The months of a year by owner; `owners` None for everybody. One statement."""
    rows = SOURCES[measure](year)
    if owners is not None:
        rows = rows.filter(who__in=owners)
    figure = Count("pk") if measure == "customers" else Sum("value")
    found: Monthly = {}
    for who, month, value in rows.order_by().values_list("who", "month").annotate(figure=figure).values_list(
        "who", "month", "figure"
    ):  # fmt: skip
        if who is not None:
            found.setdefault(who, [0] * 12)[month - 1] = figure_of(value)
    return found


def coverage(year: int, owners: Sequence[int] | None) -> Coverage:
    """How much of the year's contracts the gross profit says nothing of. One statement."""
    rows = contracts(year)
    return margins.coverage(rows if owners is None else rows.filter(who__in=owners))


def figure_of(value: Decimal | int | None) -> int:
    """Cents of an amount; a count as it is."""
    return to_cents(value) if isinstance(value, Decimal) else int(value or 0)
