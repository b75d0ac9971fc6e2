"""The life of quotes and contracts: which step follows which, and when a contract's end is near."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from kemai.sales.rules import YES, Verdict

QUOTE_STEPS: dict[str, frozenset[str]] = {
    "review": frozenset({"draft"}),
    "approved": frozenset({"review"}),
    "draft": frozenset({"review", "approved"}),
    "sent": frozenset({"draft", "approved"}),
    "accepted": frozenset({"sent"}),
    "declined": frozenset({"sent"}),
    "expired": frozenset({"sent"}),
    "replaced": frozenset({"sent", "expired", "declined"}),
}
"""{state: from which it is entered}. Only a draft may be edited."""
CONTRACT_STEPS: dict[str, frozenset[str]] = {
    "review": frozenset({"draft"}),
    "draft": frozenset({"review"}),
    "effective": frozenset({"review"}),
    "completed": frozenset({"effective", "expired", "review"}),
    "terminated": frozenset({"effective"}),
    "expired": frozenset({"effective"}),
}
"""An amendment goes from review to completed: what it says then stands in the contract that it amends."""
RENEWAL_DAYS = (7, 30, 60)


def may_step(steps: dict[str, frozenset[str]], old: str, new: str) -> Verdict:
    if old not in steps.get(new, frozenset()):
        return Verdict(False, "no_step", {"old": old, "new": new})
    return YES


def needs_approval(discounts: Sequence[tuple[float, float | None]], limit: float) -> Verdict:
    """(discount of a line, what its price list allows or None): the line that goes furthest beyond what is allowed
    decides. Discounts are compared to a hundredth of a per cent, as they are shown."""
    beyond = [(discount, limit if floor is None else floor) for discount, floor in discounts]
    beyond = [pair for pair in beyond if round(pair[0] - pair[1], 4) > 0]
    if not beyond:
        return YES
    discount, allowed = max(beyond, key=lambda pair: pair[0] - pair[1])
    return Verdict(False, "beyond_limit", {"discount": discount, "limit": allowed, "lines": len(beyond)})


def renewal_step(ends: dt.date, today: dt.date) -> int | None:
    """Which reminder of a contract's end is due: 60, 30 or 7 days before; None where it is too early or over."""
    left = (ends - today).days
    if left < 0:
        return None
    return next((days for days in RENEWAL_DAYS if left <= days), None)
