"""What a customer is worth and how alive, in plain functions on plain values.

The nightly analysis computes the same for everybody at once (kemai/analytics/analyses); tests hold the two together.
These functions serve explanations and single decisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

VERSION = "1"

COMPLETENESS: Mapping[str, Mapping[str, int]] = {
    "person": {
        "phone": 30, "wecom_id": 10, "email": 5, "region": 15, "address": 10, "gender": 10, "birthday": 10,
        "source": 10,
    },
    "company": {
        "phone": 25, "wecom_id": 10, "email": 10, "credit_code": 20, "region": 10, "address": 10, "industry": 10,
        "source": 5,
    },
}  # fmt: skip
"""How much knowing a fact counts, by kind of customer."""


def completeness(kind: str, values: Mapping[str, object]) -> int:
    """The weighted share of known facts, 0 to 100; a source of "other" tells nothing. Halves are rounded up."""
    weights = COMPLETENESS["company" if kind == "company" else "person"]
    known = sum(weight for field, weight in weights.items() if is_known(field, values.get(field)))
    return (known * 200 + sum(weights.values())) // (2 * sum(weights.values()))


def is_known(field: str, value: object) -> bool:
    return value not in (None, "") and not (field == "source" and value == "other")


def missing_facts(kind: str, values: Mapping[str, object]) -> list[str]:
    """The unknown facts, the weightiest first: the next questions to ask."""
    weights = COMPLETENESS["company" if kind == "company" else "person"]
    unknown = [field for field in weights if not is_known(field, values.get(field))]
    return sorted(unknown, key=lambda field: -weights[field])


@dataclass(frozen=True)
class Verdict:
    """What a rule decided, why (a key of the reason) and from which inputs."""

    value: str
    reason: str
    inputs: Mapping[str, float | int | str | None]


@dataclass(frozen=True)
class ClassRule:
    """Thresholds of a run: `amount` in cents, `orders` a number; None where nobody bought in twelve months."""

    amount: float | None
    orders: float | None
    hysteresis: float = 0.1


def value_class(
    rule: ClassRule, *, amount_12m: int, orders_12m: int, orders_total: int, present: str | None = None
) -> Verdict:
    """The value class of one customer. `present` is the class they are in: whoever is above a threshold by it stays
    until falling the hysteresis share below."""
    if orders_total == 0:
        return Verdict("none", "never_bought", {})
    if orders_12m == 0 or rule.amount is None or rule.orders is None:
        return Verdict("regular", "not_lately", {"orders_12m": orders_12m})
    lower = 1.0 - rule.hysteresis
    amount_line = rule.amount * lower if present in ("high", "potential") else rule.amount
    orders_line = rule.orders * lower if present == "high" else rule.orders
    inputs = {
        "amount_12m": amount_12m, "amount_line": amount_line, "orders_12m": orders_12m, "orders_line": orders_line,
    }  # fmt: skip
    if amount_12m < amount_line:
        return Verdict("regular", "amount_below", inputs)
    if orders_12m < orders_line:
        return Verdict("potential", "orders_below", inputs)
    return Verdict("high", "both_above", inputs)


@dataclass(frozen=True)
class RhythmRule:
    """When silence means something. Days are local calendar days."""

    min_gaps: int = 3
    factor: float = 3.0
    lost_days: int = 180
    floor_days: int = 30
    cap_days: int = 365
    new_days: int = 30
    dormant_share: float = 0.5
    contact_days: int = 90
    recovered_days: int = 90


def silence_limit(rule: RhythmRule, gaps: Sequence[int]) -> float:
    """The silence in days after which a customer with these gaps between purchase days counts as lost."""
    if len(gaps) < rule.min_gaps:
        return float(rule.lost_days)
    return min(max(rule.factor * median(gaps), rule.floor_days), rule.cap_days)


def median(values: Sequence[int]) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    return float(ordered[middle]) if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def comeback(rule: RhythmRule, days: Sequence[int], today: int) -> int | None:
    """The latest purchase day, within the remembered time, that ended a silence beyond the limit as it was then.

    `days` are the distinct purchase days as day numbers, ascending."""
    found = None
    for index in range(1, len(days)):
        gap = days[index] - days[index - 1]
        earlier = [later - before for before, later in pairwise(days[:index])]
        remembered = days[index] >= today - rule.recovered_days
        if remembered and gap > silence_limit(rule, earlier):
            found = days[index]
    return found


def activity(
    rule: RhythmRule,
    *,
    silence: int | None,
    age: int | None,
    limit: float,
    contact: int | None = None,
    since_comeback: int | None = None,
) -> Verdict:
    """The activity state: `silence` and `age` are the days since the last and the first purchase (None: never
    bought), `contact` the days since the customer turned to us, `since_comeback` since they came back."""
    inputs = {
        "silence": silence, "age": age, "limit": limit, "contact": contact, "since_comeback": since_comeback,
    }  # fmt: skip
    if silence is None or age is None:
        return Verdict("prospect", "never_bought", inputs)
    if age <= rule.new_days:
        return Verdict("new", "first_purchase_lately", inputs)
    in_touch = contact is not None and contact <= rule.contact_days
    if silence > limit and not in_touch:
        return Verdict("lost", "silent_beyond_limit", inputs)
    if since_comeback is not None and since_comeback <= rule.recovered_days:
        return Verdict("recovered", "came_back", inputs)
    if silence > limit * rule.dormant_share and not in_touch:
        return Verdict("dormant", "silent_half_limit", inputs)
    return Verdict("active", "in_touch" if silence > limit * rule.dormant_share else "within_rhythm", inputs)


RFM_CELLS: Mapping[tuple[bool, bool, bool], str] = {
    (True, True, True): "champion",
    (True, False, True): "develop",
    (False, True, True): "keep",
    (False, False, True): "rescue",
    (True, True, False): "g_value",
    (True, False, False): "g_develop",
    (False, True, False): "g_keep",
    (False, False, False): "g_rescue",
}
"""(R high, F high, M high) → cell."""


def rfm_scores(
    cuts: Mapping[str, Sequence[float]], *, days: int, orders: int, amount: int
) -> tuple[int, int, int]:
    """R, F and M from 1 to 5 by stored cut points; few days since the last purchase are a high R."""
    return (
        5 - sum(days > cut for cut in cuts["r"]),
        1 + sum(orders > cut for cut in cuts["f"]),
        1 + sum(amount > cut for cut in cuts["m"]),
    )


def rfm_cell(scores: tuple[int, int, int], high: int = 4) -> str:
    r, f, m = (score >= high for score in scores)
    return RFM_CELLS[r, f, m]


@dataclass(frozen=True)
class Written:
    """When a value was written, and whether by a person's hand."""

    at: datetime
    by_hand: bool


def verified_since(verified_at: datetime | None, written: Written | None) -> datetime | None:
    """As of when the value that stands is verified; None: it is not, and whatever is brought replaces it.

    Who makes sure of a record makes sure of the values that it has then. A value written later by a machine is not
    verified; one that a person wrote by hand into a verified record is, and it is the newest."""
    if verified_at is None:
        return None
    if written is None or written.at <= verified_at:
        return verified_at
    return written.at if written.by_hand else None


FRESH_DAYS, STALE_DAYS = 90, 180


def freshness(days: int | None) -> str:
    """How fresh a record is that was verified so many days ago."""
    if days is None:
        return "unchecked"
    return "fresh" if days < FRESH_DAYS else "ageing" if days < STALE_DAYS else "stale"
