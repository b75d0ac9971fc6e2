"""Data health: shares that match a plain count, checks that are asked for and answered."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from kemai.collab.models import Task
from kemai.customers.models import Customer, CustomerFacts, HealthCount
from kemai.customers.services import health, recheck
from kemai.customers.tests.conftest import Browsers, Shelf
from kemai.platform import access, jobs, records
from kemai.platform.access import SYSTEM
from kemai.platform.records import FieldErrors
from tests.people import Person


@pytest.fixture
def company(shelf: Shelf) -> list[Customer]:
    made = [shelf.customer(f"客户{n}", "alice" if n < 3 else "charlie") for n in range(5)]
    Customer.objects.filter(pk=made[0].pk).update(phone="+8613800138000", region="330106", validity="valid")
    Customer.objects.filter(pk=made[3].pk).update(email="a@example.com")
    CustomerFacts.objects.filter(customer=made[0]).update(verified_at=timezone.now() - timedelta(days=10))
    CustomerFacts.objects.filter(customer=made[1]).update(verified_at=timezone.now() - timedelta(days=200))
    return made


@pytest.mark.row(111)
def test_shares_are_those_of_a_plain_count(company: list[Customer], people: dict[str, Person]) -> None:
    health.count_all()
    found = {line.measure.key: (line.good, line.total) for line in health.read(people["boss"].actor).lines}
    assert found["reachable"] == (2, 5)
    assert found["fresh"] == (1, 5)
    assert found["located"] == (1, 5)
    mine = {line.measure.key: (line.good, line.total) for line in health.read(people["alice"].actor).lines}
    assert mine["reachable"] == (1, 3)
    assert {name for name, _n, _shares in health.read(people["alice"].actor).owners} == {"Alice"}


@pytest.mark.row(10)
def test_own_standards_are_counted_and_broken_ones_say_nothing(
    company: list[Customer], people: dict[str, Person]
) -> None:
    boss = people["boss"].actor
    one = records.create("entry_standard", {"name": "有电话", "target": 95}, by=boss)
    health.set_condition(one, {"field": "phone", "op": "not_empty"}, by=boss)
    gone = records.create("entry_standard", {"name": "坏的", "target": 95}, by=boss)
    health.set_condition(gone, {"field": "no_such_field", "op": "not_empty"}, by=boss)
    health.count_all()
    assert HealthCount.objects.filter(measure=f"standard/{one.pk}", good=1).exists()
    assert not HealthCount.objects.filter(measure=f"standard/{gone.pk}").exists()
    with pytest.raises(FieldErrors):
        records.create("entry_standard", {"name": "x", "target": 300}, by=boss)


@pytest.mark.row(19)
def test_stale_records_are_asked_about_and_answered(
    company: list[Customer], people: dict[str, Person]
) -> None:
    CustomerFacts.objects.filter(customer=company[2]).update(value_class="high")
    owners, tasks, waiting = recheck.rehearse(180, 1)
    assert (owners, tasks, waiting >= tasks) == (2, 2, True)
    assert recheck.weekly(180, 1, 7) == 2  # one for each owner
    assert recheck.rehearse(180, 1)[:2] == (0, 0)
    mine = Task.objects.get(origin=recheck.ORIGIN, owner=people["alice"].user)
    assert mine.object_id == company[2].pk  # the most valuable first
    assert recheck.weekly(180, 1, 7) == 0  # nobody gets more than their share
    recheck.answer(company[2].pk, "confirmed", by=people["alice"].actor)
    mine.refresh_from_db()
    assert mine.state == "done"
    company[2].refresh_from_db()
    assert company[2].validity == "valid"
    assert company[2].facts.verified_at is not None
    with pytest.raises(access.NotVisible):
        recheck.answer(company[3].pk, "confirmed", by=people["alice"].actor)
    with pytest.raises(FieldErrors):
        recheck.save_rules({"days": "abc"}, by=SYSTEM)


@pytest.mark.row(111)
def test_the_page(company: list[Customer], browsers: Browsers, people: dict[str, Person]) -> None:
    assert "还没有统计过" in browsers["boss"].get("/insight/health").content.decode()
    health.count_all()
    assert "health/progress" in browsers["boss"].post("/insight/health/count").content.decode()
    assert "health/progress" in browsers["alice"].get("/insight/health").content.decode(), "others see it too"
    assert browsers["alice"].get("/insight/health/progress").json()["state"] == "waiting"
    jobs.run_all()
    assert browsers["alice"].get("/insight/health/progress").json()["state"] == "done"
    ended = browsers["alice"].get("/insight/health/progress", headers={"HX-Request": "true"})
    assert ended.headers["HX-Redirect"] == "/insight/health"
    page = browsers["boss"].get("/insight/health").content.decode()
    assert "health/progress" not in page
    assert "可联系" in page
    assert "40" in page
    saved = {"on": "1", "days": "200", "per_owner": "5", "due_days": "7"}
    assert browsers["alice"].post("/insight/health/recheck", saved).status_code == 403
    assert browsers["alice"].get("/insight/health/recheck/rehearse", saved).status_code == 403
    assert "预演" in browsers["boss"].get("/insight/health").content.decode(), (
        "before anything was counted, too"
    )
    told = browsers["boss"].get("/insight/health/recheck/rehearse", saved).content.decode()
    assert "位客户该核对" in told
    assert (
        "请填写" in browsers["boss"].get("/insight/health/recheck/rehearse", {"days": "x"}).content.decode()
    )
    assert browsers["boss"].post("/insight/health/recheck", saved).status_code == 302
    assert recheck.rules()["days"] == 200
    one = records.create("entry_standard", {"name": "有电话", "target": 95}, by=people["boss"].actor)
    assert browsers["boss"].get(f"/o/entry_standard/{one.pk}").status_code == 200
    where = '{"all": [{"field": "phone", "op": "not_empty"}]}'
    assert browsers["boss"].post(f"/insight/health/standards/{one.pk}", {"where": where}).status_code == 204
    one.refresh_from_db()
    assert one.where
    bad = browsers["boss"].post(
        f"/insight/health/standards/{one.pk}", {"where": '{"field": "nope", "op": "eq"}'}
    )
    assert bad.status_code == 409
