"""A stage that wants an approval before a deal enters it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from django.test import Client

from kemai.collab.models import Notice
from kemai.platform import records
from kemai.platform.access import SYSTEM, Denied
from kemai.platform.define import config
from kemai.platform.records import FieldErrors, Refused
from kemai.sales.models import Pipeline, Stage
from kemai.sales.services import board, configuration, deals, gates, stages
from kemai.sales.tests.selling import fresh
from tests.people import Person

pytestmark = [pytest.mark.django_db, pytest.mark.row(49)]


@pytest.fixture
def guarded(world: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The second stage wants an approval; alice answers to dora."""
    stage = Stage.objects.get(key="needs")
    records.update("stage", stage.pk, {"approval": True}, by=world["boss"].actor)
    alice: Person = world["alice"]
    alice.user.manager_id = world["dora"].user.pk
    alice.user.save(update_fields=["manager_id"])
    yield world
    stages.forget()


def test_nobody_goes_round_it(guarded: dict[str, Any], client: Client) -> None:
    """Form, drag, list, API, another pipeline, a new deal: all come through the one rule."""
    alice, deal = guarded["alice"], guarded["deal"]
    with pytest.raises(FieldErrors) as refused:
        records.update("deal", deal.pk, {"stage": "needs"}, by=alice.actor)
    assert "先审批" in refused.value.errors["stage"]
    headers = {"Authorization": f"Bearer {alice.key}"}
    answer = client.patch(f"/api/v1/deal/{deal.pk}", {"stage": "needs"}, "application/json", headers=headers)
    assert answer.status_code == 422
    with pytest.raises(FieldErrors):  # nor past it
        records.update("deal", deal.pk, {"stage": "proposal"}, by=alice.actor)
    with pytest.raises(FieldErrors):
        deals.win_deal(deal.pk, by=alice.actor)
    records.update("deal", deal.pk, {"pipeline": "renewal", "stage": "renewal_due"}, by=alice.actor)
    with pytest.raises(FieldErrors):
        records.update("deal", deal.pk, {"pipeline": "standard", "stage": "needs"}, by=alice.actor)
    values = {"name": "新", "customer": guarded["customer"].pk, "stage": "needs"}
    with pytest.raises(FieldErrors):
        records.create("deal", values, by=alice.actor)
    assert fresh(deal).stage == "renewal_due"


def test_asked_agreed_and_moved(guarded: dict[str, Any], client: Client) -> None:
    alice, dora, deal = guarded["alice"], guarded["dora"], guarded["deal"]
    client.force_login(alice.user)
    url = board.asks(deal.pk, "needs")
    assert url.startswith(f"/deals/{deal.pk}/gate")
    form = client.get(url, headers={"HX-Request": "true"}).content.decode()
    assert "提交审批" in form
    assert "Dora" in form
    assert client.post(url, {"reason": "客户确认了需求"}).status_code == 200
    assert fresh(deal).wanted_stage == "needs"
    assert deal.stage == "initial"
    assert Notice.objects.filter(user=dora.user, object_id=deal.pk, kind="task").count() == 1
    assert "等待批准进入" in board.late([deal.pk])[deal.pk]
    page = client.get(f"/o/deal/{deal.pk}").content.decode()
    assert "由Dora审批" in page
    with pytest.raises(Refused):
        gates.ask(deal.pk, "needs", {}, [], "", by=alice.actor)
    with pytest.raises(Denied):
        gates.decide(deal.pk, yes=True, note="", by=alice.actor)
    client.force_login(dora.user)
    assert client.post(f"/deals/{deal.pk}/decide", {"answer": "no", "note": ""}).status_code == 422
    assert client.post(f"/deals/{deal.pk}/decide", {"answer": "yes", "note": ""}).status_code == 302
    assert (fresh(deal).stage, deal.wanted_stage) == ("needs", "")
    # agreed to once is entered once
    records.update("deal", deal.pk, {"stage": "initial"}, by=alice.actor)
    with pytest.raises(FieldErrors):
        records.update("deal", deal.pk, {"stage": "needs"}, by=alice.actor)


def test_a_no_comes_back_with_its_reason(guarded: dict[str, Any], client: Client) -> None:
    alice, dora, deal = guarded["alice"], guarded["dora"], guarded["deal"]
    gates.ask(deal.pk, "needs", {}, [], "急", by=alice.actor)
    gates.decide(deal.pk, yes=False, note="预算还不清楚", by=dora.actor)
    assert (fresh(deal).stage, deal.wanted_stage) == ("initial", "")
    client.force_login(alice.user)
    assert "预算还不清楚" in client.get(f"/o/deal/{deal.pk}").content.decode()
    # may be asked again, taken back, and lapses when the deal goes elsewhere
    gates.ask(deal.pk, "needs", {}, [], "预算 5 万", by=alice.actor)
    gates.withdraw(deal.pk, by=alice.actor)
    assert fresh(deal).wanted_stage == ""
    gates.ask(deal.pk, "needs", {}, [], "预算 5 万", by=alice.actor)
    reason = records.create("lost_reason", {"name": "价格"}, by=SYSTEM)
    deals.lose_deal(deal.pk, {"lost_reason": reason.pk}, by=alice.actor)
    assert (fresh(deal).state, deal.wanted_stage) == ("lost", "")


def test_the_gate_comes_before_the_question(guarded: dict[str, Any]) -> None:
    """What the stage before misses is filled in the same form; without it nothing is asked."""
    alice, deal = guarded["alice"].actor, guarded["deal"]
    first = Stage.objects.get(key="initial")
    records.update("stage", first.pk, {"required": ["next_step"]}, by=guarded["boss"].actor)
    with pytest.raises(FieldErrors) as refused:
        gates.ask(deal.pk, "needs", {}, [], "", by=alice)
    assert "下一步" in refused.value.errors["stage"]
    lacks = gates.missing(fresh(deal), next(row for row in stages.rows() if row.step.key == "needs"))
    assert (list(lacks.fields), lacks.approval) == (["next_step"], True)
    gates.ask(deal.pk, "needs", {"next_step": "寄样"}, [], "", by=alice)
    assert (fresh(deal).next_step, deal.wanted_stage) == ("寄样", "needs")


@pytest.mark.row(47)
@pytest.mark.row(124)
def test_the_course_travels_in_the_configuration_file(guarded: dict[str, Any]) -> None:
    boss = guarded["boss"].actor
    text = config.export()
    found = yaml.safe_load(text)
    assert found["courses"]["standard"]["stages"]["needs"]["approval"] is True
    assert config.plan(*config.load(text), remove=True) == []
    found["courses"]["standard"]["stages"]["needs"] |= {"approval": False, "max_days": 9}
    stage = {
        "name": "试点",
        "state": "open",
        "win_rate": 0.3,
        "position": 10,
        "required": ["amount"],
        "next": [],
    }
    found["courses"]["pilot"] = {
        "name": "试点流程",
        "position": 90,
        "active": True,
        "stages": {"pilot_one": stage},
    }
    states, as_of = config.load(yaml.safe_dump(found, allow_unicode=True))
    done = config.import_file(states, as_of, by=boss)
    assert {(step.place, step.action) for step in done.steps} == {("standard", "change"), ("pilot", "add")}
    needs = Stage.objects.get(key="needs")
    assert (needs.approval, needs.max_days) == (False, 9)
    assert [row.step.key for row in stages.of_pipeline("pilot")] == ["pilot_one"]
    assert done.change is not None
    config.take_back(done.change, by=boss)
    needs.refresh_from_db()
    assert (needs.approval, needs.max_days) == (True, 21)
    assert not Pipeline.objects.filter(key="pilot", deleted_at=None).exists()
    config.import_file(states, as_of, by=boss)
    (use,) = (one for one in configuration.naming("deal", "amount") if "试点" in one.name)
    assert use.detail == "必填字段"
