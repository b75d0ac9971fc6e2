"""Rule score of a lead: how well it fits, and how much it engages; each with a cap, engagement with a half-life.

After HubSpot's and Salesforce's practice of two groups; 60/40 and 30 days are the defaults of SPEC B3."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

VERSION = "1"
FIT_CAP = 60
ENGAGEMENT_CAP = 40
HALF_LIFE_DAYS = 30.0
GRADES = ((75, "a"), (50, "b"), (25, "c"), (0, "d"))


@dataclass(frozen=True)
class Reason:
    """One rule that gave points, with the points after decay and before the cap."""

    rule: str
    points: float


@dataclass(frozen=True)
class Score:
    total: int
    grade: str
    fit: tuple[Reason, ...]
    engagement: tuple[Reason, ...]

    def basis(self) -> dict[str, object]:
        """As it is stored: what explains the score later."""
        return {
            "version": VERSION,
            "fit": [[one.rule, round(one.points, 1)] for one in self.fit],
            "engagement": [[one.rule, round(one.points, 1)] for one in self.engagement],
            "caps": [FIT_CAP, ENGAGEMENT_CAP],
        }


FIT: Mapping[str, int] = {
    "phone": 12, "email": 5, "wecom_id": 8, "company": 8, "title": 7, "region": 5, "industry": 5, "budget": 15,
    "need": 10,
}  # fmt: skip
"""Points for what is known of a lead."""
TOUCHES: Mapping[str, int] = {"reached": 10, "later": 6, "missed": 0, "refused": -10, "": 5}
"""Points for a touch by its outcome, on the day itself."""
WARM_SOURCES: Mapping[str, int] = {"referral": 12, "exhibition": 8, "website": 8, "wecom": 6, "store": 6}


def decayed(points: float, days: float, half_life: float = HALF_LIFE_DAYS) -> float:
    return points * float(0.5 ** (max(days, 0.0) / half_life))


def score(
    known: Mapping[str, object],
    touches: Sequence[tuple[str, float]],
    *,
    source: str = "",
    age_days: float = 0.0,
) -> Score:
    """`known` are the lead's values by field, `touches` (outcome, days ago). Never below 0 nor above the caps."""
    fit = [Reason(key, float(points)) for key, points in FIT.items() if known.get(key)]
    engagement = [
        Reason(f"touch_{outcome or 'note'}", decayed(TOUCHES.get(outcome, 5), days))
        for outcome, days in touches
    ]
    if source in WARM_SOURCES:
        engagement.append(Reason(f"source_{source}", decayed(WARM_SOURCES[source], age_days)))
    total = capped(fit, FIT_CAP) + capped(engagement, ENGAGEMENT_CAP)
    rounded = int(total + 0.5)
    grade = next(name for least, name in GRADES if rounded >= least)
    return Score(rounded, grade, tuple(fit), tuple(engagement))


def capped(reasons: Sequence[Reason], most: int) -> float:
    return min(max(sum(one.points for one in reasons), 0.0), float(most))
