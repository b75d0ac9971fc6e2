"""The pages of changes, the recycle bin, the audit, owners and retention, as people use them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from kemai.collab.models import Task
from kemai.customers.models import Contact, Customer, Order
from kemai.platform import records
from kemai.platform.access import SYSTEM
from kemai.platform.audit.seal import seal_all
from kemai.platform.jobs import run_all
from kemai.platform.models import AuditEntry, ChangeSet, Grant, OwnerChange, Role, SearchDoc, StoredFile
from kemai.platform.records import purge
from kemai.platform.ui.lists import recycle
from tests.people import Person, person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_leftovers() -> None:
    cache.clear()


def browser(person: Person) -> Client:
    client = Client()
    client.force_login(person.user)
    return client


def text_of(client: Client, url: str, **more: Any) -> str:
    response = client.get(url, **more)
    assert response.status_code == 200, f"{url}: {response.status_code}"
    return response.content.decode()


def customer(owner: Person | None = None, **values: Any) -> Customer:
    given = {"name": "张伟", "owner": owner.user.pk if owner else None, **values}
    made = records.create("customer", given, by=SYSTEM)
    assert isinstance(made, Customer)
    return made


def order_of(customer: Customer) -> None:
    values = {"customer": customer.pk, "ordered_at": "2026-11-01 10:00", "amount": "10"}
    records.create("order", values, by=SYSTEM)


@pytest.fixture
def director(people: dict[str, Person]) -> Person:
    """Sees all business data, and administers nothing."""
    return person("diana", None, Role.objects.get(key="director"))


# Changes --------------------------------------------------------------------------------------------------------------


@pytest.mark.row(13)
def test_a_mass_change_is_looked_at_taken_back_and_redone(people: dict[str, Person]) -> None:
    boss = people["boss"]
    keys = [customer(name=f"客户{n}").pk for n in range(3)]
    changes = records.bulk_update(
        "customer", {key: {"note": "新"} for key in keys}, by=boss.actor, reason="试试"
    )
    records.update("customer", keys[2], {"note": "后来"}, by=boss.actor)
    client = browser(boss)
    assert "试试" in text_of(client, "/changes/")
    assert "可撤销" in text_of(client, f"/changes/{changes.pk}/")
    preview = text_of(client, f"/changes/{changes.pk}/preview")
    assert "将恢复 2 条" in preview
    assert "1 处保持不变" in preview
    assert "客户2" in preview
    assert "之后又被修改过" in preview
    done = client.post(f"/changes/{changes.pk}/undo")
    assert list(Customer.objects.order_by("pk").values_list("note", flat=True)) == ["", "", "后来"]
    result = text_of(client, done.headers["Location"])
    assert "已撤销 2 条" in result
    assert "可重做" in result
    again = client.post(f"/changes/{changes.pk}/undo", headers={"Accept": "application/json"})
    assert again.status_code == 409
    assert "已经撤销过了" in again.json()["message"]
    client.post(done.headers["Location"] + "undo")
    assert list(Customer.objects.order_by("pk").values_list("note", flat=True)) == ["新", "新", "后来"]


def test_a_large_undo_runs_in_the_background(
    people: dict[str, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    from kemai.platform.ui.trail import changes as page

    monkeypatch.setattr(page, "AT_ONCE", 1)
    keys = [customer().pk for _n in range(3)]
    changes = records.bulk_update("customer", {key: {"note": "新"} for key in keys}, by=people["boss"].actor)
    client = browser(people["boss"])
    shown = client.post(f"/changes/{changes.pk}/undo", headers={"HX-Request": "true"}).content.decode()
    assert 'data-island="progress"' in shown
    assert Customer.objects.filter(note="新").count() == 3
    run_all()
    assert Customer.objects.filter(note="新").count() == 0
    assert "已撤销 3 条" in text_of(client, f"/changes/{changes.pk}/done")


def test_other_peoples_changes_are_not_there(people: dict[str, Person]) -> None:
    mine = customer(people["alice"])
    changes = records.bulk_update("customer", {mine.pk: {"note": "x"}}, by=people["boss"].actor)
    client = browser(people["alice"])
    assert client.get(f"/changes/{changes.pk}/").status_code == 404
    assert client.post(f"/changes/{changes.pk}/undo").status_code == 404
    assert client.post(f"/undo/{changes.pk}").status_code == 403
    assert "试试" not in text_of(client, "/changes/?whose=all&single=1")
    assert Customer.objects.get().note == "x"


def test_names_that_the_reader_may_not_see_are_not_shown(people: dict[str, Person]) -> None:
    """An administrator looks after everybody's changes, and does not thereby read customers."""
    admin = person("adele", None, Role.objects.get(key="admin"))
    keys = [customer(name=f"秘密客户{n}").pk for n in range(2)]
    changes = records.bulk_update(
        "customer", {key: {"note": "也秘密"} for key in keys}, by=people["boss"].actor
    )
    client = browser(admin)
    shown = text_of(client, f"/changes/{changes.pk}/records") + text_of(
        client, f"/changes/{changes.pk}/preview"
    )
    assert f"#{keys[0]}" in shown
    assert "秘密" not in shown


# The bin --------------------------------------------------------------------------------------------------------------


@pytest.mark.row(142)
def test_deleted_records_are_found_and_come_back_with_what_belongs_to_them(people: dict[str, Person]) -> None:
    one = customer(people["alice"], name="好客户")
    contact = records.create("contact", {"name": "李经理", "customer": one.pk}, by=SYSTEM)
    order_of(one)
    client = browser(people["alice"])
    page = client.get(f"/o/customer/{one.pk}/delete").content.decode()
    assert "一起移到回收站" in page
    client.post(f"/o/customer/{one.pk}/delete")
    assert not Contact.objects.filter(deleted_at=None).exists()
    assert not Order.objects.filter(deleted_at=None).exists()
    assert client.get("/bin/").headers["Location"] == "/bin/customer"
    shown = text_of(client, "/bin/customer?q=好客")
    assert "好客户" in shown
    assert "Alice" in shown
    assert "30 天" in shown
    assert "好客户" not in text_of(client, "/bin/customer?q=别的")
    assert "所属的客户也已删除" in text_of(client, "/bin/contact")
    client.post("/bin/contact/restore", {"ids": [contact.pk]})
    assert Contact.objects.get().deleted_at is None
    assert Customer.objects.get().deleted_at is None, "the customer comes back with its contact"
    assert Order.objects.get().deleted_at is None


@pytest.mark.row(142)
def test_what_was_deleted_last_stands_first(
    people: dict[str, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recycle, "SHOWN", 1)
    first, second = (customer(people["alice"], name=name) for name in ("先建的", "后建的"))
    records.delete("customer", [second.pk], by=people["alice"].actor)
    records.delete("customer", [first.pk], by=people["alice"].actor)
    client = browser(people["alice"])
    page = text_of(client, "/bin/customer")
    assert "先建的" in page
    assert "后建的" not in page
    assert "后建的" in text_of(client, f"/bin/customer?before={first.pk}")
    assert "先建的" in text_of(client, f"/bin/customer?before={second.pk + 1}"), (
        "no such record: the first page"
    )


def test_everything_at_once(people: dict[str, Person]) -> None:
    keys = [customer(people["alice"]).pk for _n in range(4)]
    records.delete("customer", keys, by=people["alice"].actor)
    browser(people["alice"]).post("/bin/customer/restore", {"all": "1"})
    assert Customer.objects.filter(deleted_at=None).count() == 4


def test_others_deletions_are_not_shown(people: dict[str, Person]) -> None:
    one = customer(people["charlie"], name="别人的")
    records.delete("customer", [one.pk], by=people["charlie"].actor)
    client = browser(people["alice"])
    assert "别人的" not in text_of(client, "/bin/customer")
    client.post("/bin/customer/restore", {"ids": [one.pk]})
    assert Customer.objects.get().deleted_at is not None


def test_a_deletion_is_undone_with_all_that_went(people: dict[str, Person]) -> None:
    one = customer()
    records.create("contact", {"name": "李", "customer": one.pk}, by=SYSTEM)
    changes = records.delete("customer", [one.pk], by=SYSTEM)
    assert changes.count == 2
    records.undo(changes.pk, by=SYSTEM)
    assert Contact.objects.get().deleted_at is None


def test_what_is_too_old_goes_for_good(people: dict[str, Person], settings: Any, tmp_path: Any) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    settings.MEDIA_ROOT = str(tmp_path)
    old, young = customer(name="旧"), customer(name="新")
    stored = records.attach("customer", old.pk, SimpleUploadedFile("a.txt", b"secret"), by=SYSTEM)
    records.create("contact", {"name": "李", "customer": old.pk}, by=SYSTEM)
    order_of(old)
    records.delete("customer", [old.pk, young.pk], by=SYSTEM)
    month_ago = timezone.now() - timedelta(days=31)
    for model in (Customer, Contact, Order):
        model.objects.filter(deleted_at__isnull=False).exclude(
            pk=young.pk if model is Customer else 0
        ).update(deleted_at=month_ago)
    admin = person("adele", None, Role.objects.get(key="admin"))
    assert "现在彻底删除 3 条" in text_of(browser(admin), "/settings/keeping/")
    assert purge.purge() == {"order": 1, "contact": 1, "customer": 1}
    assert list(Customer.objects.values_list("name", flat=True)) == ["新"]
    assert not StoredFile.objects.filter(pk=stored.pk).exists()
    assert not (tmp_path / stored.path).exists()
    assert not SearchDoc.objects.filter(doc__contains="旧").exists()
    assert ChangeSet.objects.filter(kind="purge").count() == 3, "that it happened stays known"


def test_limits_are_for_administrators_and_say_what_they_take(director: Person) -> None:
    admin = person("adele", None, Role.objects.get(key="admin"))
    assert browser(director).get("/settings/keeping/").status_code == 403
    client = browser(admin)
    refused = client.post("/settings/keeping/", {"undo_days": "0", "bin_days": "10", "audit_days": "90"})
    assert refused.status_code == 422
    assert "1 到 365" in refused.content.decode()
    assert "183 到 3650" in refused.content.decode()
    client.post("/settings/keeping/", {"undo_days": "7", "bin_days": "10", "audit_days": "200"})
    assert 'value="7"' in text_of(client, "/settings/keeping/")


# Owners ---------------------------------------------------------------------------------------------------------------


@pytest.mark.row(46)
def test_every_door_leaves_the_owner_in_the_history(people: dict[str, Person]) -> None:
    alice, bob, boss = people["alice"], people["bob"], people["boss"]
    one = customer(alice)
    records.update("customer", one.pk, {"owner": bob.user.pk}, by=boss.actor, reason="换区")
    records.bulk_update("customer", {one.pk: {"owner": alice.user.pk}}, by=boss.actor)
    mine = Customer.objects.filter(pk=one.pk)
    changes = records.transfer("customer", mine, bob.user.pk, by=boss.actor, reason="请假", rule="轮值 3")
    records.undo(changes.pk, by=boss.actor)
    pairs = list(OwnerChange.objects.order_by("pk").values_list("old__name", "new__name", "reason", "rule"))
    assert pairs == [
        ("Alice", "Bob", "换区", ""),
        ("Bob", "Alice", "", ""),
        ("Alice", "Bob", "请假", "轮值 3"),
        ("Bob", "Alice", f"undo {changes.pk}", ""),
    ]
    shown = text_of(browser(boss), f"/o/customer/{one.pk}/owners")
    assert "换区" in shown
    assert "轮值 3" in shown


def test_a_transfer_takes_open_tasks_along(people: dict[str, Person]) -> None:
    from kemai.collab.services.tasks import create_task

    alice, bob, boss = people["alice"], people["bob"], people["boss"]
    one = customer(alice)
    about = ("customer", one.pk)
    hers = create_task({"title": "回电", "owner": alice.user.pk}, by=SYSTEM, about=about)
    done = create_task({"title": "旧", "owner": alice.user.pk, "state": "done"}, by=SYSTEM, about=about)
    others = create_task({"title": "别的", "owner": boss.user.pk}, by=SYSTEM, about=about)
    client = browser(boss)
    form = text_of(client, f"/o/customer/{one.pk}/transfer")
    assert "未完成的任务（1）" in form
    empty = client.post(f"/o/customer/{one.pk}/transfer", {"owner": ""})
    assert empty.status_code == 422
    client.post(f"/o/customer/{one.pk}/transfer", {"owner": bob.user.pk, "along": ["task"], "reason": "调岗"})
    owners = dict(Task.objects.values_list("pk", "owner__name"))
    assert owners == {hers.pk: "Bob", done.pk: "Alice", others.pk: "Boss"}
    assert Customer.objects.get().owner == bob.user


def test_who_may_not_edit_may_not_transfer(people: dict[str, Person]) -> None:
    one = customer(people["alice"])
    response = browser(people["bob"]).post(f"/o/customer/{one.pk}/transfer", {"owner": people["bob"].user.pk})
    assert response.status_code in {403, 404}
    assert Customer.objects.get().owner == people["alice"].user


def test_many_change_hands_from_the_list(people: dict[str, Person]) -> None:
    keys = [customer(people["alice"]).pk for _n in range(2)]
    client = browser(people["boss"])
    sent = {"ids": keys, "step": "run", "owner": people["bob"].user.pk, "reason": "调岗", "along": ["task"]}
    assert client.post("/o/customer/bulk/assign", sent, headers={"HX-Request": "true"}).status_code == 200
    assert set(OwnerChange.objects.values_list("new__name", "reason")) == {("Bob", "调岗")}
    assert ChangeSet.objects.filter(kind="transfer", count=2).exists()


# The audit ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def auditor(people: dict[str, Person]) -> Person:
    return person("audrey", None, Role.objects.get(key="auditor"))


@pytest.mark.row(138)
def test_the_auditor_finds_who_changed_what(people: dict[str, Person], auditor: Person) -> None:
    one = customer(name="张伟")
    records.update("customer", one.pk, {"note": "旧的说明"}, by=people["boss"].actor)
    records.update("customer", one.pk, {"note": "新的说明"}, by=people["boss"].actor, reason="客户来电")
    records.update("customer", one.pk, {"phone": "13812345678"}, by=SYSTEM)
    seal_all()
    client = browser(auditor)
    assert "客户来电" in text_of(client, "/audit/")
    for asked in (
        {"who": str(people["boss"].user.pk)},
        {"type": "customer", "record": one.number},
        {"type": "customer", "record": str(one.pk)},
        {"field": "note"},
        {"kind": "update", "type": "customer"},
        {"from": timezone.localdate().isoformat(), "to": timezone.localdate().isoformat()},
    ):
        assert "客户来电" in text_of(client, "/audit/", data=asked), asked
    for asked in (
        {"who": str(auditor.user.pk)},
        {"field": "phone"},
        {"kind": "delete"},
        {"to": "2020-01-01"},
    ):
        assert "客户来电" not in text_of(client, "/audit/", data=asked), asked
    entry = AuditEntry.objects.get(reason="客户来电")
    shown = text_of(client, f"/audit/{entry.seq}")
    assert "旧的说明" in shown
    assert "新的说明" in shown
    assert entry.hash in shown
    masked = AuditEntry.objects.get(fields=" phone ")
    assert "138****5678" in text_of(client, f"/audit/{masked.seq}"), "personal values stay masked"
    assert "链条完整" in client.post("/audit/verify").content.decode()


def test_an_administrator_sees_which_fields_but_no_values(people: dict[str, Person]) -> None:
    admin = person("adele", None, Role.objects.get(key="admin"))
    one = customer()
    records.update("customer", one.pk, {"note": "秘密"}, by=people["boss"].actor)
    seal_all()
    entry = AuditEntry.objects.get(kind="update", type_key="customer")
    shown = text_of(browser(admin), f"/audit/{entry.seq}")
    assert "秘密" not in shown
    assert "只显示改了哪些字段" in shown


def test_the_audit_is_not_for_everybody(director: Person) -> None:
    client = browser(director)
    for url in ("/audit/", "/audit/1", "/audit/export.csv"):
        assert client.get(url).status_code == 403
    assert client.post("/audit/verify").status_code == 403
    assert 'href="/audit/"' not in text_of(client, "/changes/")


def test_reveals_and_exports_stand_there_and_the_audit_itself_is_exported(
    people: dict[str, Person], auditor: Person
) -> None:
    one = customer(people["alice"], phone="13812345678")
    Grant.objects.create(
        role=Role.objects.get(key="t_sales"), type_key="customer", verb="reveal", scope="own"
    )
    records.reveal("customer", one.pk, "phone", by=SYSTEM)
    client = browser(auditor)
    csv = b"".join(client.get("/audit/export.csv").streaming_content).decode()  # type: ignore[attr-defined]
    assert csv.startswith("\ufeff")
    seal_all()
    assert AuditEntry.objects.filter(kind="export", type_key="audit", actor_id=auditor.user.pk).count() == 1
    assert "审计" in text_of(client, "/audit/?kind=export")


def test_the_history_says_through_which_door(people: dict[str, Person]) -> None:
    one = customer(people["alice"])
    client = browser(people["boss"])
    client.post(f"/o/customer/{one.pk}/field/note", {"note": "x"}, REMOTE_ADDR="10.1.2.3")
    assert "网页 · 10.1.2.3" in text_of(client, f"/o/customer/{one.pk}/history")
    assert "10.1.2.3" not in text_of(browser(people["alice"]), f"/o/customer/{one.pk}/history")
