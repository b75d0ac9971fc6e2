"""Where several definitions meet: what is unique together, merged, taken back, laid out, brought from elsewhere."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from kemai.platform import records
from kemai.platform.access import SYSTEM
from kemai.platform.define import config, fields, layouts, objects, usage
from kemai.platform.models import Record
from kemai.platform.objects import get
from kemai.platform.records import FieldErrors, Refused
from tests.contracts.test_objects import call
from tests.equipment import define_equipment, define_field, define_object, equipment_of
from tests.factory import make
from tests.people import Person, browser

pytestmark = pytest.mark.django_db


@pytest.mark.row(116)
def test_own_and_built_in_fields_are_unique_together(people: dict[str, Person]) -> None:
    define_field("customer", "budget", "预算", "money")
    define_field("customer", "since", "合作日", "date")
    customer = get("customer")
    same = {"name": "甲", "budget": "5", "since": "2020-01-01"}
    first, second = (records.create("customer", same, by=SYSTEM) for _n in range(2))
    records.create("customer", {"name": "甲", "budget": "5"}, by=SYSTEM)
    boss = browser(people["boss"])
    page = boss.post("/settings/objects/customer/rules", {"unique-0": ["name", "budget", "since"]})
    assert page.status_code == 422
    told = page.content.decode()
    assert "已有 2 条记录的名称、预算、合作日都相同（甲、5.00、2020-01-01）" in told.replace("¥ ", "")
    assert told.count("selected") >= 3, "what was chosen still stands there"
    records.update("customer", second.pk, {"budget": "6"}, by=SYSTEM)
    objects.set_unique("customer", [["name", "budget", "since"]], by=SYSTEM)
    assert customer.unique_together == (("name", "budget", "since"),)
    for act in (
        lambda: records.create("customer", {**same, "budget": "5.00", "since": "2020-1-1"}, by=SYSTEM),
        lambda: records.update("customer", second.pk, {"budget": "5"}, by=SYSTEM),
        lambda: records.bulk_update("customer", {second.pk: {"budget": "5"}}, by=SYSTEM),
    ):
        with pytest.raises(FieldErrors, match="名称、预算、合作日与此相同"):
            act()
    records.delete("customer", [first.pk], by=SYSTEM)
    records.update("customer", second.pk, {"budget": "5"}, by=SYSTEM)
    with pytest.raises(Refused, match="名称、预算、合作日与此相同"):
        records.restore("customer", [first.pk], by=SYSTEM)


@pytest.mark.row(12)
def test_a_merge_makes_no_two_of_what_may_be_there_once() -> None:
    define_equipment()
    one, other = make("customer", name="甲"), make("customer", name="乙")
    machines = [records.create("equipment", equipment_of(c.pk, model="X1"), by=SYSTEM) for c in (one, other)]
    with pytest.raises(Refused, match="合并后会有两条相同的设备"):
        records.merge("customer", one.pk, [other.pk], by=SYSTEM)
    assert records.row_of(get("equipment"), machines[1].pk, by=SYSTEM)["customer"].id == other.pk
    records.update("equipment", machines[1].pk, {"model": "X2"}, by=SYSTEM)
    records.merge("customer", one.pk, [other.pk], by=SYSTEM)


@pytest.mark.row(13)
def test_a_merge_is_not_undone_where_its_number_has_been_given_away() -> None:
    define_equipment()
    owner = make("customer").pk
    keep, gone = (
        records.create("equipment", equipment_of(owner, f"机{code}", code=code), by=SYSTEM)
        for code in ("AA1", "AA2")
    )
    merged = records.merge("equipment", keep.pk, [gone.pk], {"code": keep.pk}, by=SYSTEM)
    new = records.create("equipment", equipment_of(owner, "新机", code="AA2"), by=SYSTEM)
    with pytest.raises(Refused, match="不能撤销合并：设备编码“AA2”已经有一条记录在用"):
        records.undo(merged.pk, by=SYSTEM)
    assert Record.objects.filter(deleted_at=None).count() == 2
    records.update("equipment", new.pk, {"code": "AA3"}, by=SYSTEM)
    records.undo(merged.pk, by=SYSTEM)
    assert Record.objects.filter(deleted_at=None).count() == 3


@pytest.mark.row(116)
def test_a_column_that_a_sub_table_does_not_have_is_refused(people: dict[str, Person]) -> None:
    define_equipment()
    line = {"part": "轴承", "count": 2}
    made = records.create("equipment", equipment_of(make("customer").pk, lines=[line]), by=SYSTEM)
    answer = call(
        people["boss"], "patch", f"equipment/{made.pk}", {"lines": [line, {"part": "泵", "cuont": 1}]}
    )
    assert answer.status_code == 422
    assert answer.json()["fields"] == {"lines": "第 2 行：没有“cuont”这一列"}
    fields.change_field(
        "equipment",
        "lines",
        {"label": "配件清单", "table": [{"key": "part", "label": "配件", "kind": "text"}]},
        by=SYSTEM,
    )
    renewed = records.update("equipment", made.pk, {"lines": [{"part": "泵"}]}, by=SYSTEM)
    assert renewed is not None
    change = records.row_of(get("equipment"), made.pk, by=SYSTEM)["lines"]
    assert change == [{"part": "泵"}]


@pytest.mark.row(119)
def test_a_form_asks_for_what_came_to_be_required_after_it_was_hidden(people: dict[str, Person]) -> None:
    define_object()
    options = {"options": [{"value": "run", "label": "运行"}, {"value": "off", "label": "报废"}]}
    define_field("equipment", "state", "状态", "choice", options, default="run")
    why = define_field("equipment", "why", "报废原因", "text")
    alice, boss = people["alice"], people["boss"].actor
    role = alice.user.roles.get().key
    hides: dict[str, Any] = {"sections": [{"title": "基本", "fields": ["name", "state"]}], "hidden": ["why"]}
    layouts.put_state("equipment", "form", hides, action="publish", by=boss, role=role)
    hers = browser(alice)
    assert 'name="why"' not in hers.get("/o/equipment/new").content.decode()
    off = {"field": "state", "op": "eq", "value": "off"}
    fields.change_field("equipment", "why", {"label": why.label, "require_if": off}, by=boss)
    assert 'name="why"' in hers.get("/o/equipment/new").content.decode()
    refused = hers.post("/o/equipment/new", {"name": "泵", "state": "off", "why": ""})
    assert refused.status_code == 422
    assert "请填写报废原因" in refused.content.decode()
    assert hers.post("/o/equipment/new", {"name": "泵", "state": "off", "why": "坏了"}).status_code == 302
    with pytest.raises(Refused, match="必填字段不能藏起来：报废原因"):
        layouts.put_state("equipment", "form", hides, action="publish", by=boss)


@pytest.mark.row(124)
def test_names_that_clash_are_told_by_the_rehearsal(people: dict[str, Person]) -> None:
    boss = people["boss"].actor
    define_object()
    fields.create_field("customer", "number", {"label": "台数"}, by=boss, key="n")
    mine = config.export()

    def problems(**changed: Any) -> list[str]:
        told = yaml.safe_load(mine)
        told["objects"] |= changed.get("objects", {})
        told["fields"]["customer"] |= changed.get("customer", {})
        states, as_of = config.load(yaml.safe_dump(told, allow_unicode=True))
        found = [step.problem for step in config.plan(states, as_of)]
        if any(found):
            with pytest.raises(Refused):
                config.import_file(states, as_of, by=boss)
        return found

    assert "已经有叫“设备”的对象" in problems(objects={"shebei": {"label": "设备"}})[0]
    assert "已经有叫“客户”的对象" in problems(objects={"kehu": {"label": "客户"}})[0]
    number = {"kind": "number", "label": "台数"}
    assert "已经有叫“台数”的字段" in problems(customer={"m": number})[0]
    assert "已经有叫“手机”的字段" in problems(
        customer={"m": {**number, "label": str(get("customer").fields["phone"].label)}}
    )[0].replace(str(get("customer").fields["phone"].label), "手机")
    with_circle = {
        key: {"kind": "formula", "label": key, "settings": {"formula": f"{{{other}}} + 1", "kind": "number"}}
        for key, other in (("aa", "bb"), ("bb", "aa"))
    }
    told = yaml.safe_load(mine)
    told["fields"]["customer"] |= with_circle
    states, as_of = config.load(yaml.safe_dump(told, allow_unicode=True))
    tried = config.rehearse(states, as_of, by=boss)
    assert any("bb" in step.problem for step in tried), "what only doing it shows, the rehearsal shows"
    assert "aa" not in get("customer").fields
    assert problems(customer={"m": number, "n": {**number, "label": "旧台数"}}) == ["", ""]


@pytest.mark.row(124)
def test_a_file_builds_what_reads_what_stands_after_it(people: dict[str, Person]) -> None:
    boss = people["boss"].actor
    money = {"kind": "money"}
    told = {
        "kemai": 1,
        "objects": {"w_tool": {"label": "量具"}},
        "fields": {
            "customer": {
                "a_tax": {"kind": "formula", "label": "含税", "settings": money | {"formula": "{b_sum} * 2"}},
                "b_sum": {
                    "kind": "rollup",
                    "label": "量具总价",
                    "settings": money
                    | {"rollup": {"object": "w_tool", "field": "customer", "of": "after", "agg": "sum"}},
                },
            },
            "w_tool": {
                "after": {
                    "kind": "formula",
                    "label": "折后价",
                    "settings": money | {"formula": "{price} / 2"},
                },
                "customer": {"kind": "reference", "label": "客户", "settings": {"ref": "customer"}},
                "price": {"kind": "money", "label": "价格"},
            },
        },
    }
    states, as_of = config.load(yaml.safe_dump(told, allow_unicode=True))
    steps = config.rehearse(states, as_of, by=boss)
    assert [step.problem for step in steps] == [""] * 6
    assert "量具 · 价格" in {step.name for step in steps}
    assert "b_sum" not in get("customer").fields, "a rehearsal changes nothing"
    config.import_file(states, as_of, by=boss)
    owner = make("customer")
    records.create("w_tool", {"name": "卡尺", "customer": owner.pk, "price": "100"}, by=SYSTEM)
    assert str(records.row_of(get("customer"), owner.pk, by=SYSTEM)["a_tax"]) == "100.00"


@pytest.mark.row(116)
def test_a_default_that_names_somebody_gone_stops_no_new_record(people: dict[str, Person]) -> None:
    alice = people["alice"].user
    define_field("customer", "server", "服务人", "user", default=alice.pk)
    assert records.row_of(get("customer"), make("customer").pk, by=SYSTEM)["server"].id == alice.pk
    type(alice).objects.filter(pk=alice.pk).update(is_active=False)
    boss = browser(people["boss"])
    assert "Alice" not in boss.get("/o/customer/new").content.decode()
    assert call(people["boss"], "post", "customer", {"name": "甲某"}).status_code == 201
    (key,) = records.bulk_create("customer", [{"name": "乙某"}], by=SYSTEM)
    assert records.row_of(get("customer"), key, by=SYSTEM)["server"] is None


@pytest.mark.row(116)
def test_a_default_worked_out_of_a_field_is_told_before_that_goes(people: dict[str, Person]) -> None:
    boss = people["boss"].actor
    machines = fields.create_field("customer", "number", {"label": "台数"}, by=boss)
    spare = {"label": "备件", "default_formula": f"{{{machines.key}}} * 2"}
    fields.create_field("customer", "number", spare, by=boss)
    told = {
        one.source.key: [(use.name, use.detail) for use in one.uses]
        for one in usage.report("customer", machines.key)
    }
    assert told["field"] == [("客户 · 备件", "默认值公式")]
    fields.remove_field("customer", machines.key, by=boss)
    make("customer")


@pytest.mark.row(124)
def test_a_file_names_the_person_that_a_default_is(people: dict[str, Person]) -> None:
    alice, boss = people["alice"].user, people["boss"].actor
    unit = alice.department
    assert unit is not None
    define_field("customer", "server", "服务人", "user", default=alice.pk)
    define_field("customer", "unit", "服务部门", "department", default=unit.pk)
    mine = config.export()
    told = yaml.safe_load(mine)["fields"]["customer"]
    assert told["server"]["default"] == {"user": alice.username}
    assert told["unit"]["default"]["department"][-1] == unit.name
    assert config.plan(*config.load(mine)) == [], "nothing differs"
    fields.change_field("customer", "server", {"label": "服务人", "default": None}, by=boss)
    fields.change_field("customer", "unit", {"label": "服务部门", "default": None}, by=boss)
    config.import_file(*config.load(mine), by=boss)
    known = get("customer").fields
    assert (known["server"].default.id, known["unit"].default.id) == (alice.pk, unit.pk)
    states, as_of = config.load(mine.replace(f"user: {alice.username}", "user: ghost"))
    assert ["默认值“ghost”在这里没有" in step.problem for step in config.plan(states, as_of)] == [True]
