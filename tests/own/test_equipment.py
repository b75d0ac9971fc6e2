"""An own object "设备" of customers, defined by rows, at every door: as good as a built-in one."""

from __future__ import annotations

import csv
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from kemai.customers.models import Segment, SegmentMember
from kemai.customers.services import segments
from kemai.platform import access, audit, exports, imports, jobs, query, records, search
from kemai.platform.access import SYSTEM
from kemai.platform.events import drain_all
from kemai.platform.models import FieldDef, FieldRule, ObjectDef, Record, Role, StoredFile
from kemai.platform.objects import UnknownObject, get, meta_changed
from tests.equipment import FIELDS, STATES, define_equipment, define_field, define_object, equipment_of
from tests.factory import make
from tests.people import Person, browser

FRAGMENT = {"HX-Request": "true"}
FULL: dict[str, Any] = {
    "model": "X1", "note": "一\n二", "weight": "12.5", "price": "100.50", "discount": "12.5%", "made_on": "2020-05-06",
    "checked_at": "2026-01-02 03:04", "opens": "08:30", "leased": "是", "state": "repair", "parts": ["pump", "valve"],
    "hotline": "13812345678", "mail": "a@example.com", "manual": "https://example.com", "place": "330106", "grade": 4,
    "code": "AB12", "lines": [{"part": "轴承", "count": 2, "price": "3.50"}],
}  # fmt: skip
LATIN = b"\x89PNG\r\n\x1a\n" + b"0" * 40


@pytest.fixture
def shop(people: dict[str, Person]) -> dict[str, Person]:
    """The people, and the definition of 设备."""
    define_equipment()
    return people


def passing(type_key: str, tree: dict[str, Any]) -> set[int]:
    object_type = get(type_key)
    node = access.condition(SYSTEM, object_type, tree)
    rows = access.scope(SYSTEM, type_key).filter(query.compile_q(node, object_type))
    return set(rows.values_list("pk", flat=True))


def row(pk: int, by: Any = SYSTEM) -> query.Row:
    return records.row_of(get("equipment"), pk, by=by)


@pytest.mark.row(118)
def test_every_page_of_an_own_object_opens(shop: dict[str, Person]) -> None:
    owner = make("customer", name="杭州云帆")
    made = records.create("equipment", equipment_of(owner.pk, "空压机", others=[owner.pk], **FULL), by=SYSTEM)
    boss = browser(shop["boss"])
    page = boss.get("/o/equipment/").content.decode()
    assert "空压机" in page
    assert "E000001" in page
    assert "杭州云帆" in page
    assert "设备" in boss.get("/").content.decode(), "the side bar leads there"
    for display in (
        "board",
        "calendar&month=2020-05",
        "chart&by=state",
        "chart&by=made_on",
        "chart&by=customer",
    ):
        shown = boss.get(f"/o/equipment/?display={display}")
        assert shown.status_code == 200, display
        assert ("空压机" in shown.content.decode()) is not display.startswith("chart")
    facts = boss.get(f"/o/equipment/{made.pk}").content.decode()
    for text in ("设备名称", "★★★★☆", "SN-00001", "轴承", "12.5%", "水泵", "08:30", "100.50"):
        assert text in facts, text
    for tail in ("/edit", "/history", "/peek", "/timeline", "/field/parts", "/field/lines", "/field/opens"):
        assert boss.get(f"/o/equipment/{made.pk}{tail}", headers=FRAGMENT).status_code == 200, tail
    form = boss.get("/o/equipment/new").content.decode()
    assert all(
        f'name="{key}"' in form for key in ("customer", "weight", "grade", "lines", "opens", "division")
    )
    assert boss.get("/o/equipment/options?q=空压").json()["items"][0]["label"] == "空压机"
    related = boss.get(f"/o/customer/{owner.pk}").content.decode()
    assert "related-equipment.customer" in related, "it stands on the page of its customer"
    assert "空压机" in boss.get(f"/o/customer/{owner.pk}/related/equipment.customer").content.decode()
    assert "空压机" in boss.get(f"/o/customer/{owner.pk}/related/equipment.others").content.decode()


def test_the_form_saves_what_is_typed_and_keeps_it_where_it_is_wrong(shop: dict[str, Person]) -> None:
    owner = make("customer")
    boss = browser(shop["boss"])
    typed = {
        "name": "空压机", "customer": str(owner.pk), "weight": "9000", "code": "ab", "opens": "26:00",
        "lines": "轴承 | 2 | 3.5\n密封圈 | 1", "parts": ["pump", "motor"], "leased": "", "grade": "5",
    }  # fmt: skip
    answer = boss.post("/o/equipment/new", typed)
    assert answer.status_code == 422
    text = answer.content.decode()
    for said in ("不能大于 5,000", "两个大写字母加数字", "不是时间", "密封圈 | 1"):
        assert said in text, said
    answer = boss.post("/o/equipment/new", {**typed, "weight": "9.556", "code": "AB9", "opens": "6:05"})
    assert answer.status_code in {302, 204}, answer.content.decode()[:3000]
    made = row(Record.objects.get().pk)
    assert (made["weight"], made["grade"], made["parts"]) == (9.56, 5, ["motor", "pump"])
    assert made["lines"][0]["part"] == "轴承"
    assert made["leased"] is None
    assert made["state"] == "running", "the default"
    url = f"/o/equipment/{made['id']}"
    assert boss.post(f"{url}/field/grade", {"grade": "3"}, headers=FRAGMENT).status_code == 200
    assert boss.post(f"{url}/field/parts", {"parts": ["valve"]}, headers=FRAGMENT).status_code == 200
    assert (row(made["id"])["grade"], row(made["id"])["parts"]) == (3, ["valve"])
    moved = boss.post("/o/equipment/board/move?display=board&by=state", {"id": made["id"], "to": "repair"})
    assert moved.status_code == 200, moved.content
    assert row(made["id"])["state"] == "repair"


def test_changes_are_logged_in_words_and_can_be_taken_back(shop: dict[str, Person]) -> None:
    owner, other = make("customer", name="甲"), make("customer", name="乙")
    made = records.create("equipment", equipment_of(owner.pk, **FULL), by=SYSTEM)
    before = row(made.pk)
    change: dict[str, Any] = {
        "customer": other.pk, "others": [owner.pk, other.pk], "price": "7", "parts": ["motor"],
        "state": "scrapped", "made_on": "2021-01-01", "leased": False, "opens": "", "lines": [],
    }  # fmt: skip
    records.update("equipment", made.pk, change, by=shop["boss"].actor)
    last = audit.history("equipment", made.pk).first()
    assert last is not None
    lines = audit.diffs(SYSTEM, get("equipment"), [last])[last.pk]
    told = {str(line.label): (line.old, line.new) for line in lines}
    assert told["客户"] == ("甲", "乙")
    assert told["相关客户"] == ("", "甲、乙")
    assert told["状态"] == ("维修中", "已报废")
    assert told["租赁"] == ("是", "否")
    assert "轴承" in told["配件清单"][0]
    assert "维修中" in browser(shop["boss"]).get(f"/o/equipment/{made.pk}/history").content.decode()
    records.undo(last.changeset_id, by=shop["boss"].actor)
    after = row(made.pk)
    skipped = {"version", "updated_at"}
    assert {k: v for k, v in after.items() if k not in skipped} == {
        k: v for k, v in before.items() if k not in skipped
    }


@pytest.mark.row(9)
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_our_own_export_changes_nothing_when_it_comes_back(form: str, shop: dict[str, Person]) -> None:
    owner = make("customer", name="甲方")
    records.create("equipment", equipment_of(owner.pk, "压缩机", others=[owner.pk], **FULL), by=SYSTEM)
    for n in range(4):
        make("equipment", full=True, name=f"泵{n}", customer=owner.pk)
    boss = shop["boss"].actor
    columns = ("name", *(key for key, _label, kind, _s, _m in FIELDS if kind not in {"file", "image"}))
    before = [row(pk) for pk in Record.objects.order_by("pk").values_list("pk", flat=True)]
    stored = exports.write(boss, exports.Order("equipment", columns, format=form))
    run = imports.upload(stored.path, f"设备.{form}", "equipment", by=boss)
    imports.inspect(run)
    guessed = imports.suggestion(run, by=boss)
    typed = {
        key
        for key, _l, kind, _s, _m in FIELDS
        if kind not in {"file", "image", "formula", "rollup", "auto_number"}
    }
    assert typed <= {column.field for column in guessed.columns}
    imports.configure(run, by=boss)
    counts = imports.rehearse(run)["counts"]
    assert counts.get("create", 0) == counts.get("update", 0) == counts.get("refuse", 0) == 0, counts
    imports.execute(run)
    assert [row(pk) for pk in Record.objects.order_by("pk").values_list("pk", flat=True)] == before


@pytest.mark.row(22)
def test_an_import_makes_numbers_checks_and_tells_what_is_wrong(
    shop: dict[str, Person], tmp_path: Path
) -> None:
    make("customer", name="甲方")
    path = tmp_path / "设备.csv"
    lines = [
        ["设备名称", "客户", "型号", "重量", "设备编码", "状态", "部件", "相关客户", "出厂日期", "开机时间"],
        ["泵一", "甲方", "P1", "5.678", "AA1", "运行中", "水泵、电机", "甲方", "2024-03-01", "7:00"],
        ["泵二", "甲方", "P2", "-3", "AA2", "维修中", "", "", "", ""],
        ["泵三", "甲方", "P3", "1", "aa", "", "", "", "", ""],
        ["泵四", "甲方", "P4", "", "AA1", "", "", "", "", ""],
        ["泵五", "没有", "P5", "", "AA5", "", "", "", "", ""],
        ["泵六", "甲方", "P6", "", "AA6", "", "", "甲方、没有的公司", "", ""],
        ["泵七", "甲方", "P1", "", "AA7", "", "", "", "", ""],
        ["泵八", "", "P8", "", "AA8", "", "", "", "", ""],
    ]  # fmt: skip
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(lines)
    boss = shop["boss"].actor
    run = imports.upload(path, path.name, "equipment", by=boss)
    imports.inspect(run)
    imports.configure(run, by=boss)
    counts = imports.rehearse(run)["counts"]
    assert (counts["create"], counts["refuse"]) == (1, 7), counts
    imports.execute(run)
    (made,) = Record.objects.all()
    shown = row(made.pk)
    assert (shown["weight"], shown["serial"], shown["number"]) == (5.68, "SN-00001", "E000001")
    assert (shown["parts"], shown["opens"].isoformat()) == (["motor", "pump"], "07:00:00")
    assert [ref.title for ref in shown["others"]] == ["甲方"]
    run.refresh_from_db()
    assert run.changeset_id is not None
    records.undo(run.changeset_id, by=boss)
    assert not access.scope(SYSTEM, "equipment").exists()


def test_search_finds_names_numbers_and_own_texts(shop: dict[str, Person]) -> None:
    owner = make("customer")
    made = records.create("equipment", equipment_of(owner.pk, "螺杆空压机", model="GA37VSD"), by=SYSTEM)
    for text in ("空压", "lgkyj", "E000001", "GA37"):
        assert [hit.id for hit in search.everything(SYSTEM, text) if hit.type_key == "equipment"] == [
            made.pk
        ], text
    assert "螺杆空压机" in browser(shop["boss"]).get("/o/equipment/?q=GA37").content.decode()
    records.update("equipment", made.pk, {"model": "ZZ9"}, by=SYSTEM)
    assert search.search_type(SYSTEM, get("equipment"), "GA37") == []
    keys = records.bulk_create(
        "equipment", [equipment_of(owner.pk, "批量", model=f"BULK{n}") for n in range(3)], by=SYSTEM
    )
    drain_all()
    assert search.search_type(SYSTEM, get("equipment"), "BULK2") == [keys[2]]


@pytest.mark.row(118)
def test_customers_with_two_machines_are_a_segment(shop: dict[str, Person]) -> None:
    two, one, none = (make("customer", name=name) for name in ("两台", "一台", "没有"))
    for owner, price in ((two, "1000"), (two, "500"), (one, "9000")):
        records.create("equipment", equipment_of(owner.pk, price=price, others=[none.pk]), by=SYSTEM)
    gone = records.create("equipment", equipment_of(one.pk), by=SYSTEM)
    records.delete("equipment", [gone.pk], by=SYSTEM)
    related = {"related": "equipment.customer", "op": "gte", "value": 2}
    now = timezone.now()
    segment = Segment.objects.create(name="多台", where=related, created_at=now, updated_at=now)
    segments.refresh_segment(segment)
    assert set(SegmentMember.objects.values_list("customer", flat=True)) == {two.pk}
    assert "设备" in segments.explain(segment, two).text
    assert passing("customer", {**related, "op": "eq", "value": 0}) == {none.pk}
    sums = {"related": "equipment.customer", "agg": "sum", "of": "price", "op": "gte", "value": "1500"}
    assert passing("customer", sums) == {two.pk, one.pk}
    assert passing("customer", {**sums, "where": {"field": "price", "op": "lt", "value": "5000"}}) == {two.pk}
    assert passing("customer", {"related": "equipment.others", "op": "gte", "value": 3}) == {none.pk}
    assert passing("customer", {"related": "equipment.others", "op": "lt", "value": 1}) == {two.pk, one.pk}
    dear = {"related": "equipment.others", "agg": "max", "of": "price", "op": "gt", "value": "8000"}
    assert passing("customer", dear) == {none.pk}
    page = browser(shop["boss"]).get("/o/customer/", {"where": json.dumps(related)}).content.decode()
    assert "两台" in page
    assert "没有</a>" not in page


def test_rights_and_masks_are_those_of_built_in_objects(shop: dict[str, Person]) -> None:
    alice, charlie = shop["alice"], shop["charlie"]
    owner = make("customer", owner=alice.user.pk)
    made = records.create("equipment", {**equipment_of(owner.pk, **FULL), "owner": alice.user.pk}, by=SYSTEM)
    assert row(made.pk, alice.actor)["hotline"] != "+8613812345678"
    assert "*" in row(made.pk, alice.actor)["hotline"]
    assert browser(charlie).get(f"/o/equipment/{made.pk}").status_code == 404
    assert "空压机" not in browser(charlie).get("/o/equipment/").content.decode()
    FieldRule.objects.create(
        role=Role.objects.get(key="t_sales"), type_key="equipment", field="price", level="hidden"
    )
    access.rights_changed()
    assert "price" not in row(made.pk, alice.actor)
    with pytest.raises(query.QueryError):
        access.condition(alice.actor, get("equipment"), {"field": "price", "op": "gt", "value": 1})


def test_a_record_whose_parent_decides_follows_its_customer(people: dict[str, Person]) -> None:
    define_equipment("machine")
    mine = make("customer", owner=people["alice"].user.pk)
    foreign = make("customer", owner=people["charlie"].user.pk)
    with pytest.raises(records.FieldErrors):
        records.create("machine", equipment_of(foreign.pk), by=people["alice"].actor)
    made = records.create("machine", equipment_of(mine.pk), by=people["alice"].actor)
    records.create("machine", equipment_of(foreign.pk), by=SYSTEM)
    assert list(access.scope(people["alice"].actor, "machine")) == [made]
    records.delete("customer", [mine.pk], by=SYSTEM)
    assert not access.scope(SYSTEM, "machine").filter(pk=made.pk).exists(), (
        "it goes to the bin with its customer"
    )
    records.restore("customer", [mine.pk], by=SYSTEM)
    assert access.scope(SYSTEM, "machine").filter(pk=made.pk).exists()


def test_mass_edits_change_own_fields(shop: dict[str, Person]) -> None:
    owner = make("customer")
    keys = records.bulk_create(
        "equipment",
        [equipment_of(owner.pk, f"泵{n}", model=f"M{n}", price="5") for n in range(30)],
        by=SYSTEM,
    )
    boss = browser(shop["boss"])
    sent = {"ids": ",".join(map(str, keys)), "step": "run", "field": "state", "state": "scrapped"}
    assert boss.post("/o/equipment/bulk/edit", sent, headers=FRAGMENT).status_code == 200
    jobs.run_all()
    assert passing("equipment", {"field": "state", "op": "eq", "value": "scrapped"}) == set(keys)
    assert row(keys[3])["price"] is not None, "what the edit does not name stays"
    records.bulk_update(
        "equipment", {keys[0]: {"price": None, "grade": 2}, keys[1]: {"model": "Q"}}, by=SYSTEM
    )
    assert (row(keys[0])["price"], row(keys[0])["grade"], row(keys[1])["model"]) == (None, 2, "Q")
    with pytest.raises(records.FieldErrors):
        records.bulk_update("equipment", {keys[2]: {"code": "ZZ1"}, keys[3]: {"code": "ZZ1"}}, by=SYSTEM)
    with pytest.raises(records.FieldErrors):
        records.bulk_update("equipment", {keys[2]: {"model": "Q"}}, by=SYSTEM)
    with pytest.raises(records.FieldErrors):
        records.bulk_create("equipment", [equipment_of(owner.pk, state="nix")], by=SYSTEM)


@pytest.mark.row(119)
def test_fields_are_asked_for_only_under_their_condition(people: dict[str, Person]) -> None:
    define_object()
    define_field("equipment", "state", "状态", "choice", {"options": STATES}, default="running")
    scrapped = {"field": "state", "op": "eq", "value": "scrapped"}
    define_field("equipment", "why", "报废原因", "text", required=True, show_if=scrapped)
    define_field(
        "equipment", "fee", "费用", "money", require_if={"field": "state", "op": "in", "value": ["repair"]}
    )
    define_field("equipment", "lost", "旧条件", "text", require_if={"field": "gone", "op": "empty"})
    made = records.create("equipment", {"name": "泵"}, by=SYSTEM)
    with pytest.raises(records.FieldErrors) as refusal:
        records.update("equipment", made.pk, {"state": "scrapped"}, by=SYSTEM)
    assert refusal.value.errors.keys() == {"why"}
    records.update("equipment", made.pk, {"state": "scrapped", "why": "坏了"}, by=SYSTEM)
    with pytest.raises(records.FieldErrors) as refusal:
        records.create("equipment", {"name": "泵", "state": "repair"}, by=SYSTEM)
    assert refusal.value.errors.keys() == {"fee"}
    with pytest.raises(records.FieldErrors):
        records.bulk_update("equipment", {made.pk: {"state": "repair"}}, by=SYSTEM)
    boss = browser(people["boss"])
    form = boss.get("/o/equipment/new").content.decode()
    assert "data-conditions" in form
    assert "报废原因" in boss.get(f"/o/equipment/{made.pk}").content.decode()
    running = records.create("equipment", {"name": "泵二"}, by=SYSTEM)
    assert "报废原因" not in boss.get(f"/o/equipment/{running.pk}").content.decode()
    with pytest.raises(records.Refused) as unfit:  # its state, and the empty reason of the other
        records.merge("equipment", running.pk, [made.pk], {"state": made.pk, "why": running.pk}, by=SYSTEM)
    assert unfit.value.code == "unfitting"
    records.merge("equipment", running.pk, [made.pk], {"state": made.pk}, by=SYSTEM)
    assert row(running.pk)["why"] == "坏了"


def test_files_and_pictures_belong_to_their_record(shop: dict[str, Person]) -> None:
    owner, boss = make("customer"), browser(shop["boss"])
    typed = {"name": "泵", "customer": str(owner.pk)}
    upload = {
        "photo": SimpleUploadedFile("铭牌.png", LATIN),
        "paper": SimpleUploadedFile("合同.pdf", b"%PDF-1.4"),
    }
    assert boss.post("/o/equipment/new", {**typed, **upload}).status_code == 302
    made = Record.objects.get()
    url = f"/o/equipment/{made.pk}"
    page = boss.get(url).content.decode()
    assert f"{url}/picture/photo" in page
    shown = boss.get(f"{url}/picture/photo")
    assert (shown.status_code, shown["Content-Type"]) == (200, "image/png")
    assert boss.get(f"{url}/picture/paper").status_code == 404, "a document is no picture"
    fetched = boss.get(f"{url}/value/paper")
    assert "attachment" in fetched["Content-Disposition"]
    assert browser(shop["nobody"]).get(f"{url}/value/paper").status_code == 404
    foreign = StoredFile.objects.get(name="合同.pdf").pk
    with pytest.raises(records.FieldErrors):
        records.create("equipment", equipment_of(owner.pk, paper=foreign), by=shop["boss"].actor)


@pytest.mark.parametrize("level", ["hidden", "masked"])
def test_a_file_in_a_field_that_one_does_not_see_is_at_no_door(
    shop: dict[str, Person], level: str, settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path
    boss = browser(shop["boss"])
    upload = {"paper": SimpleUploadedFile("合同.pdf", b"%PDF-1.4")}
    assert (
        boss.post("/o/equipment/new", {"name": "泵", "customer": make("customer").pk, **upload}).status_code
        == 302
    )
    made, paper = Record.objects.get(), StoredFile.objects.get(name="合同.pdf")
    records.attach("equipment", made.pk, SimpleUploadedFile("说明.txt", b"open"), by=SYSTEM)
    url = f"/o/equipment/{made.pk}"
    assert "合同.pdf" in boss.get(f"{url}/files").content.decode()
    FieldRule.objects.create(
        role=Role.objects.get(key="t_boss"), type_key="equipment", field="paper", level=level
    )
    access.rights_changed()
    shown = boss.get(f"{url}/files").content.decode()
    assert ("合同.pdf" in shown, "说明.txt" in shown) == (False, True)
    for address in (url, f"{url}/edit", "/o/equipment/?columns=name,paper"):
        assert "合同.pdf" not in boss.get(address).content.decode(), address
    assert boss.get(f"{url}/files/{paper.pk}").status_code == 404
    assert boss.post(f"{url}/files/{paper.pk}").status_code == 404
    actor = access.actor_for(shop["boss"].user)
    order = exports.Order("equipment", ("name",), format="csv", files=True)
    names = zipfile.ZipFile(exports.write(actor, order).path).namelist()
    assert [name.rpartition("/")[2] for name in names if "/" in name] == ["说明.txt"]
    with pytest.raises(records.FieldErrors):
        records.update("equipment", made.pk, {"photo": paper.pk}, by=actor)


def test_definitions_that_name_what_is_gone_show_themselves(people: dict[str, Person]) -> None:
    define_object()
    define_object("site", "场地")
    define_field("equipment", "place", "场地", "reference", {"ref": "site"})
    define_field("equipment", "odd", "怪", "hologram")
    site = records.create("site", {"name": "一号"}, by=SYSTEM)
    made = records.create("equipment", {"name": "泵", "place": site.pk}, by=SYSTEM)
    assert row(made.pk)["place"].title == "一号"
    ObjectDef.objects.filter(key="site").update(deleted_at=timezone.now())
    meta_changed()
    with pytest.raises(UnknownObject):
        get("site")
    boss = browser(people["boss"])
    assert boss.get("/o/site/").status_code == 404
    page = boss.get(f"/o/equipment/{made.pk}")
    assert page.status_code == 200
    assert "定义有误" in page.content.decode()
    assert boss.get("/o/equipment/").status_code == 200
    with pytest.raises(records.FieldErrors):
        records.update("equipment", made.pk, {"place": site.pk}, by=SYSTEM)
    with pytest.raises(query.QueryError):
        access.condition(SYSTEM, get("equipment"), {"field": "place", "op": "empty"})
    FieldDef.objects.filter(key="place").update(deleted_at=timezone.now())
    meta_changed()
    assert boss.get("/o/equipment/?columns=name,place").status_code == 200
    assert boss.get(f"/o/equipment/{made.pk}/history").status_code == 200
    broken = boss.get("/o/equipment/", {"where": json.dumps({"field": "place", "op": "empty"})})
    assert broken.status_code in {200, 422}


def test_labels_follow_the_reader_s_language(shop: dict[str, Person]) -> None:
    user = shop["boss"].user
    type(user).objects.filter(pk=user.pk).update(language="en")
    page = browser(shop["boss"]).get("/o/equipment/?columns=name,model,state").content.decode()
    assert "Equipment" in page
    assert "Model" in page
    assert "型号" not in page


def test_the_api_knows_own_fields_and_objects(shop: dict[str, Person]) -> None:
    from tests.contracts.test_objects import call

    define_field("customer", "budget", "预算", "money")
    boss = shop["boss"]
    document = call(boss, "get", "openapi.json").json()["components"]["schemas"]
    assert document["customer"]["properties"]["budget"]["title"] == "预算"
    assert document["equipment"]["properties"]["state"]["enum"][:2] == ["running", "repair"]
    owner = make("customer")
    made = call(boss, "post", "equipment", {**equipment_of(owner.pk), **FULL, "others": [owner.pk]})
    assert made.status_code == 201, made.content
    body = made.json()
    assert body["customer"] == {"id": owner.pk, "title": str(owner)}
    assert (body["price"], body["opens"], body["lines"]) == (
        "100.50",
        "08:30:00",
        [{"part": "轴承", "count": 2.0, "price": "3.50"}],
    )
    where = json.dumps({"field": "checked_at", "op": "last", "value": 3000})
    assert [
        one["id"] for one in call(boss, "get", f"equipment?where={where}&sort=-price").json()["rows"]
    ] == [body["id"]]
    assert call(boss, "get", "equipment?sort=weight").status_code == 422, "no index, no sorting"
