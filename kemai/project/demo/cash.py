"""From the contract to the cash in the demo company: three years of contracts out of its deals, with plans, receipts and
invoices, most of them paid in time, some late, some not at all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

from django.utils.translation import gettext as _

from kemai.customers.models import Customer
from kemai.kit.money import from_cents
from kemai.platform.fields import Ref
from kemai.platform.records import sql
from kemai.project.demo.catalogue import COMPANY
from kemai.project.demo.offers import (
    BY,
    LINE_COLUMNS,
    Sale,
    bulk,
    line_rows,
    price_lists,
    sales_of,
    shelf_of,
    store_deal_lines,
    store_quotes,
)
from kemai.sales.models import Allocation, ContractLine
from kemai.sales.rules.amounts import margin, shares
from kemai.sales.rules.cash import IN_FORCE, still_open
from kemai.sales.services import renewals, terms

if TYPE_CHECKING:
    from kemai.project.demo.load import Loader

SEED = 54
MORNING = dt.time(10, 20)
PATTERNS = (
    ((1.0, 20),),
    ((0.5, 5), (0.5, 45)),
    ((0.3, 3), (0.6, 40), (0.1, 180)),
    ((0.25, 0), (0.25, 90), (0.25, 180), (0.25, 270)),
)


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
            "approval": {}, "created_at": moment(one.signed), **margin_of(one.sale),
        }
        for one in bargains
    ]  # fmt: skip
    keys = bulk("contract", rows)
    sql.insert(
        ContractLine, ("contract_id", *LINE_COLUMNS),
        (row for key, one in zip(keys, bargains, strict=True) for row in line_rows(key, one.sale)),
    )  # fmt: skip
    return keys


def margin_of(sale: Sale) -> dict[str, Any]:
    told = margin(((line, item.cost if item else None) for item, line in sale.lines), 1.0)
    return {"gross": from_cents(told.gross), "uncosted": from_cents(told.uncosted)}


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
