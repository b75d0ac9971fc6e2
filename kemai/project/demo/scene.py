"""What turns stored data into a company at work: analyses, the chain sheet, segments, saved lists and
reports."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace

from django.db.models import F
from django.utils.translation import gettext as _

from kemai.analytics.run import run
from kemai.customers.models import Customer, CustomerFacts, Segment
from kemai.customers.services import recheck
from kemai.customers.services.chain_months import freeze
from kemai.customers.services.contacts import follow_contacts
from kemai.customers.services.segments import refresh_all
from kemai.platform import records
from kemai.platform.access import SYSTEM, actor_for
from kemai.platform.events.delivery import drain_all
from kemai.platform.fields import Ref
from kemai.platform.models import Report, SavedView, Tag
from kemai.platform.records import saved_views
from kemai.platform.reports import Definition, keeping, panels
from kemai.project.defaults import ensure_defaults
from kemai.project.demo import favourites, services
from kemai.project.demo.company import Company
from kemai.project.demo.progress import Progress
from kemai.project.demo.season import SHANGHAI
from kemai.staff.models import User

BY = SYSTEM.through("demo")
ROUNDS, MOST_COMPANIES = 10, 300
MONTHS = 6
"""How many past months the chain sheet is frozen for, each as it really stood at its end."""


def month_ends(as_of: dt.datetime, months: int) -> list[dt.datetime]:
    """The last seconds of the months before `as_of`, oldest first."""
    local = dt.timezone(SHANGHAI)
    first = as_of.astimezone(local).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    ends = []
    for _month in range(months):
        ends.append(first - dt.timedelta(seconds=1))
        first = (first - dt.timedelta(days=1)).replace(day=1)
    return ends[::-1]


def analyse(made: Company, progress: Progress) -> None:
    """The nightly analysis as of the last month ends, each followed by the month's copy of the chain sheet, then as of
    now: classes, states and their changes are what they would have been, had the company worked with Kemai all along."""
    ensure_defaults()
    ends = month_ends(made.as_of, MONTHS)
    with progress.step(_("分析"), len(ends) + 1) as advance:
        for moment in ends:
            run("nightly", by=BY, as_of=moment, write=True)
            month = moment.date().replace(day=1)
            freeze(BY, month)
            services.date_copy(month, moment + dt.timedelta(seconds=1))
            advance(1)
        run("nightly", by=BY, as_of=made.as_of, write=True)
        run("forecast", by=BY, as_of=made.as_of)
        advance(1)


def dress(made: Company, progress: Progress) -> None:
    """Contact dates, segments, saved lists; then everything that waits for the new records (search, events)."""
    people = dict(
        User.objects.filter(username__in=made["user"].texts("username")).values_list("username", "pk")
    )
    follow_contacts(now=made.as_of)
    verified(made.as_of)
    roles()
    with progress.step(_("分群"), 1) as advance:
        segments(people)
        refresh_all()
        advance(1)
    views(people)
    reports(people)
    with progress.step(_("搜索"), 1) as advance:
        drain_all()
        advance(1)


def verified(as_of: dt.datetime) -> None:
    """Somebody made sure of the valid ones, at different times; of a few the web shop says something else since."""
    if CustomerFacts.objects.filter(verified_at__isnull=False).exists():
        return
    rows = Customer.objects.filter(validity="valid", deleted_at=None)
    for turn in range(ROUNDS):
        at = as_of - dt.timedelta(days=9 + 27 * turn)
        recheck.verify(rows.annotate(turn=F("pk") % ROUNDS).filter(turn=turn, created_at__lt=at), at=at)
    told = (
        rows.filter(facts__verified_at__isnull=False)
        .exclude(email="")
        .exclude(address="")
        .order_by("-pk")[:8]
    )
    values = {
        one.pk: {"email": f"hello{one.pk}@shop.example"} if one.pk % 2 else {"address": f"{one.address} 2 幢"}
        for one in told
    }
    records.bulk_update(
        "customer", values, by=replace(BY, name=_("网店接口"), source="api"), reason="演示公司"
    )


def roles() -> None:
    """Some companies work with us, supply us, or sell the same; who buys becomes a customer by the first order."""
    companies = Customer.objects.filter(kind="company", deleted_at=None).order_by("pk")[:MOST_COMPANIES]
    values: dict[int, dict[str, object]] = {}
    for place, (pk, bought) in enumerate(companies.values_list("pk", "facts__last_order_at")):
        first = "customer" if bought else "prospect"
        if place % 5 == 2:
            values[pk] = {"roles": sorted(("partner", first))}
        elif place % 11 == 4:
            values[pk] = {"roles": sorted(("supplier", first))}
        elif place % 7 == 3 and not bought:
            values[pk] = {"roles": ["competitor"]}
    records.bulk_update("customer", values, by=BY, reason="演示公司", parsed=True)


def segments(people: Mapping[str, int]) -> None:
    """The segments with their owners, those that are missing."""
    there = set(Segment.objects.values_list("name", flat=True))
    tags = {str(tag): tag.pk for tag in Tag.objects.filter(deleted_at=None)}
    rows = [
        {
            "name": plan.name, "description": plan.description, "owner": Ref(people[plan.owner], ""),
            "where": plan.where, "rule_version": 1, "size": 0,
        }
        for plan in favourites.segments(tags)
        if plan.name not in there
    ]  # fmt: skip
    records.bulk_create("segment", rows, by=BY, reason="演示公司", parsed=True)


def views(people: Mapping[str, int]) -> None:
    """Saved lists, each by its owner, those that are missing."""
    there = set(SavedView.objects.filter(user__in=people.values()).values_list("user", "name"))
    users = {
        user.pk: user for user in User.objects.select_related("department").filter(pk__in=people.values())
    }
    for plan in favourites.VIEWS:
        owner = users[people[plan.owner]]
        if (owner.pk, plan.name) not in there:
            saved_views.save_view(actor_for(owner), plan.type_key, plan.name, plan.share, plan.state)


def reports(people: Mapping[str, int]) -> None:
    """Reports, each by its owner and on their page, those that are missing."""
    there = set(Report.objects.filter(user__in=people.values()).values_list("user", "name"))
    for plan in favourites.REPORTS:
        owner = User.objects.select_related("department").get(pk=people[plan.owner])
        if (owner.pk, plan.name) not in there:
            actor = actor_for(owner)
            kept = keeping.save(actor, Definition.of(plan.type_key, plan.state), plan.name, "all")
            panels.add(actor, kept.pk)
