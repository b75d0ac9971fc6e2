"""Giving new leads to somebody: the first route that speaks of a lead decides, and what decided is kept with it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Count, Max
from django.utils import timezone

from kemai.customers.models import Customer
from kemai.kit.calendar_cn import is_workday
from kemai.platform import records
from kemai.platform.access import SYSTEM
from kemai.platform.fields import Ref
from kemai.platform.query import QueryError, compile_q, parse
from kemai.sales.models import Lead, LeadKeeping, LeadRoute, PoolMove
from kemai.sales.models.lead import OVER
from kemai.sales.rules.pools import routes
from kemai.sales.rules.pools.routes import Candidate, Choice, Route
from kemai.sales.services.pools.keeping import Intent, meaning, place_new
from kemai.sales.services.pools.kinds import KINDS, today, zone
from kemai.sales.services.pools.wording import ROUTED, ROUTED_BY

CITY = 4
"""Digits of a region's code that name the city."""


def active_routes() -> list[LeadRoute]:
    return list(LeadRoute.objects.filter(active=True, deleted_at=None).order_by("position", "pk"))


def speaks_of(route: LeadRoute, keys: Sequence[int]) -> set[int]:
    """Those of the leads that meet the route's condition; one that cannot be read any more is met by none."""
    rows = Lead.objects.filter(pk__in=keys)
    if route.where:
        lead = KINDS["lead"].type
        try:
            rows = rows.filter(compile_q(parse(route.where, lead, SYSTEM.moment()), lead))
        except QueryError:
            return set()
    return set(rows.values_list("pk", flat=True))


def candidates(route: LeadRoute) -> dict[int, Candidate]:
    """The route's people with what they have in hand and got so far; three questions."""
    keys = [one["user"] for one in route.people]
    people = {one.pk: one for one in get_user_model()._default_manager.filter(pk__in=keys)}
    open_leads = Lead.objects.filter(owner__in=keys, deleted_at=None).exclude(state__in=OVER).order_by()
    load = dict(open_leads.values_list("owner").annotate(n=Count("pk")))
    moves = PoolMove.objects.filter(user__in=keys, route=route.pk).order_by()
    given = {
        user: (n, last) for user, n, last in moves.values_list("user").annotate(n=Count("pk"), last=Max("pk"))
    }
    return {
        one["user"]: Candidate(
            one["user"], str(people[one["user"]]), one.get("weight", 1), load.get(one["user"], 0),
            *given.get(one["user"], (0, 0)), people[one["user"]].is_active, away(one.get("away_until")),
            leave_of(people[one["user"]]),
        )
        for one in route.people
        if one["user"] in people
    }  # fmt: skip


def leave_of(person: Any) -> tuple[dt.date, dt.date] | None:
    """First and last day, unless it is over."""
    first, last = person.away_from, person.away_until
    return (first, last) if first and last and last >= today() else None


def away(text: Any) -> dt.date | None:
    try:
        return dt.date.fromisoformat(str(text)) if text else None
    except ValueError:
        return None


def known_by(lead: Lead) -> list[tuple[str, int]]:
    """Who deals with the same company, or has the latest customer of the same city."""
    found: list[tuple[str, int]] = []
    company = lead.company.strip()
    if company:
        same = Customer.objects.filter(name=company, deleted_at=None, owner__isnull=False)
        others = Lead.objects.filter(company=company, deleted_at=None, owner__isnull=False).exclude(
            pk=lead.pk
        )
        for rows in (same, others):
            found += [
                ("company", owner) for owner in rows.order_by("-pk").values_list("owner", flat=True)[:1]
            ]
    if len(lead.region) >= CITY:
        near = Lead.objects.filter(
            region__startswith=lead.region[:CITY], deleted_at=None, owner__isnull=False
        ).exclude(pk=lead.pk)
        found += [("region", owner) for owner in near.order_by("-pk").values_list("owner", flat=True)[:1]]
    return found


def route_leads(keys: Sequence[int], *, now: dt.datetime | None = None) -> int:
    """Gives these leads to somebody, as far as they have no owner and a route is open; returns how many. One
    transaction a lead: a lead that a person took meanwhile is left to him."""
    now = now or timezone.now()
    local = timezone.localtime(now, zone())
    waiting = list(
        Lead.objects.filter(pk__in=keys, owner=None, deleted_at=None)
        .exclude(state__in=OVER)
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    done = 0
    for route in active_routes():
        plain = Route(route.method, route.capacity, route.opens, route.closes, route.workdays)
        mine = speaks_of(route, waiting) if waiting else set()
        waiting = [key for key in waiting if key not in mine]  # the first that speaks of a lead decides
        if not mine or not routes.is_open(plain, local, is_workday):
            continue
        people = candidates(route)
        for number, key in enumerate(sorted(mine), start=1):
            done += give(route, plain, key, people, number, local)
    return done


def give(
    route: LeadRoute, plain: Route, key: int, people: dict[int, Candidate], number: int, now: dt.datetime
) -> int:
    """One lead; the figures of who got it grow with it."""
    with transaction.atomic():
        lead = Lead.objects.select_for_update().filter(pk=key, owner=None, deleted_at=None).first()
        if lead is None:
            return 0
        known = known_by(lead) if route.sticky else []
        choice = routes.choose(plain, list(people.values()), now.date(), known)
        if choice.to is None:
            return 0
        to = choice.to
        basis = basis_of(route, choice, now)
        rule, reason = ROUTED_BY.kept(name=route.name), ROUTED.kept()
        with meaning(Intent("route", basis=basis, route=route.pk)):
            owner = Ref(to.id, to.name)
            records.put("lead", lead, {"owner": owner}, by=SYSTEM, reason=reason, rule=rule)
    people[to.id] = replace(to, load=to.load + 1, given=to.given + 1, last=2**62 + number)
    return 1


def basis_of(route: LeadRoute, choice: Choice, now: dt.datetime) -> dict[str, Any]:
    return {
        "route": route.name, "version": route.version, "why": choice.why, "at": now.isoformat(),
        "steps": [list(step) for step in choice.steps],
    }  # fmt: skip


def welcome(keys: Sequence[int]) -> None:
    """New leads: to somebody where a route speaks of them, else into a pool. One that a route will take when its hours
    begin waits for it."""
    route_leads(keys)
    spoken: set[int] = set()
    for route in active_routes():
        spoken |= speaks_of(route, keys)
    rest = [key for key in keys if key not in spoken]
    place_new(KINDS["lead"], Lead.objects.filter(pk__in=rest))


def route_waiting() -> int:
    """Leads that came while nobody worked, or that nobody could take then. Returns how many were given."""
    if not active_routes():
        return 0
    waiting = LeadKeeping.objects.filter(
        lead__owner=None, lead__deleted_at=None, pool=None, lead__state__in=("new", "working", "qualified")
    )
    keys = list(waiting.order_by("pk").values_list("pk", flat=True)[:2000])
    return route_leads(keys)
