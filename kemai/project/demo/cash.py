"""From the quote to the cash in the demo company: three years of offers, contracts, plans, receipts and invoices out of
its deals, most of them paid in time, some late, some not at all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

from django.utils.translation import gettext as _

from kemai.customers.models import Customer, Product
from kemai.kit.money import from_cents, to_cents
from kemai.platform import audit, records
from kemai.platform.access import SYSTEM
from kemai.platform.fields import Ref
from kemai.platform.records import sql
from kemai.project.demo.catalogue import COMPANY
from kemai.sales.models import Allocation, ContractLine, Deal, DealLine, QuoteLine
from kemai.sales.rules.amounts import Priced, shares, sums
from kemai.sales.rules.cash import IN_FORCE, still_open
from kemai.sales.services import renewals, terms
from kemai.staff.models import User

if TYPE_CHECKING:
    from kemai.project.demo.load import Loader

BY = SYSTEM.through("demo")
REASON = "演示公司"
SEED = 54
CATEGORY = "办公礼品"
SERVICE = "定制、包装与配送"
MORNING = dt.time(10, 20)
LINE_COLUMNS = (
    "product_id", "name", "unit", "quantity", "list_price", "price", "discount", "tax_rate", "amount", "position",
)  # fmt: skip
PATTERNS = (
    ((1.0, 20),),
    ((0.5, 5), (0.5, 45)),
    ((0.3, 3), (0.6, 40), (0.1, 180)),
    ((0.25, 0), (0.25, 90), (0.25, 180), (0.25, 270)),
)
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


class Paid(NamedTuple):
    """A plan of a contract with what came in for it: (day, cents)."""

    due: dt.date
    cents: int
    receipts: list[tuple[dt.date, int]]


class Bargain(NamedTuple):
    """A contract with its plans."""

    sale: Sale
    state: str
    signed: dt.date
    ends: dt.date
    plans: list[Paid]

    @property
    def received(self) -> int:
        return sum(cents for plan in self.plans for _day, cents in plan.receipts)


def store(loader: Loader) -> None:
    """After products and deals."""
    rng = Random(SEED)
    today = loader.made.as_of.date()
    say_who_we_are()
    shelf = shelf_of()
    list_id = price_lists(rng, shelf, today)
    sales = list(sales_of(rng, loader.ids["deal"], shelf))
    with loader.progress.step(_("报价与合同"), len(sales)) as advance:
        store_deal_lines(sales)
        quotes = store_quotes(rng, sales, list_id, today)
        bargains = list(bargains_of(rng, sales, today))
        contracts = store_contracts(bargains, dict(zip((one.deal for one in sales), quotes, strict=True)))
        store_cash(rng, bargains, contracts)
        advance(len(sales))
    renewals.remind(today)


def say_who_we_are() -> None:
    terms.save_terms(
        {
            "company": f"{COMPANY}（杭州）商贸有限公司", "tax_number": "91330106MA2KX5N78P",
            "address": "杭州市西湖区文三路 478 号华星时代广场 12 层", "phone": "0571-88886666",
            "bank": "招商银行杭州文三支行", "account": "571908888810601", "discount_limit": "10", "valid_days": "30",
            "conditions": "1. 含 13% 增值税，含市内配送。\n2. 定制内容以双方确认的样稿为准，确认后 12 个工作日交货。\n"
                          "3. 质量问题 15 天内包退换。",
        },
        by=BY,
    )  # fmt: skip


def shelf_of() -> list[Shelf]:
    """What is sold to companies, else whatever there is."""
    rows = Product.objects.filter(deleted_at=None, price__gt=0)
    mine = rows.filter(category__name=CATEGORY)
    found = (mine if mine.exists() else rows).order_by("pk")[:60]
    return [Shelf(one.pk, one.name, one.unit, to_cents(one.price)) for one in found]


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


def bargains_of(rng: Random, sales: Sequence[Sale], today: dt.date) -> Iterable[Bargain]:
    """Contracts of the deals that were won. Companies pay as they do: a fixed few always late."""
    slow = {sale.customer: rng.choice((0, 0, 0, 4, 12, 40)) for sale in sales}
    for sale in sales:
        if sale.stage not in {"won", "renewal_won"}:
            continue
        signed = min(sale.end.date() + dt.timedelta(days=rng.randrange(0, 6)), today)
        ends = signed + dt.timedelta(days=rng.choice((180, 365, 365, 365, 730)))
        waits = (today - signed).days < 6 and rng.random() < 0.5
        if waits:
            yield Bargain(sale, rng.choice(("draft", "review")), signed, ends, [])
            continue
        plans = list(plans_of(rng, sale.cents, signed, slow[sale.customer], today))
        state = "effective" if ends >= today else "expired"
        whole = sum(cents for plan in plans for _day, cents in plan.receipts) == sale.cents
        if whole and (state == "expired" or rng.random() < 0.25):
            state = "completed"
        elif not whole and (today - signed).days > 200 and rng.random() < 0.25:
            state = "terminated"
        yield Bargain(sale, state, signed, ends, plans)


def plans_of(rng: Random, cents: int, signed: dt.date, slow: int, today: dt.date) -> Iterable[Paid]:
    pattern = rng.choice(PATTERNS)
    for part, (_share, days) in zip(shares(cents, [share for share, _days in pattern]), pattern, strict=True):
        due = signed + dt.timedelta(days=days)
        came = max(due + dt.timedelta(days=round(rng.gauss(slow, 6))), signed)
        receipts: list[tuple[dt.date, int]] = []
        if came <= today and rng.random() < 0.965:
            half = part // 2 if rng.random() < 0.08 else part
            receipts.append((came, half))
            rest = came + dt.timedelta(days=rng.randrange(10, 60))
            if half < part and rest <= today:
                receipts.append((rest, part - half))
        yield Paid(due, part, receipts)


def moment(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, MORNING, tzinfo=dt.UTC)


def store_contracts(bargains: Sequence[Bargain], quote_of: dict[int, int]) -> list[int]:
    rows: list[dict[str, Any]] = [
        {
            "name": one.sale.name, "customer": Ref(one.sale.customer, ""), "deal": Ref(one.sale.deal, ""),
            "quote": Ref(quote_of[one.sale.deal], ""), "owner": None if one.sale.owner is None else Ref(one.sale.owner, ""),
            "state": one.state, "amount": from_cents(one.sale.cents), "signed_on": one.signed, "starts_on": one.signed,
            "ends_on": one.ends, "effective_at": None if one.state in {"draft", "review"} else moment(one.signed),
            "approval": {}, "created_at": moment(one.signed),
        }
        for one in bargains
    ]  # fmt: skip
    keys = bulk("contract", rows)
    sql.insert(
        ContractLine, ("contract_id", *LINE_COLUMNS),
        (row for key, one in zip(keys, bargains, strict=True) for row in line_rows(key, one.sale)),
    )  # fmt: skip
    return keys


def store_cash(rng: Random, bargains: Sequence[Bargain], contracts: Sequence[int]) -> None:
    """Plans, receipts with their allocations, some reversed, invoices for what came in."""
    pairs = [
        (key, one, n, plan)
        for key, one in zip(contracts, bargains, strict=True)
        for n, plan in enumerate(one.plans, 1)
    ]
    plans = bulk("receipt_plan", [plan_row(key, one, n, plan) for key, one, n, plan in pairs])
    ended = {key for key, one in zip(contracts, bargains, strict=True) if one.state == "terminated"}
    booked = sorted(
        (day, plan_key, key, one.sale, cents)
        for plan_key, (key, one, _n, plan) in zip(plans, pairs, strict=True)
        for day, cents in plan.receipts
        if cents > 0
    )  # fmt: skip
    live = [one for one in booked if one[2] not in ended]
    receipts = bulk(
        "receipt", [receipt_row(rng, day, key, sale, cents) for day, _plan, key, sale, cents in live]
    )
    sql.insert(
        Allocation, ("receipt_id", "plan_id", "amount"),
        ((receipt, one[1], from_cents(one[4])) for receipt, one in zip(receipts, live, strict=True)),
    )  # fmt: skip
    store_invoices(rng, live)


def plan_row(contract: int, one: Bargain, n: int, plan: Paid) -> dict[str, Any]:
    got = 0 if one.state == "terminated" else sum(cents for _day, cents in plan.receipts)
    left = still_open(amount=plan.cents, received=got, in_force=one.state in IN_FORCE)
    return {
        "contract": Ref(contract, ""), "number": n, "name": f"第 {n} 期", "due_on": plan.due,
        "amount": from_cents(plan.cents), "received": from_cents(got), "open": from_cents(left),
        "created_at": moment(one.signed),
    }  # fmt: skip


def receipt_row(rng: Random, day: dt.date, contract: int, sale: Sale, cents: int) -> dict[str, Any]:
    return {
        "contract": Ref(contract, ""), "received_on": day, "amount": from_cents(cents),
        "method": rng.choices(("transfer", "alipay", "wechat", "bill"), (8, 1, 1, 1))[0],
        "owner": None if sale.owner is None else Ref(sale.owner, ""), "created_at": moment(day),
    }  # fmt: skip


def store_invoices(rng: Random, booked: Sequence[tuple[dt.date, int, int, Sale, int]]) -> None:
    customers = sorted({one[3].customer for one in booked})
    rows = Customer.objects.filter(pk__in=customers).order_by("pk").values_list("pk", "name", "credit_code")
    titles = bulk("invoice_title", [title_row(pk, name, code) for pk, name, code in rows])
    by_customer = dict(zip(customers, titles, strict=True))
    chosen = [one for one in booked if rng.random() < 0.85]
    recent = max((one[0] for one in booked), default=dt.date.min) - dt.timedelta(days=4)
    made = [
        {
            "contract": Ref(key, ""), "title": Ref(by_customer[sale.customer], ""), "amount": from_cents(cents),
            "kind": rng.choices(("electronic", "special", "general"), (5, 4, 1))[0],
            "state": "requested" if day > recent else "issued",
            "invoice_number": "" if day > recent else f"253320{rng.randrange(10**14):014d}",
            "issued_on": None if day > recent else day + dt.timedelta(days=1),
            "owner": None if sale.owner is None else Ref(sale.owner, ""), "created_at": moment(day),
        }
        for day, _plan, key, sale, cents in chosen
    ]  # fmt: skip
    bulk("invoice", made)


def title_row(customer: int, name: str, code: str) -> dict[str, Any]:
    return {
        "customer": Ref(customer, ""), "kind": "company" if code else "person", "name": name[:120], "tax_number": code or "",
    }  # fmt: skip
