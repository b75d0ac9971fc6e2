"""Taking stages and pipelines away while deals stand in them."""

from __future__ import annotations

import time
from typing import Any
from unittest.mock import Mock

import pytest
from django.test import Client

from kemai.platform import records
from kemai.platform.events.delivery import drain_all
from kemai.platform.models import ChangeSet
from kemai.platform.objects import own
from kemai.platform.records import FieldErrors, Refused
from kemai.sales.models import Deal, LostReason, Pipeline, Stage, StageEvent
from kemai.sales.services import deals, removal, stages
from kemai.sales.tests.selling import fresh

pytestmark = pytest.mark.django_db


def stage(key: str) -> Stage:
    return Stage.objects.get(key=key)


def test_a_stage_that_holds_deals_is_not_deleted_but_says_how_many(world: dict[str, Any]) -> None:
    boss = world["boss"].actor
    with pytest.raises(Refused) as refused:
        records.delete("stage", [stage("initial").pk], by=boss)
    assert "还有 1 个商机" in refused.value.message
    assert "初步接触" in refused.value.message
    with pytest.raises(Refused):
        records.delete("pipeline", [stage("initial").pipeline_id], by=boss)
    with pytest.raises(FieldErrors) as kept:
        records.update("stage", stage("initial").pk, {"state": "lost"}, by=boss)
    assert "1" in kept.value.errors["state"]
    records.update("stage", stage("initial").pk, {"name": "第一次接触"}, by=boss)
    records.delete("stage", [stage("negotiation").pk], by=boss)  # nothing stands there


def test_what_another_process_renamed_is_there_at_the_next_request(
    world: dict[str, Any], client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.force_login(world["boss"].user)
    page = f"/o/deal/{world['deal'].pk}"
    assert "初步接触" in client.get(page).content.decode()
    later = time.monotonic() + 60
    known = {"found": stages.STAGES.now(), "version": own.meta_version(), "until": later}
    definitions = own.current()
    records.update("stage", stage("initial").pk, {"name": "第一次接触"}, by=world["boss"].actor)
    for name, value in known.items():
        monkeypatch.setattr(stages.STAGES, name, value)
    monkeypatch.setattr(own, "_meta", definitions)
    monkeypatch.setattr(own, "_until", later)
    shown = client.get(page).content.decode()
    assert "第一次接触" in shown
    assert "初步接触" not in shown


def test_a_change_of_stages_shows_at_once_however_it_came_about(
    world: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Options that are records are not looked up again and again: the write door tells of every change."""
    boss = world["boss"].actor
    monkeypatch.setattr(stages.STAGES, "load", looks := Mock(wraps=stages.load_stages))
    monkeypatch.setattr(own, "LOOK_SECONDS", 0.0)

    def names() -> set[str]:
        return {row.name for row in stages.rows()}

    assert "初步接触" in names()
    number = looks.call_count
    assert "初步接触" in names()
    assert looks.call_count == number
    records.update("stage", stage("initial").pk, {"name": "第一次接触"}, by=boss)
    assert "初步接触" not in names()
    records.undo(ChangeSet.objects.latest("pk").pk, by=boss)
    assert "初步接触" in names()
    records.delete("stage", [stage("negotiation").pk], by=boss)
    gone = ChangeSet.objects.latest("pk").pk
    assert "商务谈判" not in names()
    records.undo(gone, by=boss)
    assert "商务谈判" in names()


def test_its_deals_go_where_they_are_sent_and_the_gates_do_not_hold_them(
    world: dict[str, Any], client: Client
) -> None:
    deal, boss = world["deal"], world["boss"]
    records.update("deal", deal.pk, {"stage": "needs"}, by=world["alice"].actor)
    client.force_login(boss.user)
    address = f"/sales/courses/stages/{stage('needs').pk}/delete"
    asked = client.get(address).content.decode()
    assert "还有 1 个商机在这里" in asked
    assert "方案报价" in asked
    assert "赢单" not in asked  # open deals do not become won by moving
    assert client.post(address, {"into": "won"}).status_code == 422
    assert client.post(address, {"into": "proposal"}).status_code == 302
    drain_all()
    assert fresh(deal).stage == "proposal"
    assert deal.win_rate == pytest.approx(0.5)
    assert StageEvent.objects.filter(deal=deal, old="needs", new="proposal").exists()
    assert stages.find("needs") is None
    client.force_login(world["alice"].user)
    assert client.get(address).status_code in {403, 404}


def test_what_is_over_stays_over_since_the_day_it_was(world: dict[str, Any]) -> None:
    deal, boss = world["deal"], world["boss"].actor
    lost = {"lost_reason": LostReason.objects.values_list("pk", flat=True)[0]}
    deals.lose_deal(deal.pk, lost, by=world["alice"].actor)
    closed, reason = fresh(deal).closed_at, deal.lost_reason_id
    other = records.create(
        "deal", {"name": "还在谈", "customer": world["customer"].pk}, by=world["alice"].actor
    )
    pipeline = Pipeline.objects.get(key="standard")
    assert {row.step.key for row in removal.targets_of_pipeline(pipeline)} == {"renewal_due", "renewal_talk"}
    assert removal.remove_pipeline(pipeline.pk, "renewal_talk", by=boss) == 2
    assert (fresh(deal).pipeline, deal.stage, deal.state) == ("renewal", "renewal_lost", "lost")
    assert (deal.closed_at, deal.lost_reason_id) == (closed, reason)
    assert (fresh(other).stage, other.state) == ("renewal_talk", "open")


def test_an_end_that_the_other_pipeline_lacks_is_asked_for(world: dict[str, Any]) -> None:
    boss = world["boss"].actor
    records.update("deal", world["deal"].pk, {"stage": "invalid"}, by=boss)
    with pytest.raises(Refused) as refused:
        removal.remove_pipeline(stage("initial").pipeline_id, "renewal_talk", by=boss)
    assert "无效" in refused.value.message
    assert Deal.objects.get(pk=world["deal"].pk).pipeline == "standard"
