"""When records return and who gets a lead: the rules against slow references, and the SQL against the rules."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kemai.kit.calendar_cn import is_workday
from kemai.platform.access import SYSTEM
from kemai.sales.models import CustomerKeeping
from kemai.sales.rules.pools import routes
from kemai.sales.rules.pools.claims import Asked, Terms, check, failing
from kemai.sales.rules.pools.returns import ReturnRule, Standing, earliest
from kemai.sales.rules.pools.routes import Candidate, Route, choose
from kemai.sales.services.pools import due, settings
from kemai.sales.services.pools.due import add_days
from kemai.sales.services.pools.kinds import KINDS
from tests.people import crowd, customer

DAY = dt.timedelta(days=1)
FIRST = dt.date(2026, 1, 1)
EVENTS = ("two_way", "follow_up", "deal", "won", "contract")
days = st.integers(0, 120).map(lambda n: FIRST + n * DAY)
maybe = st.none() | days
standings = st.builds(
    Standing,
    received_on=days,
    events=st.fixed_dictionaries(dict.fromkeys(EVENTS, maybe)),
    protected_until=maybe,
    open_deals=st.integers(0, 1),
    extended_until=maybe,
    work_until=maybe,
    open_work=st.integers(0, 1),
)
rules = st.builds(
    ReturnRule,
    id=st.integers(1, 9), event=st.sampled_from(EVENTS), days=st.integers(1, 40), since=days, workdays=st.booleans(),
    spares_deals=st.booleans(), spares_contracts=st.booleans(), spares_work=st.booleans(),
)  # fmt: skip


def slow(rule: ReturnRule, standing: Standing) -> dt.date | None:
    """Walks through the days, asking each evening how long it has been."""
    event = standing.events.get(rule.event)
    if (rule.event == "contract" and event is None) or (rule.spares_deals and standing.open_deals):
        return None
    if rule.spares_work and standing.open_work:
        return None
    held = [standing.protected_until, standing.extended_until]
    held += [standing.work_until] if rule.spares_work else []
    held += [standing.events["contract"]] if rule.spares_contracts else []
    quiet = 0
    begun = False
    day = min(FIRST, standing.received_on)
    while True:
        begun = begun or day >= standing.received_on
        if day in {standing.received_on, event, rule.since} or day < rule.since or not begun:
            quiet = 0
        elif not rule.workdays or is_workday(day):
            quiet += 1
        if event is not None and day < event:
            quiet = 0
        if quiet >= rule.days and not any(one is not None and day <= one for one in held):
            return day
        day += DAY


@given(rules, standings)
def test_a_rule_agrees_with_a_walk_day_by_day(rule: ReturnRule, standing: Standing) -> None:
    found = earliest([rule], standing, add_days)
    assert (found.on if found else None) == slow(rule, standing)
    if found:
        assert found.on > max(standing.received_on, rule.since)  # never at once
        assert found.base in {standing.received_on, standing.events.get(rule.event), rule.since}


@given(st.lists(rules, max_size=4), standings)
def test_the_earliest_wins(several: list[ReturnRule], standing: Standing) -> None:
    found = earliest(several, standing, add_days)
    assert (found.on if found else None) == min(
        (day for rule in several if (day := slow(rule, standing)) is not None), default=None
    )


@pytest.mark.django_db
@pytest.mark.row(39)
def test_the_sql_agrees_with_the_rules() -> None:
    """Two pools, rules of every kind, customers at random: each stored date and rule is the one the function finds."""
    draw = random.Random(5)
    people = crowd()
    boss = people["boss"].user
    kinds: tuple[dict[str, Any], ...] = (
        {"departments": [people["alice"].user.department_id], "position": 1},
        {"spare_deals": False, "spare_work": False},
    )
    pools = [
        settings.save_pool(
            None, {"name": f"{n}", "kind": "customer", "active": True, "spare_work": True, **more}, by=SYSTEM
        )
        for n, more in enumerate(kinds)
    ]
    for pool in pools:
        for event in EVENTS:
            where = {"field": "stage", "op": "in", "value": ["new"]} if event == "won" else {}
            values = {
                "event": event, "days": draw.randint(5, 30), "active": True, "where": where,
                "workdays": draw.random() < 0.5, "since": (FIRST + draw.randint(0, 90) * DAY).isoformat(),
            }  # fmt: skip
            settings.save_rule(settings.draft_rule(pool, None, values, by=SYSTEM), by=SYSTEM)
    owners = [people["alice"], people["bob"], people["charlie"], people["boss"], None]
    for n in range(60):
        one = customer(draw.choice(owners), stage=draw.choice(["new", "contacted"]), name=f"客户{n}")
        given_days = {
            column: draw.choice([None, FIRST + draw.randint(0, 120) * DAY])
            for column in (
                *KINDS["customer"].events.values(),
                "protected_until",
                "extended_until",
                "work_until",
            )
        }
        CustomerKeeping.objects.filter(pk=one.pk).update(
            received_on=FIRST + draw.randint(0, 120) * DAY, open_deals=draw.randint(0, 1),
            open_work=draw.randint(0, 1), **given_days,
        )  # fmt: skip
    due.store(KINDS["customer"], CustomerKeeping.objects.all(), FIRST + 200 * DAY)
    terms = due.terms_of(KINDS["customer"])
    dated = 0
    for row in CustomerKeeping.objects.select_related("customer", "customer__owner"):
        found = expected(row, terms, boss)
        assert (row.return_due_on, row.return_rule_id) == (
            (found and (found.on, found.rule.id)) or (None, None)
        )
        dated += row.return_due_on is not None
    assert dated > 20
    assert due.store(KINDS["customer"], CustomerKeeping.objects.all(), FIRST + 200 * DAY) == 0
    keys = list(CustomerKeeping.objects.values_list("pk", flat=True))
    assert (
        due.store_keys(KINDS["customer"], keys, FIRST + 200 * DAY) == 0
    )  # the statement for a few says the same
    CustomerKeeping.objects.update(return_due_on=None, return_rule=None)
    assert due.store_keys(KINDS["customer"], keys, FIRST + 200 * DAY) == dated
    # and so does the one that begins a clock anew, whatever was granted before
    due.begin_keys(KINDS["customer"], keys, FIRST + 150 * DAY, FIRST + 200 * DAY, {"route": 7})
    assert due.store(KINDS["customer"], CustomerKeeping.objects.all(), FIRST + 200 * DAY) == 0
    begun = CustomerKeeping.objects.filter(received_on=FIRST + 150 * DAY, given_basis__route=7)
    assert begun.filter(protected_until=None, extended_until=None, pool=None).count() == 60
    assert begun.exclude(return_due_on=None).count() > 20


def expected(row: CustomerKeeping, terms: list[due.Term], boss: Any) -> Any:
    owner = row.customer.owner_id
    if owner is None:
        return None
    events = {event: getattr(row, column) for event, column in KINDS["customer"].events.items()}
    standing = Standing(
        row.received_on,
        events,
        row.protected_until,
        row.open_deals,
        row.extended_until,
        row.work_until,
        row.open_work,
    )
    mine = [
        term.plain()
        for term in terms
        if (term.people is None or owner in term.people)
        and (not term.rule.where or row.customer.stage == "new")
    ]
    return earliest(mine, standing, add_days)


NOW = dt.datetime(2026, 3, 2, 10, tzinfo=dt.UTC)


@given(
    st.builds(
        Terms, claimable=st.booleans(), reason_required=st.booleans(), hold_most=st.none() | st.integers(0, 3),
        daily_most=st.none() | st.integers(0, 3), former_days=st.integers(0, 9), reclaim_hours=st.integers(0, 48),
        fresh_hours=st.integers(0, 48),
    ),
    st.builds(
        Asked, now=st.just(NOW), midnight=st.just(NOW + DAY), in_scope=st.booleans(), held=st.integers(0, 4),
        taken=st.integers(0, 4), pooled_at=st.integers(0, 300).map(lambda h: NOW - dt.timedelta(hours=h)),
        former=st.booleans(), let_go_at=st.none() | st.integers(0, 60).map(lambda h: NOW - dt.timedelta(hours=h)),
        reason=st.sampled_from(["", " ", "x"]),
    ),
)  # fmt: skip
def test_a_refusal_lifts_when_it_says(terms: Terms, asked: Asked) -> None:
    """All seven are made; at the moment a check says it lifts it does, and not a second before."""
    found = check(terms, asked)
    assert len(found) == 7
    for one in failing(found):
        if one.lifts_at is None:
            continue
        assert one.lifts_at > asked.now
        for shift, passes in ((dt.timedelta(), True), (-dt.timedelta(seconds=1), False)):
            later = Asked(
                **{**vars(asked), "now": one.lifts_at + shift, "taken": 0 if passes else asked.taken}
            )
            again = next(other for other in check(terms, later) if other.key == one.key)
            assert again.ok is passes or (one.key == "quota" and terms.daily_most == 0)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=5), st.integers(1, 60))
def test_shares_are_kept(weights: list[int], leads: int) -> None:
    """By share everybody has at least his whole part; in rotation all have the same, but for one."""
    for method in ("weighted", "rotation"):
        given_to: Counter[int] = Counter()
        last: dict[int, int] = {}
        for n in range(1, leads + 1):
            people = [
                Candidate(one, str(one), weight, given=given_to[one], last=last.get(one, 0))
                for one, weight in enumerate(weights)
            ]
            chosen = choose(Route(method), people, FIRST).to
            assert chosen is not None
            given_to[chosen.id] += 1
            last[chosen.id] = n
            if method == "rotation":
                assert (
                    max(given_to[one] for one in range(len(weights)))
                    - min(given_to[one] for one in range(len(weights)))
                    <= 1
                )
            else:
                assert all(given_to[one] >= n * weight // sum(weights) for one, weight in enumerate(weights))


def test_who_is_away_or_full_gets_none_and_who_knows_the_company_comes_first() -> None:
    people = [
        Candidate(1, "甲", away_until=FIRST), Candidate(2, "乙", load=9), Candidate(3, "丙", load=3),
        Candidate(4, "丁", load=1), Candidate(5, "戊", active=False),
    ]  # fmt: skip
    route = Route("least_load", capacity=9)
    found = choose(route, people, FIRST)
    assert found.to is not None
    assert (found.to.name, found.why) == ("丁", "least_load")
    assert [step[0] for step in found.steps] == ["away", "full", "inactive", "least_load"]
    known = choose(route, people, FIRST, [("company", 2), ("region", 3)])
    assert known.to is not None
    assert (known.to.name, known.why) == ("丙", "region")
    assert choose(route, people[:2], FIRST).why == "nobody"
    night = dt.datetime(2026, 3, 2, 3, tzinfo=dt.UTC)
    assert not routes.is_open(Route(opens=540, closes=1080), night, is_workday)
    sunday = dt.datetime(2026, 3, 1, 10, tzinfo=dt.UTC)
    assert not routes.is_open(Route(workdays=True), sunday, is_workday)
