"""Tasks that come again, remind, go up to the manager, and change hands."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from kemai.collab import jobs as clockwork
from kemai.collab import rules
from kemai.collab.models import Notice, Task
from kemai.collab.services import options, tasks
from kemai.kit.calendar_cn import is_workday
from kemai.platform import jobs, records
from kemai.platform.access import SYSTEM, Denied, rights_changed
from kemai.platform.events import drain_all
from kemai.platform.models import Grant, Role
from kemai.platform.records import FieldErrors, Refused
from tests.factory import make
from tests.people import Person

ZONE = ZoneInfo("Asia/Shanghai")


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZONE)


# rules


@pytest.mark.parametrize(
    ("due", "repeat", "now", "expected"),
    [
        ("2026-11-20T09:30", "daily", "2026-11-20T12:00", "2026-11-21T09:30"),
        ("2026-11-20T09:30", "daily", "2026-11-24T08:00", "2026-11-24T09:30"),
        ("2026-11-20T09:30", "workday", "2026-11-20T12:00", "2026-11-23T09:30"),  # Friday to Monday
        ("2025-09-30T09:30", "workday", "2025-09-30T12:00", "2025-10-09T09:30"),  # over the National Day week
        ("2025-09-27T09:30", "workday", "2025-09-27T12:00", "2025-09-28T09:30"),  # a Sunday that is worked
        ("2026-11-20T09:30", "weekly", "2026-11-20T12:00", "2026-11-27T09:30"),
        ("2026-01-31T09:30", "monthly", "2026-01-31T12:00", "2026-02-28T09:30"),
    ],
)
def test_when_it_is_due_again(due: str, repeat: str, now: str, expected: str) -> None:
    assert rules.next_due(at(due), repeat, ZONE, now=at(now), until=None) == at(expected)


def test_the_31st_comes_back_after_february() -> None:
    moment: dt.datetime | None = at("2026-01-31T10:00")
    days = []
    for _ in range(4):
        assert moment is not None
        moment = rules.next_due(moment, "monthly", ZONE, now=moment, until=None, anchor=31)
        assert moment is not None
        days.append((moment.astimezone(ZONE).month, moment.astimezone(ZONE).day))
    assert days == [(2, 28), (3, 31), (4, 30), (5, 31)]


def test_a_row_ends() -> None:
    now = at("2026-11-20T12:00")
    assert rules.next_due(at("2026-11-20T09:30"), "daily", ZONE, now=now, until=dt.date(2026, 11, 20)) is None


@given(
    st.dates(dt.date(2024, 1, 1), dt.date(2027, 12, 31)),
    st.sampled_from(rules.REPEATS),
    st.integers(0, 90 * 24),
    st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/New_York"]),
)
def test_it_is_later_than_both_and_keeps_the_clock(
    day: dt.date, repeat: str, hours: int, zone_name: str
) -> None:
    zone = ZoneInfo(zone_name)
    due = dt.datetime.combine(day, dt.time(10), tzinfo=zone)
    now = due + dt.timedelta(hours=hours)
    found = rules.next_due(due, repeat, zone, now=now, until=None)
    assert found is not None
    assert found > due
    assert found > now
    local = found.astimezone(zone)
    assert (local.hour, local.minute) == (due.hour, due.minute)
    if repeat == "workday":
        assert is_workday(local.date())


def test_reminders() -> None:
    due = at("2026-11-20T10:00")
    assert rules.remind_at(due, None) == due - dt.timedelta(minutes=15)
    assert rules.remind_at(due, 0) == due
    assert rules.remind_at(due, 60) == due - dt.timedelta(hours=1)


# with the database


@pytest.mark.django_db
def test_a_repeating_task_comes_again_once(people: dict[str, Person]) -> None:
    alice = people["alice"].actor
    customer = make("customer", owner=alice.user_id)
    soon = timezone.now() + dt.timedelta(hours=2)
    task = tasks.create_task(
        {"title": "周报", "due_at": soon, "repeat": "weekly"}, by=alice, about=("customer", customer.pk)
    )
    tasks.complete_task(task.pk, by=alice)
    again = Task.objects.get(state="open")
    assert (again.title, again.owner_id, again.series, again.object_id) == (
        "周报",
        alice.user_id,
        task.pk,
        customer.pk,
    )
    assert again.due_at == soon + dt.timedelta(days=7)
    records.update("task", task.pk, {"state": "open"}, by=alice)
    tasks.complete_task(task.pk, by=alice)
    assert Task.objects.filter(state="open").count() == 1
    tasks.complete_task(again.pk, by=alice)
    assert Task.objects.filter(series=task.pk, state="open").count() == 1
    with pytest.raises(FieldErrors):
        tasks.create_task({"title": "x", "repeat": "daily"}, by=alice)
    with pytest.raises(FieldErrors):
        tasks.create_task({"title": "x", "due_at": soon, "remind_minutes": 99_999}, by=alice)


@pytest.mark.django_db
@pytest.mark.row(122)
def test_the_reminder_comes_as_long_before_as_one_wants(people: dict[str, Person]) -> None:
    alice = people["alice"].actor
    due = timezone.now() + dt.timedelta(minutes=55)
    tasks.create_task({"title": "一小时前", "due_at": due, "remind_minutes": 60}, by=alice)
    tasks.create_task({"title": "平常", "due_at": due}, by=alice)
    progress = jobs.Progress(jobs.enqueue("kemai.collab.jobs.remind"))
    assert clockwork.remind(progress) == 1
    assert clockwork.remind(progress) == 0
    (notice,) = Notice.objects.filter(user=alice.user_id)
    assert (notice.kind, "一小时前" in notice.title) == ("due", True)
    tasks.create_task({"title": "昨天", "due_at": timezone.now() - dt.timedelta(days=1)}, by=alice)
    assert clockwork.begin_day(progress) == 1
    assert clockwork.begin_day(progress) == 0


@pytest.mark.django_db
def test_the_manager_hears_of_what_is_long_overdue(people: dict[str, Person]) -> None:
    alice, dora = people["alice"], people["dora"]
    alice.user.manager = dora.user
    alice.user.save()
    late = timezone.now() - dt.timedelta(days=4)
    task = tasks.create_task({"title": "拖了很久", "due_at": late}, by=alice.actor)
    tasks.create_task({"title": "刚过期", "due_at": timezone.now() - dt.timedelta(hours=5)}, by=alice.actor)
    progress = jobs.Progress(jobs.enqueue("kemai.collab.jobs.escalate"))
    assert clockwork.escalate(progress) == 1
    assert clockwork.escalate(progress) == 0
    (notice,) = Notice.objects.filter(user=dora.user.pk)
    assert "拖了很久" in notice.title
    assert "4" in notice.title
    records.update("task", task.pk, {"due_at": late + dt.timedelta(hours=1)}, by=alice.actor)
    assert clockwork.escalate(progress) == 1, "a new due moment counts anew"
    options.set_option("escalate_days", 0, by=SYSTEM)
    records.update("task", task.pk, {"due_at": late}, by=alice.actor)
    assert clockwork.escalate(progress) == 0
    options.set_option("escalate_days", 3, by=SYSTEM)


@pytest.mark.django_db
def test_a_nudge_needs_a_manager_and_a_reason(people: dict[str, Person]) -> None:
    alice, dora = people["alice"], people["dora"]
    task = tasks.create_task({"title": "报价"}, by=alice.actor)
    with pytest.raises(Denied):
        tasks.nudge(task.pk, by=dora.actor, reason="客户在催")
    alice.user.manager = dora.user
    alice.user.save()
    with pytest.raises(FieldErrors):
        tasks.nudge(task.pk, by=dora.actor, reason="  ")
    with pytest.raises(FieldErrors):
        tasks.nudge(task.pk, by=dora.actor, reason="x", due_at=timezone.now() - dt.timedelta(days=1))
    until = timezone.now() + dt.timedelta(days=1)
    assert tasks.nudge(task.pk, by=dora.actor, reason="客户在催", due_at=until).due_at == until
    drain_all()
    notice = Notice.objects.get(user=alice.user.pk, kind="nudge")
    assert (notice.text, notice.level) == ("客户在催", "warning")
    with pytest.raises(Denied):
        tasks.nudge(task.pk, by=alice.actor, reason="自己催自己")
    tasks.complete_task(task.pk, by=alice.actor)
    with pytest.raises(Refused):
        tasks.nudge(task.pk, by=dora.actor, reason="x")


@pytest.mark.django_db
@pytest.mark.row(130)
def test_one_tap_puts_off_hands_on_and_finishes(people: dict[str, Person]) -> None:
    alice, bob = people["alice"], people["bob"]
    client = Client()
    client.force_login(alice.user, backend="kemai.staff.adapter.Backend")
    task = tasks.create_task({"title": "打电话", "due_at": timezone.now()}, by=alice.actor)
    page = client.get(f"/o/task/{task.pk}/panel/handle").content.decode()
    assert "转给同事" in page
    assert "督促" not in page
    fragment = {"HX-Request": "true"}
    assert (
        client.post(reverse("task_later", args=[task.pk]), {"until": "week"}, headers=fragment).status_code
        == 204
    )
    task.refresh_from_db()
    assert task.due_at is not None
    assert timezone.localtime(task.due_at).hour == 10
    assert (
        client.post(reverse("task_later", args=[task.pk]), {"until": "x"}, headers=fragment).status_code
        == 422
    )
    assert client.get(reverse("task_reassign", args=[task.pk])).status_code == 200
    assert (
        client.post(reverse("task_reassign", args=[task.pk]), {"owner": ""}, headers=fragment).status_code
        == 422
    )
    drain_all()
    Grant.objects.create(role=Role.objects.get(key="t_sales"), type_key="task", verb="transfer", scope="own")
    rights_changed()
    moved = client.post(reverse("task_reassign", args=[task.pk]), {"owner": bob.user.pk}, headers=fragment)
    assert moved.status_code == 204
    drain_all()
    assert [notice.kind for notice in Notice.objects.filter(user=bob.user.pk)] == ["task"]
    assert client.post(reverse("task_later", args=[task.pk]), {"until": "week"}).status_code == 404
    stranger = Client()
    stranger.force_login(people["charlie"].user, backend="kemai.staff.adapter.Backend")
    for name in ("task_later", "task_reassign", "task_nudge"):
        assert stranger.post(reverse(name, args=[task.pk]), {"until": "week"}).status_code == 404


@pytest.mark.django_db
def test_the_list_of_tasks_opens_with_the_open_ones_by_due(people: dict[str, Person]) -> None:
    alice = people["alice"]
    now = timezone.now()
    for title, days in (("以后", 5), ("最急", 1)):
        tasks.create_task({"title": title, "due_at": now + dt.timedelta(days=days)}, by=alice.actor)
    old = tasks.create_task({"title": "早已做完", "due_at": now - dt.timedelta(days=90)}, by=alice.actor)
    tasks.complete_task(old.pk, by=alice.actor)
    client = Client()
    client.force_login(alice.user, backend="kemai.staff.adapter.Backend")
    body = client.get("/o/task/").content.decode()
    assert body.index("最急") < body.index("以后")
    assert "早已做完" not in body
    every = client.get("/o/task/?view=all").content.decode()
    assert "早已做完" in every
    oldest_first = client.get("/o/task/?view=all&sort=due_at").content.decode()
    assert "早已做完" in oldest_first


def test_words_for_later(settings: Any) -> None:
    now = timezone.localtime()
    assert tasks.later("tomorrow").date() == now.date() + dt.timedelta(days=1)
    assert tasks.later("week").date() == now.date() + dt.timedelta(days=7)
    assert is_workday(tasks.later("workday").date())
    assert tasks.later("hour") > now
