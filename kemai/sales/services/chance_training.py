"""Learning chances from the company's own leads, honestly: every lead is described as it was known at its moment, a
card is judged on leads that came after those it was learnt from, and after their outcome was known (docs/adr/050).

Needs NumPy: runs in a process of its own, see kemai/sales/learn.py."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from kemai.kit import logistic
from kemai.kit.logistic import Floats, Ints
from kemai.platform.models import Change
from kemai.sales.models import FollowUp, Lead, LeadChances
from kemai.sales.rules import chances as rules
from kemai.sales.rules.chances import Bin, Known, Report, Scorecard

MOST = 20_000
"""The newest leads that are learnt from."""
CHUNK = 1_000
COMMON = 25
"""Rows below which a fact gets no weight of its own."""
HELD_OUT = (0.4, 0.55, 0.7, 0.85, 1.0)
"""Shares of the leads in the order they came: what is before the first is only learnt from, and each part between two
is predicted by what was known at its beginning."""
BINS = 8
KEPT = 60


class Row(NamedTuple):
    """A lead as it was known at a moment, and whether it was converted within the horizon after it."""

    lead: int
    came: float
    told: float
    """When the outcome was known: the moment and the horizon after it."""
    age: int
    facts: Mapping[str, str]
    yes: bool


@dataclass(frozen=True)
class History:
    lead: Lead
    touches: Sequence[tuple[str, datetime]]
    edits: Sequence[tuple[datetime, Mapping[str, Any]]]
    """Moments of changes with {field: [old, new]}, the oldest first."""

    def at(self, moment: datetime) -> Known:
        """As it was known then: what was changed afterwards is turned back."""
        values = {key: getattr(self.lead, key) for key in rules.READ}
        for when, diff in reversed(self.edits):
            if when <= moment:
                break
            values |= {key: pair[0] for key, pair in diff.items() if key in values}
        return rules.known_at(values, self.touches, self.lead.created_at, moment)


def days(span: timedelta) -> float:
    return span.total_seconds() / rules.DAY


def histories(now: datetime) -> Iterator[History]:
    """The newest leads, in the order of their keys; three statements a thousand."""
    newest = Lead.objects.filter(deleted_at=None, created_at__lte=now).order_by("-created_at", "-pk")
    keys = sorted(newest.values_list("pk", flat=True)[:MOST])
    for start in range(0, len(keys), CHUNK):
        part = keys[start : start + CHUNK]
        said: dict[int, list[tuple[str, datetime]]] = {}
        rows = FollowUp.objects.filter(lead__in=part, deleted_at=None, at__lte=now).order_by("at")
        for key, outcome, at in rows.values_list("lead", "outcome", "at"):
            said.setdefault(key, []).append((outcome, at))
        edits: dict[int, list[tuple[datetime, Mapping[str, Any]]]] = {}
        changed = Change.objects.filter(type_key="lead", object_id__in=part, diff__isnull=False)
        for key, at, diff in changed.order_by("changeset__at", "pk").values_list(
            "object_id", "changeset__at", "diff"
        ):
            kept = {name: pair for name, pair in (diff or {}).items() if name in rules.READ}
            if kept:
                edits.setdefault(key, []).append((at, kept))
        for lead in Lead.objects.filter(pk__in=part).order_by("pk"):
            yield History(lead, said.get(lead.pk, ()), edits.get(lead.pk, ()))


def rows_of(found: Iterable[History], horizon: int, now: datetime) -> Iterator[Row]:
    """A row for each age at which a lead was still open, where the outcome is known by now."""
    for one in found:
        lead = one.lead
        for age in rules.LANDMARKS:
            moment = lead.created_at + timedelta(days=age)
            told = moment + timedelta(days=horizon)
            if told > now or (age and lead.ended_at is not None and lead.ended_at <= moment):
                break
            yes = lead.converted_at is not None and lead.converted_at <= told
            yield Row(
                lead.pk,
                lead.created_at.timestamp(),
                told.timestamp(),
                age,
                rules.facts_of(one.at(moment)),
                yes,
            )


def names_of(row: Row) -> list[str]:
    return [f"{group}={fact}" for group, fact in row.facts.items()]


def table(rows: Sequence[Row], columns: Mapping[str, int]) -> tuple[Floats, Floats]:
    """What is known as zeros and ones, the last column for the intercept; and what came of it."""
    x = np.zeros((len(rows), len(columns) + 1))
    x[:, -1] = 1.0
    for place, row in enumerate(rows):
        for name in names_of(row):
            column = columns.get(name)
            if column is not None:
                x[place, column] = 1.0
    return x, np.array([row.yes for row in rows], dtype=float)


def learn(rows: Sequence[Row], horizon: int) -> Scorecard:
    counts: dict[str, int] = {}
    for row in rows:
        for name in names_of(row):
            counts[name] = counts.get(name, 0) + 1
    columns = {name: place for place, name in enumerate(sorted(k for k, n in counts.items() if n >= COMMON))}
    x, y = table(rows, columns)
    held = np.full(x.shape[1], logistic.HELD)
    held[-1] = 0.01
    count = logistic.shares_of(np.array([row.lead for row in rows], dtype=np.int64))
    found = logistic.fit(x, y, count, held)
    weights = {name: round(float(found[place]), 5) for name, place in columns.items()}
    shares = {name: round(counts[name] / len(rows), 5) for name in columns}
    return Scorecard(round(float(found[-1]), 5), weights, shares, horizon=horizon)


class Predicted(NamedTuple):
    """Rows that were predicted before their time: log-odds as they came from the card, the chance that would have been
    shown, the plain share of the same age, what came of it and when that was known."""

    z: Floats
    p: Floats
    plain: Floats
    y: Floats
    lead: Ints
    told: Floats


def plain_shares(rows: Sequence[Row]) -> dict[int, float]:
    """The share of yes by age, each held near the share of all."""
    overall = sum(row.yes for row in rows) / len(rows)
    found = {}
    for age in rules.LANDMARKS:
        same = [row.yes for row in rows if row.age == age]
        found[age] = (sum(same) + 10 * overall) / (len(same) + 10)
    return found


def judged(rows: Sequence[Row], horizon: int) -> Predicted | None:
    """Each later part of the leads as it would have been predicted at its beginning."""
    came = np.sort(np.array([row.came for row in {row.lead: row for row in rows}.values()]))
    edges = [float(came[min(int(len(came) * share), len(came) - 1)]) for share in HELD_OUT]
    edges[-1] = float("inf")
    parts: list[Predicted] = []
    for start, end in pairwise(edges):
        known = [row for row in rows if row.told <= start]
        later = [row for row in rows if start <= row.came < end]
        yes = sum(row.yes for row in known)
        if not later or min(yes, len(known) - yes) < rules.ENOUGH_EACH:
            continue
        card, plain = learn(known, horizon), plain_shares(known)
        z = np.array([card.odds(row.facts) for row in later])
        slope, shift = straightened(parts, until=start)
        parts.append(
            Predicted(
                z,
                logistic.sigmoid(slope * z + shift),
                np.array([plain[row.age] for row in later]),
                np.array([row.yes for row in later], dtype=float),
                np.array([row.lead for row in later], dtype=np.int64),
                np.array([row.told for row in later]),
            )
        )
    return joined(parts) if parts else None


def joined(parts: Sequence[Predicted]) -> Predicted:
    return Predicted(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def straightened(parts: Sequence[Predicted], until: float = float("inf")) -> tuple[float, float]:
    """What past predictions teach about predictions, out of those whose outcome was known by then."""
    if not parts:
        return 1.0, 0.0
    all_of = joined(parts)
    known = all_of.told <= until
    y = all_of.y[known]
    if min(y.sum(), len(y) - y.sum()) < rules.ENOUGH_EACH:
        return 1.0, 0.0
    return logistic.straighten(all_of.z[known], y, logistic.shares_of(all_of.lead[known]))


def bins_of(found: Predicted) -> list[Bin]:
    """Predictions in parts of about equal size, beside what came of them."""
    order = np.argsort(found.p, kind="stable")
    bins = []
    for part in np.array_split(order, min(BINS, max(len(order) // 20, 1))):
        share, count = float(found.y[part].mean()), len(np.unique(found.lead[part]))
        low, high = rules.wilson(share, count)
        bins.append(
            Bin(round(float(found.p[part].mean()), 4), round(share, 4), count, round(low, 4), round(high, 4))
        )
    return bins


def train(now: datetime) -> LeadChances:
    """Learns, proves and stores; what is not good enough is stored as not shown, with the reason."""
    found = list(histories(now))
    lead_times = [days(one.lead.converted_at - one.lead.created_at) for one in found if one.lead.converted_at]
    horizon = rules.horizon_of(lead_times)
    rows = list(rows_of(found, horizon, now))
    outcome = {row.lead: row.yes for row in rows if row.age == 0}
    moments = sorted(one.lead.created_at for one in found if one.lead.pk in outcome)
    yes = sum(outcome.values())
    report = Report(
        leads=len(outcome), yes=yes, no=len(outcome) - yes,
        first=moments[0].date().isoformat() if moments else "", last=moments[-1].date().isoformat() if moments else "",
    )  # fmt: skip
    card = Scorecard(horizon=horizon)
    if not rules.too_few(report):
        later = judged(rows, horizon)
        card = learn(rows, horizon)
        if later is not None:
            slope, shift = straightened([later])
            card = replace(card, slope=round(slope, 5), shift=round(shift, 5))
            report = proven(report, later)
    report = replace(report, reason=rules.why_hidden(report))
    made = LeadChances.objects.create(
        at=now, shown=not report.reason, model=card.stored(), report=report.stored()
    )
    old = LeadChances.objects.order_by("-pk").values_list("pk", flat=True)[KEPT : KEPT + 1]
    LeadChances.objects.filter(pk__lte=next(iter(old), 0)).delete()
    return made


def proven(report: Report, later: Predicted) -> Report:
    tested = {int(key) for key in later.lead}
    won = {int(key) for key, yes in zip(later.lead, later.y, strict=True) if yes}
    report = replace(report, tested=len(tested), tested_yes=len(won))
    if not won or len(won) == len(tested):
        return report
    proof = logistic.prove(later.p, later.plain, later.y, later.lead)
    return replace(
        report, loss=round(proof.loss, 4), plain_loss=round(proof.plain_loss, 4), gain_low=round(proof.gain[0], 4),
        gain_high=round(proof.gain[1], 4), auc=round(proof.auc, 3), auc_low=round(proof.auc_between[0], 3),
        auc_high=round(proof.auc_between[1], 3), bins=bins_of(later),
    )  # fmt: skip
