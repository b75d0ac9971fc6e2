"""Tasks and notices: who is told of what, once, in his own language."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from kemai.collab import jobs as clockwork
from kemai.collab.models import Notice, Task
from kemai.collab.services import notices, tasks
from kemai.platform import jobs, records
from kemai.platform.access import SYSTEM, Actor, Denied, NotVisible, actor_for, rights_changed
from kemai.platform.events import drain_all
from kemai.platform.models import Change, Grant, Role
from kemai.platform.records import Refused

pytestmark = pytest.mark.django_db
Person = get_user_model()


def person(username: str, scope: str = "own", language: str = "zh-hans") -> Actor:
    user = Person.objects.create(username=username, name=username, language=language)
    role = Role.objects.create(key=username, name=username)
    for verb in ("view", "create", "edit", "delete"):
        Grant.objects.create(role=role, type_key="*", verb=verb, scope=scope)
    user.roles.add(role)
    rights_changed()
    return actor_for(user)


@pytest.fixture
def alice() -> Actor:
    return person("alice")


@pytest.fixture
def bob() -> Actor:
    return person("bob", language="en")


def titles(actor: Actor) -> list[str]:
    return list(Notice.objects.filter(user=actor.user_id).order_by("pk").values_list("title", flat=True))


def test_a_task_is_made_done_and_logged(alice: Actor) -> None:
    task = tasks.create_task({"title": "打电话", "kind": "call"}, by=alice)
    assert (task.owner_id, task.state) == (alice.user_id, "open")
    done = tasks.complete_task(task.pk, by=alice, note="已约好")
    assert done.state == "done"
    assert done.done_at is not None
    assert "已约好" in done.note
    with pytest.raises(Refused):
        tasks.complete_task(task.pk, by=alice)
    records.update("task", task.pk, {"state": "open"}, by=alice)
    task.refresh_from_db()
    assert task.done_at is None
    assert Change.objects.filter(type_key="task", object_id=task.pk).count() == 3


def test_put_off_and_dropped(alice: Actor) -> None:
    due = timezone.now() + dt.timedelta(days=1)
    task = tasks.create_task({"title": "拜访", "due_at": due}, by=alice)
    moved = tasks.postpone_task(task.pk, dt.timedelta(days=2), by=alice)
    assert moved.due_at == due + dt.timedelta(days=2)
    late = tasks.create_task({"title": "旧", "due_at": timezone.now() - dt.timedelta(days=9)}, by=alice)
    moved = tasks.postpone_task(late.pk, dt.timedelta(days=1), by=alice)
    assert moved.due_at is not None
    assert moved.due_at > timezone.now() + dt.timedelta(hours=23)
    assert tasks.drop_task(task.pk, by=alice, reason="客户取消").state == "dropped"


def test_a_strangers_task_and_a_task_about_a_strangers_record_do_not_exist(alice: Actor, bob: Actor) -> None:
    task = tasks.create_task({"title": "打电话"}, by=alice)
    for act in (tasks.complete_task, tasks.drop_task):
        with pytest.raises((NotVisible, Denied)):
            act(task.pk, by=bob)
    with pytest.raises(NotVisible):
        tasks.create_task({"title": "x"}, by=bob, about=("task", task.pk))
    assert Task.objects.count() == 1


def test_the_agenda_is_cut_by_the_companys_day(alice: Actor, bob: Actor) -> None:
    now = dt.datetime(2026, 11, 20, 2, 0, tzinfo=dt.UTC)  # ten in the morning in Shanghai
    for title, hours in (("late", -1), ("today", 13), ("tomorrow", 15), ("later", 24 * 20)):
        tasks.create_task({"title": title, "due_at": now + dt.timedelta(hours=hours)}, by=alice)
    tasks.create_task({"title": "some day"}, by=alice)
    tasks.create_task({"title": "bobs", "due_at": now}, by=bob)
    found = {part: [task.title for task in rows] for part, rows in tasks.agenda(alice, now=now).items()}
    assert found == {"overdue": ["late"], "today": ["today"], "week": ["tomorrow"], "undated": ["some day"]}


def test_the_one_who_gets_a_task_is_told_in_his_language_and_the_giver_not(alice: Actor, bob: Actor) -> None:
    tasks.create_task({"title": "Call Li", "owner": bob.user_id}, by=alice)
    tasks.create_task({"title": "mine"}, by=alice)
    drain_all()
    drain_all()
    assert titles(alice) == []
    assert len(titles(bob)) == 1
    assert "Call Li" in titles(bob)[0]
    assert "alice" in titles(bob)[0]


def test_many_tasks_make_one_notice(alice: Actor, bob: Actor) -> None:
    rows = [{"title": f"回访 {number}", "kind": "callback", "owner": bob.user_id} for number in range(30)]
    ids = tasks.create_tasks(rows, by=SYSTEM, origin="chain/12", reason="唤醒")
    assert Task.objects.filter(pk__in=ids, origin="chain/12", state="open").count() == 30
    drain_all()
    assert len(titles(bob)) == 1
    assert "30" in titles(bob)[0]


def test_a_new_owner_is_told(alice: Actor, bob: Actor) -> None:
    one = tasks.create_task({"title": "A"}, by=alice)
    two = tasks.create_task({"title": "B"}, by=alice)
    drain_all()
    records.update("task", one.pk, {"owner": bob.user_id}, by=SYSTEM)
    drain_all()
    records.bulk_update("task", {two.pk: {"owner": bob.user_id}}, by=SYSTEM)
    drain_all()
    assert len(titles(bob)) == 2
    assert titles(alice) == []


@pytest.mark.row(140)
def test_whose_keys_are_changed_hears_of_it_once_and_of_nothing_else(alice: Actor, bob: Actor) -> None:
    user = get_user_model().objects.get(username="bob")
    user.set_password("harbour-lantern-42")
    user.save()
    client = Client()
    client.post(reverse("account_login"), {"login": user.username, "password": "harbour-lantern-42"})
    new = "plum-orchard-stones-7"
    form = {"oldpassword": "harbour-lantern-42", "password1": new, "password2": new}
    assert client.post(reverse("account_change_password"), form).status_code == 302
    client.post(
        reverse("preferences"), {"name": "Bobby", "language": "en", "theme": "auto", "density": "normal"}
    )
    drain_all()
    drain_all()
    assert len(titles(bob)) == 1
    assert "password" in titles(bob)[0] or "密码" in titles(bob)[0]
    assert titles(alice) == []


def test_the_end_of_long_work_is_told_to_who_began_it(alice: Actor) -> None:
    assert alice.user_id is not None
    jobs.enqueue("kemai.platform.jobs.tests.tasks.count", {"to": 1}, user=alice.user_id, title="导入客户")
    jobs.enqueue("kemai.platform.jobs.tests.tasks.give_up", user=alice.user_id, title="计算")
    drain_all()
    assert titles(alice) == ["已完成：导入客户", "未能完成：计算"]


def test_a_due_task_is_reminded_of_once_and_again_when_it_was_moved(alice: Actor) -> None:
    soon = timezone.now() + dt.timedelta(minutes=5)
    task = tasks.create_task({"title": "回电", "due_at": soon}, by=alice)
    tasks.create_task({"title": "later", "due_at": soon + dt.timedelta(days=1)}, by=alice)
    progress = jobs.Progress(jobs.enqueue("kemai.collab.jobs.remind"))
    assert (clockwork.remind(progress), clockwork.remind(progress)) == (1, 0)
    records.update("task", task.pk, {"due_at": soon + dt.timedelta(minutes=1)}, by=alice)
    assert clockwork.remind(progress) == 1
    assert titles(alice) == ["任务即将到期：回电"] * 2


def test_a_key_tells_once_and_a_dismissed_person_is_told_nothing(alice: Actor, bob: Actor) -> None:
    assert notices.notify(alice.user_id, "once", "你好")
    assert not notices.notify(alice.user_id, "once", "你好")
    Person.objects.filter(username=bob.name).update(is_active=False)
    assert not notices.notify(bob.user_id, "twice", "你好")


def test_the_pages_show_ones_own_notices_only(alice: Actor, bob: Actor) -> None:
    for number in range(3):
        notices.notify(alice.user_id, None, f"给 alice {number}")
    notices.notify(bob.user_id, None, "给 bob")
    client = Client()
    client.force_login(Person.objects.get(username=alice.name), backend="kemai.staff.adapter.Backend")
    assert client.get(reverse("notices_unread")).json() == {"unread": 3}
    drawer = client.get(reverse("notices_drawer")).content.decode()
    assert "给 alice 2" in drawer
    assert "给 bob" not in drawer
    bobs = Notice.objects.get(user=bob.user_id)
    client.post(reverse("notices_read"), {"id": bobs.pk})
    assert client.get(reverse("notices_unread")).json() == {"unread": 3}
    client.post(reverse("notices_read"))
    assert client.get(reverse("notices_unread")).json() == {"unread": 0}
    bobs.refresh_from_db()
    assert bobs.read_at is None
