"""Clocks that jump by hours and days, both ways: nothing is done twice, nobody gets in, nothing breaks."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from kemai.customers.models import Customer
from kemai.platform.access import tokens
from kemai.platform.audit.seal import seal_all
from kemai.platform.audit.verify import verify
from kemai.platform.records import twostep
from kemai.staff.services import throttle
from tests.contracts.mcp import call
from tests.people import Person, browser, customer

pytestmark = pytest.mark.django_db
Jump = Callable[[timedelta], None]
HOURS = [timedelta(days=1), timedelta(hours=-2), timedelta(days=-3)]


@pytest.fixture
def jump(monkeypatch: pytest.MonkeyPatch) -> Jump:
    """Sets the clock of this process, for `time.time` and Django alike, so far from the right one."""
    now, seconds = timezone.now, time.time

    def to(offset: timedelta) -> None:
        monkeypatch.setattr(timezone, "now", lambda: now() + offset)
        monkeypatch.setattr(time, "time", lambda: seconds() + offset.total_seconds())

    return to


@pytest.mark.parametrize("offset", HOURS)
def test_a_write_that_is_sent_again_is_done_once(
    offset: timedelta, jump: Jump, people: dict[str, Person]
) -> None:
    def send() -> Any:
        headers = {"Authorization": f"Bearer {people['boss'].key}", "Idempotency-Key": "once"}
        body = {"name": "钟"}
        return Client().post("/api/v1/customer", body, content_type="application/json", headers=headers)

    first = send()
    jump(offset)
    assert send().json()["id"] == first.json()["id"]
    assert Customer.objects.filter(name="钟").count() == 1


def test_wrong_log_ins_are_not_forgotten_by_a_clock_that_came_back(
    jump: Jump, people: dict[str, Person]
) -> None:
    jump(timedelta())
    at = time.time() // throttle.SLOT * throttle.SLOT + 30 - time.time()  # well within ten minutes
    jump(timedelta(seconds=at))
    tried = [throttle.admit("alice", "192.0.2.1") for _time in range(6)]
    assert tried == [True] * 5 + [False]
    for offset in HOURS:
        jump(timedelta(seconds=at) + offset)
        throttle.admit("alice", "192.0.2.1")
        jump(timedelta(seconds=at))
        assert not throttle.admit("alice", "192.0.2.1")


def test_a_token_ends_by_the_clock_and_comes_back_with_it(jump: Jump, people: dict[str, Person]) -> None:
    key = tokens.issue(people["boss"].user, "x", expires_at=timezone.now() + timedelta(hours=5))[1]
    for offset, lives in ((timedelta(), True), (timedelta(days=1), False), (timedelta(hours=-2), True)):
        jump(offset)
        assert (tokens.actor_of_token(key, "127.0.0.1") is not None) is lives


@pytest.mark.parametrize("offset", HOURS)
def test_a_preview_is_no_use_at_another_time(
    offset: timedelta, jump: Jump, people: dict[str, Person]
) -> None:
    boss = people["boss"].key
    _done, told = call(boss, "preview_create", type="customer", values={"name": "预览"})
    jump(offset)
    assert call(boss, "commit", preview_id=told["preview_id"])[1]["code"] == "no_preview"
    jump(twostep.GOOD_FOR / 2)
    assert call(boss, "commit", preview_id=told["preview_id"])[0]


def test_the_log_and_its_chain_bear_it(jump: Jump, people: dict[str, Person]) -> None:
    one, boss = customer(), people["boss"]
    for number, offset in enumerate((timedelta(), *HOURS, timedelta(days=360), timedelta())):
        jump(offset)
        headers = {"Authorization": f"Bearer {boss.key}"}
        body = {"note": f"第 {number} 次"}
        path = f"/api/v1/customer/{one.pk}"
        assert Client().patch(path, body, content_type="application/json", headers=headers).status_code == 200
        seal_all()
    assert verify().faults == []
    page = browser(boss)
    for path in (f"/o/customer/{one.pk}", f"/o/customer/{one.pk}/timeline", "/", "/o/customer/"):
        assert page.get(path, headers={"HX-Request": "true"}).status_code == 200, path
