"""Deals on their way: gates, ends, what is noted."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from kemai.collab.models import Task
from kemai.platform import records
from kemai.platform.access import SYSTEM
from kemai.platform.events.delivery import drain_all
from kemai.platform.objects import Ask
from kemai.platform.records import FieldErrors
from kemai.sales.models import Deal, LostReason, StageEvent
from kemai.sales.panels import time_in_stages
from kemai.sales.services import deals, gates, stages, timeline
from tests.people import Person

pytestmark = pytest.mark.django_db


@pytest.fixture
def deal(people: dict[str, Person]) -> Deal:
    customer = records.create(
        "customer", {"name": "杭州云帆科技有限公司", "kind": "company"}, by=people["alice"].actor
    )
    made: Deal = records.create(
        "deal", {"name": "云帆 100 套", "customer": customer.pk}, by=people["alice"].actor
    )
    return made


def stage_of(deal: Deal) -> str:
    deal.refresh_from_db()
    return deal.stage


def test_the_timeline_ends_with_the_deal(deal: Deal, people: dict[str, Person]) -> None:
    alice, now = people["alice"].actor, timezone.now()
    ended = now - dt.timedelta(days=20)
    Deal.objects.filter(pk=deal.pk).update(created_at=now - dt.timedelta(days=40), closed_at=ended)
    for days in (50, 30, 20, 5, 3, 1):
        at = now - dt.timedelta(days=days) + dt.timedelta(hours=1)
        touch = {"customer": deal.customer_id, "channel": "note", "at": at, "body": f"{days}"}
        records.create("interaction", touch, by=alice)
    told = [one.text for one in timeline.touches(alice, "deal", deal.pk, Ask(size=2))]
    assert told == ["20", "30"], "what came a day after its end is about something else, and takes no room"
    Deal.objects.filter(pk=deal.pk).update(closed_at=None)
    told = [one.text for one in timeline.touches(alice, "deal", deal.pk, Ask())]
    assert told == ["1", "3", "5", "20", "30"]


@pytest.mark.row(47)
def test_a_deal_begins_at_the_first_stage_with_its_win_rate(deal: Deal) -> None:
    assert (deal.pipeline, deal.stage, deal.state) == ("standard", "initial", "open")
    assert deal.win_rate == pytest.approx(0.1)
    assert StageEvent.objects.filter(deal=deal).count() == 1


@pytest.mark.row(49)
def test_the_gate_names_what_is_missing(deal: Deal, people: dict[str, Person]) -> None:
    alice = people["alice"].actor
    records.update("deal", deal.pk, {"stage": "needs"}, by=alice)
    with pytest.raises(FieldErrors) as refused:
        records.update("deal", deal.pk, {"stage": "proposal"}, by=alice)
    assert "金额" in refused.value.errors["stage"]
    assert "需求已和客户确认" in refused.value.errors["stage"]
    assert stage_of(deal) == "needs"
    for item in ("需求已和客户确认", "知道谁做决定"):
        deals.tick(deal.pk, item, on=True, by=alice)
    records.update("deal", deal.pk, {"stage": "proposal", "amount": "128000"}, by=alice)
    deal.refresh_from_db()
    assert (deal.stage, str(deal.weighted)) == ("proposal", "64000.00")


@pytest.mark.row(52)
def test_losing_needs_a_reason_and_calls_back(deal: Deal, people: dict[str, Person]) -> None:
    alice = people["alice"].actor
    with pytest.raises(FieldErrors):
        deals.lose_deal(deal.pk, {}, by=alice)
    reason = LostReason.objects.get(name="价格太高")
    deals.lose_deal(deal.pk, {"lost_reason": reason.pk, "call_back_on": "2027-03-01"}, by=alice)
    deal.refresh_from_db()
    assert (deal.state, deal.category) == ("lost", "omitted")
    assert deal.closed_at is not None
    task = Task.objects.get(origin=f"call_back/{deal.pk}")
    assert task.due_at is not None
    assert task.due_at.astimezone(dt.timezone(dt.timedelta(hours=8))).date() == dt.date(2027, 3, 1)


@pytest.mark.row(47)
def test_a_seller_cannot_reopen_but_the_manager_can(deal: Deal, people: dict[str, Person]) -> None:
    alice, boss = people["alice"].actor, people["boss"].actor
    records.update("deal", deal.pk, {"amount": "1000", "expected_on": "2026-12-01"}, by=alice)
    with pytest.raises(FieldErrors) as refused:
        deals.win_deal(deal.pk, by=alice)
    won = stages.find("won")
    gate = gates.missing(deal, won) if won else gates.Missing()
    assert gate.items, "the lists of stages that are passed over are asked for: " + str(refused.value)
    gates.enter(deal.pk, "won", {}, gate.items, by=alice)
    with pytest.raises(FieldErrors):
        records.update("deal", deal.pk, {"stage": "needs"}, by=alice)
    records.update("deal", deal.pk, {"stage": "needs"}, by=boss)
    deal.refresh_from_db()
    assert (deal.state, deal.closed_at, deal.category) == ("open", None, "pipeline")


def test_an_amount_below_nothing_is_refused(deal: Deal, people: dict[str, Person]) -> None:
    with pytest.raises(FieldErrors) as refused:
        records.update("deal", deal.pk, {"amount": "-1"}, by=people["alice"].actor)
    assert "0" in refused.value.errors["amount"]


@pytest.mark.row(48)
def test_pipelines_do_not_mix(deal: Deal, people: dict[str, Person]) -> None:
    with pytest.raises(FieldErrors):
        records.update("deal", deal.pk, {"stage": "renewal_talk"}, by=people["alice"].actor)
    moved = records.update("deal", deal.pk, {"pipeline": "renewal"}, by=people["alice"].actor)
    assert moved.stage == "renewal_due"


@pytest.mark.row(49)
def test_naming_the_pipeline_again_does_not_pass_the_gate(deal: Deal, people: dict[str, Person]) -> None:
    """A form sends both fields, and the API may."""
    alice = people["alice"].actor
    records.update("deal", deal.pk, {"pipeline": "standard", "stage": "needs"}, by=alice)
    assert stage_of(deal) == "needs"
    with pytest.raises(FieldErrors) as refused:
        records.update("deal", deal.pk, {"pipeline": "standard", "stage": "proposal"}, by=alice)
    assert "需求已和客户确认" in refused.value.errors["stage"]
    records.update("deal", deal.pk, {"pipeline": "standard"}, by=alice)
    assert stage_of(deal) == "needs"
    with pytest.raises(FieldErrors):  # nor does the way round by another pipeline lead straight to its end
        records.update("deal", deal.pk, {"pipeline": "renewal", "stage": "renewal_won"}, by=alice)


@pytest.mark.row(50)
def test_every_way_into_a_stage_is_noted(deal: Deal, people: dict[str, Person]) -> None:
    boss = people["boss"].actor
    records.bulk_update("deal", {deal.pk: {"stage": "needs"}}, by=boss)
    drain_all()
    assert list(StageEvent.objects.filter(deal=deal).order_by("pk").values_list("old", "new")) == [
        ("", "initial"), ("initial", "needs"),
    ]  # fmt: skip
    later = StageEvent.objects.filter(deal=deal).latest("pk").at + dt.timedelta(days=3)
    assert time_in_stages(deal, later)["needs"] == 3


@pytest.mark.row(47)
def test_imported_deals_keep_their_stages_and_are_noted(people: dict[str, Person]) -> None:
    customer = records.create("customer", {"name": "客户"}, by=SYSTEM)
    rows: list[dict[str, Any]] = [
        {"name": f"商机{n}", "customer": customer.pk, "stage": "proposal", "amount": "10"} for n in range(3)
    ]
    keys = records.bulk_create("deal", rows, by=people["boss"].actor)
    drain_all()
    assert StageEvent.objects.filter(deal__in=keys, new="proposal").count() == 3
    assert {str(one) for one in Deal.objects.filter(pk__in=keys).values_list("weighted", flat=True)} == {
        "5.00"
    }


@pytest.mark.row(51)
def test_the_page_shows_the_way_and_moves_on(deal: Deal, people: dict[str, Person], client: Client) -> None:
    client.force_login(people["alice"].user)
    page = client.get(f"/o/deal/{deal.pk}").content.decode()
    assert "初步接触" in page
    assert "需求确认" in page
    moved = client.post(f"/deals/{deal.pk}/move", {"stage": "needs"}, headers={"HX-Request": "true"})
    assert moved.status_code == 200
    refused = client.post(f"/deals/{deal.pk}/move", {"stage": "proposal"}, headers={"HX-Request": "true"})
    assert refused.status_code == 409
    client.force_login(people["charlie"].user)
    assert client.post(f"/deals/{deal.pk}/move", {"stage": "initial"}).status_code == 404
    assert stage_of(deal) == "needs"
    board = client.get("/o/deal/?display=board")
    assert board.status_code == 200


@pytest.mark.row(49)
def test_the_stage_asks_for_what_is_missing_in_one_form(
    deal: Deal, people: dict[str, Person], client: Client
) -> None:
    client.force_login(people["alice"].user)
    records.update("deal", deal.pk, {"stage": "needs"}, by=people["alice"].actor)
    address = f"/deals/{deal.pk}/gate?stage=proposal"
    page = client.get(f"/o/deal/{deal.pk}").content.decode()
    assert address in page
    asked = client.get(address).content.decode()
    for words in ('name="amount"', "需求已和客户确认", "知道谁做决定"):
        assert words in asked
    refused = client.post(address, {"amount": "1280", "item-0": "1"})
    assert refused.status_code == 422
    assert "知道谁做决定" in refused.content.decode()
    assert (stage_of(deal), deal.amount, deal.ticked) == ("needs", 0, {})  # nothing is half done
    assert client.post(address, {"amount": "1280", "item-0": "1", "item-1": "1"}).status_code == 302
    assert stage_of(deal) == "proposal"
    assert str(deal.amount) == "1280.00"
    carried = client.post("/o/deal/board/move", {"id": deal.pk, "to": "negotiation"}).json()
    assert carried == {"ask": f"/deals/{deal.pk}/gate?stage=negotiation&from=board"}
    assert 'name="expected_on"' in client.get(carried["ask"]).content.decode()
    assert stage_of(deal) == "proposal"
