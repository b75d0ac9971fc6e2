"""Reading page after page by hand: counted without writing, warned, refused until the hour is over, and told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import DatabaseError
from django.urls import reverse

from kemai.collab.models import Notice
from kemai.platform import access
from kemai.platform.access import actor_for, reading
from kemai.platform.events import drain_all
from kemai.platform.exports import Order, write
from kemai.platform.models import ChangeSet, Grant, RateCount, Role, Setting
from tests.factory import make
from tests.people import Person, browser

pytestmark = pytest.mark.django_db


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """36 records an hour, so that a test need not make twenty thousand; the time is the middle of an hour."""
    monkeypatch.setattr(reading, "LEAST", 10)
    monkeypatch.setattr(reading, "hour_window", lambda: 500_000)
    Setting.objects.create(key="access.limits", value={"page_rows_hour": 36})
    access.rights_changed()


def test_page_after_page_is_warned_refused_and_told(people: dict[str, Person], small: None) -> None:
    auditor = Role.objects.create(key="t_audit", name="audit")
    Grant.objects.create(role=auditor, type_key="audit", verb="view", scope="all")
    people["nobody"].user.roles.add(auditor)
    access.rights_changed()
    for n in range(30):
        make("customer", name=f"甲{n}", owner=people["alice"].user.pk)
    for _n in range(10):
        make("lead", owner=people["alice"].user.pk)
    page = browser(people["alice"])
    for _again in range(3):
        assert page.get("/o/customer/").status_code == 200
    drain_all()
    (warned,) = Notice.objects.filter(user=people["alice"].user)
    assert ("30" in warned.title, "36" in warned.title, warned.level) == (True, True, "warning")

    refused = page.get("/o/lead/")
    assert refused.status_code == 429
    assert "超过 36 条" in refused.content.decode()
    assert 0 < int(refused.headers["Retry-After"]) <= 3600
    piece = page.get("/o/customer/", headers={"HX-Request": "true"})
    assert (piece.status_code, "36" in json.loads(piece.headers["HX-Trigger"])["toast"]["text"]) == (
        429,
        True,
    )
    assert page.get("/").status_code == 200
    drain_all()
    told = Notice.objects.exclude(user=people["alice"].user)
    assert set(told.values_list("user__username", flat=True)) == {"boss", "nobody"}
    assert ChangeSet.objects.get(kind="limit").actor == people["alice"].user
    assert browser(people["bob"]).get("/o/lead/").status_code == 200


def test_what_was_written_is_done_and_said_so(people: dict[str, Person], small: None) -> None:
    """A write is never refused for what its answer shows."""
    keys = [make("customer", name=f"甲{n}", owner=people["alice"].user.pk).pk for n in range(40)]
    page = browser(people["alice"])
    assert page.get("/o/customer/").status_code == 429
    answer = page.post(
        f"/o/customer/{keys[0]}/field/note", {"note": "已电话联系"}, headers={"HX-Request": "true"}
    )
    assert (answer.status_code, "已电话联系" in answer.content.decode()) == (200, True)


def test_a_post_that_writes_nothing_is_reading(people: dict[str, Person], small: None) -> None:
    keys = [make("customer", name=f"甲{n}", owner=people["alice"].user.pk).pk for n in range(40)]
    page = browser(people["alice"])
    assert page.get("/o/customer/").status_code == 429
    place = f"/o/customer/{keys[0]}/edit"
    wrong = {"name": "", "version": "1"}
    refused = page.post(place, wrong, headers={"HX-Request": "true"})
    assert (refused.status_code, "甲0" in refused.content.decode()) == (429, False)
    assert "Content-Security-Policy" in refused.headers
    assert page.post("/me/", {"language": "zh-hans"}).status_code != 429, "no record in it"


def test_another_process_knows_and_the_hour_ends(
    people: dict[str, Person], small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(37):
        make("customer", name=f"甲{n}", owner=people["alice"].user.pk)
    page = browser(people["alice"])
    assert page.get("/o/customer/").status_code == 429
    reading.forget()
    make("lead", owner=people["alice"].user.pk)
    assert page.get("/o/customer/").status_code == 429
    monkeypatch.setattr(reading, "hour_window", lambda: 500_001)
    assert page.get("/o/lead/").status_code == 200


def test_a_role_may_read_more_or_less(people: dict[str, Person], small: None) -> None:
    for n in range(37):
        make("customer", name=f"甲{n}", owner=people["alice"].user.pk)
    role = Role.objects.get(key="t_sales")
    page, boss = browser(people["alice"]), browser(people["boss"])
    assert page.get("/o/customer/").status_code == 429
    typed = {"name": role.name, "grant-*-view": "own", "page_rows_hour": "1000", "api_rows_hour": ""}
    assert boss.post(f"/settings/roles/{role.pk}/", {**typed, "page_rows_hour": "9"}).status_code == 422
    assert boss.post(f"/settings/roles/{role.pk}/", typed).status_code == 302
    assert page.get("/o/customer/").status_code == 200
    assert access.reading_limit(actor_for(people["alice"].user), "api_rows_hour") == 10_000
    assert 'value="1000"' in boss.get(f"/settings/roles/{role.pk}/").content.decode()
    own = Role.objects.get(key="t_boss")
    Role.objects.create(key="second", name="second", is_admin=True).users.add(people["dora"].user)
    refused = {"name": own.name, "is_admin": "1", "page_rows_hour": "100000"}
    assert boss.post(f"/settings/roles/{own.pk}/", refused).status_code == 409


def test_reading_does_not_depend_on_writing(
    people: dict[str, Person], small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[str] = []

    def full(bucket: str, *_more: Any) -> int:
        tries.append(bucket)
        raise DatabaseError("database or disk is full")

    monkeypatch.setattr(reading, "count_up", full)
    for n in range(30):
        make("customer", name=f"甲{n}", owner=people["alice"].user.pk)
    page = browser(people["alice"])
    for _again in range(4):
        assert page.get("/o/customer/").status_code == 200
    assert len(tries) == 1
    for _n in range(10):
        make("lead", owner=people["alice"].user.pk)
    assert page.get("/o/lead/").status_code == 429


def test_an_export_is_counted_as_an_export(people: dict[str, Person], small: None) -> None:
    for n in range(40):
        make("customer", name=f"甲{n}")
    boss = browser(people["boss"])
    with reading.page_of(people["boss"].actor, brake=True):
        assert write(people["boss"].actor, Order("customer")).rows == 40
    assert boss.get(reverse("chain_export")).status_code == 200
    assert boss.get("/o/lead/").status_code == 200


def test_few_pages_write_nothing_and_many_are_told_apart(people: dict[str, Person]) -> None:
    for n in range(30):
        make("customer", name=f"甲{n}", owner=people["alice"].user.pk)
    assert browser(people["alice"]).get("/o/customer/").status_code == 200
    assert not RateCount.objects.filter(bucket__startswith="pages:").exists()
    hour = reading.Hour(1)
    assert len({reading.slot(1, key) for key in range(9000)}) > 8500
    for _again in range(2):
        for start in range(0, 20_000, 50):
            hour.add("customer" if start % 100 else "lead", range(start, start + 50))
    assert abs(hour.count - 20_000) < 200
