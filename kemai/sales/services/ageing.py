"""账龄: what is owed by how long it is overdue, each figure with the list of its plans behind it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet, Sum
from django.urls import reverse
from django.utils.translation import gettext as _

from kemai.customers.pages.links import leaf, list_url
from kemai.kit.money import from_cents
from kemai.platform import access
from kemai.platform.access import Actor
from kemai.sales.rules.cash import AGES, OLDEST
from kemai.sales.services import books, prices

BUCKETS = ("", *(name for _most, name in AGES), OLDEST)
"""'' is what is not due yet."""
MOST_ROWS = 30
FIRST = dt.date(1990, 1, 1)
LAST = dt.date(2199, 12, 31)


class Cell(NamedTuple):
    amount: Any
    url: str


class Line(NamedTuple):
    label: str
    url: str
    cells: list[Cell]
    total: Cell


class Table(NamedTuple):
    """What is owed in one currency: all of it, and by whom most."""

    currency: str
    heads: list[str]
    whole: Line
    customers: list[Line]
    more: bool


def span(bucket: str, today: dt.date) -> tuple[dt.date, dt.date]:
    """The first and the last due day of a bucket."""
    if bucket == "":
        return today, LAST
    least = 1
    for most, name in AGES:
        if name == bucket:
            return today - dt.timedelta(days=most), today - dt.timedelta(days=least)
        least = most + 1
    return FIRST, today - dt.timedelta(days=least)


def by_bucket(today: dt.date) -> dict[str, Sum]:
    """The same as rules.cash.age, in the database: a sum each, so that nothing is sorted."""
    found = {}
    for place, name in enumerate(BUCKETS):
        first, last = span(name, today)
        since, until = Q(due_on__gte=first), Q(due_on__lte=last)
        inside = since if name == "" else until if name == OLDEST else since & until
        found[f"bucket_{place}"] = Sum("open", filter=inside)
    return found


def sums_of(row: Mapping[str, Any]) -> dict[str, int]:
    """Cents by bucket."""
    return {name: books.cents(row[f"bucket_{place}"]) for place, name in enumerate(BUCKETS)}


def owed(actor: Actor) -> QuerySet[Any]:
    return access.scope(actor, "receipt_plan").filter(open__gt=0)


def tables(actor: Actor) -> list[Table]:
    """One table a currency, home's first."""
    today = prices.today()
    found = owed(actor).order_by().values("currency").annotate(**by_bucket(today))
    sums = {row["currency"]: sums_of(row) for row in found}
    return [
        table(actor, currency, sums[currency], today)
        for currency in sorted(sums, key=lambda c: (c != "CNY", c))
    ]


def table(actor: Actor, currency: str, sums: dict[str, int], today: dt.date) -> Table:
    basis = [leaf("currency", "in", [currency])]
    customers = biggest(actor, currency, today)
    whole = line(_("合计"), "", sums, today, basis)
    return Table(currency, heads(), whole, customers[:MOST_ROWS], len(customers) > MOST_ROWS)


def heads() -> list[str]:
    return [_("未到期"), *(_("逾期 %(days)s 天") % {"days": name} for name in BUCKETS[1:])]


def biggest(actor: Actor, currency: str, today: dt.date) -> list[Line]:
    """The customers who owe most. Two queries."""
    rows = owed(actor).filter(currency=currency).order_by()
    most = rows.values("customer").annotate(total=Sum("open")).order_by("-total")[: MOST_ROWS + 1]
    keys = [row["customer"] for row in most]
    mine = rows.filter(customer__in=keys).values("customer", "customer__name").annotate(**by_bucket(today))
    sums = {row["customer"]: sums_of(row) for row in mine}
    names = {row["customer"]: row["customer__name"] for row in mine}
    return [
        line(
            names[key], reverse("record", args=["customer", key]), sums[key], today,
            [leaf("currency", "in", [currency]), leaf("customer", "in", [key])],
        )
        for key in keys
    ]  # fmt: skip


def line(label: str, url: str, sums: dict[str, int], today: dt.date, basis: list[dict[str, Any]]) -> Line:
    cells = [Cell(from_cents(sums.get(name, 0)), drill(name, today, basis)) for name in BUCKETS]
    return Line(label, url, cells, Cell(from_cents(sum(sums.values())), drill(None, today, basis)))


def drill(bucket: str | None, today: dt.date, basis: list[dict[str, Any]]) -> str:
    where = [leaf("open", "gt", "0"), *basis]
    if bucket is not None:
        first, last = span(bucket, today)
        where.append(leaf("due_on", "between", [first.isoformat(), last.isoformat()]))
    return list_url("receipt_plan", where, sort="due_on")


def overdue_count(actor: Actor) -> int:
    """Plans that are overdue, up to a thousand; the side bar's alarm."""
    rows = owed(actor).filter(due_on__lt=prices.today())
    return len(rows.values_list("pk", flat=True)[:1000])
