"""What the demo company meant to reach, and what it forecast week by week: worked out of the deals as they went."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import NamedTuple

import numpy as np

from kemai.project.demo.season import SHANGHAI, Season
from kemai.project.demo.table import Table

WEEKS = 40
MEASURES = {"won": 1.0, "receipt": 0.9, "gross": 0.15}
"""With what they come to beside what is won."""
WON = ("won", "renewal_won")


class Target(NamedTuple):
    """`person` is a position in the table of users; cents."""

    person: int
    month: dt.date
    measure: str
    amount: int


class Snapshot(NamedTuple):
    taken_on: dt.date
    month: dt.date
    person: int
    category: str
    amount: int
    weighted: int


def month_of(day: dt.date) -> dt.date:
    return day.replace(day=1)


def local_days(times: np.ndarray[tuple[int], np.dtype[np.datetime64]]) -> list[dt.date]:
    shifted = times + np.timedelta64(int(SHANGHAI.total_seconds()), "s")
    days: list[dt.date] = shifted.astype("M8[D]").tolist()
    return days


def targets(rng: np.random.Generator, when: Season, deals: Table) -> list[Target]:
    """For everybody who sells, every month of the years there are: somewhat above what they reach, rounded as people do,
    with the season in it."""
    ended = local_days(deals.times("stage_since"))
    won: dict[tuple[int, int], int] = defaultdict(int)
    sellers = sorted(set(deals.ints("owner").tolist()))
    for stage, owner, day, amount in zip(
        deals.texts("stage"), deals.ints("owner").tolist(), ended, deals.ints("amount").tolist(), strict=True
    ):
        if stage in WON:
            won[owner, day.year] += amount
    season = np.array([1.9, 0.8, 0.7, 0.7, 0.7, 0.8, 0.7, 0.9, 1.5, 1.2, 0.8, 1.3]) / 12
    last = when.as_of.date().year
    found = []
    for owner in sellers:
        for year in range(when.first.year, last + 1):
            reached = won[owner, year] or won[owner, year - 1]
            whole = max(reached / (0.6 if year == when.first.year else 1.0), 20_000_000) * rng.uniform(
                0.9, 1.25
            )
            for month in range(12):
                amount = max(round(whole * season[month] / 1_000_000), 1) * 1_000_000
                found += [
                    Target(owner, dt.date(year, month + 1, 1), measure, int(amount * share))
                    for measure, share in MEASURES.items()
                ]
    return found


def snapshots(when: Season, deals: Table, events: Table, rates: dict[str, float]) -> list[Snapshot]:
    """Every Monday and every first of a month: who had which open deals in which stage, expected when they were
    expected then. `rates`: {open stage: win rate}."""
    end = when.as_of.astimezone(dt.timezone(SHANGHAI)).date()
    days = [end - dt.timedelta(days=n) for n in range(1, WEEKS * 7)]
    taken = sorted(day for day in days if day.weekday() == 0 or day.day == 1)
    ways: list[list[tuple[dt.date, str]]] = [[] for _deal in range(len(deals))]
    for deal, stage, day in zip(
        events.ints("deal").tolist(), events.texts("new"), local_days(events.times("at")), strict=True
    ):
        ways[deal].append((day, stage))
    owners, amounts = deals.ints("owner").tolist(), deals.ints("amount").tolist()
    expected: list[dt.date | None] = deals.times("expected_on").tolist()
    sums: dict[tuple[dt.date, dt.date, int, str], list[int]] = defaultdict(lambda: [0, 0])
    first = taken[0] - dt.timedelta(days=31)
    for way, owner, amount, planned in zip(ways, owners, amounts, expected, strict=True):
        if way[-1][0] < first and way[-1][1] not in rates:
            continue
        for day in taken:
            reached = [stage for at, stage in way if at <= day]
            if not reached:
                continue
            put(sums, day, way, reached[-1], owner, amount, planned, rates)
    return [Snapshot(*key, *value) for key, value in sums.items()]


def put(
    sums: dict[tuple[dt.date, dt.date, int, str], list[int]],
    day: dt.date,
    way: list[tuple[dt.date, str]],
    stage: str,
    owner: int,
    amount: int,
    planned: dt.date | None,
    rates: dict[str, float],
) -> None:
    """One deal into the sums of one day, where it counts."""
    ended = next((at for at, name in way if name in WON and at <= day), None)
    if ended is not None:
        category, month, rate = "closed", month_of(ended), 1.0
        if month != month_of(day):
            return
    elif stage in rates and planned is not None:
        rate = rates[stage]
        category = "commit" if rate >= 0.7 else "best" if rate >= 0.5 else "pipeline"
        # nobody expects in the past; most give the date that the deal will really have, some weeks off
        month = month_of(max(planned, day + dt.timedelta(days=12)))
    else:
        return
    cell = sums[day, month, owner, category]
    cell[0] += amount
    cell[1] += round(amount * rate)
