"""Own fields of a built-in type behave as if they had always been there."""

from __future__ import annotations

import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from kemai.platform import access, audit, query, records
from kemai.platform.access import SYSTEM
from kemai.platform.access.tokens import issue
from kemai.platform.objects import get, own
from tests.equipment import define_equipment, define_field, equipment_of
from tests.factory import make
from tests.people import Person, browser

pytestmark = pytest.mark.django_db


def found(type_key: str, tree: dict[str, Any]) -> set[int]:
    object_type = get(type_key)
    node = access.condition(SYSTEM, object_type, tree)
    rows = access.scope(SYSTEM, type_key).filter(query.compile_q(node, object_type))
    return set(rows.values_list("pk", flat=True))


@pytest.mark.row(116)
def test_an_own_field_is_written_read_filtered_and_logged() -> None:
    define_field("customer", "budget", "预算", "money")
    one = records.create("customer", {"name": "甲", "budget": "12.5万"}, by=SYSTEM)
    two = records.create("customer", {"name": "乙"}, by=SYSTEM)
    customer = get("customer")
    assert records.row_of(customer, one.pk, by=SYSTEM)["budget"] == Decimal("125000.00")
    assert records.row_of(customer, two.pk, by=SYSTEM)["budget"] is None
    assert found("customer", {"field": "budget", "op": "gte", "value": 100000}) == {one.pk}
    assert found("customer", {"field": "budget", "op": "empty"}) == {two.pk}
    assert found("customer", {"not": {"field": "budget", "op": "gte", "value": 1}}) == {two.pk}
    records.update("customer", one.pk, {"budget": "200"}, by=SYSTEM)
    change = audit.history("customer", one.pk).first()
    assert change is not None
    assert change.diff == {"budget": ["125000.00", "200.00"]}
    records.undo(change.changeset_id, by=SYSTEM)
    assert records.row_of(customer, one.pk, by=SYSTEM)["budget"] == Decimal("125000.00")


def test_equipment_is_made_and_changed() -> None:
    define_equipment()
    owner = make("customer")
    other = make("customer")
    made = records.create(
        "equipment",
        equipment_of(
            owner.pk, model="X1", weight="12.345", price="100.5", discount="12.5%", made_on="2020-05-06",
            checked_at="2026-01-02 03:04", opens="08:30", leased="是", parts="水泵、阀门", others=[other.pk],
            hotline="13812345678", mail="A@b.cn", manual="example.com", place="浙江省杭州市", grade=4, code="AB12",
            lines=[{"part": "轴承", "count": 2, "price": "3.5"}],
        ),
        by=SYSTEM,
    )  # fmt: skip
    row = records.row_of(get("equipment"), made.pk, by=SYSTEM)
    assert row["number"] == "E000001"
    assert row["serial"] == "SN-00001"
    assert row["customer"].id == owner.pk
    assert row["customer"].title == str(owner)
    assert row["weight"] == 12.35 or row["weight"] == 12.34
    assert row["price"] == Decimal("100.50")
    assert row["state"] == "running"
    assert row["parts"] == ["pump", "valve"]
    assert [one.title for one in row["others"]] == [str(other)]
    assert row["lines"] == [{"part": "轴承", "count": 2.0, "price": Decimal("3.50")}]
    assert row["made_on"].isoformat() == "2020-05-06"
    assert row["opens"].isoformat() == "08:30:00"
    with pytest.raises(records.FieldErrors) as refusal:
        records.create("equipment", equipment_of(owner.pk, code="AB12"), by=SYSTEM)
    assert "code" in refusal.value.errors
    with pytest.raises(records.FieldErrors) as refusal:
        records.create("equipment", equipment_of(owner.pk, weight=-1, code="x"), by=SYSTEM)
    assert refusal.value.errors.keys() == {"weight", "code"}
    with pytest.raises(records.FieldErrors) as refusal:
        records.create("equipment", equipment_of(owner.pk, model="X1"), by=SYSTEM)
    assert "model" in refusal.value.errors
    with pytest.raises(records.FieldErrors) as refusal:
        records.create("equipment", {"name": "无主"}, by=SYSTEM)
    assert "customer" in refusal.value.errors
    records.update("equipment", made.pk, {"model": "X2", "price": ""}, by=SYSTEM)
    row = records.row_of(get("equipment"), made.pk, by=SYSTEM)
    assert (row["model"], row["price"], row["grade"]) == ("X2", None, 4)


def test_merged_records_keep_their_own_values_and_those_who_name_them() -> None:
    define_field("customer", "budget", "预算", "money")
    define_field("customer", "nick", "别名", "text")
    define_equipment()
    keep = records.create("customer", {"name": "甲", "budget": "5", "phone": "13812345678"}, by=SYSTEM)
    gone = records.create("customer", {"name": "甲公司", "nick": "小甲", "budget": "9"}, by=SYSTEM)
    machine = records.create(
        "equipment", equipment_of(gone.pk, others=[keep.pk, gone.pk], price="7"), by=SYSTEM
    )
    changes = records.merge("customer", keep.pk, [gone.pk], {"budget": keep.pk}, by=SYSTEM)
    row = records.row_of(get("customer"), keep.pk, by=SYSTEM)
    assert (row["budget"], row["nick"]) == (Decimal("5.00"), "小甲")
    shown = records.row_of(get("equipment"), machine.pk, by=SYSTEM)
    assert shown["customer"].id == keep.pk
    assert [one.id for one in shown["others"]] == [keep.pk]
    assert shown["price"] == Decimal("7.00")
    records.undo(changes.pk, by=SYSTEM)
    assert records.row_of(get("customer"), keep.pk, by=SYSTEM)["nick"] is None
    assert records.row_of(get("customer"), gone.pk, by=SYSTEM)["nick"] == "小甲"
    assert records.row_of(get("equipment"), machine.pk, by=SYSTEM)["customer"].id == gone.pk
    others = records.row_of(get("equipment"), machine.pk, by=SYSTEM)["others"]
    assert [one.id for one in others] == [keep.pk, gone.pk]


def test_what_another_process_published_is_there_at_the_next_request(
    people: dict[str, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    boss = browser(people["boss"])
    key = issue(people["boss"].user, "test")[1]
    token = Client(headers={"Authorization": f"Bearer {key}"})
    pk = make("customer").pk
    assert 'name="budget"' not in boss.get("/o/customer/new").content.decode()
    looked = own.current()
    define_field("customer", "budget", "预算", "money")
    asks: tuple[Callable[[], bool], ...] = (
        lambda: 'name="budget"' in boss.get("/o/customer/new").content.decode(),
        lambda: "budget" in token.get(f"/api/v1/customer/{pk}").json(),
    )
    for ask in asks:
        monkeypatch.setattr(own, "_meta", looked)
        monkeypatch.setattr(own, "_until", time.monotonic() + 60)
        assert ask()
