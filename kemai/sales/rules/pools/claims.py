"""May somebody take a record out of a pool? Seven checks, all of them made, so that all reasons can be told at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

CHECKS = ("scope", "capacity", "quota", "former", "reclaim", "fresh", "reason")


@dataclass(frozen=True)
class Terms:
    """What the pool asks. None for a number that has no limit."""

    claimable: bool = True
    reason_required: bool = False
    hold_most: int | None = None
    daily_most: int | None = None
    former_days: int = 7
    reclaim_hours: int = 12
    fresh_hours: int = 0


@dataclass(frozen=True)
class Asked:
    """Who asks for what: `held` records he has, `taken` out of this pool today, `former` whether he had the record
    last before it came here, `let_go_at` when he last gave it out of his hands. All moments are aware."""

    now: dt.datetime
    midnight: dt.datetime
    """The coming one of the company: when the day's quota begins anew."""
    in_scope: bool
    held: int
    taken: int
    pooled_at: dt.datetime
    former: bool = False
    let_go_at: dt.datetime | None = None
    reason: str = ""


@dataclass(frozen=True)
class Check:
    """One check with its figures; `lifts_at` is when it will be passed by itself, None where time does not help."""

    key: str
    ok: bool
    inputs: Mapping[str, int] = field(default_factory=dict)
    lifts_at: dt.datetime | None = None


def check(terms: Terms, asked: Asked) -> tuple[Check, ...]:
    """The seven checks in their order, passed ones too."""
    scope = Check("scope", asked.in_scope and terms.claimable, {"claimable": int(terms.claimable)})
    return (
        scope,
        within("capacity", asked.held, terms.hold_most),
        within("quota", asked.taken, terms.daily_most, asked.midnight),
        until("former", asked, asked.pooled_at if asked.former else None, dt.timedelta(days=terms.former_days)),
        until("reclaim", asked, asked.let_go_at, dt.timedelta(hours=terms.reclaim_hours)),
        until("fresh", asked, asked.pooled_at, dt.timedelta(hours=terms.fresh_hours)),
        Check("reason", not terms.reason_required or bool(asked.reason.strip())),
    )  # fmt: skip


def failing(checks: tuple[Check, ...]) -> tuple[Check, ...]:
    return tuple(one for one in checks if not one.ok)


def within(key: str, number: int, most: int | None, lifts_at: dt.datetime | None = None) -> Check:
    ok = most is None or number < most
    return Check(key, ok, {"number": number, "most": most or 0}, None if ok else lifts_at)


def until(key: str, asked: Asked, since: dt.datetime | None, wait: dt.timedelta) -> Check:
    """Passed when `wait` is over since `since`, or nothing began."""
    hours = round(wait.total_seconds() / 3600)
    lifts_at = since + wait if since is not None else None
    ok = lifts_at is None or asked.now >= lifts_at
    return Check(key, ok, {"hours": hours}, None if ok else lifts_at)
