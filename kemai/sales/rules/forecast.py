"""The forecast of the pipeline: what stands in a month by category, a manager's word over it, and how good it was."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

CATEGORIES = ("closed", "commit", "best", "pipeline")
"""From the surest to the least sure; deals left out (`omitted`) are in none."""
AHEAD = 6


@dataclass(frozen=True)
class Cell:
    """Deals of one person, month and category; cents. `said` is a manager's own figure, None where nobody gave one."""

    count: int = 0
    amount: int = 0
    weighted: int = 0
    said: int | None = None

    @property
    def counts(self) -> int:
        """What the forecast counts: the manager's figure before the weighted one."""
        return self.weighted if self.said is None else self.said

    def __add__(self, other: Cell) -> Cell:
        """Together; where only one was overridden, the sum is what both count."""
        said = None if self.said is None and other.said is None else self.counts + other.counts
        return Cell(
            self.count + other.count, self.amount + other.amount, self.weighted + other.weighted, said
        )


def month_of(day: dt.date) -> dt.date:
    return day.replace(day=1)


def following(month: dt.date, steps: int = 1) -> dt.date:
    """The first day of the month so many months later."""
    year, place = divmod(month.year * 12 + month.month - 1 + steps, 12)
    return dt.date(year, place + 1, 1)


def falls_in(expected: dt.date | None, today: dt.date) -> dt.date | None:
    """The month that an open deal counts in: one that is overdue counts in the running month, because it cannot close
    in the past; one without a date counts nowhere."""
    return None if expected is None else month_of(max(expected, today))


@dataclass(frozen=True)
class Snapshot:
    """What the forecast for a month came to on a day; cents."""

    taken_on: dt.date
    month: dt.date
    amount: int


@dataclass(frozen=True)
class Accuracy:
    """Of one month: what was forecast before it began (None where no snapshot is that old), and what came."""

    month: dt.date
    taken_on: dt.date | None
    forecast: int | None
    actual: int

    @property
    def error(self) -> float | None:
        """Forecast over actual, as a share of the actual: 0.2 is a fifth too much."""
        if self.forecast is None or not self.actual:
            return None
        return (self.forecast - self.actual) / self.actual


def accuracy(
    snapshots: Iterable[Snapshot],
    actual: Mapping[dt.date, int],
    months: Sequence[dt.date],
    *,
    lead_days: int = 0,
) -> list[Accuracy]:
    """Each month against the last snapshot taken at least so many days before it began. Nothing of the month itself,
    which the later snapshots already know, is counted as foresight."""
    kept: dict[dt.date, Snapshot] = {}
    for one in snapshots:
        early = one.taken_on <= one.month - dt.timedelta(days=lead_days)
        if early and (one.month not in kept or kept[one.month].taken_on < one.taken_on):
            kept[one.month] = one
    return [
        Accuracy(
            month, found.taken_on if found else None, found.amount if found else None, actual.get(month, 0)
        )
        for month in months
        for found in [kept.get(month)]
    ]


def mean_error(rows: Sequence[Accuracy]) -> float | None:
    """Mean absolute error over the months, as a share of what came (weighted: large months count more)."""
    known = [one for one in rows if one.forecast is not None]
    came = sum(one.actual for one in known)
    off = sum(abs((one.forecast or 0) - one.actual) for one in known)
    return off / came if came else None
