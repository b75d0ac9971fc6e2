"""Forms, edit in place and files: nothing typed is lost, nobody writes what they may not."""

from __future__ import annotations

import html
import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from kemai.customers.models import Contact, Customer
from kemai.platform import records
from kemai.platform.access import SYSTEM
from kemai.platform.define import fields
from kemai.platform.models import Change, StoredFile
from kemai.platform.records import FieldErrors
from kemai.platform.records import files as storage
from tests.factory import make
from tests.pages.test_record import FRAGMENT, browser, customer_of, url_of
from tests.people import Person


def hidden(page: str, name: str) -> str:
    return html.unescape(page.split(f'name="{name}" value="')[1].split('"', maxsplit=1)[0])


def edit_values(client: Client, customer: Customer, **typed: Any) -> dict[str, Any]:
    """What a browser sends back from the edit form, with some controls changed."""
    page = client.get(url_of(customer, tail="/edit")).content.decode()
    base = json.loads(hidden(page, "_base"))
    values = {key: pair[0] for key, pair in base.items()}
    return {**values, **typed, "_base": json.dumps(base), "_version": hidden(page, "_version")}


def test_bad_input_comes_back_as_it_was_typed(people: dict[str, Person]) -> None:
    boss = browser(people["boss"])
    answer = boss.post("/o/customer/new", {"name": "", "phone": "12", "note": "说来话长", "kind": "company"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="12"' in page
    assert "说来话长" in page
    assert 'role="alert"' in page
    assert 'href="#f-phone"' in page
    assert 'href="#f-name"' in page, "what is empty is told together with what is wrong"
    assert not Customer.objects.exists()


def test_an_edit_is_told_everything_at_once_and_an_amount_is_never_rounded(people: dict[str, Person]) -> None:
    fields.create_field("customer", "money", {"label": "预算"}, by=SYSTEM, key="budget")
    fields.create_field("customer", "number", {"label": "人数"}, by=SYSTEM, key="heads")
    rule = {"label": "规模", "rule": "[人数] < 10", "rule_message": "人太多"}
    fields.create_field("customer", "text", rule, by=SYSTEM, key="size")
    alice, customer = browser(people["alice"]), customer_of(people["alice"])
    typed = edit_values(alice, customer, name="", budget="1.005", heads="11")
    answer = alice.post(url_of(customer, tail="/edit"), typed)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert all(f'href="#f-{key}"' in page for key in ("name", "budget", "size"))
    assert "“1.005”会被改成 1.01" in page
    assert "人太多" in page
    with pytest.raises(FieldErrors, match=r"“1\.005”"):
        records.create("customer", {"name": "甲", "budget": 1.005}, by=SYSTEM)
    noise = records.create("customer", {"name": "甲", "budget": 0.1 + 0.2}, by=SYSTEM)
    assert noise.extra["budget"] == 30, "the noise of binary fractions is nobody's wish"


def test_the_objects_own_rules_speak_in_the_same_round_unless_they_need_what_is_wrong(
    people: dict[str, Person],
) -> None:
    boss = people["boss"].actor
    wrong = {"name": "", "phone": "12", "validity": "invalid"}
    with pytest.raises(FieldErrors) as told:
        records.create("customer", wrong, by=boss)
    assert set(told.value.errors) == {"name", "phone"}, "its rules read the name first"
    with pytest.raises(FieldErrors) as told:
        records.create("customer", wrong | {"name": "甲"}, by=boss)
    assert set(told.value.errors) == {"phone", "invalid_reason"}
    customer = records.create("customer", {"name": "甲"}, by=boss)
    with pytest.raises(FieldErrors) as told:
        records.update("customer", customer.pk, {"phone": "12", "validity": "invalid"}, by=boss)
    assert set(told.value.errors) == {"phone", "invalid_reason"}
    with pytest.raises(FieldErrors) as told:
        records.update("customer", customer.pk, {"phone": "12", "validity": "nonsense"}, by=boss)
    assert set(told.value.errors) == {"phone", "validity"}


def test_a_new_record_belongs_to_its_writer(people: dict[str, Person]) -> None:
    alice = browser(people["alice"])
    answer = alice.post(
        "/o/customer/new", {"name": "新客户", "tags": ["常客", "行业·机械"], "important": "1"}
    )
    customer = Customer.objects.get(name="新客户")
    assert answer.url == url_of(customer)  # type: ignore[attr-defined]
    assert customer.important
    assert customer.number
    page = alice.get(url_of(customer)).content.decode()
    assert "行业·机械" in page
    again = alice.post("/o/customer/new", {"name": "又一位", "_next": "new"}, headers=FRAGMENT)
    assert again.headers["HX-Redirect"] == "/o/customer/new"
    assert browser(people["nobody"]).get("/o/customer/new").status_code == 403


def test_address_fills_the_form_in(people: dict[str, Person]) -> None:
    customer = customer_of(people["alice"])
    alice = browser(people["alice"])
    page = alice.get(f"/o/contact/new?customer={customer.pk}").content.decode()
    assert f'<option value="{customer.pk}" selected>张伟</option>' in page
    foreign = customer_of(people["charlie"], name="别人的", phone="13700137000")
    page = alice.get(f"/o/contact/new?customer={foreign.pk}").content.decode()
    assert "别人的" not in page
    answer = alice.post("/o/contact/new", {"customer": foreign.pk, "name": "某人"})
    assert answer.status_code == 422
    assert not Contact.objects.exists()


def test_both_values_are_shown_when_two_save(people: dict[str, Person]) -> None:
    customer = customer_of(people["alice"], industry="机械", address="老街 1 号")
    alice = browser(people["alice"])
    values = edit_values(alice, customer, industry="电子", note="我写的备注")
    records.update("customer", customer.pk, {"industry": "化工", "address": "新街 2 号"}, by=SYSTEM)
    clash = alice.post(url_of(customer, tail="/edit"), values)
    page = clash.content.decode()
    assert clash.status_code == 409
    assert "化工" in page
    assert "电子" in page
    assert "我写的备注" in page
    assert "conflict-address" not in page, "a field that only the other touched is no conflict"
    again = {**values, "_base": hidden(page, "_base"), "_version": hidden(page, "_version")}
    theirs = alice.post(url_of(customer, tail="/edit"), {**again, "conflict-industry": "theirs"})
    customer.refresh_from_db()
    assert theirs.status_code == 302
    assert (customer.industry, customer.note, customer.address) == ("化工", "我写的备注", "新街 2 号")


def test_keeping_mine_overwrites_on_purpose(people: dict[str, Person]) -> None:
    customer = customer_of(people["alice"], industry="机械")
    alice = browser(people["alice"])
    values = edit_values(alice, customer, industry="电子")
    records.update("customer", customer.pk, {"industry": "化工"}, by=SYSTEM)
    page = alice.post(url_of(customer, tail="/edit"), values).content.decode()
    again = {
        **values,
        "_base": hidden(page, "_base"),
        "_version": hidden(page, "_version"),
        "conflict-industry": "mine",
    }
    assert alice.post(url_of(customer, tail="/edit"), again).status_code == 302
    customer.refresh_from_db()
    assert customer.industry == "电子"


def test_saving_an_untouched_form_changes_nothing(people: dict[str, Person]) -> None:
    customer = customer_of(
        people["boss"], birthday="1990-02-03", region="330106", tags=["常客"], note="一行\n两行"
    )
    boss = browser(people["boss"])
    assert boss.post(url_of(customer, tail="/edit"), edit_values(boss, customer)).status_code == 302
    assert not Change.objects.filter(object_id=customer.pk, action="update").exists()


def test_edit_in_place(people: dict[str, Person]) -> None:
    customer = customer_of(people["alice"], stage="new")
    alice, url = browser(people["alice"]), url_of(customer, tail="/field/stage")
    assert "<select" in alice.get(url).content.decode()
    done = alice.post(url, {"stage": "contacted"})
    assert "已联系" in done.content.decode()
    toast = json.loads(done.headers["HX-Trigger"])["toast"]
    assert toast["undo"]["url"].startswith("/undo/")
    assert alice.get(url_of(customer, tail="/field/phone")).status_code == 403, "masked for her"
    bad = browser(people["boss"]).post(url_of(customer, tail="/field/phone"), {"phone": "12"})
    assert bad.status_code == 422
    assert 'value="12"' in bad.content.decode()
    assert alice.get(url_of(customer, tail="/field/amount_12m")).status_code == 403
    assert alice.get(url_of(customer, tail="/field/nonsense")).status_code == 422
    assert browser(people["bob"]).post(url, {"stage": "paused"}).status_code == 403
    assert browser(people["charlie"]).post(url, {"stage": "paused"}).status_code == 404
    customer.refresh_from_db()
    assert customer.stage == "contacted"


def test_files_come_back_only_as_attachments(people: dict[str, Person], settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = str(tmp_path)
    customer = customer_of(people["alice"])
    alice, url = browser(people["alice"]), url_of(customer, tail="/files")
    evil = SimpleUploadedFile("../../坏<b>.html", b"<script>alert(1)</script>", content_type="text/html")
    assert alice.post(url, {"file": evil}, headers=FRAGMENT).status_code == 200
    stored = StoredFile.objects.get()
    assert "/" not in stored.name
    page = alice.get(url).content.decode()
    assert "<b>" not in page
    got = alice.get(f"{url}/{stored.pk}")
    assert got.headers["Content-Disposition"].startswith("attachment")
    assert got.headers["Content-Type"] == "application/octet-stream"
    assert b"".join(got.streaming_content) == b"<script>alert(1)</script>"  # type: ignore[attr-defined]
    assert browser(people["charlie"]).get(f"{url}/{stored.pk}").status_code == 404
    other = customer_of(people["alice"], name="另一位", phone="13700137000")
    assert alice.get(url_of(other, tail=f"/files/{stored.pk}")).status_code == 404
    assert browser(people["bob"]).post(url, {"file": SimpleUploadedFile("a.txt", b"x")}).status_code == 403
    empty = alice.post(url, {"file": SimpleUploadedFile("a.txt", b"")}, headers=FRAGMENT)
    assert empty.status_code == 422
    assert "附件" in alice.get(url_of(customer, tail="/history")).content.decode()
    assert alice.post(f"{url}/{stored.pk}").status_code == 302
    assert not StoredFile.objects.exists()
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_file_too_large_is_refused(
    people: dict[str, Person], settings: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MEDIA_ROOT = str(tmp_path)
    monkeypatch.setattr(storage, "MOST_BYTES", 10)
    customer = customer_of(people["alice"])
    url = url_of(customer, tail="/files")
    answer = browser(people["alice"]).post(
        url, {"file": SimpleUploadedFile("a.bin", b"x" * 11)}, headers=FRAGMENT
    )
    assert answer.status_code == 422
    assert not StoredFile.objects.exists()


def test_doubles_are_shown_while_typing(people: dict[str, Person]) -> None:
    mine = customer_of(people["alice"])
    theirs = customer_of(people["charlie"], name="欧阳娜娜", phone="13700137000")
    alice = browser(people["alice"])
    seen = alice.get("/o/customer/similar?phone=138+0013+8000&name=").content.decode()
    assert url_of(mine) in seen
    foreign = alice.get("/customers/similar?phone=13700137000").content.decode()
    assert "欧阳**" in foreign
    assert "欧阳娜娜" not in foreign
    assert "13700137000" not in foreign.replace(" ", "")
    assert "Charlie" in foreign
    assert url_of(theirs) not in foreign
    assert (
        url_of(mine) not in alice.get(f"/o/customer/similar?id={mine.pk}&phone=13800138000").content.decode()
    )
    assert alice.get("/o/customer/similar?phone=12").content.decode().strip() == ""


def test_choices_offer_only_what_is_visible(people: dict[str, Person]) -> None:
    customer_of(people["alice"], name="张三丰")
    customer_of(people["charlie"], name="张三李四", phone="13700137000")
    items = browser(people["alice"]).get("/o/customer/options?q=张三").json()["items"]
    assert [item["label"] for item in items] == ["张三丰"]
    make("tag", name="老客", group="关系")
    boss = browser(people["boss"])
    assert boss.get("/tags/options?q=老").json()["items"][0]["value"] == "关系·老客"
    assert {"value": str(people["bob"].user.pk), "label": "Bob", "sub": "East 1"} in boss.get(
        "/people/options?q=bo"
    ).json()["items"]
    provinces = boss.get("/regions").json()["items"]
    assert {"code": "330000", "name": "浙江省"} in provinces
    assert boss.get("/regions?parent=999999").json() == {"items": []}


def test_a_chinese_number_stands_in_the_form_as_people_write_it(people: dict[str, Person]) -> None:
    customer = customer_of(people["alice"], name="号码", phone="13800138001")
    boss = browser(people["boss"])
    page = boss.get(url_of(customer, tail="/edit")).content.decode()
    assert 'value="138 0013 8001"' in page
    boss.post(url_of(customer, tail="/edit"), {"name": "号码", "phone": "138 0013 8001"})
    customer.refresh_from_db()
    assert customer.phone == "+8613800138001"
