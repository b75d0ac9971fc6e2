"""The pages of pools: what a seller, a keeper and an outsider get."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from kemai.platform import records
from kemai.platform.access import SYSTEM
from kemai.platform.events import drain_all
from kemai.sales.models import CustomerKeeping, Lead, LeadKeeping, LeadRoute, Pool, PoolRule
from kemai.sales.services.pools import routing, settings, why
from kemai.sales.services.pools.kinds import KINDS, today
from kemai.sales.tests.test_pools import lying, make_pool, make_rule
from tests.people import Person, browser, crowd, customer

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def people() -> dict[str, Person]:
    return crowd()


def text(client: Client, url: str, **more: Any) -> str:
    return client.get(url, **more).content.decode()


@pytest.mark.row(37)
def test_the_seller_claims_on_the_page_and_reads_why_not(people: dict[str, Person]) -> None:
    pool = make_pool(daily_most="1", departments=[people["alice"].user.department_id])
    one, two = lying(pool, name="甲公司", phone="13800138000"), lying(pool, name="乙公司")
    alice, charlie = browser(people["alice"]), browser(people["charlie"])
    page = text(alice, f"/pools/{pool.pk}")
    assert "甲公司" in page
    assert "13800138000" not in page
    assert charlie.get(f"/pools/{pool.pk}").status_code == 404
    assert charlie.post(f"/pools/claim/customer/{one.pk}", headers=HTMX).status_code == 404
    assert "已领取" in alice.post(f"/pools/claim/customer/{one.pk}", headers=HTMX).content.decode()
    refused = alice.post(f"/pools/claim/customer/{two.pk}", headers=HTMX).content.decode()
    assert "每天最多 1 个" in refused
    assert "每天最多 1 个" in text(alice, f"/customers/{two.pk}/claim", headers=HTMX)
    many = alice.post(
        "/pools/claim/customer", {"ids": [one.pk, two.pk], "step": "run"}, headers=HTMX
    ).content.decode()
    assert "领到 0 个，共选 2 个" in many
    assert "已经在您名下" in many
    back = alice.post(f"/customers/{one.pk}/give-back", {"reason": ""}, headers=HTMX)
    assert back.status_code == 422
    boss = browser(people["boss"])
    assert boss.post(f"/customers/{one.pk}/give-back", {"reason": "太远"}, headers=HTMX).status_code == 200
    assert CustomerKeeping.objects.get(pk=one.pk).pool_reason == "太远"
    assert "太远" in text(boss, f"/o/customer/{one.pk}")


@pytest.mark.row(40)
def test_days_left_and_why_are_on_the_record(people: dict[str, Person]) -> None:
    make_rule(make_pool(), days=30, since=today() - dt.timedelta(days=300))
    one = customer(people["alice"])
    CustomerKeeping.objects.filter(pk=one.pk).update(received_on=today() - dt.timedelta(days=27))
    from kemai.sales.services.pools.keeping import refresh_due

    refresh_due(KINDS["customer"], [one.pk])
    alice = browser(people["alice"])
    page = text(alice, f"/o/customer/{one.pk}")
    assert "3 天后退回公海" in page
    told = text(alice, f"/o/customer/{one.pk}/why/return_due_on", headers=HTMX)
    assert "接手那天" in told
    assert "加上 30 天" in told
    listed = text(alice, "/o/customer?sort=return_due_on&columns=name,return_due_on", follow=True)
    assert (today() + dt.timedelta(days=3)).isoformat() in listed
    assert alice.get("/pools/mine/customer").status_code == 302


@pytest.mark.row(39)
def test_a_rule_is_rehearsed_and_a_heavy_one_wants_a_yes(people: dict[str, Person]) -> None:
    pool = make_pool(keepers=[people["dora"].user.pk])
    for n in range(3):
        one = customer(people["alice"], name=f"客户{n}")
        CustomerKeeping.objects.filter(pk=one.pk).update(received_on=today() - dt.timedelta(days=90))
    dora = browser(people["dora"])
    rule = {
        "event": "follow_up",
        "days": "30",
        "active": "1",
        "since": (today() - dt.timedelta(days=200)).isoformat(),
    }
    assert browser(people["alice"]).get(f"/pools/manage/{pool.pk}").status_code == 403
    seen = dora.post(f"/pools/manage/{pool.pk}/rules/rehearse", rule, headers=HTMX).content.decode()
    assert "今晚会退回它管的 3 条里的 3 条" in seen
    refused = dora.post(f"/pools/manage/{pool.pk}/rules/new", rule)
    assert refused.status_code == 422
    assert not PoolRule.objects.exists()
    assert dora.post(f"/pools/manage/{pool.pk}/rules/new", {**rule, "confirm": "1"}).status_code == 302
    assert (
        dora.post(f"/pools/manage/{pool.pk}/rules/new", {**rule, "since": "", "days": "0"}).status_code == 422
    )
    desk = text(dora, f"/pools/manage/{pool.pk}")
    assert "30 天没有跟进" in desk
    stored = PoolRule.objects.get()
    assert dora.post(f"/pools/manage/{pool.pk}/rules/{stored.pk}/delete").status_code == 302
    assert dora.get("/pools/manage/new").status_code == 403


@pytest.mark.row(37)
def test_a_pool_is_set_up_on_screen(people: dict[str, Person]) -> None:
    boss = browser(people["boss"])
    given = {
        "name": "华东",
        "kind": "lead",
        "active": "1",
        "daily_most": "x",
        "departments": [people["alice"].user.department_id],
    }
    assert boss.post("/pools/manage/new", given).status_code == 422
    assert boss.post("/pools/manage/new", {**given, "daily_most": "5"}).status_code == 302
    pool = Pool.objects.get()
    assert (pool.daily_most, pool.hold_most, pool.takes_new) == (5, None, False)
    for page in (
        f"/pools/manage/{pool.pk}/edit",
        f"/pools/manage/{pool.pk}",
        "/pools/manage",
        f"/pools/{pool.pk}",
    ):
        assert boss.get(page).status_code == 200


@pytest.mark.row(42)
def test_new_leads_go_to_somebody_and_say_why(people: dict[str, Person]) -> None:
    make_pool(kind="lead", name="线索公海")
    boss = browser(people["boss"])
    alice, bob = people["alice"].user.pk, people["bob"].user.pk
    route = {
        "name": "官网线索", "method": "rotation", "people": [alice, bob], "active": "1", "sticky": "1",
        "opens": "00:00", "closes": "24:00", "capacity": "",
        "where": '{"field": "source", "op": "in", "value": ["website"]}',
    }  # fmt: skip
    assert boss.post("/settings/lead-routes/new", route).status_code == 302
    made = [
        records.create("lead", {"name": f"张{n}", "company": f"公司{n % 2}", "source": "website"}, by=SYSTEM)
        for n in range(3)
    ]
    other = records.create("lead", {"name": "李四", "source": "phone"}, by=SYSTEM)
    drain_all()
    owners = list(
        Lead.objects.filter(pk__in=[one.pk for one in made]).order_by("pk").values_list("owner", flat=True)
    )
    assert owners == [alice, bob, alice]  # the third is of the first one's company
    basis = LeadKeeping.objects.get(pk=made[2].pk).given_basis
    assert basis["why"] == "company"
    assert any("同一家公司" in line for line in why.basis_steps(basis))
    panel = text(boss, f"/o/lead/{made[2].pk}/panel/given", headers=HTMX)
    assert "官网线索" in panel
    assert LeadKeeping.objects.get(pk=other.pk).pool is not None
    stored = LeadRoute.objects.get()
    settings.save_route(
        stored,
        {**vars(stored), "active": True, "opens": "09:00", "closes": "18:00", "people": stored.people},
        by=SYSTEM,
    )
    late = records.create("lead", {"name": "王五", "source": "website"}, by=SYSTEM)
    night = dt.datetime.combine(today(), dt.time(3), dt.timezone(dt.timedelta(hours=8)))
    assert routing.route_leads([late.pk], now=night) == 0
    assert routing.route_leads([late.pk], now=night.replace(hour=10)) == 1
    # alice tells of her leave herself: bob gets the next two, and the reason says so
    mine = {"name": "Alice", "phone": "", "language": "zh-hans", "theme": "auto", "density": "normal"}
    leave = {"away_from": f"{today()}", "away_until": f"{today() + dt.timedelta(days=3)}"}
    her = browser(people["alice"])
    assert her.post("/me/", {**mine, **leave, "away_until": ""}).status_code == 422
    assert her.post("/me/", {**mine, **leave}).status_code == 302
    while_away = [
        records.create("lead", {"name": f"赵{n}", "source": "website"}, by=SYSTEM) for n in range(2)
    ]
    keys = [one.pk for one in while_away]
    assert routing.route_leads(keys, now=night.replace(hour=10)) == 2
    assert set(Lead.objects.filter(pk__in=keys).values_list("owner", flat=True)) == {bob}
    told = why.basis_steps(LeadKeeping.objects.get(pk=keys[0]).given_basis)
    assert any("Alice" in line and "休假" in line for line in told)
    assert f"休假 {today()} 至" in text(boss, "/settings/lead-routes")
    assert boss.get("/settings/lead-routes").status_code == 200
    assert boss.get(f"/settings/lead-routes/{stored.pk}").status_code == 200
