"""Personal data: consent that stops everything at once, requests with a deadline, erasure that is thorough, retention
that is rehearsed first."""

from __future__ import annotations

import datetime as dt
import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kemai.collab.models import Task
from kemai.collab.services.tasks import create_tasks
from kemai.customers.models import Contact, Customer, CustomerFacts, Identifier, Interaction, PrivacyRequest
from kemai.customers.services import consents, erasure, privacy, retention
from kemai.customers.services.consents import latest
from kemai.customers.tests.conftest import Browsers, Shelf
from kemai.platform import access, audit, records, search
from kemai.platform.access import SYSTEM
from kemai.platform.audit.verify import verify
from kemai.platform.events import drain_all
from kemai.platform.models import Change, StoredFile
from kemai.platform.objects import get
from kemai.platform.records import FieldErrors, Refused
from tests.equipment import define_equipment, define_field, define_object, equipment_of
from tests.people import Person

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
MOMENTS = st.integers(0, 300).map(lambda days: START + timedelta(days=days))
WORDS = st.lists(
    st.tuples(
        st.sampled_from(["any", "sms", "mail", "phone"]),
        st.sampled_from(["granted", "withdrawn"]),
        MOMENTS,
        st.just(""),
    ),
    max_size=8,
)


@pytest.mark.row(141)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(WORDS, st.sampled_from(["sms", "mail", "phone", "any"]))
def test_the_newest_word_for_the_channel_counts(said: list[Any], channel: str) -> None:
    fitting = [one for one in said if one[0] in {"any", channel}]
    found = latest(said, channel)
    if not fitting:
        assert found.state == ""
        assert not found.allows("marketing")
        assert found.allows("service")
        return
    newest = max(one[2] for one in fitting)
    states = {one[1] for one in fitting if one[2] == newest}
    assert found.state == ("withdrawn" if "withdrawn" in states else "granted")


@pytest.mark.row(141)
def test_withdrawing_stops_what_waits(shelf: Shelf, people: dict[str, Person]) -> None:
    one = shelf.customer("张三", "alice")
    alice = people["alice"].actor
    due = timezone.now() + timedelta(days=3)
    tasks = [
        {
            "title": "发券",
            "kind": "message",
            "due_at": due,
            "owner": alice.user_id,
            "about": ("customer", one.pk),
        }
    ]
    made = create_tasks(tasks, by=SYSTEM, origin="chain/1")
    own = records.create("task", {"title": "自己的", "kind": "message"}, by=alice)
    consents.give(one.pk, purpose="marketing", proof="柜台签字", by=alice)
    assert consents.allowed([one.pk], "marketing", "sms") == {one.pk}
    consents.withdraw(one.pk, by=alice)
    assert consents.allowed([one.pk], "marketing", "sms") == set()
    assert consents.refusing([one.pk]) == {one.pk}
    assert Task.objects.get(pk=made[0]).state == "dropped"
    own.refresh_from_db()
    assert own.state == "open"


@pytest.mark.row(141)
def test_a_request_is_answered_within_fifteen_working_days(shelf: Shelf, people: dict[str, Person]) -> None:
    one = shelf.customer("张三", "alice")
    boss = people["boss"].actor
    received = dt.datetime(2026, 9, 28, 2, tzinfo=dt.UTC)
    values = {"customer": one.pk, "kind": "access", "received_at": received.isoformat()}
    request = records.create("privacy_request", values, by=boss)
    assert request.due_on == dt.date(2026, 10, 23)  # the national holiday does not count
    with pytest.raises(Refused):
        privacy.fulfil(request.pk, by=boss)
    with pytest.raises(FieldErrors):
        privacy.verify(request.pk, " ", by=boss)
    privacy.verify(request.pk, "回拨登记电话", by=boss)
    records.attach("customer", one.pk, SimpleUploadedFile("a.txt", b"hello"), by=boss)
    shelf.order(one, 1, 88)
    done = privacy.fulfil(request.pk, by=boss)
    assert (done.state, done.done_at is not None) == ("done", True)
    stored = StoredFile.objects.get(type_key="privacy_request", object_id=request.pk)
    with zipfile.ZipFile(io.BytesIO(records.location(stored).read_bytes())) as package:
        data = json.loads(package.read("data.json"))
        assert data["customer"][0]["名称"] == "张三"
        assert data["order"]
        assert any(name.startswith("files/") for name in package.namelist())


def known(shelf: Shelf, people: dict[str, Person]) -> Customer:
    """Somebody of whom everything is known."""
    boss = people["boss"].actor
    values = {
        "name": "李伟明",
        "phone": "13912345678",
        "email": "lwm@example.com",
        "note": "住在西湖边",
        "tags": ["常客"],
    }
    one: Customer = records.create("customer", values, by=boss)
    records.update("customer", one.pk, {"phone": "13912345679"}, by=boss)
    records.create("contact", {"customer": one.pk, "name": "李太太", "phone": "13812340000"}, by=boss)
    records.create("identifier", {"customer": one.pk, "kind": "member", "raw": "M778899"}, by=boss)
    touch = {"customer": one.pk, "channel": "note", "at": timezone.now(), "body": "李伟明说他搬家了"}
    records.create("interaction", touch, by=boss)
    records.attach("customer", one.pk, SimpleUploadedFile("身份证.txt", b"330106"), by=boss)
    shelf.order(one, 1, 500)
    return one


@pytest.mark.row(141)
def test_an_erased_person_is_nowhere(shelf: Shelf, people: dict[str, Person]) -> None:
    one, boss = known(shelf, people), people["boss"].actor
    path = records.location(StoredFile.objects.get(type_key="customer", object_id=one.pk))
    asked = records.create("privacy_request", {"customer": one.pk, "kind": "access"}, by=boss)
    privacy.verify(asked.pk, "回拨 13912345679，李伟明本人接听", by=boss)
    privacy.fulfil(asked.pk, by=boss)
    package = records.location(StoredFile.objects.get(type_key="privacy_request", object_id=asked.pk))
    erasure.erase_customer(one.pk, by=boss, reason="本人要求")
    one.refresh_from_db()
    assert "李" not in one.name
    assert (one.phone, one.email, one.note) == ("", "", "")
    assert not Contact.objects.filter(customer=one).exists()
    assert not Identifier.objects.filter(customer=one).exists()
    assert Interaction.objects.get(customer=one).body == ""
    assert not path.exists()
    assert not package.exists(), "the package of an earlier request is gone as well"
    asked.refresh_from_db()
    assert "13912345679" not in asked.identity
    assert search.search_type(boss, get("customer"), "李伟明", limit=5) == []
    logged = json.dumps(list(Change.objects.values_list("diff", flat=True)), ensure_ascii=False)
    for secret in ("李伟明", "13912345678", "+8613912345678", "lwm@example.com", "西湖", "李太太"):
        assert secret not in logged
    assert one.orders.count() == 1  # the books stay
    assert verify().ok  # and so does the chain


@pytest.mark.row(141)
def test_an_erased_person_is_in_no_own_object_either(shelf: Shelf, people: dict[str, Person]) -> None:
    one, boss = known(shelf, people), people["boss"].actor
    other = records.create("customer", {"name": "王芳"}, by=boss)
    define_equipment()
    define_equipment("machine")
    define_field("order", "gift", "附言", "text")
    mine = {
        "hotline": "13812340001",
        "mail": "a@b.cn",
        "note": "李伟明家楼下",
        "lines": [{"part": "李伟明的泵"}],
    }
    pump = records.create("equipment", equipment_of(one.pk, "李伟明的水泵", price="5", **mine), by=boss)
    records.update("equipment", pump.pk, {"hotline": "13812340002"}, by=boss)
    shared = equipment_of(other.pk, "两家的阀门", hotline="13700000000", others=[one.pk], note="李伟明也用")
    valve = records.create("equipment", shared, by=boss)
    records.create("machine", equipment_of(one.pk, "机器"), by=boss)
    asked = records.create("privacy_request", {"customer": one.pk, "kind": "access"}, by=boss)
    told = {key: rows for key, _label, rows in privacy.subject_data(one, by=boss)}
    assert (len(told["equipment"]), len(told["machine"])) == (1, 1), "each under its own name"
    stays = erasure.erase_customer(one.pk, by=boss, reason="本人要求")
    assert any("设备：2 条记录保留" in said for said in stays)
    row = records.row_of(get("equipment"), pump.pk, by=SYSTEM)
    assert (row["hotline"], row["mail"], str(row["price"])) == (None, None, "5.00")
    text = json.dumps([row["name"], row["note"], row["lines"][0]["part"]], ensure_ascii=False)
    assert "李伟明" not in text
    left = records.row_of(get("equipment"), valve.pk, by=SYSTEM)
    assert left["hotline"] == "+8613700000000", "that of another customer"
    assert "李伟明" not in left["note"]
    drain_all()
    assert search.everything(SYSTEM, "李伟明") == []
    logged = json.dumps(list(Change.objects.values_list("diff", flat=True)), ensure_ascii=False)
    assert "13812340001" not in logged
    assert asked.pk


@pytest.mark.row(141)
def test_parts_of_own_objects_and_their_files_go_along(shelf: Shelf, people: dict[str, Person]) -> None:
    one, boss = known(shelf, people), people["boss"].actor
    other = records.create("customer", {"name": "王芳"}, by=boss)
    define_equipment("machine")
    for key, parent in (("upkeep", "machine"), ("upkeep_part", "upkeep")):
        define_object(key, key, parent="above")
        define_field(key, "above", "上级", "reference", {"ref": parent})
        define_field(key, "caller", "来电", "phone")
        define_field(key, "slip", "单据", "file")
    made: dict[int, list[tuple[str, int]]] = {}
    kept: dict[int, list[Path]] = {}
    for owner in (one, other):
        above = records.create("machine", equipment_of(owner.pk, "机器"), by=boss)
        made[owner.pk] = [("machine", above.pk)]
        for key in ("upkeep", "upkeep_part"):
            slip = records.store(a_file(f"单{owner.pk}{key}.txt"), by=boss, type_key=key)
            values = {"name": f"{owner.name}家", "above": above.pk, "caller": "13812340009", "slip": slip.pk}
            above = records.create(key, values, by=boss)
            made[owner.pk].append((key, above.pk))
        for key, pk in made[owner.pk]:
            records.attach(key, pk, a_file(f"附件{owner.pk}{key}.txt"), by=boss)
        files = StoredFile.objects.filter(type_key__in=["machine", "upkeep", "upkeep_part"])
        kept[owner.pk] = [records.location(file) for file in files.filter(name__contains=str(owner.pk))]
    asked = records.create("privacy_request", {"customer": one.pk, "kind": "access"}, by=boss)
    privacy.verify(asked.pk, "回拨登记电话", by=boss)
    privacy.fulfil(asked.pk, by=boss)
    stored = StoredFile.objects.get(type_key="privacy_request", object_id=asked.pk)
    with zipfile.ZipFile(io.BytesIO(records.location(stored).read_bytes())) as package:
        data, names = json.loads(package.read("data.json")), " ".join(package.namelist())
    assert [len(data[key]) for key, _pk in made[one.pk]] == [1, 1, 1]
    assert all(f"附件{one.pk}{key}.txt" in names for key, _pk in made[one.pk])
    assert f"附件{other.pk}" not in names
    erasure.erase_customer(one.pk, by=boss, reason="本人要求")
    assert not any(path.exists() for path in kept[one.pk])
    assert all(path.exists() for path in kept[other.pk])
    assert (len(kept[one.pk]), len(kept[other.pk])) == (5, 5)
    for key, pk in made[one.pk][1:]:
        row = records.row_of(get(key), pk, by=SYSTEM)
        assert (row["caller"], row["slip"], "李伟明" in row["name"]) == (None, None, False)
    for key, pk in made[other.pk][1:]:
        row = records.row_of(get(key), pk, by=SYSTEM)
        assert (row["caller"], row["slip"] is not None, row["name"]) == ("+8613812340009", True, "王芳家")
    logged = json.dumps(list(Change.objects.values_list("diff", flat=True)), ensure_ascii=False)
    assert "李伟明家" not in logged
    assert f"附件{one.pk}" not in logged
    assert f"附件{other.pk}" in logged


def a_file(name: str) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, name.encode())


@pytest.mark.row(141)
def test_nobody_brings_an_erased_person_back(shelf: Shelf, people: dict[str, Person]) -> None:
    one, boss = known(shelf, people), people["boss"].actor
    erasure.erase_customer(one.pk, by=boss, reason="本人要求")
    with pytest.raises(FieldErrors):
        records.create("customer", {"name": "李伟明", "phone": "139 1234 5679"}, by=boss)
    with pytest.raises(FieldErrors):
        records.bulk_create("customer", [{"name": "李伟明", "email": "LWM@example.com"}], by=boss)
    records.create("customer", {"name": "王芳", "phone": "13700000000"}, by=boss)


@pytest.mark.row(141)
def test_erasing_takes_the_rights(shelf: Shelf, people: dict[str, Person]) -> None:
    one = shelf.customer("张三", "alice")
    with pytest.raises((access.Denied, access.NotVisible)):
        erasure.erase_customer(one.pk, by=people["bob"].actor, reason="x")
    with pytest.raises(access.NotVisible):
        erasure.erase_customer(one.pk, by=people["charlie"].actor, reason="x")


@pytest.mark.row(141)
def test_retention_is_rehearsed_before_it_runs(shelf: Shelf, people: dict[str, Person]) -> None:
    boss = people["boss"].actor
    old, fresh = shelf.customer("老客户"), shelf.customer("新客户")
    long_ago = timezone.now() - timedelta(days=900)
    Customer.objects.filter(pk=old.pk).update(updated_at=long_ago, created_at=long_ago)
    CustomerFacts.objects.filter(customer=old).update(last_order_at=long_ago, last_contact_at=None)
    rule = records.create(
        "retention_rule", {"name": "两年无往来", "type_key": "customer", "days": 730}, by=boss
    )
    with pytest.raises(Refused):
        retention.switch(rule.pk, on=True, by=boss)
    seen = retention.rehearse(rule, by=boss)
    assert (seen.count, [name for _pk, name, _last in seen.samples]) == (1, ["老客户"])
    retention.switch(rule.pk, on=True, by=boss)
    assert retention.run_all() == 1
    old.refresh_from_db()
    fresh.refresh_from_db()
    assert old.deleted_at is not None
    assert fresh.deleted_at is None
    records.update("retention_rule", rule.pk, {"days": 365}, by=boss)
    rule.refresh_from_db()
    assert not rule.active
    with pytest.raises(FieldErrors):
        records.create(
            "retention_rule", {"name": "x", "type_key": "contact", "days": 90, "act": "erase"}, by=boss
        )


@pytest.mark.row(141)
def test_a_text_in_force_does_not_change(people: dict[str, Person]) -> None:
    boss = people["boss"].actor
    values = {
        "edition": "2026-1",
        "purpose": "marketing",
        "text": "同意接收优惠信息",
        "published_on": "2026-01-01",
    }
    text = records.create("consent_text", values, by=boss)
    assert consents.current_text("marketing") == "2026-1"
    with pytest.raises(FieldErrors):
        records.update("consent_text", text.pk, {"text": "别的"}, by=boss)


@pytest.mark.row(141)
def test_the_desk_on_screen(shelf: Shelf, people: dict[str, Person], browsers: Browsers) -> None:
    one = shelf.customer("张三", "alice")
    request: PrivacyRequest = records.create(
        "privacy_request", {"customer": one.pk, "kind": "withdraw"}, by=people["boss"].actor
    )
    page = browsers["boss"].get("/privacy").content.decode()
    assert request.number in page
    assert browsers["boss"].get(f"/o/privacy_request/{request.pk}").status_code == 200
    assert browsers["boss"].post(f"/privacy/{request.pk}/fulfil").status_code == 409
    assert browsers["boss"].post(f"/privacy/{request.pk}/verify", {"identity": "回拨"}).status_code == 302
    assert browsers["boss"].post(f"/privacy/{request.pk}/fulfil").status_code == 302
    assert consents.refusing([one.pk]) == {one.pk}
    assert browsers["charlie"].post(f"/privacy/{request.pk}/refuse", {"answer": "x"}).status_code == 404
    care = browsers["alice"].get(f"/o/customer/{one.pk}/panel/care").content.decode()
    assert "已撤回" in care
    assert audit.history("privacy_request", request.pk).count() >= 3


@pytest.mark.row(141)
def test_a_rehearsal_on_screen(shelf: Shelf, people: dict[str, Person], browsers: Browsers) -> None:
    old = shelf.customer("老客户")
    long_ago = timezone.now() - timedelta(days=900)
    Customer.objects.filter(pk=old.pk).update(updated_at=long_ago, created_at=long_ago)
    values = {"name": "两年无往来", "type_key": "customer", "days": 730}
    rule = records.create("retention_rule", values, by=people["boss"].actor)
    page = browsers["boss"].post(f"/privacy/rules/{rule.pk}").content.decode()
    assert "老客户" in page
    assert browsers["boss"].post(f"/privacy/rules/{rule.pk}/switch", {"on": "1"}).status_code == 302
    assert "已启用" in browsers["boss"].get(f"/o/retention_rule/{rule.pk}").content.decode()
