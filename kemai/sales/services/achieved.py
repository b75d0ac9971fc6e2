"""What people really reached, month by month: sums per owner out of the tables, for targets and rankings alike."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Count, F, IntegerField, QuerySet, Sum, Value
from django.utils import timezone

from kemai.customers.models import Customer
from kemai.kit.money import to_cents
from kemai.platform.query.currencies import Converted
from kemai.sales.models import Contract, Deal, Receipt
from kemai.sales.rules.forecast import following
from kemai.sales.services import margins
from kemai.sales.services.margins import Coverage

SIGNED = ("effective", "completed", "terminated", "expired")
"""A contract counts from the day it took effect, whatever became of it later."""
Monthly = dict[int, list[int]]
"""{owner: twelve figures: cents, or a number of customers}."""


def midnight(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time()), timezone.get_default_timezone())


class Source(NamedTuple):
    """Rows that count towards a measure: `day` says when (a date, or a `moment`), `who` for whom, `value` how much; a
    row counts as one where it is empty."""

    rows: Callable[[], QuerySet[Any]]
    day: str
    moment: bool = False
    who: str = "owner"
    value: Any = ""

    def during(self, first: dt.date, end: dt.date) -> QuerySet[Any]:
        """From a day up to another one, that one not counted in."""
        low, high = (midnight(first), midnight(end)) if self.moment else (first, end)
        return self.rows().filter(**{f"{self.day}__gte": low, f"{self.day}__lt": high}).order_by()


def signed() -> QuerySet[Any]:
    return Contract.objects.filter(deleted_at=None, state__in=SIGNED, amends=None)


SOURCES: dict[str, Source] = {
    "won": Source(
        lambda: Deal.objects.filter(deleted_at=None, state="won"), "closed_at", moment=True, value="amount"
    ),
    "contract": Source(signed, "signed_on", value="amount_base"),
    # in yuan at the contract's rate; money taken back (红冲) counts against the month in which it was
    "receipt": Source(
        lambda: Receipt.objects.filter(deleted_at=None), "received_on", who="contract__owner",
        value=Converted(F("amount"), F("contract__rate")),
    ),
    # of the lines whose cost is known: `margins.coverage` says of how much nothing is known
    "gross": Source(signed, "signed_on", value="gross"),
    "customers": Source(
        lambda: Customer.objects.filter(deleted_at=None, owner__isnull=False), "facts__first_order_at", moment=True
    ),
}  # fmt: skip
FEW = 200
"""Up to so many people are named in a statement."""


def together(parts: Sequence[QuerySet[Any]]) -> Iterable[Any]:
    """The rows of all of these in one statement."""
    return parts[0].union(*parts[1:], all=True) if parts else ()


def monthly(measure: str, year: int, owners: Sequence[int] | None = None) -> Monthly:
    """The months of a year by owner; `owners` None for everybody. One statement, in which each month is a stretch of
    an index: to cut moments into months would be Python's work on SQLite, row by row."""
    source = SOURCES[measure]
    few = owners is not None and len(owners) <= FEW
    parts = []
    for month in range(1, 13):
        rows = source.during(dt.date(year, month, 1), following(dt.date(year, month, 1)))
        rows = rows.filter(**{f"{source.who}__in": owners}) if few else rows
        placed = rows.annotate(place=Value(month - 1, output_field=IntegerField()))
        figure = Sum(source.value) if source.value else Count("pk")
        grouped = placed.values(source.who, "place").annotate(figure=figure)
        parts.append(grouped.values_list(source.who, "place", "figure"))
    wanted = None if owners is None else set(owners)
    found: Monthly = {}
    for who, place, value in together(parts):
        if who is not None and (wanted is None or who in wanted):
            found.setdefault(who, [0] * 12)[place] = figure_of(value)
    return found


def coverage(year: int, owners: Sequence[int] | None) -> Coverage:
    """How much of the year's contracts the gross profit says nothing of. One statement."""
    rows = SOURCES["contract"].during(dt.date(year, 1, 1), dt.date(year + 1, 1, 1))
    return margins.coverage(rows if owners is None else rows.filter(owner__in=owners))


def figure_of(value: Decimal | int | None) -> int:
    """Cents of an amount; a count as it is."""
    return to_cents(value) if isinstance(value, Decimal) else int(value or 0)
