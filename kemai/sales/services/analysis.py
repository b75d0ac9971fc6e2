"""Figures of selling: funnel, time per step, who sells what, why deals are lost, what is forgotten.

Sums made in SQL out of the deals that the reader may see; each has the condition of the list with the same deals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Avg, Count, F, IntegerField, Q, Sum, Value
from django.utils import timezone

from kemai.customers.services.today import DaysSince
from kemai.platform import access
from kemai.platform.access import Actor
from kemai.sales.models import Competitor, LostReason, StageEvent
from kemai.sales.rules.forecast import following
from kemai.sales.rules.funnel import Step, funnel
from kemai.sales.services import staff, stages
from kemai.sales.services.achieved import figure_of, midnight, together
from kemai.sales.services.slices import Slice, deals
from kemai.sales.services.stages import StageRow

DAY = 86_400
QUIET_DAYS = 30
CONTACT_DAYS = 90
ENDED = ("lost", "invalid")
Where = list[dict[str, Any]]


def leaf(field: str, op: str, value: object = None) -> dict[str, Any]:
    return {"field": field, "op": op} if value is None else {"field": field, "op": op, "value": value}


# ── the funnel ──


@dataclass(frozen=True)
class Line:
    """A step of the funnel with the time that deals spent in the stage and the list behind the count."""

    step: Step
    row: StageRow
    days: float | None
    where: Where
    stands: Where


@dataclass(frozen=True)
class Funnel:
    pipeline: str
    lines: list[Line]
    won: int
    won_amount: int
    lost: int
    where_won: Where
    begun: int
    """All deals begun in the period."""


def funnels(actor: Actor, part: Slice) -> list[Funnel]:
    """Deals begun in the period, by how far they came; one for each pipeline. Two statements."""
    base = deals(actor, part).filter(**part.during("created_at")).order_by()
    grouped = base.values_list("pipeline", "last_stage", "state").annotate(n=Count("pk"), sum=Sum("amount"))
    counts: dict[str, dict[tuple[str, str], tuple[int, int]]] = {}
    for pipeline, stage, state, n, total in grouped:
        counts.setdefault(pipeline, {})[stage, state] = (n, figure_of(total))
    spent = time_spent(actor, part)
    keys = [one.value for one in stages.PIPELINES if one.value in counts]
    return [one_funnel(key, counts[key], spent, part) for key in keys]


def one_funnel(
    pipeline: str, counts: Mapping[tuple[str, str], tuple[int, int]], spent: Mapping[str, float], part: Slice
) -> Funnel:
    rows = [row for row in stages.of_pipeline(pipeline) if row.step.state == "open"]
    steps = funnel([row.step.key for row in rows], counts)
    begun: Where = [
        *part.where_but_pipeline(),
        leaf("pipeline", "in", [pipeline]),
        *part.between("created_at"),
    ]
    lines = []
    for place, (row, step) in enumerate(zip(rows, steps, strict=True)):
        later = [one.step.key for one in rows[place:]]
        reached = {"any": [leaf("last_stage", "in", later), leaf("state", "in", ["won"])]}
        stands = [*begun, leaf("state", "in", ["open"]), leaf("stage", "in", [row.step.key])]
        lines.append(Line(step, row, spent.get(row.step.key), [*begun, reached], stands))
    won = [value for (_stage, state), value in counts.items() if state == "won"]
    lost = sum(n for (_stage, state), (n, _sum) in counts.items() if state in ENDED)
    return Funnel(
        pipeline, lines, sum(n for n, _sum in won), sum(total for _n, total in won), lost,
        [*begun, leaf("state", "in", ["won"])], sum(n for n, _sum in counts.values()),
    )  # fmt: skip


def time_spent(actor: Actor, part: Slice) -> dict[str, float]:
    """Mean days that deals stood in each stage, of those that left it in the period. One statement: for everybody each
    stage is a stretch of the index, for some people their deals come first."""
    left = StageEvent.objects.filter(seconds__isnull=False, **part.during("at")).order_by()
    if not part.everybody or part.pipeline:
        left = left.filter(deal__in=deals(actor, part).order_by().values("pk"))
        found: Iterable[Any] = left.values_list("old").annotate(mean=Avg("seconds"))
    else:
        keys = sorted({row.step.key for row in stages.rows() if row.step.state == "open"})
        found = together(
            [left.filter(old=key).values_list("old").annotate(mean=Avg("seconds")) for key in keys]
        )
    return {stage: mean / DAY for stage, mean in found}


# ── results ──


@dataclass(frozen=True)
class Result:
    """Deals that ended in the period. `rate`: won of those won or lost."""

    won: int = 0
    amount: int = 0
    lost: int = 0
    days: float | None = None

    @property
    def rate(self) -> float | None:
        return self.won / (self.won + self.lost) if self.won + self.lost else None

    @property
    def mean(self) -> int | None:
        return self.amount // self.won if self.won else None


@dataclass(frozen=True)
class Ranked:
    person: staff.Person | None
    result: Result
    where_won: Where
    where_lost: Where


FIGURES: Mapping[str, Any] = {
    "won": Count("pk", filter=Q(state="won")),
    "sum": Sum("amount", filter=Q(state="won")),
    "lost": Count("pk", filter=Q(state="lost")),
    "days": Sum(DaysSince(F("closed_at"), F("created_at")), filter=Q(state="won")),
}


Sums = Mapping[str, Any]
"""FIGURES of one owner in one month: its `place` in the period."""


def result_of(rows: Sequence[Sums]) -> Result:
    won = sum(row["won"] for row in rows)
    days = sum(row["days"] or 0 for row in rows)
    amount = sum(figure_of(row["sum"]) for row in rows)
    return Result(won, amount, sum(row["lost"] for row in rows), days / won if won else None)


def by_owner(actor: Actor, part: Slice) -> list[Sums]:
    """What ended in the period, by owner and month: everything said of results comes from this one statement. Each
    month is a stretch of the index of its own: cutting moments to months is Python's work on SQLite, row by row."""
    won_or_lost = deals(actor, part).filter(state__in=("won", "lost")).order_by()
    each = [
        won_or_lost.filter(closed_at__gte=midnight(month), closed_at__lt=midnight(following(month)))
        .annotate(place=Value(place, output_field=IntegerField()))
        .values("owner", "place")
        .annotate(**FIGURES)
        for place, month in enumerate(months(part))
    ]
    return list(together(each))


def months(part: Slice) -> list[dt.date]:
    """The first days of the period's months."""
    found = [part.start]
    while following(found[-1]) < part.end:
        found.append(following(found[-1]))
    return found


def whole(rows: Sequence[Sums]) -> Result:
    return result_of(rows)


def ranking(rows: Sequence[Sums], part: Slice, reach: staff.Reach) -> list[Ranked]:
    """By won amount; people who are gone stand together as nobody."""
    of_owner: dict[int | None, list[Sums]] = {}
    for row in rows:
        of_owner.setdefault(row["owner"], []).append(row)
    found = []
    for owner, theirs in of_owner.items():
        person = reach.by_key.get(owner) if owner else None
        who = [leaf("owner", "in", [str(owner)])] if owner else [leaf("owner", "empty")]
        own = [*who, *part.pipeline_where(), *part.between("closed_at")]
        found.append(
            Ranked(
                person,
                result_of(theirs),
                [*own, leaf("state", "in", ["won"])],
                [*own, leaf("state", "in", ["lost"])],
            )
        )
    return sorted(found, key=lambda one: (-one.result.amount, -one.result.won))


def by_month(rows: Sequence[Sums], part: Slice) -> list[tuple[dt.date, int, int]]:
    """(first day, deals won, amount) of each month of the period."""
    won, amount = (dict.fromkeys(range(len(months(part))), 0) for _figure in range(2))
    for row in rows:
        won[row["place"]] += row["won"]
        amount[row["place"]] += figure_of(row["sum"])
    return [(month, won[place], amount[place]) for place, month in enumerate(months(part))]


@dataclass(frozen=True)
class Reason:
    name: str
    count: int
    amount: int
    where: Where


LOST: Mapping[str, Any] = {"lost_reason": LostReason, "competitor": Competitor}


def lost_by(actor: Actor, part: Slice) -> dict[str, list[Reason]]:
    """Deals lost in the period by reason and by the competitor who won, most first; '' where none is named. One
    statement for both, and one for the names of each."""
    rows = deals(actor, part).filter(state="lost", **part.during("closed_at")).order_by()
    grouped = list(rows.values(*LOST).annotate(n=Count("pk"), sum=Sum("amount")))
    lost = [*part.where(), *part.between("closed_at"), leaf("state", "in", ["lost"])]
    found = {}
    for field, model in LOST.items():
        sums: dict[int | None, tuple[int, int]] = {}
        for row in grouped:
            n, amount = sums.get(row[field], (0, 0))
            sums[row[field]] = (n + row["n"], amount + figure_of(row["sum"]))
        names = dict(model.objects.filter(pk__in=[key for key in sums if key]).values_list("pk", "name"))
        found[field] = [
            Reason(
                names.get(key, ""), n, amount,
                [*lost, leaf(field, "in", [str(key)]) if key else leaf(field, "empty")],
            )
            for key, (n, amount) in sorted(sums.items(), key=lambda one: -one[1][0])[:20]
        ]  # fmt: skip
    return found


# ── what is forgotten ──


@dataclass(frozen=True)
class Forgotten:
    """How many open deals (or customers) wait for somebody, and the list of them."""

    key: str
    count: int
    type_key: str
    where: Where
    sort: str


def forgotten(actor: Actor, part: Slice, now: dt.datetime | None = None) -> list[Forgotten]:
    """Whatever the period: deals without a touch for a month, too long in their stage, past their date, without a date,
    without a next step; customers with an owner who have not heard from us for ninety days."""
    now = now or timezone.now()
    today = timezone.localdate(now, timezone.get_default_timezone())
    open_where = [leaf("state", "in", ["open"]), *part.where()]
    quiet, late = today - dt.timedelta(days=QUIET_DAYS), late_limits(today)
    live = deals(actor, part).filter(state="open").order_by()
    over = Q(pk__in=[])
    for stage, day in late:
        over |= Q(stage=stage, stage_since__lt=midnight(day))
    counts = live.aggregate(
        quiet=Count("pk", filter=quiet_q(quiet)),
        late=Count("pk", filter=over),
        overdue=Count("pk", filter=Q(expected_on__lt=today)),
        undated=Count("pk", filter=Q(expected_on=None)),
        idle=Count("pk", filter=Q(next_step="")),
    )
    late_where = {
        "any": [
            {"all": [leaf("stage", "in", [stage]), leaf("stage_since", "before", day.isoformat())]}
            for stage, day in late
        ]
    }
    before = leaf("last_follow_at", "before", quiet.isoformat())
    never = {"all": [leaf("last_follow_at", "empty"), leaf("created_at", "before", quiet.isoformat())]}
    found = [
        Forgotten("quiet", counts["quiet"], "deal", [*open_where, {"any": [before, never]}], "last_follow_at"),
        Forgotten("late", counts["late"], "deal", [*open_where, late_where], "stage_since"),
        Forgotten(
            "overdue", counts["overdue"], "deal",
            [*open_where, leaf("expected_on", "before", today.isoformat())], "expected_on",
        ),
        Forgotten("undated", counts["undated"], "deal", [*open_where, leaf("expected_on", "empty")], "-amount"),
        Forgotten("idle", counts["idle"], "deal", [*open_where, leaf("next_step", "empty")], "-amount"),
    ]  # fmt: skip
    if access.may(actor, "customer", "view"):
        found.append(customers(actor, part, today))
    return found if late else [one for one in found if one.key != "late"]


def quiet_q(day: dt.date) -> Q:
    moment = midnight(day)
    return Q(last_follow_at__lt=moment) | Q(last_follow_at=None, created_at__lt=moment)


def late_limits(today: dt.date) -> list[tuple[str, dt.date]]:
    """(stage, the first day on which entering it is still within the longest stay)."""
    return [
        (row.step.key, today - dt.timedelta(days=row.max_days))
        for row in stages.rows()
        if row.step.state == "open" and row.max_days
    ]


def customers(actor: Actor, part: Slice, today: dt.date) -> Forgotten:
    """Customers who have an owner, buy, and have not been contacted for long."""
    day = today - dt.timedelta(days=CONTACT_DAYS)
    rows = access.scope(actor, "customer").filter(
        facts__value_class__in=("high", "potential"), owner__isnull=False
    )
    rows = rows.filter(facts__last_contact_at__lt=midnight(day))
    where = [
        leaf("value_class", "in", ["high", "potential"]), leaf("owner", "not_empty"),
        leaf("last_contact_at", "before", day.isoformat()),
    ]  # fmt: skip
    if not part.everybody:
        rows = rows.filter(owner__in=part.owners)
        where[1] = leaf("owner", "in", [str(one) for one in part.owners])
    return Forgotten("customers", rows.count(), "customer", where, "last_contact_at")


@dataclass(frozen=True)
class Standing:
    """What is open now, whatever the period."""

    count: int
    amount: int
    weighted: int
    begun: int


def standing(actor: Actor, part: Slice, begun: int) -> Standing:
    live = (
        deals(actor, part)
        .filter(state="open")
        .aggregate(n=Count("pk"), sum=Sum("amount"), weight=Sum("weighted"))
    )
    return Standing(live["n"], figure_of(live["sum"]), figure_of(live["weight"]), begun)
