"""Pools: who sees what lies in them, who may take it, where it goes, and when it comes back."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import pytest
from django.utils import timezone, translation

from kemai.platform import access, records
from kemai.platform.access import SYSTEM, Actor
from kemai.platform.access.explain import Court, facts_of
from kemai.platform.fields import read_out
from kemai.platform.models import ChangeSet, OwnerChange
from kemai.platform.objects import get
from kemai.platform.query import QueryError
from kemai.platform.records import FieldErrors, Refused
from kemai.sales.models import CustomerKeeping, Pool, PoolMove, PoolRule
from kemai.sales.services.pools import claims, keeping, rehearsal, returns, settings
from kemai.sales.services.pools.due import add_days
from kemai.sales.services.pools.kinds import KINDS, midnight, today
from tests.people import Person, browser, crowd, customer

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture
def people() -> dict[str, Person]:
    return crowd()


@pytest.fixture
def pool(people: dict[str, Person]) -> Pool:
    return make_pool()


def make_pool(**values: Any) -> Pool:
    given = {
        "name": "华东公海",
        "kind": "customer",
        "active": True,
        "takes_new": True,
        "claimable": True,
        **values,
    }
    return settings.save_pool(None, given, by=SYSTEM)


def make_rule(
    pool: Pool, event: str = "follow_up", days: int = 30, since: dt.date | None = None, **more: Any
) -> PoolRule:
    given = {"event": event, "days": days, "active": True, "since": (since or today()).isoformat(), **more}
    return settings.save_rule(settings.draft_rule(pool, None, given, by=SYSTEM), by=SYSTEM)


def lying(pool: Pool, **values: Any) -> Any:
    """A customer in the pool, there since yesterday."""
    found = customer(None, **values)
    keeping.place_new(KINDS["customer"], get("customer").records().filter(pk=found.pk))
    CustomerKeeping.objects.filter(pk=found.pk).update(pooled_at=timezone.now() - DAY)
    return found


def keeping_of(one: Any) -> CustomerKeeping:
    return CustomerKeeping.objects.get(pk=one.pk)


def take(one: Any, by: Person, reason: str = "") -> claims.Answer:
    return claims.claim("customer", [one.pk], by=by.actor, reason=reason)[0]


def sees(actor: Actor, one: Any) -> bool:
    return access.scope(actor, "customer").filter(pk=one.pk).exists()


@pytest.mark.row(37)
def test_what_lies_in_a_pool_is_seen_by_its_people_in_part(people: dict[str, Person]) -> None:
    alice, charlie = people["alice"], people["charlie"]
    pool = make_pool(departments=[alice.user.department_id], shut=["address"], shown=[])
    one = lying(pool, phone="13800138000", address="延安路 1 号", email="a@b.cn")
    assert sees(alice.actor, one)
    assert not sees(charlie.actor, one)
    for person in people.values():  # the explanation agrees with the filter
        facts = facts_of(get("customer"), one.pk)
        assert facts is not None
        assert Court(facts, ("view",)).explain(person.actor).sees == sees(person.actor, one)
    row = records.row_of(get("customer"), one.pk, by=alice.actor)
    assert row["name"] == "张伟"
    assert "8000" not in str(row["phone"])[:6]
    assert isinstance(row["phone"], access.Masked)
    assert row["address"] is None
    with pytest.raises(QueryError):  # nor can it be learned piece by piece
        access.condition(
            alice.actor, get("customer"), {"field": "address", "op": "contains", "value": "延安"}
        )
    with pytest.raises(access.Denied):
        records.update("customer", one.pk, {"name": "李四"}, by=alice.actor)
    assert take(one, alice).taken
    assert records.row_of(get("customer"), one.pk, by=alice.actor)["address"] == "延安路 1 号"


@pytest.mark.row(38)
def test_every_reason_is_told_with_its_figures(people: dict[str, Person]) -> None:
    alice = people["alice"]
    pool = make_pool(hold_most="1", daily_most="1", reason_required=True, fresh_hours="48")
    first, second = lying(pool), lying(pool)
    CustomerKeeping.objects.filter(pk=first.pk).update(pooled_at=timezone.now() - 3 * DAY)
    assert [one.key for one in take(first, alice).checks] == ["reason"]
    assert take(first, alice, "老客户介绍").taken
    refused = take(second, alice)
    assert [one.key for one in refused.checks] == ["capacity", "quota", "fresh", "reason"]
    told = "；".join(refused.reasons)
    assert "最多 1 个" in told
    assert "起可以领取" in told
    move = PoolMove.objects.get(move="claim")
    assert (move.user_id, move.pool_id, move.reason) == (alice.user.pk, pool.pk, "老客户介绍")


@pytest.mark.row(38)
def test_the_former_owner_waits_and_giving_back_refunds_nothing(
    people: dict[str, Person], pool: Pool
) -> None:
    alice, bob = people["alice"], people["bob"]
    one = lying(pool)
    assert take(one, alice).taken
    claims_left = claims.hands_of(KINDS["customer"], pool, alice.user.pk)
    assert claims.give_back("customer", one.pk, by=people["boss"].actor, reason="转给别人") == pool
    assert keeping_of(one).former_owner_id == alice.user.pk
    assert [check.key for check in take(one, alice).checks] == ["former", "reclaim"]
    assert claims.hands_of(KINDS["customer"], pool, alice.user.pk).taken == claims_left.taken
    assert take(one, bob).taken
    assert "已被 Bob 领取" in take(one, people["boss"]).reasons
    with pytest.raises(FieldErrors):
        claims.give_back("customer", one.pk, by=people["boss"].actor, reason=" ")


@pytest.mark.row(46)
def test_every_door_starts_the_clock_and_keeps_the_history(people: dict[str, Person], pool: Pool) -> None:
    alice, bob, boss = people["alice"], people["bob"], people["boss"]
    rule = make_rule(pool, days=30, since=today() - 365 * DAY)
    one = customer(alice)
    CustomerKeeping.objects.filter(pk=one.pk).update(received_on=today() - 20 * DAY)

    def old() -> None:
        CustomerKeeping.objects.filter(pk=one.pk).update(received_on=today() - 20 * DAY)
        keeping.refresh_due(KINDS["customer"], [one.pk])
        assert keeping_of(one).return_due_on == today() + 10 * DAY

    def fresh() -> None:
        now = keeping_of(one)
        assert (now.received_on, now.return_due_on, now.return_rule_id) == (
            today(),
            today() + 30 * DAY,
            rule.pk,
        )

    old()
    records.update("customer", one.pk, {"owner": bob.user.pk}, by=boss.actor)
    fresh()
    old()
    records.transfer(
        "customer", get("customer").records().filter(pk=one.pk), alice.user.pk, by=boss.actor, reason="调岗"
    )
    fresh()
    old()
    records.edit_many(
        "customer", get("customer").records().filter(pk=one.pk), {"owner": bob.user.pk}, by=boss.actor
    )
    fresh()
    old()
    records.bulk_update("customer", {one.pk: {"owner": alice.user.pk}}, by=SYSTEM)  # import and API
    fresh()
    records.update("customer", one.pk, {"owner": ""}, by=boss.actor)
    assert keeping_of(one).pool_id == pool.pk
    assert claims.assign("customer", [one.pk], bob.user.pk, by=boss.actor, reason="离他近") == 1
    fresh()
    reasons = list(
        OwnerChange.objects.filter(object_id=one.pk).order_by("pk").values_list("reason", flat=True)
    )
    assert "调岗" in reasons
    assert "离他近" in reasons
    records.update("customer", one.pk, {"owner": ""}, by=SYSTEM)
    with pytest.raises(access.Denied):
        claims.assign("customer", [one.pk], bob.user.pk, by=alice.actor)


@pytest.mark.row(39)
def test_the_night_returns_what_is_due_and_can_be_taken_back(people: dict[str, Person], pool: Pool) -> None:
    make_rule(pool, days=30, since=today() - 365 * DAY)
    late, busy, young = customer(people["alice"]), customer(people["alice"]), customer(people["alice"])
    CustomerKeeping.objects.filter(pk__in=[late.pk, busy.pk]).update(received_on=today() - 90 * DAY)
    touch = {
        "customer": busy.pk,
        "channel": "call",
        "direction": "out",
        "at": timezone.now() - 3 * DAY,
        "body": "x",
    }
    records.create("interaction", touch, by=people["boss"].actor)
    keeping.touched("customer", [busy.pk])
    assert keeping_of(busy).return_due_on == today() + 27 * DAY
    (done,) = returns.run()
    assert done.count == 1
    there = keeping_of(late)
    assert there.pool_reason == "30 天没有跟进"
    with translation.override("en"):
        assert read_out(there.pool_reason) == "30 days without follow-up"
        told = read_out(ChangeSet.objects.get(pk=done.changeset.pk).rule)
        assert told == "Return rule of the pool “华东公海”: 30 days without follow-up"
    assert (there.pool_id, there.former_owner_id) == (pool.pk, people["alice"].user.pk)
    assert keeping_of(young).return_due_on == today() + 30 * DAY
    assert returns.run() == []
    records.undo(done.changeset.pk, by=people["boss"].actor)
    back = keeping_of(late)
    assert (back.pool_id, back.received_on) == (None, today())
    late.refresh_from_db()
    assert late.owner_id == people["alice"].user.pk
    assert ChangeSet.objects.get(pk=done.changeset.pk).rule.startswith("公海“华东公海”")


@pytest.mark.row(12)
def test_a_merge_with_what_lies_in_a_pool_takes_it_out_and_back(
    people: dict[str, Person], pool: Pool
) -> None:
    alice = people["alice"]
    pooled, mine = (
        lying(pool, name="甲公司", kind="company"),
        customer(alice, name="甲公司（老）", kind="company"),
    )
    since = keeping_of(pooled).pooled_at
    page = browser(alice).get(f"/o/customer/merge?ids={mine.pk},{pooled.pk}").content.decode()
    assert "公海里的，请先领取" in page
    with pytest.raises(Refused, match="请先领取"):
        records.merge("customer", mine.pk, [pooled.pk], by=alice.actor)
    told = browser(people["boss"]).get(f"/o/customer/merge?ids={mine.pk},{pooled.pk}&keep={pooled.pk}")
    assert f"合并后由 {alice.user} 负责" in told.content.decode()
    done = records.merge("customer", pooled.pk, [mine.pk], by=SYSTEM)
    pooled.refresh_from_db()
    assert pooled.owner_id == alice.user.pk, "nobody loses a customer by a merge"
    assert keeping_of(pooled).pool_id is None
    records.undo(done.pk, by=SYSTEM)
    pooled.refresh_from_db()
    there = keeping_of(pooled)
    assert (pooled.owner_id, there.pool_id, there.pooled_at) == (None, pool.pk, since)


@pytest.mark.row(41)
def test_protected_ones_stay_within_limits(people: dict[str, Person]) -> None:
    alice = people["alice"]
    pool = make_pool(protect_most="1", protect_days="30")
    make_rule(pool, days=30, since=today() - 365 * DAY)
    one, two = customer(alice), customer(alice)
    CustomerKeeping.objects.update(received_on=today() - 90 * DAY)
    keeping.refresh_due(KINDS["customer"])
    with pytest.raises(FieldErrors):
        claims.protect("customer", one.pk, 31, by=alice.actor)
    claims.protect("customer", one.pk, 30, by=alice.actor)
    assert keeping_of(one).return_due_on == today() + 31 * DAY
    with pytest.raises(Refused):
        claims.protect("customer", two.pk, 10, by=alice.actor)
    (done,) = returns.run()
    assert done.count == 1
    assert keeping_of(one).pool_id is None


@pytest.mark.row(39)
def test_the_rehearsal_is_what_happens(people: dict[str, Person], pool: Pool) -> None:
    """A rule rehearsed, then put in force: the next run returns exactly those, another rule beside it."""
    make_rule(pool, "two_way", days=60, since=today() - 365 * DAY)
    owners = ["alice", "bob", "charlie"]
    for n in range(24):
        one = customer(people[owners[n % 3]], name=f"客户{n}")
        days = {
            "received_on": today() - 5 * n * DAY,
            "follow_up_on": today() - 4 * n * DAY if n % 2 else None,
        }
        CustomerKeeping.objects.filter(pk=one.pk).update(**days)
    values = {"event": "follow_up", "days": 45, "active": True, "since": (today() - 365 * DAY).isoformat()}
    draft = settings.draft_rule(pool, None, values, by=SYSTEM)
    day = rehearsal.run_day()
    going = set(rehearsal.returned(KINDS["customer"], draft, day).values_list("pk", flat=True))
    told = rehearsal.tonight(draft, by=people["boss"].actor)
    assert (told.now, told.held) == (len(going), 24)
    assert sum(line.count for line in told.owners) == len(going)
    assert 5 < len(going) < 20
    rule = settings.save_rule(draft, by=SYSTEM)
    done = {one.rule.pk: one for one in returns.run(day)}
    assert set(done[rule.pk].changeset.changes.values_list("object_id", flat=True)) == going
    milder = settings.draft_rule(pool, rule, {**values, "since": "", "days": 60}, by=SYSTEM)
    stricter = settings.draft_rule(pool, rule, {**values, "since": "", "days": 30}, by=SYSTEM)
    assert (milder.since, stricter.since) == (rule.since, today())
    assert (
        rehearsal.tonight(stricter, by=people["boss"].actor).now == 0
    )  # switching on returns no stock at once


@pytest.mark.row(39)
@pytest.mark.parametrize("workdays", [False, True])
def test_the_past_year_is_what_a_slow_count_finds(
    people: dict[str, Person], pool: Pool, workdays: bool
) -> None:
    draw = random.Random(3)
    start, end = today() - 365 * DAY, today()
    expected = 0
    for n in range(8):
        one = customer(people["alice"], name=f"客户{n}")
        created = draw.choice([start - 30 * DAY, start + draw.randint(1, 200) * DAY])
        get("customer").records().filter(pk=one.pk).update(
            created_at=midnight(created) + dt.timedelta(hours=12)
        )
        CustomerKeeping.objects.filter(pk=one.pk).update(received_on=created)
        days = sorted({start + draw.randint(0, 364) * DAY for _n in range(draw.randint(0, 6))})
        for day in days:
            touch = {"customer": one.pk, "channel": "call", "direction": "out", "body": "x"}
            records.create(
                "interaction", {**touch, "at": midnight(day) + dt.timedelta(hours=23, minutes=30)}, by=SYSTEM
            )
        marks = sorted({max(start, created), *days})
        for base, following in zip(marks, [*marks[1:], None], strict=True):
            due_on = add_days(base, 40, workdays)
            expected += due_on <= end and (following is None or due_on <= following)
    values = {"event": "follow_up", "days": 40, "active": True, "workdays": workdays}
    found = rehearsal.past_year(settings.draft_rule(pool, None, values, by=SYSTEM))
    assert found.total == expected > 5
    assert sum(number for _month, number in found.months) == expected
