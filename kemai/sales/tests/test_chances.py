"""Chances of leads: learnt without looking ahead, proven on later leads, silent while nothing reliable was learnt."""

from __future__ import annotations

import datetime as dt
import random

import pytest
from django.test import Client
from django.utils import timezone

from kemai.platform import records
from kemai.platform.access import SYSTEM
from kemai.platform.objects import get
from kemai.sales.models import FollowUp, Lead
from kemai.sales.rules.chances import Report, Scorecard, chance_of, facts_of
from kemai.sales.services import chance_training, chances, leads
from tests.people import Person

NOW = dt.datetime(2026, 6, 1, 4, tzinfo=dt.UTC)


def past(count: int, *, seed: int = 7, telling: bool = True) -> None:
    """Leads over two years: whoever was referred converts far more often, whoever told a budget more often. Without
    `telling`, what becomes of them is a toss."""
    rng = random.Random(seed)
    made, touches = [], []
    for n in range(count):
        came = NOW - dt.timedelta(days=730 * (1 - n / count), hours=1)
        referral, budget = rng.random() < 0.4, rng.random() < 0.5
        chance = chance_of((0.2 if referral else -2.2) + (0.6 if budget else -0.6)) if telling else 0.3
        yes = rng.random() < chance
        ended = came + dt.timedelta(days=rng.uniform(1, 25))
        over = ended <= NOW
        made.append(
            Lead(
                name=f"线索 {n}", number=f"T{n}", source="referral" if referral else "website",
                budget=1000 if budget else None,
                state=("converted" if yes else "disqualified") if over else "new",
                reason="" if yes or not over else "no_need",
                converted_at=ended if yes and over else None, ended_at=ended if over else None,
                created_at=came, updated_at=came,
            )
        )  # fmt: skip
    Lead.objects.bulk_create(made)
    for lead in Lead.objects.order_by("pk"):
        if rng.random() < 0.5:
            at = lead.created_at + dt.timedelta(hours=20)
            touches.append(
                FollowUp(lead=lead, outcome="missed", at=at, body="-", created_at=at, updated_at=at)
            )
    FollowUp.objects.bulk_create(touches)


@pytest.mark.row(44)
@pytest.mark.django_db
def test_it_learns_what_tells_leads_apart_and_says_so(people: dict[str, Person], client: Client) -> None:
    past(1200)
    learnt = chance_training.train(NOW)
    assert learnt.shown, learnt.report
    report = Report.read(learnt.report)
    assert report.auc_low > 0.6
    assert report.gain_low > 0
    # calibrated: on later leads the predictions came true about as predicted
    assert sum(abs(one.predicted - one.happened) for one in report.bins) / len(report.bins) < 0.07
    values = {"name": "转介绍来的", "source": "referral", "budget": "1000"}
    warm = records.create("lead", values, by=people["alice"].actor)
    cold = records.create("lead", {"name": "官网来的", "source": "website"}, by=people["alice"].actor)
    warm, cold = Lead.objects.get(pk=warm.pk), Lead.objects.get(pk=cold.pk)
    assert warm.chance is not None
    assert cold.chance is not None
    assert 0.5 < warm.chance < 0.95
    assert cold.chance < 0.2
    explain = get("lead").explain
    assert explain is not None
    told = explain(people["alice"].actor, warm.pk, "chance")
    assert told is not None
    assert any("转介绍" in str(one.label) and one.text.startswith("+") for one in told.inputs)
    client.force_login(people["alice"].user)
    page = client.get(f"/o/lead/{cold.pk}/panel/chance").content.decode()
    assert "没说预算" in page
    assert client.get("/sales/lead-chances").status_code == 200
    found = client.get(
        "/api/v1/lead?sort=-chance", headers={"Authorization": f"Bearer {people['alice'].key}"}
    )
    assert [one["id"] for one in found.json()["rows"]] == [warm.pk, cold.pk]
    # who is over has no chance any more
    leads.disqualify_lead(cold.pk, "no_need", by=people["alice"].actor)
    cold.refresh_from_db()
    assert cold.chance is None
    assert cold.ended_at is not None


@pytest.mark.row(44)
@pytest.mark.django_db
@pytest.mark.parametrize(("count", "telling", "reason"), [(120, True, "few"), (900, False, "no_better")])
def test_it_says_plainly_when_it_is_not_sure(
    people: dict[str, Person], client: Client, count: int, telling: bool, reason: str
) -> None:
    past(count, telling=telling)
    learnt = chance_training.train(NOW)
    assert not learnt.shown
    assert learnt.report["reason"] == reason
    lead = records.create("lead", {"name": "新线索", "source": "referral"}, by=people["alice"].actor)
    lead.refresh_from_db()
    assert lead.chance is None
    client.force_login(people["alice"].user)
    page = client.get(f"/o/lead/{lead.pk}/panel/chance").content.decode()
    assert "还说不准" in page


@pytest.mark.row(44)
@pytest.mark.django_db
def test_nothing_of_later_is_known_at_a_moment(people: dict[str, Person]) -> None:
    lead = records.create("lead", {"name": "张三", "source": "website"}, by=people["alice"].actor)
    Lead.objects.filter(pk=lead.pk).update(created_at=timezone.now() - dt.timedelta(days=10))
    records.update("lead", lead.pk, {"budget": "5000", "source": "referral"}, by=people["alice"].actor)
    at = timezone.now() - dt.timedelta(days=1)
    values = {"lead": lead.pk, "channel": "call", "outcome": "reached", "at": at, "body": "谈了"}
    records.create("lead_follow_up", values, by=SYSTEM)
    (one,) = chance_training.histories(timezone.now())
    then = facts_of(one.at(timezone.now() - dt.timedelta(days=3)))
    assert (then["budget"], then["source"], then["reached"], then["age"]) == ("no", "website", "never", "7")
    now = facts_of(one.at(timezone.now()))
    assert (now["budget"], now["source"], now["reached"]) == ("yes", "referral", "once")


def test_a_card_is_the_sum_of_its_facts() -> None:
    card = Scorecard(-1.0, {"budget=yes": 1.0, "budget=no": -1.0}, {"budget=yes": 0.5, "budget=no": 0.5})
    assert card.chance({"budget": "yes"}) == pytest.approx(0.5)
    ((group, fact, share),) = card.parts({"budget": "yes"})
    assert (group, fact) == ("budget", "yes")
    assert share == pytest.approx(0.5 - chance_of(-1.0))
    assert card.chance({"budget": "unknown"}) == pytest.approx(chance_of(-1.0))


def test_training_is_asked_for_by_administrators(db: None, people: dict[str, Person], client: Client) -> None:
    client.force_login(people["alice"].user)
    assert client.post("/sales/lead-chances/learn").status_code == 403
    client.force_login(people["boss"].user)
    assert client.post("/sales/lead-chances/learn").status_code == 204
    assert chances.newest() is None
