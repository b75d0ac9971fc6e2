"""The queue: what a job becomes, and what people may ask of it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from django.db import transaction
from django.utils import timezone
from django_tasks.base import TaskResultStatus

from kemai.platform import jobs
from kemai.platform.jobs import queue
from kemai.platform.jobs.tests import tasks
from kemai.platform.jobs.worker import is_dead, worker_name
from kemai.platform.models import Job, OutboxEvent, Setting

pytestmark = pytest.mark.django_db
HERE = "kemai.platform.jobs.tests.tasks."


def test_a_job_runs_and_its_result_is_kept(tmp_path: Path) -> None:
    job = jobs.enqueue(HERE + "note", {"file": str(tmp_path / "out"), "text": "你好"})
    assert jobs.run_all() == 1
    job.refresh_from_db()
    assert (job.state, job.result, job.attempts) == ("done", "你好", 1)
    assert (tmp_path / "out").read_text(encoding="utf-8").startswith("你好")


def test_a_job_shares_the_fate_of_its_cause() -> None:
    class Undo(Exception):
        pass

    def act() -> None:
        with transaction.atomic():
            jobs.enqueue(HERE + "fail")
            raise Undo

    with pytest.raises(Undo):
        act()
    assert not Job.objects.exists()


def test_a_key_makes_one_job_and_again_makes_room_only_after_the_end() -> None:
    first = jobs.enqueue(HERE + "count", {"to": 1}, key="refresh")
    assert jobs.enqueue(HERE + "count", {"to": 1}, key="refresh", again=True).pk == first.pk
    jobs.run_all()
    assert jobs.enqueue(HERE + "count", {"to": 1}, key="refresh").pk == first.pk
    second = jobs.enqueue(HERE + "count", {"to": 1}, key="refresh", again=True)
    assert second.pk != first.pk
    assert jobs.run_all() == 1


def test_a_failing_job_is_tried_again_with_growing_pauses_and_then_stays_failed() -> None:
    job = jobs.enqueue(HERE + "fail", {"text": "坏了"}, max_attempts=3)
    pauses = []
    for _attempt in range(3):
        Job.objects.update(run_at=timezone.now())
        jobs.run_all()
        job.refresh_from_db()
        pauses.append(job.run_at - timezone.now())
    assert pauses[0] < pauses[1]
    assert (job.state, job.attempts, job.error) == ("failed", 3, "ValueError: 坏了")
    assert jobs.run_all() == 0
    assert jobs.retry(job.pk)
    assert jobs.run_all() == 1


def test_a_fatal_failure_is_not_tried_again_and_shows_its_sentence() -> None:
    job = jobs.enqueue(HERE + "give_up")
    jobs.run_all()
    job.refresh_from_db()
    assert (job.state, job.attempts, job.error) == ("failed", 1, "文件已损坏")


def test_a_task_whose_code_is_gone_fails_with_its_name() -> None:
    job = jobs.enqueue("kemai.nowhere.task")
    jobs.run_all()
    job.refresh_from_db()
    assert job.state == "failed"
    assert "kemai.nowhere.task" in job.error


def test_an_atomic_task_that_fails_leaves_nothing_behind() -> None:
    job = jobs.enqueue(HERE + "write_then_fail")
    jobs.run_all()
    assert not Setting.objects.filter(key__startswith="test/").exists()
    Job.objects.update(run_at=timezone.now())
    jobs.run_all()
    job.refresh_from_db()
    assert job.state == "done"
    assert Setting.objects.filter(key__startswith="test/").count() == 1


def test_cancelled_at_a_checkpoint() -> None:
    job = jobs.enqueue(HERE + "cancel_myself")
    jobs.run_all()
    job.refresh_from_db()
    assert job.state == "cancelled"
    assert not jobs.cancel(job.pk)


def test_paused_and_resumed_without_losing_an_attempt() -> None:
    job = jobs.enqueue(HERE + "pause_myself")
    jobs.run_all()
    job.refresh_from_db()
    assert (job.state, job.done, job.attempts) == ("paused", 2, 0)
    assert jobs.run_all() == 0
    assert jobs.resume(job.pk)
    jobs.run_all()
    job.refresh_from_db()
    assert (job.state, job.result) == ("done", "finished")


def test_a_waiting_job_is_cancelled_or_paused_at_once() -> None:
    one, two = jobs.enqueue(HERE + "fail"), jobs.enqueue(HERE + "fail")
    assert jobs.cancel(one.pk)
    assert jobs.pause(two.pk)
    assert jobs.run_all() == 0


def test_jobs_that_are_due_later_wait_and_urgent_ones_go_first(tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    jobs.enqueue(HERE + "note", {"file": out, "text": "later"}, run_at=timezone.now() + dt.timedelta(hours=1))
    jobs.enqueue(HERE + "note", {"file": out, "text": "second"})
    jobs.enqueue(HERE + "note", {"file": out, "text": "first"}, priority=5)
    assert jobs.run_all() == 2
    lines = (tmp_path / "out").read_text(encoding="utf-8").splitlines()
    assert [line.split()[0] for line in lines] == ["first", "second"]


def test_a_titled_job_of_a_person_tells_of_its_end(django_user_model: type) -> None:
    user = django_user_model.objects.create(username="alice", name="Alice")  # type: ignore[attr-defined]
    job = jobs.enqueue(HERE + "count", {"to": 2}, user=user, title="数数")
    jobs.enqueue(HERE + "count", {"to": 2})
    jobs.run_all()
    event = OutboxEvent.objects.get(name="job.done")
    assert (event.object_id, event.payload) == (job.pk, {"user": user.pk, "title": "数数"})


def test_a_worker_that_was_given_up_on_does_not_write_over_its_heir() -> None:
    job = jobs.enqueue(HERE + "count", {"to": 1})
    (old,) = queue.claim("old", ["default"])
    assert queue.take_back(job.pk, old.leased_until, "lost")
    (new,) = queue.claim("new", ["default"])
    jobs.runner.execute(old, jobs.Progress(old))
    job.refresh_from_db()
    assert (job.state, job.worker, job.attempts) == ("running", "new", 2)
    jobs.runner.execute(new, jobs.Progress(new))
    job.refresh_from_db()
    assert job.state == "done"


def test_a_job_that_kills_its_worker_every_time_fails_in_the_end() -> None:
    job = jobs.enqueue(HERE + "count", {"to": 1}, max_attempts=2)
    for _attempt in range(2):
        (held,) = queue.claim("w", ["default"])
        queue.take_back(job.pk, held.leased_until, "the worker was lost")
    job.refresh_from_db()
    assert (job.state, job.error) == ("failed", "the worker was lost")


def test_a_renewed_lease_is_not_taken_back() -> None:
    job = jobs.enqueue(HERE + "count", {"to": 1})
    (held,) = queue.claim("w", ["default"])
    assert queue.renew("w", [job.pk], dt.timedelta(seconds=60)) == set()
    assert not queue.take_back(job.pk, held.leased_until, "lost")
    assert queue.renew("somebody else", [job.pk]) == {job.pk}


def test_leases_of_the_past_and_of_the_far_future_are_doubted() -> None:
    for _number in range(3):
        jobs.enqueue(HERE + "count", {"to": 1})
    now = timezone.now()
    held = queue.claim("w", ["default"], 3)
    for job, hours in zip(held, (-1, 0, 5), strict=True):
        Job.objects.filter(pk=job.pk).update(leased_until=now + dt.timedelta(hours=hours, seconds=5))
    doubtful = set(queue.doubtful_leases().values_list("pk", flat=True))
    assert doubtful == {held[0].pk, held[2].pk}


def test_after_the_clock_was_set_back_waiting_jobs_are_due_at_once() -> None:
    job = jobs.enqueue(HERE + "count", {"to": 1})
    planned = jobs.enqueue(HERE + "count", {"to": 1}, run_at=timezone.now() + dt.timedelta(days=1))
    ahead = timezone.now() + dt.timedelta(hours=2)
    Job.objects.filter(pk=job.pk).update(created_at=ahead, run_at=ahead)
    assert jobs.run_all() == 0
    assert queue.mend_clock() == 1
    assert jobs.run_all() == 1
    planned.refresh_from_db()
    assert planned.state == "waiting"


def test_a_dead_process_is_known_to_be_dead_only_on_its_own_machine() -> None:
    mine = worker_name()
    assert not is_dead(mine)
    where, pid, rest = mine.split("/", 2)
    assert pid.isdecimal()
    gone = 4_000_000
    assert is_dead(f"{where}/{gone}/{rest}") == (where != "-")
    assert not is_dead(f"elsewhere/{gone}/{rest}")
    assert not is_dead("direct")


def test_the_api_of_django_tasks() -> None:
    result = tasks.double.enqueue(21)
    later = tasks.double.using(run_after=timezone.now() + dt.timedelta(days=1)).enqueue(1)
    named = tasks.context_id.enqueue()
    assert result.status == TaskResultStatus.READY
    jobs.run_all()
    result.refresh()
    assert (result.status, result.return_value) == (TaskResultStatus.SUCCESSFUL, 42)
    assert tasks.context_id.get_result(named.id).return_value == named.id
    later.refresh()
    assert later.status == TaskResultStatus.READY


def test_a_child_process_answers_fails_and_dies() -> None:
    good = jobs.enqueue(HERE + "in_child", {"numbers": [1, 2, 3]})
    bad = jobs.enqueue(HERE + "in_child", {"numbers": [13]}, max_attempts=1)
    dead = jobs.enqueue(HERE + "in_child", {"numbers": [66]}, max_attempts=1)
    jobs.run_all()
    for job in (good, bad, dead):
        job.refresh_from_db()
    assert (good.state, good.result, good.done, good.total, good.message) == ("done", 6, 3, 3, "adding")
    assert bad.state == "failed"
    assert "unlucky" in bad.error
    assert dead.state == "failed"
    assert "66" in dead.error


def test_a_cancelled_job_ends_its_child() -> None:
    job = jobs.enqueue(HERE + "in_child", {"numbers": [99]})
    (held,) = queue.claim("w", ["default"])
    jobs.cancel(job.pk)
    jobs.runner.execute(held, jobs.Progress(held))
    job.refresh_from_db()
    assert job.state == "cancelled"


def test_what_waits_for_something_outside_loses_no_attempt() -> None:
    job = jobs.enqueue(f"{__name__}.waits_for_others", max_attempts=1)
    assert jobs.run_all() == 1
    job.refresh_from_db()
    assert (job.state, job.attempts, job.error) == ("waiting", 0, "the mail server is away")
    assert timezone.now() < job.run_at < timezone.now() + dt.timedelta(seconds=8)


def waits_for_others(_progress: jobs.Progress) -> None:
    raise jobs.Later(7, "the mail server is away")
