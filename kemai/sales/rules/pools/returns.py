"""When a record returns to its pool: the earliest day that one of the rules makes due.

A rule counts days without something, from the latest of: the day the owner received the record, the day of the last
such event (no event: the day received), and the day the rule was switched on. So switching a rule on never returns
stock at once, and a record that nothing ever happened to is not due the moment it is received. The same arithmetic in
SQL is services/pools/due.py; a test holds the two against each other and against a walk day by day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

AddDays = Callable[[dt.date, int, bool], dt.date]
"""(day, number, working days only) → the day so much later."""
DAY = dt.timedelta(days=1)
WARN_DAYS = (7, 3, 1)
SOON = 3
"""From how many days left on it is red."""


@dataclass(frozen=True)
class ReturnRule:
    """`spares_deals`, `spares_contracts`, `spares_work` are the pool's: open deals, running contracts, and open
    approvals or work that is planned hold a record."""

    id: int
    event: str
    days: int
    since: dt.date
    workdays: bool = False
    spares_deals: bool = False
    spares_contracts: bool = False
    spares_work: bool = False


@dataclass(frozen=True)
class Standing:
    """What is known of a record in its owner's hands. `events` are the last day of each kind of event; `contract` is
    the day the last contract ends or ended; `open_work` counts what is open without a day (an approval), `work_until`
    is the last day for which something is planned, `extended_until` the last day of an extension that was granted."""

    received_on: dt.date
    events: Mapping[str, dt.date | None]
    protected_until: dt.date | None = None
    open_deals: int = 0
    extended_until: dt.date | None = None
    work_until: dt.date | None = None
    open_work: int = 0


@dataclass(frozen=True)
class Due:
    """`on` is the day the record goes (in the morning); `base` the day counted from and `why` what it is: received,
    event or since; `held` says what put the day off: contract, work, extended, protected or nothing."""

    on: dt.date
    rule: ReturnRule
    base: dt.date
    why: str
    held: str = ""


def due_of(rule: ReturnRule, standing: Standing, add: AddDays) -> Due | None:
    """When this rule returns the record; None where it does not apply."""
    event = standing.events.get(rule.event)
    if rule.event == "contract" and event is None:
        return None
    if (rule.spares_deals and standing.open_deals) or (rule.spares_work and standing.open_work):
        return None
    base, why = max(
        (standing.received_on, "received"), (event or standing.received_on, "event"), (rule.since, "since"),
        key=lambda pair: pair[0],
    )  # fmt: skip
    if event is None and why == "event":
        why = "received"
    on, held = add(base, rule.days, rule.workdays), ""
    contract = standing.events.get("contract") if rule.spares_contracts else None
    work = standing.work_until if rule.spares_work else None
    floors = (
        (contract, "contract"), (work, "work"), (standing.extended_until, "extended"),
        (standing.protected_until, "protected"),
    )  # fmt: skip
    for last, name in floors:
        if last is not None and last + DAY > on:
            on, held = last + DAY, name
    return Due(on, rule, base, why, held)


def earliest(rules: Iterable[ReturnRule], standing: Standing, add: AddDays) -> Due | None:
    """Of several rules the one that is due first; of equal ones the first in order."""
    found = [due for rule in rules if (due := due_of(rule, standing, add)) is not None]
    return min(found, key=lambda due: due.on, default=None)
