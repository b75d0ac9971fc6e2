"""What the demo company offers: what it sells to companies and at which prices, the lines of its deals, its quotes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from random import Random
from typing import Any, NamedTuple

from kemai.customers.models import Customer, Product
from kemai.kit.money import from_cents, to_cents
from kemai.platform import audit, records
from kemai.platform.access import SYSTEM
from kemai.platform.fields import Ref
from kemai.platform.records import sql
from kemai.sales.models import Deal, DealLine, QuoteLine
from kemai.sales.rules.amounts import Priced, sums
from kemai.staff.models import User

BY = SYSTEM.through("demo")
REASON = "演示公司"
SEED_OF_COSTS = 55
CATEGORY = "办公礼品"
SERVICE = "定制、包装与配送"
LINE_COLUMNS = (
    "product_id", "name", "unit", "quantity", "list_price", "price", "discount", "tax_rate", "amount", "position",
    "cost",
)  # fmt: skip
QUOTE_OF = {
    "proposal": (("draft", 0.3), ("review", 0.12), ("sent", 0.58)),
    "negotiation": (("sent", 0.7), ("accepted", 0.3)),
    "renewal_talk": (("sent", 0.8), ("draft", 0.2)),
    "won": (("accepted", 1.0),),
    "renewal_won": (("accepted", 1.0),),
    "lost": (("declined", 0.55), ("expired", 0.45)),
    "renewal_lost": (("declined", 0.5), ("expired", 0.5)),
}
"""What became of the offer of a deal that has got so far; deals that ended before an offer have none."""


class Shelf(NamedTuple):
    id: int
    name: str
    unit: str
    cents: int
    cost: int | None
    """Cents without tax; of some things nobody ever entered it."""


class Sale(NamedTuple):
    """A deal with what it is about."""

    deal: int
    name: str
    customer: int
    contact: int | None
    owner: int | None
    cents: int
    stage: str
    start: dt.datetime
    end: dt.datetime
    lines: list[tuple[Shelf | None, Priced]]


def shelf_of() -> list[Shelf]:
    """What is sold to companies, else whatever there is."""
    rows = Product.objects.filter(deleted_at=None, price__gt=0)
    mine = rows.filter(category__name=CATEGORY)
    found = (mine if mine.exists() else rows).order_by("pk")[:60]
    rng, shelf = Random(SEED_OF_COSTS), []
    for one in found:
        cents = to_cents(one.price)
        share = rng.uniform(0.48, 0.66)
        cost = round(cents * share / 10) * 10 if rng.random() < 0.93 else None
        shelf.append(Shelf(one.pk, one.name, one.unit, cents, cost))
    costs = {one.id: {"cost": from_cents(one.cost)} for one in shelf if one.cost is not None}
    records.bulk_update("product", costs, by=BY, reason=REASON, parsed=True)
    return shelf


def price_lists(rng: Random, shelf: Sequence[Shelf], today: dt.date) -> int:
    """The standard list with breaks in quantity, one for the best customers, last year's; rates of the dollar."""
    year = today.year
    rows: list[dict[str, Any]] = [
        {"name": "企业采购标准价", "starts_on": dt.date(year, 1, 1)},
        {"name": "高价值客户价", "value_class": "high", "starts_on": dt.date(year, 1, 1)},
        {
            "name": f"{year - 1} 年标准价",
            "starts_on": dt.date(year - 1, 1, 1),
            "ends_on": dt.date(year - 1, 12, 20),
        },
    ]
    keys = records.bulk_create("price_list", rows, by=BY, reason=REASON, parsed=True)
    prices = []
    for key, steps in zip(
        keys, (((1, 1.0), (50, 0.95), (300, 0.88)), ((1, 0.92), (100, 0.85)), ((1, 0.97),)), strict=True
    ):
        for item in shelf:
            least = 10 if rng.random() < 0.04 else 1
            prices += [
                {
                    "price_list": Ref(key, ""), "product": Ref(item.id, ""), "from_quantity": float(max(start, least)),
                    "price": from_cents(round(item.cents * share / 10) * 10), "floor": 0.15 if share == 1.0 else None,
                }
                for start, share in steps
            ]  # fmt: skip
    records.bulk_create("price", prices, by=BY, reason=REASON, parsed=True)
    first = dt.date(year - 3, 1, 1)
    rates = [
        {
            "currency": money,
            "on": dt.date(first.year + n // 4, n % 4 * 3 + 1, 1),
            "rate": round(base * (1 + rng.uniform(-0.02, 0.02)), 4),
        }
        for money, base in (("USD", 7.15), ("HKD", 0.915), ("EUR", 7.8))
        for n in range(16)
        if dt.date(first.year + n // 4, n % 4 * 3 + 1, 1) <= today
    ]
    records.bulk_create("exchange_rate", rates, by=BY, reason=REASON, parsed=True)
    return keys[0]


def sales_of(rng: Random, deals: Iterable[int], shelf: Sequence[Shelf]) -> Iterable[Sale]:
    """Deals that got as far as an offer."""
    rows = Deal.objects.filter(pk__in=list(deals), stage__in=QUOTE_OF, amount__gt=0).order_by("pk")
    columns = ("pk", "name", "customer", "contact", "owner", "amount", "stage", "created_at", "stage_since")
    for pk, name, customer, contact, owner, amount, stage, start, end in rows.values_list(*columns):
        if stage in {"lost", "renewal_lost"} and rng.random() < 0.45:
            continue
        cents = to_cents(amount)
        yield Sale(
            pk,
            name,
            customer,
            contact,
            owner,
            cents,
            stage,
            start,
            end or start,
            lines_for(rng, cents, shelf),
        )


def lines_for(rng: Random, cents: int, shelf: Sequence[Shelf]) -> list[tuple[Shelf | None, Priced]]:
    """Some products and a service that together come to the amount, to the cent."""
    found: list[tuple[Shelf | None, Priced]] = []
    left = cents
    for item in rng.sample(shelf, min(len(shelf), rng.choice((1, 1, 2, 2, 3, 4)))):
        discount = rng.choice((0.0, 0.0, 0.05, 0.08, 0.1, 0.12))
        each = round(item.cents * (1 - discount))
        quantity = int(left * rng.uniform(0.3, 0.8)) // max(each, 1)
        if quantity < 1:
            continue
        line = Priced(float(quantity), item.cents, item.cents, discount, 0.13)
        found.append((item, line))
        left -= line.amount
    if left > 0 or not found:
        found.append((None, Priced(1.0, None, left, 0.0, 0.06)))
    return found


def line_rows(parent: int, sale: Sale) -> Iterable[tuple[Any, ...]]:
    for n, (item, line) in enumerate(sale.lines):
        listed = None if line.list_price is None else from_cents(line.list_price)
        yield (
            parent, item.id if item else None, item.name if item else SERVICE, item.unit if item else "",
            line.quantity, listed, from_cents(line.price), line.discount, line.tax_rate, from_cents(line.amount), n,
            None if item is None or item.cost is None else from_cents(item.cost),
        )  # fmt: skip


def store_deal_lines(sales: Sequence[Sale]) -> None:
    rows = (row for sale in sales for row in line_rows(sale.deal, sale))
    sql.insert(DealLine, ("deal_id", *LINE_COLUMNS), rows)


def pick(rng: Random, pool: Sequence[tuple[str, float]]) -> str:
    return rng.choices([one[0] for one in pool], [one[1] for one in pool])[0]


def store_quotes(rng: Random, sales: Sequence[Sale], list_id: int, today: dt.date) -> list[int]:
    names = dict(Customer.objects.filter(pk__in={one.customer for one in sales}).values_list("pk", "name"))
    staff = {
        pk: (name, chief or "") for pk, name, chief in User.objects.values_list("pk", "name", "manager__name")
    }
    rows = [
        quote_row(
            rng, sale, list_id, names.get(sale.customer, ""), staff.get(sale.owner or 0, ("", "")), today
        )
        for sale in sales
    ]
    keys = bulk("quote", rows)
    sql.insert(
        QuoteLine, ("quote_id", *LINE_COLUMNS),
        (row for key, sale in zip(keys, sales, strict=True) for row in line_rows(key, sale)),
    )  # fmt: skip
    return keys


def bulk(type_key: str, rows: Sequence[dict[str, Any]]) -> list[int]:
    changes = audit.open_set("import", type_key, by=BY, reason=REASON)
    return records.bulk_create(type_key, rows, by=BY, changeset=changes, parsed=True)


def quote_row(
    rng: Random, sale: Sale, list_id: int, customer: str, staff: tuple[str, str], today: dt.date
) -> dict[str, Any]:
    """`staff`: the seller's name and the manager's, who approved what went far below the list."""
    total = sums(line for _item, line in sale.lines)
    state = pick(rng, QUOTE_OF[sale.stage])
    made = sale.start + (sale.end - sale.start) * rng.uniform(0.3, 0.8)
    on = made.date()
    until = on + dt.timedelta(days=30)
    if state == "sent" and until < today:
        until = today + dt.timedelta(days=rng.randrange(1, 25))
    sent = None if state in {"draft", "review"} else made + dt.timedelta(hours=rng.uniform(0.5, 20))
    answered = max(sale.end, sent) if sent and state in {"accepted", "declined"} else None
    approval: dict[str, Any] = {}
    if state == "review" or total.most_discount > 0.1:
        approval = {
            "asked_by": sale.owner, "asked_name": staff[0], "asked_at": made.isoformat(),
            "reason": "客户一次采购量大，申请特价",
        }  # fmt: skip
    if approval and state != "review":
        approval |= {
            "decided_name": staff[1],
            "decided_at": made.isoformat(),
            "answer": "yes",
            "note": "同意",
        }
    return {
        "customer": Ref(sale.customer, ""), "contact": None if sale.contact is None else Ref(sale.contact, ""),
        "deal": Ref(sale.deal, ""), "owner": None if sale.owner is None else Ref(sale.owner, ""),
        "price_list": Ref(list_id, "") if rng.random() < 0.5 else None, "state": state, "quoted_on": on,
        "valid_until": until, "amount": from_cents(total.amount), "tax": from_cents(total.tax),
        "most_discount": total.most_discount, "sent_at": sent, "answered_at": answered, "approval": approval,
        "token": f"{rng.getrandbits(250):063x}"[:43] if sent else "",
        "answer": {"name": customer[:20], "note": "", "address": "112.10.8.20"} if answered else {},
        "created_at": made,
    }  # fmt: skip
