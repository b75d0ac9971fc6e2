"""A field that may only be read while its record is in a certain state."""

from __future__ import annotations

from typing import Any

import pytest

from kemai.platform import access, records
from kemai.platform.access import SYSTEM
from kemai.platform.define import rights
from kemai.platform.models import FieldRule, Role
from kemai.platform.objects import get
from kemai.platform.records import FieldErrors
from tests.factory import make
from tests.people import Person

People = dict[str, Person]
KEY = {"field": "important", "op": "eq", "value": True}


@pytest.fixture
def locked(people: People, boss: access.Actor) -> list[int]:
    """The e-mail of key customers is locked for alice's role: one of two customers is one."""
    rights.save_lock("customer", "address", KEY, list(people["alice"].actor.role_ids), by=boss)
    owner = people["alice"].user.pk
    return [make("customer", owner=owner, important=important).pk for important in (True, False)]


@pytest.mark.row(134)
def test_the_write_door_the_form_and_the_explanation_say_the_same(
    people: People, boss: access.Actor, locked: list[int]
) -> None:
    alice, customer = people["alice"].actor, get("customer")
    shut, free = locked
    assert access.levels_on(alice, customer, shut)["address"] == "read"
    assert access.levels_on(alice, customer, free)["address"] == "edit"
    assert access.field_levels(alice, customer)["address"] == "edit", "in general it may be edited"
    with pytest.raises(FieldErrors) as refused:
        records.update("customer", shut, {"address": "新地址 1 号"}, by=alice)
    assert "重要客户" in refused.value.errors["address"]
    _level, lines = access.explain_field(alice, customer, "address")
    assert refused.value.errors["address"] in lines
    records.update("customer", free, {"address": "新地址 1 号"}, by=alice)
    records.update("customer", shut, {"name": "别的字段照常"}, by=alice)
    records.update("customer", shut, {"important": False}, by=alice)
    records.update("customer", shut, {"address": "现在可以"}, by=alice)


@pytest.mark.row(134)
def test_mass_changes_leave_out_what_is_locked_and_imports_are_refused_it(
    people: People, locked: list[int]
) -> None:
    alice, customer = people["alice"].actor, get("customer")
    shut, free = locked
    with pytest.raises(FieldErrors):
        records.bulk_update("customer", {key: {"address": "同一地址"} for key in locked}, by=alice)
    records.bulk_update("customer", {free: {"address": "同一地址"}}, by=alice)
    records.bulk_update("customer", {shut: {"address": "系统可以"}}, by=SYSTEM)
    boss_like = people["boss"].actor
    changes = records.edit_many(
        "customer", customer.records().filter(pk__in=locked), {"address": "批量"}, by=boss_like
    )
    changes.refresh_from_db()
    assert changes.count == 2, "whom no role locks"


def test_one_role_that_is_not_locked_sets_it_free(
    people: People, boss: access.Actor, locked: list[int]
) -> None:
    import dataclasses

    other = Role.objects.create(key="free", name="free")
    alice = dataclasses.replace(people["alice"].actor, role_ids=(*people["alice"].actor.role_ids, other.pk))
    assert access.lock_trees(alice, get("customer")) == {}


@pytest.mark.parametrize(
    ("where", "named"), [(KEY, False), (None, True), ({"field": "gone", "op": "eq", "value": 1}, True)]
)
def test_half_a_lock_is_refused(people: People, boss: access.Actor, where: Any, named: bool) -> None:
    roles = list(people["alice"].actor.role_ids) if named else []
    with pytest.raises(FieldErrors):
        rights.save_lock("customer", "address", where, roles, by=boss)
    assert not FieldRule.objects.exclude(locked_where=None).exists()
