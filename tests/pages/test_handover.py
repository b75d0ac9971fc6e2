"""The hand-over desk: everything of a leaver goes over in one act, is reported, told, and can be taken back."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from kemai.collab.models import Notice, Task
from kemai.collab.services.tasks import create_task
from kemai.customers.models import Customer, Interaction
from kemai.platform import events, records
from kemai.platform.access import SYSTEM
from kemai.platform.jobs import run_all
from kemai.platform.models import ApiToken, ChangeSet, ObjectDef, OwnerChange, Role
from kemai.platform.objects import meta_changed
from kemai.staff.models import Department
from kemai.staff.services import handover
from kemai.staff.services.handover import Wish
from tests.equipment import define_equipment, define_field, equipment_of
from tests.people import Person, person

pytestmark = [pytest.mark.django_db, pytest.mark.row(45)]


@pytest.fixture
def admin(people: dict[str, Person]) -> Person:
    return person("adele", None, Role.objects.get(key="admin"))


@pytest.fixture
def estate(people: dict[str, Person]) -> list[int]:
    """alice leaves six customers, each with an open task, one done task and a conversation."""
    alice = people["alice"].user.pk
    keys = [records.create("customer", {"name": f"客户{n}", "owner": alice}, by=SYSTEM).pk for n in range(6)]
    for key in keys:
        create_task({"title": "回电", "owner": alice}, by=SYSTEM, about=("customer", key))
    create_task({"title": "旧", "owner": alice, "state": "done"}, by=SYSTEM, about=("customer", keys[0]))
    talk = {
        "customer": keys[0],
        "channel": "call",
        "at": "2026-11-01 10:00",
        "owner": alice,
        "subject": "聊",
    }
    records.create("interaction", talk, by=SYSTEM)
    events.drain_all()
    Notice.objects.all().delete()
    return keys


def browser(person: Person) -> Client:
    client = Client()
    client.force_login(person.user)
    return client


def owners(model: Any = Customer) -> Counter[str]:
    return Counter(model.objects.values_list("owner__name", flat=True))


def form(people: dict[str, Person], **more: Any) -> dict[str, Any]:
    receivers = [people["bob"].user.pk, people["charlie"].user.pk]
    wish = {"types": ["customer", "task"], "method": "rotation", "receivers": receivers, "deactivate": "1"}
    return wish | more


def test_everything_goes_over_in_one_act(people: dict[str, Person], admin: Person, estate: list[int]) -> None:
    alice = people["alice"]
    url = f"/settings/users/{alice.user.pk}/handover/"
    client, hers = browser(admin), browser(alice)
    page = client.get(url).content.decode()
    assert "未完成的任务" in page
    assert "互动" not in page.split("2. 交给谁")[0], "who spoke with a customer stays as it was"
    preview = client.post(url + "preview/", form(people)).content.decode()
    assert preview.count('<td class="num">3</td>') == 4, "three customers and three tasks each"
    started = client.post(url, form(people, reason="张三离职"))
    assert hers.get("/").status_code == 302, "the session died at once"
    assert not ApiToken.objects.filter(user=alice.user).exists()
    run_all()
    events.drain_all()
    assert owners() == {"Bob": 3, "Charlie": 3}
    assert owners(Interaction) == {"Alice": 1}
    assert dict(Task.objects.filter(state="done").values_list("title", "owner__name")) == {"旧": "Alice"}
    for task in Task.objects.filter(state="open"):
        assert task.owner == Customer.objects.get(pk=task.object_id or 0).owner, (
            "tasks follow their customers"
        )
    report = client.get(started.headers["Location"]).content.decode()
    assert "12 条已经换了负责人" in report
    assert set(OwnerChange.objects.values_list("reason", flat=True)) == {"张三离职"}
    told = Notice.objects.filter(user=people["bob"].user)
    assert [one.title for one in told] == ["Alice 离职，交接给您：客户 3、任务 3"], (
        "one notice, not one a chunk"
    )
    changes = ChangeSet.objects.get(kind="handover")
    assert changes.count == 12
    records.update("customer", estate[0], {"owner": people["dora"].user.pk}, by=SYSTEM)
    client.post(f"/changes/{changes.pk}/undo")
    assert owners() == {"Alice": 5, "Dora": 1}, "what was moved on since is kept"
    assert "已经撤销" in client.get(started.headers["Location"]).content.decode()


def test_to_the_ones_with_the_fewest_but_not_to_those_on_leave(
    people: dict[str, Person], admin: Person, estate: list[int]
) -> None:
    bob, charlie, dora = (people[name].user for name in ("bob", "charlie", "dora"))
    for n in range(3):
        records.create("customer", {"name": f"旧{n}", "owner": bob.pk}, by=SYSTEM)
    wish = Wish(
        people["alice"].user.pk, ("customer",), "load", (bob.pk, charlie.pk, dora.pk), without=(dora.pk,),
        spare=(Customer.objects.get(pk=estate[0]).number,), deactivate=False,
    )  # fmt: skip
    (line,) = handover.preview(wish, by=admin.actor)
    assert line.to == {charlie.pk: 4, bob.pk: 1}
    handover.start(wish, by=admin.actor)
    run_all()
    assert owners() == {"Alice": 1, "Bob": 4, "Charlie": 4}
    assert people["alice"].user.is_active


def test_to_a_department_by_weight(people: dict[str, Person], admin: Person, estate: list[int]) -> None:
    bob, charlie = people["bob"].user, people["charlie"].user
    weights = ((bob.pk, 2), (charlie.pk, 1))
    wish = Wish(people["alice"].user.pk, ("customer",), "weights", (bob.pk, charlie.pk), weights)
    assert handover.preview(wish, by=admin.actor)[0].to == {bob.pk: 4, charlie.pk: 2}
    whole = Wish(people["alice"].user.pk, ("customer",), "rotation", departments=(charlie.department_id,))
    assert set(handover.preview(whole, by=admin.actor)[0].to) == {
        one.pk for one in type(bob).objects.filter(department=charlie.department_id, is_active=True)
    }


def test_a_job_that_is_cut_off_goes_on_with_the_rest(
    people: dict[str, Person], admin: Person, estate: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    from kemai.platform.jobs import Progress

    monkeypatch.setattr(handover, "CHUNK", 2)
    wish = Wish(people["alice"].user.pk, ("customer",), "one", (people["bob"].user.pk,))
    changes, job = handover.start(wish, by=admin.actor)
    calls = []

    class Cut(Exception):
        pass

    def progress(done: int, total: int | None = None, message: str | None = None) -> None:
        calls.append(done)
        if len(calls) == 2:
            raise Cut

    with pytest.raises(Cut):
        handover.work(progress, **job.args)  # type: ignore[arg-type]
    assert owners() == {"Alice": 2, "Bob": 4}
    handover.work(Progress(job), **job.args)
    assert owners() == {"Bob": 6}
    changes.refresh_from_db()
    assert (changes.outcome or {})["lines"]["customer"] == {str(people["bob"].user.pk): 6}


def test_bad_wishes_are_told_and_nothing_typed_is_lost(
    people: dict[str, Person], admin: Person, estate: list[int]
) -> None:
    client, url = browser(admin), f"/settings/users/{people['alice'].user.pk}/handover/"
    refused = client.post(url, form(people, receivers=[], reason="张三离职"))
    assert refused.status_code == 422
    assert "请选择接收人" in refused.content.decode()
    assert "张三离职" in refused.content.decode()
    assert client.post(url, form(people, types=[])).status_code == 422
    to_self = client.post(url, form(people, receivers=[people["alice"].user.pk]))
    assert to_self.status_code == 422
    assert owners() == {"Alice": 6}
    assert people["alice"].user.is_active


def test_the_desk_is_for_administrators(people: dict[str, Person], estate: list[int]) -> None:
    director = person("diana", None, Role.objects.get(key="director"))
    url = f"/settings/users/{people['alice'].user.pk}/handover/"
    assert browser(director).get(url).status_code == 403
    assert browser(director).post(url, form(people)).status_code == 403
    assert owners() == {"Alice": 6}


def test_own_fields_that_name_the_leaver_go_over_and_come_back(
    people: dict[str, Person], admin: Person, estate: list[int]
) -> None:
    """On an own object with an owner, on one that belongs to customers, and on customers themselves: with the record
    where that goes over too, else in turn; what was not chosen stays; a record that a rule refuses is named."""
    alice, bob, charlie = (people[name].user.pk for name in ("alice", "bob", "charlie"))
    define_equipment(), define_equipment("machine")
    define_field("customer", "server", "服务人", "user")
    define_field("customer", "second", "替补", "user", default=alice)
    ObjectDef.objects.filter(key="equipment").update(options={"unique": [["model", "keeper"]]})
    with transaction.atomic():
        meta_changed()
    mine = records.create(
        "equipment", equipment_of(estate[0], keeper=alice, owner=alice, model="A"), by=SYSTEM
    )
    held = records.create("equipment", equipment_of(estate[0], keeper=alice, owner=bob, model="B"), by=SYSTEM)
    twin = records.create(
        "equipment", equipment_of(estate[0], keeper=charlie, owner=bob, model="B"), by=SYSTEM
    )
    part = records.create("machine", equipment_of(estate[1], keeper=alice), by=SYSTEM)
    records.update("customer", estate[2], {"server": alice, "second": alice}, by=SYSTEM)
    client, url = browser(admin), f"/settings/users/{alice}/handover/"
    page = client.get(url).content.decode()
    assert "设备 · 保管人" in page
    assert "客户 · 替补" in page
    assert "请改默认值" in page
    types = ["customer", "equipment", "equipment.keeper", "machine.keeper", "customer.server"]
    # charlie first: the customers go charlie, bob, charlie, …
    wish = form(people, types=types, receivers=[charlie, bob])
    preview = client.post(url + "preview/", wish).content.decode()
    assert "机器 · 保管人" in preview
    assert "替补" not in preview
    started = client.post(url, wish)
    run_all()
    events.drain_all()
    for one in (mine, held, twin, part):
        one.refresh_from_db()
    assert mine.extra["keeper"] == mine.owner_id == charlie, "with its record"
    assert part.extra["keeper"] == Customer.objects.get(pk=estate[1]).owner_id == bob, "with its customer"
    third = Customer.objects.get(pk=estate[2])
    assert (third.extra["server"], third.extra["second"]) == (third.owner_id, alice)
    assert held.extra["keeper"] == alice, "charlie has one of that model already"
    report = client.get(started.headers["Location"]).content.decode()
    assert "7 条已经换了负责人，3 处字段换成了接手的同事" in report
    assert "没有交接的记录" in report
    assert "设备 · 保管人 1" in " ".join(Notice.objects.values_list("title", flat=True))
    changes = ChangeSet.objects.get(kind="handover")
    client.post(f"/changes/{changes.pk}/undo")
    for one in (mine, part, third):
        one.refresh_from_db()
    assert {mine.extra["keeper"], mine.owner_id, part.extra["keeper"], third.extra["server"]} == {alice}


def test_a_department_that_is_dissolved_is_replaced_where_own_fields_name_it(
    people: dict[str, Person], admin: Person, estate: list[int]
) -> None:
    define_equipment()
    define_field("customer", "served_by", "服务部门", "department")
    now = timezone.now()
    old, new = (
        Department.objects.create(name=name, created_at=now, updated_at=now) for name in ("旧部", "新部")
    )
    unit = records.create("equipment", equipment_of(estate[0], division=old.pk), by=SYSTEM)
    records.update("customer", estate[0], {"served_by": old.pk}, by=SYSTEM)
    client, url = browser(admin), f"/settings/departments/{old.pk}/delete/"
    asked = client.post(url).content.decode()
    assert "设备 · 部门" in asked
    assert "客户 · 服务部门" in asked
    living = Department.objects.filter(pk=old.pk, deleted_at=None)
    assert living.exists(), "first it is asked"
    refused = client.post(url, {"asked": "1", "fields": ["equipment.division"], "heir": ""})
    assert refused.status_code == 422
    started = client.post(url, {"asked": "1", "fields": ["equipment.division"], "heir": new.pk})
    run_all()
    assert "查看变更和撤销" in client.get(started.headers["Location"]).content.decode()
    unit.refresh_from_db()
    assert not living.exists()
    history = browser(people["boss"]).get(f"/o/equipment/{unit.pk}/history").content.decode()
    assert "旧部" in history, "one still reads what it was called"
    assert unit.extra["division"] == new.pk
    assert Customer.objects.get(pk=estate[0]).extra["served_by"] == old.pk, "not chosen"
    changes = ChangeSet.objects.get(kind="dissolve")
    client.post(f"/changes/{changes.pk}/undo")
    unit.refresh_from_db()
    assert unit.extra["division"] == old.pk
