"""The chance that a lead becomes a customer, as a card of weights that people can read (docs/adr/050).

A lead is described by facts that were known at a moment: what was told about it, where it came from, how the touches
went until then, how old it was. The same functions describe the leads that the card is learnt from, as of their own
moments, and those it is used on."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any

LANDMARKS = (0, 3, 7, 14, 30, 60, 90, 180, 365)
"""Ages in days at which a lead is looked at; an older one counts as the last."""
TOLD = ("phone", "email", "wecom_id", "company", "title", "budget", "need")
"""Whether these were told is a fact; of region and industry it is which."""
READ = (*TOLD, "source", "region", "industry")
"""What is read of a lead."""
DAY = 86_400
HORIZONS = (30, 60, 90, 180)
SILENT_DAYS, GONE_DAYS = 14, 60
RECENT_DAYS = 90
"""How a touch went counts for so long; later only that there was one."""
ENOUGH = 200
"""Leads whose outcome is known, below which nothing is said (SPEC B3)."""
ENOUGH_EACH = 30
TESTED = 60
TESTED_YES = 10
FACTORS = 5


@dataclass(frozen=True)
class Known:
    """What was known of a lead at a moment: its values, its touches (outcome, days ago) and its age in days."""

    values: Mapping[str, Any]
    touches: Sequence[tuple[str, float]]
    age: float


def known_at(
    values: Mapping[str, Any], touches: Iterable[tuple[str, datetime]], created: datetime, moment: datetime
) -> Known:
    """`values` as they were at that moment; of the touches (outcome, at) those until then."""
    ages = [(outcome, (moment - at).total_seconds() / DAY) for outcome, at in touches if at <= moment]
    return Known(values, ages, (moment - created).total_seconds() / DAY)


def landmark(age: float) -> int:
    return max((one for one in LANDMARKS if one <= age), default=0)


def facts_of(known: Known) -> dict[str, str]:
    """{group: the fact}: exactly one of each group, so that a fact that is absent is told as well."""
    values = known.values
    found = {key: "yes" if values.get(key) else "no" for key in TOLD}
    found["source"] = str(values.get("source") or "other")
    found["place"] = str(values.get("region") or "")[:2] or "none"
    found["trade"] = str(values.get("industry") or "").strip()[:60] or "none"
    outcomes = [outcome for outcome, days in known.touches if days <= RECENT_DAYS]
    reached = outcomes.count("reached")
    found["reached"] = "often" if reached > 1 else "once" if reached else "never"
    found["refused"] = "yes" if "refused" in outcomes else "no"
    found["missed"] = "often" if outcomes.count("missed") > 1 else "once" if "missed" in outcomes else "never"
    found["silent"] = silence(known)
    found["age"] = str(landmark(known.age))
    return found


def silence(known: Known) -> str:
    if not known.touches:
        return "untouched"
    days = min(days for _outcome, days in known.touches)
    if days >= GONE_DAYS:
        return "gone"
    return "long" if days >= SILENT_DAYS else "no"


LIKE = {
    "silent=gone": "silent=long",
    **{f"age={later}": f"age={one}" for one, later in pairwise(LANDMARKS)},
}
"""What stands for a fact that was too rare to be learnt."""


@dataclass(frozen=True)
class Scorecard:
    """`weights` and `shares` (of the rows it was learnt from) by "group=fact", in log-odds; `slope` and `shift` make
    the odds agree with what came of past predictions. A fact it does not know weighs nothing."""

    intercept: float = 0.0
    weights: Mapping[str, float] = field(default_factory=dict)
    shares: Mapping[str, float] = field(default_factory=dict)
    slope: float = 1.0
    shift: float = 0.0
    horizon: int = HORIZONS[0]

    @staticmethod
    def read(stored: Mapping[str, Any]) -> Scorecard:
        return Scorecard(**stored)

    def stored(self) -> dict[str, Any]:
        return asdict(self)

    def odds(self, facts: Mapping[str, str]) -> float:
        total = self.intercept + sum(self.weight(group, fact) for group, fact in facts.items())
        return self.slope * total + self.shift

    def weight(self, group: str, fact: str) -> float:
        name = f"{group}={fact}"
        while name not in self.weights and name in LIKE:
            name = LIKE[name]
        return self.weights.get(name, 0.0)

    def chance(self, facts: Mapping[str, str]) -> float:
        return chance_of(self.odds(facts))

    def parts(self, facts: Mapping[str, str], most: int = FACTORS) -> list[tuple[str, str, float]]:
        """(group, fact, how much of the chance is its doing) of those that weigh most, against a lead of which this
        one fact is as usual."""
        usual = self.usual()
        odds = self.odds(facts)
        found = []
        for group, fact in facts.items():
            own = self.weight(group, fact) - usual.get(group, 0.0)
            found.append((group, fact, chance_of(odds) - chance_of(odds - self.slope * own)))
        found.sort(key=lambda one: -abs(one[2]))
        return [one for one in found[:most] if abs(one[2]) >= 0.005]

    def usual(self) -> dict[str, float]:
        """{group: its mean weight}."""
        found: dict[str, float] = {}
        for name, weight in self.weights.items():
            group = name.partition("=")[0]
            found[group] = found.get(group, 0.0) + weight * self.shares.get(name, 0.0)
        return found


def chance_of(odds: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(min(odds, 30.0), -30.0)))


@dataclass(frozen=True)
class Bin:
    """One line of the table that holds predictions against what came of them; `count` leads, since the several moments
    of one lead are no further evidence."""

    predicted: float
    happened: float
    count: int
    low: float
    high: float

    @property
    def fits(self) -> bool:
        return self.low <= self.predicted <= self.high


@dataclass(frozen=True)
class Report:
    """What a card was learnt from and how it proved itself on later leads. `reason` says why it is not shown, '' where
    it is."""

    leads: int = 0
    yes: int = 0
    no: int = 0
    first: str = ""
    last: str = ""
    tested: int = 0
    tested_yes: int = 0
    loss: float = 0.0
    plain_loss: float = 0.0
    gain_low: float = 0.0
    gain_high: float = 0.0
    auc: float = 0.5
    auc_low: float = 0.5
    auc_high: float = 0.5
    bins: Sequence[Bin] = ()
    reason: str = ""

    @staticmethod
    def read(stored: Mapping[str, Any]) -> Report:
        bins = [Bin(**one) for one in stored.get("bins", ())]
        return Report(**{**stored, "bins": bins})

    def stored(self) -> dict[str, Any]:
        return asdict(self)


def too_few(report: Report) -> str:
    """Why nothing can be learnt from so little; '' where there is enough."""
    if report.leads < ENOUGH:
        return "few"
    if report.yes < ENOUGH_EACH:
        return "few_yes"
    return "few_no" if report.no < ENOUGH_EACH else ""


def why_hidden(report: Report) -> str:
    """Why a card is not shown; '' where it may be: there was enough, and on later leads it was better than the share
    of all leads of the same age, beyond what chance explains."""
    few = too_few(report)
    if few:
        return few
    if report.tested < TESTED or report.tested_yes < TESTED_YES:
        return "untested"
    return "no_better" if report.gain_low <= 0 or report.auc_low <= 0.5 else ""


def horizon_of(days: Iterable[float]) -> int:
    """Days within which nine of ten conversions came, as one of HORIZONS."""
    ordered = sorted(days)
    if not ordered:
        return HORIZONS[0]
    usual = ordered[min(int(len(ordered) * 0.9), len(ordered) - 1)]
    return next((one for one in HORIZONS if usual <= one), HORIZONS[-1])


def wilson(share: float, count: int, z: float = 1.96) -> tuple[float, float]:
    """Between what and what a share lies that came out so among so many."""
    if not count:
        return 0.0, 1.0
    square = z * z
    middle = (share + square / (2 * count)) / (1 + square / count)
    reach = z * math.sqrt(share * (1 - share) / count + square / (4 * count * count)) / (1 + square / count)
    return max(middle - reach, 0.0), min(middle + reach, 1.0)
