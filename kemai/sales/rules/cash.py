"""Money expected and received: plans, allocation, ageing, invoices."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from kemai.sales.rules import YES, Verdict
from kemai.sales.rules.amounts import shares

AGES = ((30, "0-30"), (60, "31-60"), (90, "61-90"))
OLDEST = "90+"


class Instalment(NamedTuple):
    number: int
    due_on: dt.date
    amount: int


def add_months(day: dt.date, months: int) -> dt.date:
    """The same day `months` later, or the last of a shorter month."""
    month = day.month - 1 + months
    year, month = day.year + month // 12, month % 12 + 1
    return dt.date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def by_shares(total: int, first: dt.date, parts: Sequence[tuple[float, int]]) -> list[Instalment]:
    """A plan by (share, days after `first`): 30 % at once, 60 % after 30 days, 10 % after a year."""
    amounts = shares(total, [share for share, _days in parts])
    return [
        Instalment(n, first + dt.timedelta(days=days), amount)
        for n, ((_share, days), amount) in enumerate(zip(parts, amounts, strict=True), 1)
    ]


def by_months(total: int, first: dt.date, count: int, every: int = 1) -> list[Instalment]:
    """A plan of `count` equal parts, each `every` months."""
    amounts = shares(total, [1.0] * count)
    return [Instalment(n + 1, add_months(first, n * every), amount) for n, amount in enumerate(amounts)]


def plan_state(
    *, amount: int, received: int, due_on: dt.date, today: dt.date, effective: bool, void: bool = False
) -> str:
    """void 作废, pending 未生效, done 已回, part 部分, overdue 逾期, due 未到期. What is paid is never overdue."""
    if void:
        return "void"
    if received >= amount:
        return "done"
    if not effective:
        return "pending"
    if due_on < today:
        return "overdue"
    return "part" if received > 0 else "due"


def age(due_on: dt.date, today: dt.date) -> str:
    """The bucket of money that is still owed: by whole days after the due day; '' while it is not due."""
    days = (today - due_on).days
    if days <= 0:
        return ""
    return next((name for most, name in AGES if days <= most), OLDEST)


class Owed(NamedTuple):
    """A plan with what is still open of it."""

    plan: int
    due_on: dt.date
    open: int


def allocate(amount: int, plans: Sequence[Owed]) -> dict[int, int]:
    """First in, first out: {plan: cents}, the earliest due first. What exceeds all plans stays unallocated."""
    found: dict[int, int] = {}
    rest = amount
    for one in sorted(plans, key=lambda owed: (owed.due_on, owed.plan)):
        part = min(rest, max(one.open, 0))
        if part > 0:
            found[one.plan] = part
            rest -= part
    return found


def may_allocate(amount: int, wanted: dict[int, int], plans: Sequence[Owed]) -> Verdict:
    """By hand: nothing negative, no plan beyond what is open, not more than the receipt."""
    known = {one.plan: one.open for one in plans}
    for plan, part in wanted.items():
        if part < 0:
            return Verdict(False, "negative", {"plan": plan, "amount": part})
        if part > known.get(plan, 0):
            return Verdict(False, "beyond_plan", {"plan": plan, "amount": part, "open": known.get(plan, 0)})
    total = sum(wanted.values())
    if total > amount:
        return Verdict(False, "beyond_receipt", {"total": total, "amount": amount})
    return YES


IN_FORCE = frozenset({"effective", "completed", "expired"})
"""States of a contract in which money is owed for it: what is late is paid after the end, too."""


def may_take(amount: int, *, contract: int, taken: int, in_force: bool) -> Verdict:
    """Money received, or an invoice asked for: for contracts in force, more than nothing, and not more than is open of
    the contract. `taken` is what was received (or invoiced) before."""
    if not in_force:
        return Verdict(False, "not_effective")
    if amount <= 0:
        return Verdict(False, "not_positive", {"amount": amount})
    if taken + amount > contract:
        return Verdict(
            False, "beyond_contract",
            {"amount": amount, "contract": contract, "taken": taken, "open": contract - taken},
        )  # fmt: skip
    return YES


def still_open(*, amount: int, received: int, in_force: bool, void: bool = False) -> int:
    """What is still owed on a plan: nothing while the contract is not in force, nor where the plan was given up."""
    return 0 if void or not in_force else max(amount - received, 0)
