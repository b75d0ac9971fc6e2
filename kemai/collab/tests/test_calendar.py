"""The calendar and its feeds: everything that is one's own, nothing that is not."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from kemai.collab.models import CalendarFeed
from kemai.collab.services import tasks
from kemai.collab.services.calendar import Event, dates, feeds
from kemai.kit.calendar_cn import LunarDate
from kemai.kit.lunar_names import short_name
from kemai.platform import records
from kemai.platform.access import SYSTEM, rights_changed
from kemai.platform.models import FieldRule, Grant
from kemai.platform.records import Refused
from tests.factory import make
from tests.people import Person

ZONE = ZoneInfo("Asia/Shanghai")


def browser(person: Person) -> Client:
    client = Client()
    client.force_login(person.user, backend="kemai.staff.adapter.Backend")
    return client


def noon(days: int = 0) -> dt.datetime:
    return timezone.localtime().replace(hour=12, minute=0, second=0, microsecond=0) + dt.timedelta(days=days)


@pytest.fixture
def tomorrow(people: dict[str, Person]) -> dt.date:
    """A day on which alice has a task, a visit and a customer's birthday, and charlie a task."""
    day = noon(1)
    alice = people["alice"].user.pk
    customer = make(
        "customer", owner=alice, name="李寿星", birthday=day.date().replace(year=1984).isoformat()
    )
    tasks.create_task({"title": "交报价", "due_at": day}, by=people["alice"].actor)
    make("interaction", customer=customer.pk, channel="visit", at=day.isoformat(), owner=alice)
    tasks.create_task({"title": "别人的事", "due_at": day}, by=people["charlie"].actor)
    return day.date()


@pytest.mark.django_db
@pytest.mark.row(130)
@pytest.mark.parametrize("view", dates.VIEWS)
def test_each_view_shows_ones_own_and_not_a_strangers(
    view: str, people: dict[str, Person], tomorrow: dt.date
) -> None:
    body = browser(people["alice"]).get(f"/calendar/?view={view}&day={tomorrow}").content.decode()
    assert "交报价" in body
    assert "拜访 李寿星" in body
    assert "李寿星 生日" in body
    assert "别人的事" not in body
    charlie = people["charlie"].user.pk
    body = (
        browser(people["alice"]).get(f"/calendar/?view={view}&day={tomorrow}&who={charlie}").content.decode()
    )
    assert "别人的事" not in body
    dora = browser(people["dora"])
    alices = dora.get(f"/calendar/?view={view}&day={tomorrow}&who={people['alice'].user.pk}").content.decode()
    assert "交报价" in alices
    only = dora.get(
        f"/calendar/?view={view}&day={tomorrow}&layer=birthday&who={people['alice'].user.pk}"
    ).content.decode()
    assert "交报价" not in only
    assert "李寿星 生日" in only


@pytest.mark.django_db
def test_who_may_not_read_birthdays_has_none(people: dict[str, Person], tomorrow: dt.date) -> None:
    role = people["alice"].actor.role_ids[0]
    FieldRule.objects.create(role_id=role, type_key="customer", field="birthday", level="hidden")
    rights_changed()
    body = browser(people["alice"]).get(f"/calendar/?view=day&day={tomorrow}").content.decode()
    assert "生日</" not in body.replace("生日</span>", "")
    assert "李寿星 生日" not in body


@pytest.mark.django_db
def test_an_entry_is_moved_through_the_write_door_and_taken_back(
    people: dict[str, Person], tomorrow: dt.date
) -> None:
    task = tasks.create_task({"title": "改期", "due_at": noon(1)}, by=people["alice"].actor)
    alice = browser(people["alice"])
    values = {"key": f"task/{task.pk}", "day": (tomorrow + dt.timedelta(days=3)).isoformat()}
    answer = alice.post(reverse("calendar_move"), values, headers={"Accept": "application/json"})
    assert answer.status_code == 200
    task.refresh_from_db()
    assert task.due_at == noon(4), "the hour stays"
    alice.post(answer.json()["undo_url"], headers={"Accept": "application/json"})
    task.refresh_from_db()
    assert task.due_at == noon(1)
    for who, status in (("charlie", 404), ("nobody", 404), ("bob", 403)):
        refused = browser(people[who]).post(
            reverse("calendar_move"), values, headers={"Accept": "application/json"}
        )
        assert refused.status_code == status, who
    for bad in ({"key": "task/x"}, {"key": "user/1"}, {"day": "never"}, {"day": "9999-01-01"}):
        answer = alice.post(
            reverse("calendar_move"), {**values, **bad}, headers={"Accept": "application/json"}
        )
        assert answer.status_code in {404, 422}, bad
    task.refresh_from_db()
    assert task.due_at == noon(1)


@pytest.mark.django_db
def test_festivals_lunar_days_and_days_that_are_worked(people: dict[str, Person]) -> None:
    boss = browser(people["boss"])
    body = boss.get("/calendar/?view=month&day=2025-10-01").content.decode()
    for words in ("国庆节", "中秋节", "重阳节", "班"):
        assert words in body
    assert "除夕" in boss.get("/calendar/?view=month&day=2026-02-01").content.decode()
    user = people["boss"].user
    user.language = "en"
    user.save()
    english = boss.get("/calendar/?view=month&day=2025-10-01").content.decode()
    assert "National Day" in english
    assert "初" not in english
    for nonsense in ("view=x", "day=x", "day=0001-01-01", "who=abc", "layer=zzz", "day=9999-12-31"):
        assert boss.get(f"/calendar/?{nonsense}").status_code == 200


def test_lunar_days_as_wall_calendars_print_them() -> None:
    assert [short_name(LunarDate(2026, month, day)) for month, day in ((1, 1), (1, 2), (12, 1), (6, 30))] == [
        "正月", "初二", "腊月", "三十",
    ]  # fmt: skip
    assert short_name(LunarDate(2025, 6, 1, leap=True)) == "闰六月"


def test_spans_are_whole_weeks_and_arrows_lead_to_neighbours() -> None:
    day = dt.date(2026, 2, 10)
    span = dates.span_of("month", day, [])
    assert (span.first, span.last) == (dt.date(2026, 1, 26), dt.date(2026, 3, 1))
    assert dates.step("month", dt.date(2026, 1, 31), 1) == dt.date(2026, 2, 1)
    assert dates.step("month", dt.date(2026, 3, 31), -1) == dt.date(2026, 2, 1)
    assert dates.step("week", day, -1) == dt.date(2026, 2, 3)


# feeds


def parsed(content: bytes) -> Any:
    return icalendar.Calendar.from_ical(content)


@pytest.mark.django_db
def test_a_feed_says_what_its_person_may_see_now(people: dict[str, Person], tomorrow: dt.date) -> None:
    alice = browser(people["alice"])
    page = alice.post(
        reverse("calendar_feeds"), {"name": "手机", "layer": ["task", "birthday"]}
    ).content.decode()
    feed = CalendarFeed.objects.get()
    token = page.split("/calendar/feed/")[1].split(".ics")[0]
    assert token not in alice.get(reverse("calendar_feeds")).content.decode(), "told once"
    assert feed.digest == feeds.digest(token)
    outside = Client()
    answer = outside.get(f"/calendar/feed/{token}.ics")
    assert answer.headers["Content-Type"].startswith("text/calendar")
    found = {str(one["summary"]): one for one in parsed(answer.content).walk("VEVENT")}
    assert "交报价" in found
    assert "别人的事" not in found
    assert not any("拜访" in title for title in found), "not among the chosen layers"
    assert found["李寿星 生日"]["dtstart"].dt == tomorrow
    assert found["交报价"]["dtstart"].dt == noon(1)
    Grant.objects.filter(role__in=people["alice"].actor.role_ids, verb="view").delete()
    rights_changed()
    assert list(parsed(outside.get(f"/calendar/feed/{token}.ics").content).walk("VEVENT")) == []
    people["alice"].user.is_active = False
    people["alice"].user.save()
    assert outside.get(f"/calendar/feed/{token}.ics").status_code == 404


@pytest.mark.django_db
def test_a_revoked_address_leads_nowhere_and_only_its_owner_revokes(people: dict[str, Person]) -> None:
    feed, token = feeds.make("电脑", [], by=people["alice"].actor)
    assert feeds.answer(token) is not None
    bob = browser(people["bob"])
    assert bob.post(reverse("calendar_feed_revoke", args=[feed.pk])).status_code == 404
    assert feeds.answer(token) is not None
    browser(people["alice"]).post(reverse("calendar_feed_revoke", args=[feed.pk]))
    assert feeds.answer(token) is None
    assert Client().get("/calendar/feed/nonsense.ics").status_code == 404
    for _ in range(feeds.MOST):
        feeds.make("x", [], by=people["alice"].actor)
    with pytest.raises(Refused):
        feeds.make("x", [], by=people["alice"].actor)
    assert browser(people["alice"]).post(reverse("calendar_feeds"), {"name": ""}).status_code in {409, 422}


@pytest.mark.parametrize("name", ["Asia/Shanghai", "Europe/Berlin", "America/New_York"])
def test_the_zone_of_a_feed_is_the_zones_own(name: str, settings: Any) -> None:
    """Every moment, read with the VTIMEZONE that came along, is the one that was meant, across changes of the clock."""
    settings.TIME_ZONE = name
    timezone.get_default_timezone.cache_clear()  # type: ignore[attr-defined]
    zone = ZoneInfo(name)
    moments = [dt.datetime(2026, month, 15, 9, 30, tzinfo=zone) for month in range(1, 13)]
    events = [
        Event(f"task/{n}", at.date(), "标题; 带, 符号\\ 和很长很长的中文" * 4, "task", at=at)
        for n, at in enumerate(moments)
    ]
    content = feeds.written(events, "日历", dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    timezone.get_default_timezone.cache_clear()  # type: ignore[attr-defined]
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    calendar = parsed(content)
    (rules,) = calendar.walk("VTIMEZONE")
    assert str(rules["tzid"]) == name
    own = rules.to_tz(lookup_tzid=False)
    for event, at in zip(calendar.walk("VEVENT"), moments, strict=True):
        naive = event["dtstart"].dt.replace(tzinfo=None)
        assert naive.replace(tzinfo=own).utcoffset() == at.utcoffset()
        assert str(event["summary"]).startswith("标题; 带, 符号\\ 和")


@pytest.mark.django_db
def test_birthdays_of_a_year_come_each_year(people: dict[str, Person]) -> None:
    make("customer", owner=people["alice"].user.pk, name="闰日", birthday="1992-02-29")
    records.update("customer", make("customer", owner=people["alice"].user.pk).pk, {"name": "无"}, by=SYSTEM)
    _feed, token = feeds.make("x", ["birthday"], by=people["alice"].actor)
    content = feeds.answer(token)
    assert content is not None
    days = [one["dtstart"].dt for one in parsed(content).walk("VEVENT")]
    assert days
    assert all((day.month, day.day) in {(2, 28), (2, 29)} for day in days)
