"""The figures of selling: each equals the list that it opens, and a slow count of the way of every deal."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from kemai.platform import access, records, search
from kemai.platform.access import SYSTEM, Actor
from kemai.platform.events.delivery import drain_all
from kemai.platform.fields import Ref
from kemai.platform.objects import get
from kemai.sales.models import Competitor, Deal, LostReason
from kemai.sales.rules.funnel import funnel
from kemai.sales.services import analysis, slices, staff, stages
from tests.people import Person, crowd

ORDER = ["initial", "needs", "proposal"]
DEALS = st.lists(
    st.tuples(
        st.sampled_from([*ORDER, "gone"]),
        st.sampled_from(["open", "won", "lost", "invalid"]),
        st.integers(0, 99),
    )
)


@pytest.mark.row(105)
@given(DEALS)
def test_the_funnel_counts_what_one_would_count_deal_by_deal(deals: list[tuple[str, str, int]]) -> None:
    counts: dict[tuple[str, str], tuple[int, int]] = {}
    for stage, state, amount in deals:
        number, total = counts.get((stage, state), (0, 0))
        counts[stage, state] = (number + 1, total + amount)

    def place(stage: str, state: str) -> int:
        return len(ORDER) if state == "won" else ORDER.index(stage) if stage in ORDER else 0

    for at, step in enumerate(funnel(ORDER, counts)):
        there = [one for one in deals if place(one[0], one[1]) >= at]
        assert (step.reached, step.amount) == (len(there), sum(one[2] for one in there))
        assert step.passed == sum(place(one[0], one[1]) > at for one in there)
        assert step.reached == step.passed + step.stands + step.lost


def counted(actor: Actor, type_key: str, where: analysis.Where) -> int:
    """What the list shows."""
    return search.matching(actor, get(type_key), {"all": where}, "").count()


@pytest.mark.django_db
@pytest.mark.row(105, 106, 113)
def test_every_figure_equals_the_list_behind_it() -> None:
    stages.forget()
    people: dict[str, Person] = crowd()
    customer = records.create("customer", {"name": "云帆科技", "kind": "company"}, by=SYSTEM).pk
    rival = records.create("competitor", {"name": "礼优选"}, by=SYSTEM)
    reason = LostReason.objects.order_by("pk")[0]
    now = timezone.now()
    rows = []
    for n in range(40):
        who, old = ("alice", "bob", "dora")[n % 3], now - dt.timedelta(days=7 * n)
        stage = ("initial", "needs", "won", "lost", "proposal")[n % 5]
        row: dict[str, object] = {
            "name": f"商机 {n}", "customer": Ref(customer, ""), "pipeline": "standard", "stage": stage,
            "amount": Decimal(1000 + n), "owner": Ref(people[who].user.pk, ""), "created_at": old,
            "stage_since": old, "lost_reason": None, "competitor": None, "closed_at": None, "last_stage": "",
            "expected_on": (now - dt.timedelta(days=n - 20)).date() if n % 4 else None,
            "next_step": "寄样" if n % 2 else "",
        }  # fmt: skip
        if stage in {"won", "lost"}:
            row |= {
                "closed_at": min(old + dt.timedelta(days=9), now),
                "last_stage": ("initial", "needs", "proposal")[n % 3],
            }
        if stage == "lost":
            row |= {
                "lost_reason": Ref(reason.pk, "") if n % 2 else None,
                "competitor": Ref(rival.pk, "") if n % 3 else None,
            }
        rows.append(row)
    records.bulk_create("deal", rows, by=SYSTEM, parsed=True)
    for name in ("boss", "dora", "alice"):
        actor = people[name].actor
        reach = staff.reach(actor)
        for params in (
            {"period": "last12"},
            {"period": "last12", "person": str(people["alice"].user.pk)},
            {"period": "month"},
        ):
            part = slices.read(params, reach)
            check(actor, part, reach)
    alice = people["alice"].actor
    seen = analysis.whole(analysis.by_owner(alice, slices.read({"period": "last12"}, staff.reach(alice))))
    assert seen.won == access.scope(people["alice"].actor, "deal").filter(state="won").count()
    assert Competitor.objects.count() == 1


def check(actor: Actor, part: slices.Slice, reach: staff.Reach) -> None:
    for one in analysis.funnels(actor, part):
        assert counted(actor, "deal", one.where_won) == one.won
        for line in one.lines:
            assert counted(actor, "deal", line.where) == line.step.reached, line.row.name
            assert counted(actor, "deal", line.stands) == line.step.stands
    ended = analysis.by_owner(actor, part)
    ranked = analysis.ranking(ended, part, reach)
    for person in ranked:
        assert counted(actor, "deal", person.where_won) == person.result.won
        assert counted(actor, "deal", person.where_lost) == person.result.lost
    whole = analysis.whole(ended)
    assert (sum(one.result.won for one in ranked), sum(one.result.amount for one in ranked)) == (
        whole.won,
        whole.amount,
    )
    assert sum(won for _month, won, _amount in analysis.by_month(ended, part)) == whole.won
    for reasons in analysis.lost_by(actor, part).values():
        assert sum(one.count for one in reasons) == whole.lost
        assert [counted(actor, "deal", one.where) for one in reasons] == [one.count for one in reasons]
    for lane in analysis.forgotten(actor, part):
        assert counted(actor, lane.type_key, lane.where) == lane.count, lane.key


@pytest.mark.django_db
@pytest.mark.row(50)
def test_how_far_a_deal_came_stays_when_it_is_lost_and_touches_reach_it() -> None:
    stages.forget()
    alice = crowd()["alice"].actor
    customer = records.create("customer", {"name": "云帆科技", "kind": "company"}, by=alice)
    deal = records.create("deal", {"name": "云帆", "customer": customer.pk, "amount": "100"}, by=alice)
    records.update("deal", deal.pk, {"stage": "needs"}, by=alice)
    records.update("deal", deal.pk, {"stage": "lost", "lost_reason": LostReason.objects.first().pk}, by=alice)  # type: ignore[union-attr]
    assert Deal.objects.get().last_stage == "needs"
    other = records.create("deal", {"name": "云帆二期", "customer": customer.pk}, by=alice)
    at = timezone.now()
    records.create(
        "interaction",
        {"customer": customer.pk, "channel": "call", "direction": "out", "at": at, "body": "好"},
        by=alice,
    )
    drain_all()
    touched = dict(Deal.objects.values_list("pk", "last_follow_at"))
    assert touched[deal.pk] is None
    assert touched[other.pk] == at


@pytest.mark.django_db
@pytest.mark.row(50)
def test_a_deals_timeline_tells_its_way_and_what_was_said_since_it_began() -> None:
    stages.forget()
    people = crowd()
    alice = people["alice"].actor
    customer = records.create("customer", {"name": "云帆科技", "kind": "company"}, by=alice)
    before = {"customer": customer.pk, "channel": "call", "direction": "out", "body": "早先的电话"}
    records.create("interaction", {**before, "at": timezone.now() - dt.timedelta(days=3)}, by=alice)
    deal = records.create("deal", {"name": "云帆", "customer": customer.pk, "amount": "100"}, by=alice)
    records.update("deal", deal.pk, {"stage": "needs"}, by=alice)
    records.create("interaction", {**before, "body": "谈了需求", "at": timezone.now()}, by=alice)
    client = Client()
    client.force_login(people["alice"].user)
    page = client.get(f"/o/deal/{deal.pk}/timeline", headers={"HX-Request": "true"}).content.decode()
    assert "停留 0 天后进入" in page
    assert "谈了需求" in page
    assert "早先的电话" not in page
