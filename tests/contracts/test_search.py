"""The index follows the records through every way of writing them, and shows each person only what is his."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from kemai.platform import access, jobs, records, search
from kemai.platform.access import SYSTEM, Actor, actor_for
from kemai.platform.events import drain_all
from kemai.platform.models import FieldRule, Grant, Role, SearchDoc
from kemai.platform.objects import get
from kemai.platform.query import Count

pytestmark = pytest.mark.django_db


def person(username: str, scope: str, *, reveal: bool = True) -> Actor:
    user = get_user_model().objects.create(username=username, name=username)
    role = Role.objects.create(key=username, name=username)
    for verb in ("view", "reveal") if reveal else ("view",):
        Grant.objects.create(role=role, type_key="*", verb=verb, scope=scope)
    user.roles.add(role)
    access.rights_changed()
    return actor_for(user)


def customer(name: str, **values: object) -> Any:
    return records.create("customer", {"name": name, **values}, by=SYSTEM)


def titles(actor: Actor, text: str) -> list[str]:
    return [hit.title for hit in search.everything(actor, text)]


def test_single_writes_are_found_at_once() -> None:
    one = customer("杭州云帆科技有限公司", phone="13812345678")
    assert titles(SYSTEM, "云帆") == ["杭州云帆科技有限公司"]
    assert titles(SYSTEM, "5678") == ["杭州云帆科技有限公司"]
    assert titles(SYSTEM, one.number) == ["杭州云帆科技有限公司"]
    records.update("customer", one.pk, {"name": "星河贸易"}, by=SYSTEM)
    assert titles(SYSTEM, "云帆") == []
    assert titles(SYSTEM, "xhmy") == ["星河贸易"]
    records.delete("customer", [one.pk], by=SYSTEM)
    assert titles(SYSTEM, "星河") == []
    records.restore("customer", [one.pk], by=SYSTEM)
    assert titles(SYSTEM, "星河") == ["星河贸易"]


def test_mass_writes_are_found_after_the_worker_has_been_by() -> None:
    keys = records.bulk_create("customer", [{"name": f"批量公司{number}"} for number in range(30)], by=SYSTEM)
    drain_all()
    assert len(search.match("customer", "批量公司")) == 30
    records.bulk_update("customer", {keys[0]: {"name": "改名公司"}, keys[1]: {"note": "x"}}, by=SYSTEM)
    drain_all()
    assert titles(SYSTEM, "改名") == ["改名公司"]
    assert len(search.match("customer", "批量公司")) == 29


def test_the_index_can_be_made_anew() -> None:
    customer("张伟")
    gone = customer("李娜")
    SearchDoc.objects.all().delete()
    records.delete("customer", [gone.pk], by=SYSTEM)
    assert titles(SYSTEM, "张伟") == []
    jobs.enqueue("kemai.platform.search.records.rebuild", {"type_key": "customer"})
    jobs.run_all()
    assert titles(SYSTEM, "张伟") == ["张伟"]
    assert titles(SYSTEM, "李娜") == []


def test_nobody_finds_what_he_may_not_see() -> None:
    alice, bob = person("alice", "own"), person("bob", "all")
    customer("张伟", owner=alice.user_id)
    customer("张伟业", owner=bob.user_id)
    assert titles(alice, "张伟") == ["张伟"]
    assert titles(bob, "zw") == ["张伟", "张伟业"]
    assert titles(person("nobody", "none"), "张伟") == []


def test_the_own_record_is_found_among_more_foreign_ones_than_are_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    alice = person("alice", "own")
    mine = customer("宏图医药", owner=alice.user_id)
    for number in range(6):
        customer(f"宏图连锁{number}")
    monkeypatch.setattr("kemai.platform.search.lookup.CAP", 5)
    assert len(search.match("customer", "宏图")) == 5
    assert search.search_type(alice, get("customer"), "宏图") == [mine.pk]
    monkeypatch.setattr("kemai.platform.search.lookup.WALK", 5)
    assert search.search_type(alice, get("customer"), "宏图") == [mine.pk]
    monkeypatch.setattr("kemai.platform.search.lookup.quick_count", lambda _records: Count(4000, exact=False))
    assert search.search_type(alice, get("customer"), "宏图") == [mine.pk]


def test_the_page_and_the_programs_find_the_same_in_the_same_order() -> None:
    alice = person("alice", "own")
    keys = [customer(name, owner=alice.user_id).pk for name in ("老张伟", "张伟业", "张伟", "李娜", "张伟民")]
    customer("张伟")
    specs = access.visible_specs(alice, get("customer"), ["name"])
    asked = search.Asked(text="张伟", size=3, specs=specs)
    first = search.page(alice, get("customer"), asked)
    assert [row["id"] for row in first.rows] == [keys[2], keys[4], keys[1]]
    assert (first.count, first.previous) == (Count(4, exact=True), "")
    second = search.page(alice, get("customer"), replace(asked, cursor=first.next))
    assert [row["id"] for row in second.rows] == [keys[0]]
    assert (second.next, second.previous) == ("", "o0")


def test_masked_telephones_are_found_whole_or_by_their_shown_end_only() -> None:
    blind = person("blind", "all", reveal=False)
    customer("张伟", phone="13812345678")
    assert titles(blind, "13812345678") == ["张伟"]
    assert titles(blind, "5678") == ["张伟"]
    for piece in ("138123", "345678", "1381"):
        assert titles(blind, piece) == []
        assert titles(SYSTEM, piece) == ["张伟"]


def test_a_hidden_field_is_not_searched() -> None:
    seer = person("seer", "all")
    FieldRule.objects.create(
        role=Role.objects.get(key="seer"), type_key="customer", field="email", level="hidden"
    )
    access.rights_changed()
    customer("张伟", email="zhang.wei@example.com")
    assert titles(SYSTEM, "zhang.wei@exa") == ["张伟"]
    assert titles(seer, "zhang.wei@exa") == []
