"""Schedules: the company's clock, one run a slot, one catch-up after downtime."""

from __future__ import annotations

import datetime as dt

import pytest

from kemai.platform import jobs
from kemai.platform.jobs import schedules
from kemai.platform.models import Job

pytestmark = pytest.mark.django_db
COUNT = "kemai.platform.jobs.tests.tasks.count"


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> list[schedules.Schedule]:
    found: list[schedules.Schedule] = []
    monkeypatch.setattr(schedules, "schedules", lambda: found)
    monkeypatch.setattr(schedules, "_seen", {})
    return found


def test_a_daily_slot_is_in_the_companys_time(only: list[schedules.Schedule]) -> None:
    nightly = schedules.Schedule("nightly", COUNT, 150, 0, "", "default")
    # 02:30 in Shanghai is 18:30 UTC the day before
    assert nightly.slot(utc("2026-11-21T18:29"))[0] == "nightly@2026-11-20T02:30"[:8] + "2026-11-21T02:30"
    assert nightly.slot(utc("2026-11-21T18:30"))[0] == "nightly@2026-11-22T02:30"


def test_one_slot_makes_one_job_and_downtime_is_made_up_for_once(only: list[schedules.Schedule]) -> None:
    only.append(schedules.Schedule("nightly", COUNT, 150, 0, "夜间计算", "default"))
    assert schedules.tick(utc("2026-11-20T10:00")) == []  # just installed: last night was not missed
    assert schedules.tick(utc("2026-11-20T18:31")) == ["nightly@2026-11-21T02:30"]
    schedules._seen.clear()  # another worker
    assert schedules.tick(utc("2026-11-20T18:32")) == []
    assert schedules.tick(utc("2026-11-25T03:00")) == ["nightly@2026-11-25T02:30"]
    assert schedules.tick(utc("2026-11-25T01:00")) == []  # the clock was set back
    waiting = Job.objects.filter(state="waiting")
    assert [(job.title, job.task) for job in waiting] == [("夜间计算", COUNT)] * 2


def test_every_so_many_minutes(only: list[schedules.Schedule]) -> None:
    only.append(schedules.Schedule("often", COUNT, None, 15, "", "default"))
    made = [key for minute in range(60) for key in schedules.tick(utc(f"2026-11-20T10:{minute:02}"))]
    assert made == [f"often@2026-11-20T10:{minute:02}Z" for minute in (0, 15, 30, 45)]


def test_impossible_schedules_are_refused_when_declared() -> None:
    for wrong in ({}, {"at": "02:30", "every": 5}, {"every": 7}, {"at": "25:00"}):
        with pytest.raises(ValueError, match="wrong"):
            jobs.schedule("wrong", **wrong)


def test_the_platforms_own_schedule_sweeps_what_is_old() -> None:
    names = {one.name for one in schedules.schedules()}
    assert "housekeeping" in names
    old = jobs.enqueue(COUNT, {"to": 1})
    failed = jobs.enqueue("kemai.platform.jobs.tests.tasks.give_up")
    jobs.run_all()
    Job.objects.update(finished_at=utc("2020-01-01T00:00"))
    jobs.enqueue("kemai.platform.jobs.housekeeping.sweep")
    jobs.run_all()
    assert not Job.objects.filter(pk=old.pk).exists()
    assert Job.objects.filter(pk=failed.pk).exists()
