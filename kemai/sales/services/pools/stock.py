"""Figures of a pool: what people hold of it, what lies in it and for how long, and what became of what was taken."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import (
    Avg,
    Count,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    Min,
    OuterRef,
    Q,
    Subquery,
)
from django.utils import timezone

from kemai.customers.models import Interaction
from kemai.platform.access import SYSTEM
from kemai.platform.query import QueryError, compile_q, parse
from kemai.sales.models import Deal, FollowUp, Lead, Pool, PoolMove
from kemai.sales.rules.pools.returns import SOON, WARN_DAYS
from kemai.sales.services.pools.kinds import KINDS, Kind, people_of, today

AGES = (7, 30, 90)
"""Days by which the pool's age is told."""
PERIOD = 90
"""Days over which claims are judged: old enough ones to have led to something, not so old that nobody remembers."""
MOST_PEOPLE = 200


@dataclass(frozen=True)
class Person:
    """What one person holds and made of what he took. `contact_hours` and `won` are None where he took nothing."""

    id: int
    name: str
    held: int = 0
    soon: int = 0
    untouched: int = 0
    protected: int = 0
    claimed: int = 0
    contacted: int = 0
    contact_hours: float | None = None
    deals: int = 0

    @property
    def deal_rate(self) -> float | None:
        return self.deals / self.claimed if self.claimed else None


@dataclass(frozen=True)
class Stock:
    """`ages` are (from, to so many days, None for more; number)."""

    lying: int
    ages: tuple[tuple[int, int | None, int], ...]
    came: int
    went: int
    people: tuple[Person, ...]


def read(pool: Pool) -> Stock:
    kind = KINDS[pool.kind]
    now = timezone.now()
    edges = [now - dt.timedelta(days=days) for days in AGES]
    inside = kind.keepings.filter(pool=pool, **{f"{kind.path}__deleted_at": None})
    counts = inside.aggregate(
        all=Count("pk"),
        **{f"a{n}": Count("pk", filter=Q(pooled_at__gte=edge)) for n, edge in enumerate(edges)},
    )
    steps = [counts[f"a{n}"] for n in range(len(edges))]
    ages: list[tuple[int, int | None, int]] = []
    below = first = 0
    for days, number in zip(AGES, steps, strict=True):
        ages.append((first, days, number - below))
        below, first = number, days + 1
    since = now - dt.timedelta(days=PERIOD)
    moves = PoolMove.objects.filter(pool=pool, at__gte=since)
    came = moves.filter(move__in=("enter", "return")).count()
    went = moves.filter(move__in=("claim", "assign", "route")).count()
    return Stock(
        counts["all"],
        (*ages, (first, None, counts["all"] - below)),
        came,
        went,
        tuple(people(kind, pool, since)),
    )


def ownerless(pool: Pool, most: int = 1000) -> list[int]:
    """Records without an owner in no pool, of those that this one takes."""
    kind = KINDS[pool.kind]
    rows = kind.type.records().filter(kind.held(closed=True), owner=None, keeping__pool=None)
    if pool.where:
        try:
            rows = rows.filter(compile_q(parse(pool.where, kind.type, SYSTEM.moment()), kind.type))
        except QueryError:
            return []
    return list(rows.order_by("pk").values_list("pk", flat=True)[:most])


def people(kind: Kind, pool: Pool, since: dt.datetime) -> list[Person]:
    held = {row["owner"]: row for row in holdings(kind, pool)}
    taken = {row["user"]: row for row in outcomes(kind, pool, since)}
    keys = sorted({*held, *taken} - {None})[:MOST_PEOPLE]
    names = {one.pk: str(one) for one in get_user_model()._default_manager.filter(pk__in=keys)}
    found = []
    for key in keys:
        row, took = held.get(key, {}), taken.get(key, {})
        wait = took.get("wait")
        found.append(
            Person(
                key, names.get(key, ""), row.get("held", 0), row.get("soon", 0), row.get("untouched", 0),
                row.get("protected", 0), took.get("claimed", 0), took.get("contacted", 0),
                wait.total_seconds() / 3600 if wait is not None else None, took.get("dealt", 0),
            )
        )  # fmt: skip
    return sorted(found, key=lambda one: (-one.held, one.id))


def holdings(kind: Kind, pool: Pool) -> Any:
    """What each of the pool's people has in hand."""
    owner = f"{kind.path}__owner"
    rows = kind.keepings.filter(kind.alive(), **{f"{owner}__isnull": False})
    mine = people_of(pool)
    if mine is not None:
        rows = rows.filter(**{f"{owner}__in": mine})
    day = today()
    near = Q(return_due_on__lte=day + dt.timedelta(days=WARN_DAYS[0]))
    return (
        rows.order_by()
        .values(owner=F(owner))
        .annotate(
            held=Count("pk"),
            soon=Count("pk", filter=near),
            untouched=Count("pk", filter=Q(two_way_on=None, follow_up_on=None)),
            protected=Count("pk", filter=Q(protected_until__gte=day)),
        )
        .order_by("-held")[:MOST_PEOPLE]
    )


def outcomes(kind: Kind, pool: Pool, since: dt.datetime) -> Any:
    """Of what each person claimed: how soon it was contacted, and whether a deal came of it."""
    claims = PoolMove.objects.filter(pool=pool, move="claim", at__gte=since, user__isnull=False)
    if kind.key == "customer":
        touches: Any = Interaction.objects.filter(
            customer=OuterRef("object_id"), at__gte=OuterRef("at"), direction="out"
        )
        deals: Any = Deal.objects.filter(
            customer=OuterRef("object_id"), created_at__gte=OuterRef("at"), deleted_at=None
        )
        link = "customer"
    else:
        touches = FollowUp.objects.filter(lead=OuterRef("object_id"), at__gte=OuterRef("at"))
        deals = Lead.objects.filter(
            pk=OuterRef("object_id"), state="converted", converted_at__gte=OuterRef("at")
        )
        link = "lead"
    first = touches.filter(deleted_at=None).order_by().values(link).annotate(first=Min("at")).values("first")
    rows = claims.annotate(contact=Subquery(first), led=Exists(deals))
    wait = ExpressionWrapper(F("contact") - F("at"), output_field=DurationField())
    return (
        rows.order_by()
        .values("user")
        .annotate(
            claimed=Count("pk"),
            contacted=Count("pk", filter=Q(contact__isnull=False)),
            wait=Avg(wait, filter=Q(contact__isnull=False)),
            dealt=Count("pk", filter=Q(led=True)),
        )
    )


__all__ = ["AGES", "PERIOD", "SOON", "Person", "Stock", "read"]
