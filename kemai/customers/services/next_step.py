"""The next best step with a customer: a few honest rules on plain values, the most pressing first.

Each rule names the figures that made it speak, so that a person can judge it; none pretends to predict anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

OVERDUE_RHYTHM = 1.5
"""Silence in multiples of the customer's own median gap from which a call-back is due."""
QUIET_DAYS = 7
"""Nobody is called again within so many days of the last contact."""
PROSPECT_DAYS = 14
NEW_DAYS = 30
BIRTHDAY_DAYS = 14
THIN = 50
"""Completeness in per cent below which asking comes first."""


@dataclass(frozen=True)
class Seen:
    """What the rules look at; days are whole local days before today, None where there was none."""

    today: date
    valid: bool = True
    orders: int = 0
    since_order: int | None = None
    since_first: int | None = None
    since_contact: int | None = None
    gap_median: float | None = None
    birthday: date | None = None
    completeness: int = 100
    question: str = ""
    overdue_task: str = ""


@dataclass(frozen=True)
class Step:
    """`code` names the rule, `kind` the kind of task that does it ('' where no task would help)."""

    code: str
    kind: str = ""
    figures: Mapping[str, object] = field(default_factory=dict)


def next_step(seen: Seen) -> Step:
    """The first rule that applies."""
    quiet = seen.since_contact is None or seen.since_contact >= QUIET_DAYS
    if seen.overdue_task:
        return Step("finish_task", figures={"task": seen.overdue_task})
    if not seen.valid:
        return Step("check_contact", figures={})
    late = silence(seen)
    if late is not None and late >= OVERDUE_RHYTHM and quiet:
        figures = {"days": seen.since_order, "gap": seen.gap_median, "times": round(late, 1)}
        return Step("call_back", "callback", figures)
    days = days_to_birthday(seen)
    if days is not None and days <= BIRTHDAY_DAYS:
        return Step("birthday", "care", {"days": days})
    if seen.orders and seen.since_first is not None and seen.since_first <= NEW_DAYS and quiet:
        return Step("welcome", "callback", {"days": seen.since_first})
    if not seen.orders and (seen.since_contact is None or seen.since_contact >= PROSPECT_DAYS):
        return Step("first_call", "call", {"days": seen.since_contact})
    if seen.completeness < THIN and seen.question:
        return Step("ask", "", {"field": seen.question, "percent": seen.completeness})
    return calm(seen)


def silence(seen: Seen) -> float | None:
    """How many of their own median gaps the customer has been silent."""
    if not seen.gap_median or seen.since_order is None:
        return None
    return seen.since_order / seen.gap_median


def calm(seen: Seen) -> Step:
    """Nothing presses: when the next purchase is to be expected by the customer's own rhythm, if there is one."""
    if seen.gap_median and seen.since_order is not None:
        expected = seen.today + timedelta(days=round(seen.gap_median) - seen.since_order)
        return Step("wait", figures={"day": expected.isoformat(), "gap": seen.gap_median})
    return Step("nothing")


def days_to_birthday(seen: Seen) -> int | None:
    """Days to the next birthday; the 29th of February is kept on the 28th in other years."""
    if seen.birthday is None:
        return None
    for year in (seen.today.year, seen.today.year + 1):
        try:
            day = seen.birthday.replace(year=year)
        except ValueError:
            day = date(year, 2, 28)
        if day >= seen.today:
            return (day - seen.today).days
    return None
