"""The portrait of one customer 客户画像: facts that are stored, and small questions answered from that customer's rows
only. Nothing here looks at other customers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

from django.db.models import Count, Sum
from django.utils import timezone

from kemai.customers.models import FactTransition, OrderLine
from kemai.customers.models.trade import SALES_CHANNELS
from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.models import Option

MOST_ORDERS = 2000
"""Orders looked at: more than a person reads out of a chart."""
GAPS_SHOWN = 24
MONTHS = 24
TOP = 6


@dataclass(frozen=True)
class Purchase:
    id: int
    at: datetime
    day: date
    amount: Decimal
    channel: str


@dataclass(frozen=True)
class Gap:
    """The days between a purchase day and the one before it."""

    day: date
    days: int


@dataclass(frozen=True)
class Share:
    label: str
    amount: Decimal
    count: int


def purchases(actor: Actor, customer_id: int) -> list[Purchase]:
    """The paid orders that the actor may see, oldest first, the newest MOST_ORDERS of them."""
    rows = (
        access.scope(actor, "order").filter(customer=customer_id, state="paid").order_by("-ordered_at", "-pk")
    )
    zone = timezone.get_default_timezone()
    found = [
        Purchase(pk, at, timezone.localtime(at, zone).date(), amount, channel)
        for pk, at, amount, channel in rows.values_list("pk", "ordered_at", "amount", "channel")[:MOST_ORDERS]
    ]
    return found[::-1]


def gaps(bought: Sequence[Purchase]) -> list[Gap]:
    """Between distinct purchase days, oldest first."""
    days = sorted({one.day for one in bought})
    return [Gap(later, (later - before).days) for before, later in pairwise(days)]


def median(values: Sequence[int]) -> float | None:
    ordered = sorted(values)
    if not ordered:
        return None
    middle = len(ordered) // 2
    return float(ordered[middle]) if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def by_month(bought: Sequence[Purchase], today: date, months: int = MONTHS) -> list[tuple[str, Decimal, int]]:
    """(month "2026-11", amount, orders) of the last months, empty ones too."""
    last = today.year * 12 + today.month - 1
    totals: dict[int, list[Any]] = {index: [Decimal(0), 0] for index in range(last - months + 1, last + 1)}
    for one in bought:
        month = totals.get(one.day.year * 12 + one.day.month - 1)
        if month is not None:
            month[0] += one.amount
            month[1] += 1
    return [
        (f"{index // 12}-{index % 12 + 1:02d}", amount, count) for index, (amount, count) in totals.items()
    ]


def by_channel(bought: Sequence[Purchase]) -> list[tuple[Option, int]]:
    known = {option.value: option for option in SALES_CHANNELS}
    counts = Counter(one.channel for one in bought)
    return [(known.get(key, Option(key, key)), count) for key, count in counts.most_common()]


def by_hour(bought: Sequence[Purchase]) -> list[int]:
    """Orders in each of the 24 hours of the local day."""
    zone = timezone.get_default_timezone()
    counts = Counter(timezone.localtime(one.at, zone).hour for one in bought)
    return [counts.get(hour, 0) for hour in range(24)]


def bought_most(actor: Actor, customer_id: int, path: str) -> list[Share]:
    """What the customer spent most on: `path` is "product__name" or "product__category__name"."""
    if not access.may(actor, "order", "view"):
        return []
    visible = access.scope(actor, "order").filter(customer=customer_id, state="paid")
    rows = (
        OrderLine.objects.filter(order__in=visible.values("pk"))
        .order_by()
        .values(path)
        .annotate(total=Sum("amount"), orders=Count("order", distinct=True))
        .order_by("-total")[:TOP]
    )
    return [Share(row[path] or "", row["total"] or Decimal(0), row["orders"]) for row in rows]


def lines(actor: Actor, order_id: int) -> list[dict[str, Any]]:
    """The lines of an order that the actor may see."""
    visible = access.scope(actor, "order").filter(pk=order_id)
    rows = OrderLine.objects.filter(order__in=visible.values("pk")).order_by("pk")
    return [
        dict(row) for row in rows.values("product_id", "product__name", "quantity", "price", "amount")[:500]
    ]


@dataclass(frozen=True)
class Move:
    field: str
    old: str
    new: str
    at: datetime


def moves(customer_id: int, fields: Sequence[str], limit: int = 12) -> list[Move]:
    """How the derived states went, newest first. Which fields may be shown is the caller's question."""
    rows = FactTransition.objects.filter(customer=customer_id, field__in=fields).order_by("-at", "-pk")
    return [Move(*row) for row in rows.values_list("field", "old", "new", "at")[:limit]]


def days_since(moment: datetime | date | None, today: date) -> int | None:
    if moment is None:
        return None
    day = (
        timezone.localtime(moment, timezone.get_default_timezone()).date()
        if isinstance(moment, datetime)
        else moment
    )
    return (today - day).days


def readable(row: Mapping[str, Any], levels: Mapping[str, str], *names: str) -> dict[str, Any]:
    """The values that the actor may read in full; the others are None."""
    return {name: row.get(name) if levels.get(name) in {"read", "edit"} else None for name in names}
