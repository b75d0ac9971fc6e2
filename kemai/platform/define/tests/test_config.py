"""The configuration as a file: out, changed, rehearsed, in, back."""

from __future__ import annotations

import pytest
import yaml

from kemai.platform import access, records
from kemai.platform.access import Actor, Denied
from kemai.platform.define import config, fields, history, layouts, objects
from kemai.platform.define.config import BadFile
from kemai.platform.models import ConfigChange, FieldDef, ObjectDef, Role
from kemai.platform.objects import get
from kemai.platform.records import Refused
from tests.people import Person


def build(boss: Actor) -> None:
    objects.create_object({"label": "设备", "icon": "tool"}, by=boss, key="equipment")
    fields.create_field(
        "equipment", "reference", {"label": "客户", "ref": "customer"}, by=boss, key="customer"
    )
    fields.create_field(
        "equipment", "choice", {"label": "状态", "options": [{"label": "在用"}]}, by=boss, key="state"
    )
    objects.change_object("equipment", {"parent": "customer"}, by=boss)
    fields.create_field("customer", "number", {"label": "台数", "min": "0"}, by=boss, key="n")
    layouts.put_state("customer", "list", {"columns": ["name", "n"]}, action="publish", by=boss)


@pytest.mark.row(124)
def test_an_export_that_comes_back_changes_nothing(boss: Actor) -> None:
    build(boss)
    text = config.export()
    assert text == config.export()
    states, as_of = config.load(text)
    assert config.plan(states, as_of, remove=True) == []
    assert config.import_file(states, as_of, by=boss, remove=True).change is None


@pytest.mark.row(124)
def test_a_file_builds_another_system(boss: Actor) -> None:
    build(boss)
    text = config.export()
    objects.remove_object("equipment", by=boss)
    FieldDef.objects.all().delete()
    ObjectDef.objects.all().delete()
    layouts.roll_back_layout("customer", "list", 0, by=boss)
    states, as_of = config.load(text)
    outcome = config.import_file(states, as_of, by=boss)
    assert {step.action for step in outcome.steps} == {"add"}
    equipment = get("equipment")
    assert (equipment.parent, str(equipment.fields["state"].label)) == ("customer", "状态")
    assert get("customer").list_columns() == ("name", "n")
    assert config.plan(*config.load(text)) == []
    customer = records.create("customer", {"name": "甲", "n": 3}, by=boss)
    records.create("equipment", {"name": "一号机", "customer": customer.pk, "state": "在用"}, by=boss)
    assert access.scope(boss, "equipment").count() == 1


def test_a_changed_file_is_rehearsed_taken_over_and_taken_back(
    boss: Actor, people: dict[str, Person]
) -> None:
    build(boss)
    found = yaml.safe_load(config.export())
    found["fields"]["customer"]["n"]["label"] = "设备台数"
    found["fields"]["customer"]["serial"] = {"kind": "text", "label": "序列号"}
    del found["fields"]["equipment"]["state"]
    role = people["alice"].user.roles.get()
    found["roles"][role.key]["fields"] = {"customer": {"phone": "hidden"}}
    states, as_of = config.load(yaml.safe_dump(found, allow_unicode=True))
    steps = config.plan(states, as_of, remove=True)
    told = {(step.part.key, step.place): step.action for step in steps}
    assert told == {
        ("fields", "customer.n"): "change",
        ("fields", "customer.serial"): "add",
        ("fields", "equipment.state"): "remove",
        ("roles", role.key): "change",
    }
    assert str(get("customer").fields["n"].label) == "台数"

    outcome = config.import_file(states, as_of, by=boss, remove=True)
    assert str(get("customer").fields["n"].label) == "设备台数"
    assert "state" not in get("equipment").fields
    assert access.field_levels(people["alice"].actor, get("customer"))["phone"] == "hidden"
    assert outcome.change is not None
    assert ConfigChange.objects.order_by("-pk")[0] == outcome.change

    history.roll_back(outcome.change.pk, by=boss)
    assert str(get("customer").fields["n"].label) == "台数"
    assert "state" in get("equipment").fields
    assert "serial" not in get("customer").fields
    assert access.field_levels(people["alice"].actor, get("customer"))["phone"] != "hidden"


def test_what_was_changed_here_meanwhile_is_told(boss: Actor) -> None:
    build(boss)
    found = yaml.safe_load(config.export())
    fields.change_field("customer", "n", {"label": "机器数"}, by=boss)
    found["fields"]["customer"]["n"]["label"] = "设备台数"
    step = config.plan(*config.load(yaml.safe_dump(found)))[0]
    assert "Boss" in step.conflict


def test_one_problem_stops_everything(boss: Actor) -> None:
    build(boss)
    found = yaml.safe_load(config.export())
    found["fields"]["customer"]["a"] = {"kind": "text", "label": "甲"}
    found["fields"]["customer"]["b"] = {"kind": "reference", "label": "乙", "settings": {"ref": "nothing"}}
    found["fields"]["customer"]["n"]["kind"] = "text"
    states, as_of = config.load(yaml.safe_dump(found))
    assert sum(1 for step in config.plan(states, as_of) if step.problem) == 2
    with pytest.raises(Refused):
        config.import_file(states, as_of, by=boss)
    assert "a" not in get("customer").fields


@pytest.mark.parametrize(
    "text",
    ["", "x", "[", "a: 1", "kemai: 2", "kemai: 1\nnothing: {}", "kemai: 1\nfields: [1]",
     "kemai: 1\nfields: {customer: 3}",
     "kemai: 1\nobjects: !!python/object/apply:os.system [ls]"],
)  # fmt: skip
def test_what_is_no_configuration_is_refused_with_a_sentence(text: str, db: None) -> None:
    with pytest.raises(BadFile):
        config.load(text)


@pytest.mark.parametrize(
    "state",
    ["1", "[]", "{}", "{kind: nothing, label: x}", "{kind: text, label: ''}", "{kind: text, label: {a: 1}}"],
)
def test_a_malformed_field_in_a_file_changes_nothing(state: str, boss: Actor) -> None:
    states, as_of = config.load(f"kemai: 1\nfields: {{customer: {{x: {state}}}}}")
    config.plan(states, as_of)
    try:
        config.import_file(states, as_of, by=boss)
    except Refused:
        pass
    else:
        assert state == "{kind: text, label: {a: 1}}"


def test_only_administrators_import(people: dict[str, Person]) -> None:
    with pytest.raises(Denied):
        config.import_file({}, 0, by=people["alice"].actor)
    assert Role.objects.exists()


BOMB = "kemai: 1\na0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))


HOSTILE = (
    BOMB,
    "kemai: &a {b: *a}\n",
    "kemai: " + "[" * 100_000,
    "kemai: 1\nx: !!python/object:os.system {}",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_file_that_stands_for_far_more_than_it_holds_is_refused(text: str) -> None:
    with pytest.raises(config.BadFile):
        config.load(text)
