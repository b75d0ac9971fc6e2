"""Own fields and objects as an administrator makes them."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from kemai.platform import access, query, records
from kemai.platform.access import SYSTEM, Denied, NotVisible
from kemai.platform.define import fields, history, keys, kinds, objects, rights, usage
from kemai.platform.models import ConfigChange, FieldDef, FieldRule, Grant, SavedView, ShareRule
from kemai.platform.objects import UnknownObject, get
from kemai.platform.records import Conflict, FieldErrors, Refused
from tests.people import Person, browser

People = dict[str, Person]


def make(kind: str, label: str, boss: access.Actor, type_key: str = "customer", **values: Any) -> FieldDef:
    return fields.create_field(type_key, kind, {"label": label, **values}, by=boss)


# ── keys ──


@pytest.mark.parametrize(
    ("label", "key"),
    [
        ("型号", "xinghao"), ("设备型号", "shebei_xinghao"), ("Model No.", "model_no"), ("2 号线", "field_2_haoxian"),
        ("名称", "mingcheng"), ("!!!", "field_2"), ("Owner", "owner_2"), ("预算（万元）", "yusuan_wanyuan"),
    ],
)  # fmt: skip
def test_a_key_is_made_from_the_label(label: str, key: str) -> None:
    assert keys.suggest(label) == key
    assert not keys.problem(keys.suggest(label))


@pytest.mark.parametrize("key", ["", "型号", "Model", "2nd", "a-b", "id", "created_at", "x" * 60, "taken"])
def test_a_bad_key_is_refused_with_a_sentence(key: str) -> None:
    assert keys.problem(key, {"taken"})


# ── formulas ──


@pytest.mark.row(117)
def test_a_default_may_be_a_formula_and_is_kept_by_key(boss: access.Actor) -> None:
    make("date", "签约日", boss)
    field = make("date", "下次回访", boss, default_formula="[签约日] + 30")
    assert field.settings["default_formula"] == "{qianyue_ri} + 30"
    made = records.create("customer", {"name": "甲", "qianyue_ri": "2026-03-01", field.key: ""}, by=boss)
    assert made.extra[field.key] == "2026-03-31", "an empty control of the form is left out, too"
    made = records.create(
        "customer", {"name": "乙", "qianyue_ri": "2026-03-01", field.key: "2026-05-01"}, by=boss
    )
    assert made.extra[field.key] == "2026-05-01"
    with pytest.raises(FieldErrors) as wrong:
        make("date", "又一天", boss, default="2026-01-01", default_formula="TODAY()")
    assert set(wrong.value.errors) == {"default_formula"}
    with pytest.raises(FieldErrors) as wrong:
        make("number", "天数", boss, default_formula="TODAY()")
    assert set(wrong.value.errors) == {"default_formula"}


@pytest.mark.row(117)
def test_circles_over_formulas_and_roll_ups_are_refused_before_they_are_made(boss: access.Actor) -> None:
    make("formula", "甲", boss, formula="1 + 1", result="number")
    make("formula", "乙", boss, formula="[甲] + 1", result="number")
    with pytest.raises(FieldErrors) as wrong:
        fields.change_field(
            "customer", "jia", {"label": "甲", "formula": "[乙] + 1", "result": "number"}, by=boss
        )
    assert set(wrong.value.errors) == {"formula"}
    make("reference", "上级", boss, ref="customer")
    with pytest.raises(FieldErrors) as wrong:
        make("rollup", "下级合计", boss, key="total", relation="customer.shangji", agg="sum", of="total")
    assert "of" in wrong.value.errors
    rolled = make("rollup", "下级合计", boss, relation="customer.shangji", agg="sum", of="jia")
    with pytest.raises(FieldErrors) as wrong:
        fields.change_field(
            "customer",
            "jia",
            {"label": "甲", "formula": f"{{{rolled.key}}} + 1", "result": "number"},
            by=boss,
        )
    assert set(wrong.value.errors) == {"formula"}


# ── making ──


@pytest.mark.row(116)
def test_a_field_is_there_at_once_for_the_form_the_filter_and_the_write_door(boss: access.Actor) -> None:
    field = make("choice", "规模", boss, options=[{"label": "大"}, {"label": "小", "color": "red"}])
    assert (field.key, field.settings["options"][0]["value"]) == ("guimo", "da")
    made = records.create("customer", {"name": "甲", "guimo": "大"}, by=boss)
    customer = get("customer")
    node = query.parse(
        {"field": "guimo", "op": "in", "value": ["da"]}, customer, SYSTEM.moment(timezone.now())
    )
    found = customer.records().filter(query.compile_q(node, customer))
    assert list(found.values_list("pk", flat=True)) == [made.pk]
    assert "guimo" in {key for section in customer.form_sections() for key in section.fields}


@pytest.mark.parametrize("kind", [kind.key for kind in kinds.ALL])
def test_every_kind_can_be_made(boss: access.Actor, kind: str) -> None:
    assert kind in {one.key for one in kinds.offered()}
    more: dict[str, dict[str, Any]] = {
        "choice": {"options": [{"label": "甲"}]}, "multi_choice": {"options": [{"label": "甲"}]},
        "reference": {"ref": "product"}, "multi_reference": {"ref": "product"}, "formula": {"formula": "1 + 1"},
        "rollup": {"relation": "order.customer", "agg": "sum", "of": "amount"},
        "sub_table": {"table": [{"label": "名目"}, {"label": "数量", "kind": "number"}]},
    }  # fmt: skip
    field = make(kind, "试试", boss, **more.get(kind, {}))
    spec = get("customer").fields[field.key]
    assert spec.own is not None
    assert not spec.own.broken


def test_only_administrators_define(people: People) -> None:
    with pytest.raises(Denied):
        make("text", "型号", people["alice"].actor)
    assert not FieldDef.objects.exists()


@pytest.mark.parametrize(
    ("kind", "values", "where"),
    [
        ("text", {"label": ""}, "label"),
        ("text", {"label": "名称"}, "label"),
        ("text", {"pattern": "(a+)+"}, "pattern"),
        ("text", {"pattern": "("}, "pattern"),
        ("number", {"min": "10", "max": "2"}, "max"),
        ("number", {"min": "many"}, "min"),
        ("number", {"default": "many"}, "default"),
        ("choice", {"options": []}, "options"),
        ("choice", {"options": [{"label": "甲"}, {"label": "甲"}]}, "options"),
        ("choice", {"options": [{"label": "甲"}], "default": "乙"}, "default"),
        ("reference", {}, "ref"),
        ("reference", {"ref": "nothing"}, "ref"),
        ("rollup", {"relation": "product.customer"}, "relation"),
        ("rollup", {"relation": "order.customer", "agg": "sum", "of": "number"}, "of"),
        ("sub_table", {"table": []}, "table"),
        ("text", {"show_if": {"field": "nothing", "op": "eq", "value": 1}}, "show_if"),
        ("rating", {"stars": "99"}, "stars"),
    ],
)
def test_a_bad_definition_is_refused_beside_its_control(
    boss: access.Actor, kind: str, values: dict[str, Any], where: str
) -> None:
    with pytest.raises(FieldErrors) as refused:
        make(kind, values.pop("label", "试试"), boss, **values)
    assert where in refused.value.errors
    assert not FieldDef.objects.exists()


def test_a_key_is_never_given_out_twice(boss: access.Actor) -> None:
    make("text", "型号", boss)
    fields.remove_field("customer", "xinghao", by=boss)
    assert make("text", "型号", boss).key == "xinghao_2"


# ── changing ──


def test_two_administrators_change_different_things_and_both_are_kept(boss: access.Actor) -> None:
    field = make("number", "台数", boss)
    seen = fields.state_of(field)
    form = fields.formed(seen)
    fields.change_field("customer", field.key, {**form, "help": "几台"}, by=boss, base=seen)
    fields.change_field("customer", field.key, {**form, "max": "9"}, by=boss, base=seen)
    field.refresh_from_db()
    assert (field.help, field.settings["max"]) == ("几台", 9)


def test_two_administrators_change_the_same_thing_and_the_second_is_shown_both(boss: access.Actor) -> None:
    field = make("text", "型号", boss)
    seen = fields.state_of(field)
    form = fields.formed(seen)
    fields.change_field("customer", field.key, {**form, "help": "甲"}, by=boss, base=seen)
    with pytest.raises(Conflict) as conflict:
        fields.change_field("customer", field.key, {**form, "help": "乙"}, by=boss, base=seen)
    assert conflict.value.fields == {"help": ("甲", "乙")}
    field.refresh_from_db()
    assert field.help == "甲"


def test_a_field_becomes_unique_only_over_different_values(boss: access.Actor) -> None:
    field = make("text", "序列号", boss)
    for name in ("甲", "乙"):
        records.create("customer", {"name": name, field.key: "A1"}, by=boss)
    with pytest.raises(FieldErrors) as refused:
        fields.change_field("customer", field.key, {"label": "序列号", "unique": True}, by=boss)
    assert "A1" in refused.value.errors["unique"]


def test_an_act_is_noted_and_can_be_taken_back(boss: access.Actor) -> None:
    field = make("text", "型号", boss)
    fields.change_field("customer", field.key, {"label": "规格型号"}, by=boss)
    change = ConfigChange.objects.order_by("-pk")[0]
    assert [(one.name, one.old, one.new) for one in history.differences(change)] == [
        ("label", "型号", "规格型号")
    ]
    history.roll_back(change.pk, by=boss)
    field.refresh_from_db()
    assert field.label == "型号"
    created = ConfigChange.objects.order_by("pk")[0]
    history.roll_back(created.pk, by=boss)
    assert field.key not in get("customer").fields


def test_the_order_is_kept(boss: access.Actor) -> None:
    for label in ("甲", "乙", "丙"):
        make("text", label, boss)
    fields.order_fields("customer", ["bing", "jia"], by=boss)
    assert [row.key for row in fields.own_fields("customer")] == ["bing", "jia", "yi"]
    history.roll_back(ConfigChange.objects.order_by("-pk")[0].pk, by=boss)
    assert [row.key for row in fields.own_fields("customer")] == ["jia", "yi", "bing"]


# ── removing ──


def test_a_removed_field_comes_back_with_its_values(boss: access.Actor) -> None:
    field = make("text", "型号", boss)
    made = records.create("customer", {"name": "甲", field.key: "X1"}, by=boss)
    assert fields.filled("customer", field.key) == 1
    fields.remove_field("customer", field.key, by=boss)
    with pytest.raises(FieldErrors):
        records.update("customer", made.pk, {field.key: "X2"}, by=boss)
    fields.restore_field("customer", field.key, by=boss)
    assert records.row_of(get("customer"), made.pk, by=boss)[field.key] == "X1"


@pytest.mark.row(116)
def test_what_names_a_field_is_told_before_it_goes(boss: access.Actor, people: People) -> None:
    field = make("number", "台数", boss)
    SavedView.objects.create(
        type_key="customer", name="大户", user=people["boss"].user,
        state={"where": {"all": [{"field": field.key, "op": "gt", "value": 3}]}, "columns": ["name", field.key]},
    )  # fmt: skip
    make("text", "说明", boss, show_if={"field": field.key, "op": "not_empty"})
    rights.save_levels("customer", field.key, {people["alice"].user.roles.get().pk: "hidden"}, by=boss)
    found = {one.source.key: [use.name for use in one.uses] for one in usage.report("customer", field.key)}
    assert found["view"] == ["大户"]
    assert found["field"] == ["客户 · 说明"]
    assert found["role"] == ["t_sales"]


def test_the_rights_that_name_a_field_are_told_before_it_goes_and_give_nothing_after(
    boss: access.Actor, people: People
) -> None:
    field, role = make("number", "台数", boss), people["alice"].user.roles.get()
    where = {"field": field.key, "op": "gt", "value": 3}
    Grant.objects.update_or_create(
        role=role, type_key="customer", verb="export", defaults={"scope": "all", "where": where}
    )
    FieldRule.objects.create(role=role, type_key="customer", field="note", level="edit", locked_where=where)
    bob = people["bob"].user.pk
    ShareRule.objects.create(
        name="大户给 Bob",
        type_key="customer",
        where=where,
        target="user",
        target_id=bob,
        created_at=timezone.now(),
    )
    access.rights_changed()
    found = {one.source.key: [use.name for use in one.uses] for one in usage.report("customer", field.key)}
    assert found["role_condition"] == found["role_lock"] == ["t_sales"]
    assert found["share_rule"] == ["大户给 Bob"]
    records.create("customer", {"name": "甲", "owner": people["alice"].user.pk, field.key: 5}, by=SYSTEM)
    alice = people["alice"].actor
    assert access.scope(alice, "customer", "export").exists()
    fields.remove_field("customer", field.key, by=boss)
    assert not access.scope(alice, "customer", "export").exists()
    page = browser(people["boss"]).get("/settings/sharing/").content.decode()
    assert "字段“台数”已被删除" in page


def test_rights_set_on_the_field_are_those_of_the_roles(boss: access.Actor, people: People) -> None:
    field = make("text", "底价", boss)
    role = people["alice"].user.roles.get()
    rights.save_levels("customer", field.key, {role.pk: "hidden"}, by=boss)
    assert access.field_levels(people["alice"].actor, get("customer"))[field.key] == "hidden"
    rights.save_levels("customer", field.key, {role.pk: ""}, by=boss)
    assert not FieldRule.objects.filter(field=field.key).exists()


# ── objects ──


def equipment(boss: access.Actor) -> Any:
    own = objects.create_object({"label": "设备", "icon": "tool"}, by=boss, key="equipment")
    fields.create_field(
        "equipment",
        "reference",
        {"label": "客户", "ref": "customer", "required": True},
        by=boss,
        key="customer",
    )
    objects.change_object("equipment", {"parent": "customer"}, by=boss)
    return own


@pytest.mark.row(118)
def test_an_object_made_on_screen_follows_its_parents_rights(boss: access.Actor, people: People) -> None:
    equipment(boss)
    alice, charlie = people["alice"].actor, people["charlie"].actor
    customer = records.create("customer", {"name": "甲"}, by=alice)
    made = records.create("equipment", {"name": "一号机", "customer": customer.pk}, by=alice)
    assert made.number == "SB00001"
    assert access.scope(alice, "equipment").count() == 1
    assert access.scope(charlie, "equipment").count() == 0


def test_an_object_goes_and_comes_back_with_its_records(boss: access.Actor) -> None:
    equipment(boss)
    customer = records.create("customer", {"name": "甲"}, by=boss)
    records.create("equipment", {"name": "一号机", "customer": customer.pk}, by=boss)
    objects.remove_object("equipment", by=boss)
    with pytest.raises(UnknownObject):
        get("equipment")
    objects.restore_object("equipment", by=boss)
    assert access.scope(boss, "equipment").count() == 1


def test_an_object_that_others_refer_to_stays(boss: access.Actor) -> None:
    equipment(boss)
    fields.create_field("customer", "reference", {"label": "主设备", "ref": "equipment"}, by=boss)
    with pytest.raises(Refused):
        objects.remove_object("equipment", by=boss)


def test_rights_never_follow_in_a_circle(boss: access.Actor) -> None:
    for key, label in (("one", "甲"), ("two", "乙")):
        objects.create_object({"label": label}, by=boss, key=key)
    fields.create_field("one", "reference", {"label": "上级", "ref": "two"}, by=boss, key="up")
    fields.create_field("two", "reference", {"label": "上级", "ref": "one"}, by=boss, key="up")
    objects.change_object("one", {"parent": "up"}, by=boss)
    with pytest.raises(FieldErrors) as refused:
        objects.change_object("two", {"parent": "up"}, by=boss)
    assert "parent" in refused.value.errors


def test_two_administrators_name_an_object(boss: access.Actor) -> None:
    own = objects.create_object({"label": "设备"}, by=boss, key="equipment")
    seen = objects.state_of(own)
    objects.change_object("equipment", {"label": "机器"}, by=boss, base=seen)
    with pytest.raises(Conflict):
        objects.change_object("equipment", {"label": "仪器"}, by=boss, base=seen)
    objects.change_object("equipment", {"icon": "tool"}, by=boss, base=objects.state_of(own))


def test_nothing_is_found_where_there_is_nothing(boss: access.Actor) -> None:
    with pytest.raises(NotVisible):
        fields.own_field("customer", "nothing")
    with pytest.raises(NotVisible):
        fields.create_field("nothing", "text", {"label": "型号"}, by=boss)
    with pytest.raises(Refused):
        fields.create_field("user", "text", {"label": "型号"}, by=boss)


def test_a_segment_that_names_a_field_is_told(boss: access.Actor) -> None:
    field = make("number", "台数", boss)
    where = {"all": [{"field": field.key, "op": "gt", "value": 3}]}
    records.create("segment", {"name": "多台客户"}, by=SYSTEM)
    get("segment").records().update(where=where)
    found = {one.source.key: [use.name for use in one.uses] for one in usage.report("customer", field.key)}
    assert found["segment"] == ["多台客户"]
