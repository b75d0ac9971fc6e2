"""Layouts: drafted, published, taken back, and what the pages then show."""

from __future__ import annotations

from typing import Any

import pytest

from kemai.platform import access
from kemai.platform.access import Denied
from kemai.platform.define import config, fields, history, layouts
from kemai.platform.models import ConfigChange, Layout, Role
from kemai.platform.objects import get
from kemai.platform.records import Conflict, Refused
from tests.people import Person

People = dict[str, Person]
STATE: dict[str, Any] = {
    "sections": [
        {"title": "要紧的", "title_en": "First", "columns": 2, "fields": ["name", "phone"]},
        {"title": "其余", "fields": ["kind", "name", "owner"]},
    ],
    "hidden": ["email"],
}


@pytest.fixture
def dora(people: People) -> access.Actor:
    import dataclasses

    return dataclasses.replace(people["dora"].actor, is_admin=True)


def form_of(type_key: str = "customer") -> list[list[str]]:
    return [list(section.fields) for section in get(type_key).form_sections()]


def test_two_windows_of_one_administrator_do_not_write_over_each_other(boss: access.Actor) -> None:
    first = layouts.save_layout("customer", "list", {"columns": ["name", "phone"]}, by=boss, base=0)
    again = layouts.save_layout("customer", "list", {"columns": ["phone"]}, by=boss, base=first.version)
    with pytest.raises(Conflict) as conflict:  # the second window was opened before the draft was saved again
        layouts.save_layout("customer", "list", {"columns": ["owner"]}, by=boss, base=first.version)
    assert conflict.value.version == again.version
    layouts.save_layout("customer", "list", {"columns": ["owner"]}, by=boss, base=first.version, force=True)
    assert [row.state["columns"] for row in layouts.versions("customer", "list")] == [["owner"], ["phone"]]


@pytest.mark.row(119)
def test_a_draft_shows_nobody_anything_until_it_is_published(boss: access.Actor) -> None:
    before = form_of()
    row = layouts.save_layout("customer", "form", STATE, by=boss, base=0)
    assert form_of() == before
    layouts.publish_layout("customer", "form", row.version, by=boss)
    shown = form_of()
    assert shown[:2] == [["name", "phone"], ["kind", "owner"]]
    assert "email" not in {key for section in shown for key in section}
    assert get("customer").form_sections()[0].columns == 2


def test_a_field_made_later_does_not_disappear(boss: access.Actor) -> None:
    row = layouts.save_layout("customer", "form", STATE, by=boss, base=0)
    layouts.publish_layout("customer", "form", row.version, by=boss)
    fields.create_field("customer", "text", {"label": "型号"}, by=boss)
    assert "xinghao" in form_of()[-1]


def test_what_must_be_filled_in_cannot_be_hidden(boss: access.Actor) -> None:
    state = {"sections": [{"title": "甲", "fields": ["phone"]}], "hidden": ["name"]}
    row = layouts.save_layout("customer", "form", state, by=boss, base=0)
    with pytest.raises(Refused):
        layouts.publish_layout("customer", "form", row.version, by=boss)


def test_a_second_administrator_sees_both_and_nothing_is_lost(boss: access.Actor, dora: access.Actor) -> None:
    mine = layouts.save_layout("customer", "list", {"columns": ["name", "phone"]}, by=boss, base=0)
    with pytest.raises(Conflict) as conflict:
        layouts.save_layout("customer", "list", {"columns": ["name", "owner"]}, by=dora, base=0)
    assert conflict.value.version == mine.version
    layouts.save_layout("customer", "list", {"columns": ["name", "owner"]}, by=dora, base=0, force=True)
    kept = [row.state["columns"] for row in layouts.versions("customer", "list")]
    assert kept == [["name", "owner"], ["name", "phone"]]
    with pytest.raises(Conflict):
        layouts.publish_layout("customer", "list", mine.version, by=boss)


def test_an_older_version_comes_back_as_a_new_one(boss: access.Actor) -> None:
    for columns in (["name", "phone"], ["name", "owner"]):
        layouts.put_state("customer", "list", {"columns": columns}, action="publish", by=boss)
    assert get("customer").list_columns() == ("name", "owner")
    layouts.roll_back_layout("customer", "list", 1, by=boss)
    assert get("customer").list_columns() == ("name", "phone")
    layouts.roll_back_layout("customer", "list", 0, by=boss)
    assert get("customer").list_columns() == get("customer").columns
    history.roll_back(ConfigChange.objects.order_by("-pk")[0].pk, by=boss)
    assert get("customer").list_columns() == ("name", "phone")
    assert Layout.objects.count() == 5


def test_a_gone_field_leaves_no_hole(boss: access.Actor) -> None:
    fields.create_field("customer", "text", {"label": "型号"}, by=boss)
    layouts.put_state("customer", "list", {"columns": ["name", "xinghao"]}, action="publish", by=boss)
    fields.remove_field("customer", "xinghao", by=boss)
    assert get("customer").list_columns() == ("name",)
    fields.restore_field("customer", "xinghao", by=boss)
    assert get("customer").list_columns() == ("name", "xinghao")


def test_only_administrators_arrange(people: People) -> None:
    with pytest.raises(Denied):
        layouts.save_layout("customer", "form", STATE, by=people["alice"].actor, base=0)


@pytest.mark.parametrize(
    "state", [{}, {"sections": []}, {"sections": [{"title": "甲", "fields": ["nothing"]}]}, {"sections": "x"}]
)
def test_an_empty_layout_is_refused(boss: access.Actor, state: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        layouts.save_layout("customer", "form", state, by=boss, base=0)


# ── for one role ──


@pytest.fixture
def selling(people: People) -> tuple[Role, Role]:
    first, second = (Role.objects.create(key=key, name=key) for key in ("inside", "field"))
    return first, second


def columns_for(*roles: Role) -> tuple[str, ...]:
    return get("customer").list_columns(tuple(role.pk for role in roles))


def arrange(role: str, *columns: str, by: access.Actor) -> Layout:
    state = {"columns": list(columns)}
    return layouts.put_state("customer", "list", state, action="publish", by=by, role=role)


@pytest.mark.row(119)
def test_each_role_has_its_own_and_whoever_has_several_the_first(
    boss: access.Actor, selling: tuple[Role, Role]
) -> None:
    inside, field = selling
    arrange("", "name", "owner", by=boss)
    arrange("inside", "name", "phone", by=boss)
    arrange("field", "name", "kind", by=boss)
    assert columns_for() == ("name", "owner")
    assert columns_for(inside) == ("name", "phone")
    assert columns_for(field, inside) == ("name", "phone")
    layouts.order_roles(["field", "inside"], by=boss)
    assert columns_for(field, inside) == ("name", "kind")
    history.roll_back(ConfigChange.objects.order_by("-pk")[0].pk, by=boss)
    assert columns_for(field, inside) == ("name", "phone")
    layouts.roll_back_layout("customer", "list", 0, by=boss, role="inside")
    assert columns_for(inside) == ("name", "owner"), "without a layout of its own it is everybody's"
    assert columns_for(field, inside) == ("name", "kind"), "the first that has one"
    history.roll_back(ConfigChange.objects.order_by("-pk")[0].pk, by=boss)
    assert columns_for(inside) == ("name", "phone")


def test_versions_of_a_role_are_its_own(boss: access.Actor, selling: tuple[Role, Role]) -> None:
    arrange("", "name", "owner", by=boss)
    draft = layouts.save_layout("customer", "list", {"columns": ["name"]}, by=boss, base=0, role="inside")
    assert draft.version == 1
    assert columns_for(selling[0]) == ("name", "owner")
    layouts.publish_layout("customer", "list", 1, by=boss, role="inside")
    assert columns_for(selling[0]) == ("name",)
    assert layouts.draft("customer", "list") is None
    with pytest.raises(access.NotVisible):
        layouts.save_layout("customer", "list", {"columns": ["name"]}, by=boss, base=0, role="nobody")


def test_the_file_carries_them_with_the_role_and_the_order(
    boss: access.Actor, selling: tuple[Role, Role]
) -> None:
    arrange("inside", "name", "phone", by=boss)
    layouts.order_roles(["field", "inside"], by=boss)
    states, as_of = config.load(config.export())
    assert states["layouts"]["customer.list@inside"] == {"columns": ["name", "phone"]}
    assert states["settings"]["layouts/roles"]["value"][:2] == ["field", "inside"]
    states["layouts"]["customer.list@inside"] = {"columns": ["name", "kind"]}
    states["layouts"]["customer.list@ghost"] = {"columns": ["name"]}
    problems = {step.place: step.problem for step in config.plan(states, as_of)}
    assert problems["customer.list@inside"] == ""
    assert "ghost" in problems["customer.list@ghost"]
    del states["layouts"]["customer.list@ghost"]
    outcome = config.import_file(states, as_of, by=boss)
    assert columns_for(selling[0]) == ("name", "kind")
    assert outcome.change is not None
    config.take_back(outcome.change, by=boss)
    assert columns_for(selling[0]) == ("name", "phone")


def test_a_role_that_is_gone_leaves_everybodys(boss: access.Actor, selling: tuple[Role, Role]) -> None:
    arrange("inside", "name", "phone", by=boss)
    key = selling[0].pk
    selling[0].delete()
    assert get("customer").list_columns((key,)) == get("customer").columns
    assert "customer.list@inside" not in config.load(config.export())[0]["layouts"]
