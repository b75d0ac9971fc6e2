"""Formulas, roll-ups, checks and formula defaults as people meet them: in every way of writing records."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from kemai.platform import records
from kemai.platform.access import SYSTEM
from kemai.platform.models import ChangeSet, FieldDef
from kemai.platform.objects import get, own
from kemai.platform.records import FieldErrors
from tests.factory import make
from tests.formulas.probe import define, probe

pytestmark = [pytest.mark.django_db, pytest.mark.row(117)]


def formula(text: str, kind: str, **more: Any) -> tuple[str, dict[str, Any]]:
    return "formula", {"formula": text, "kind": kind, **more}


def rollup(
    of: str, agg: str, kind: str, where: Any = None, field: str = "buyer"
) -> tuple[str, dict[str, Any]]:
    given = {"object": "probe", "field": field, "of": of, "agg": agg, "where": where}
    return "rollup", {"kind": kind, "rollup": given}


@pytest.fixture
def shop() -> None:
    """Lines with a price and a number; customers that add them up."""
    probe()
    define("probe", {
        "total": formula("{price} * {pieces}", "money"),
        "word": formula('IF({total} >= 100, "大", "小") & {note}', "text"),
        "born": formula("YEAR({created_at})", "whole"),
    })  # fmt: skip
    define("customer", {
        "spent": rollup("total", "sum", "money"),
        "lines": rollup("", "count", "whole"),
        "dearest": rollup("price", "max", "money", {"field": "vip", "op": "eq", "value": True}),
        "latest": rollup("note", "last", "text"),
        "tenth": formula("ROUND({spent} / 10, 2)", "money"),
    })  # fmt: skip


def line(**values: Any) -> Any:
    return records.create("probe", {"name": "行", **values}, by=SYSTEM)


def of(type_key: str, key: int) -> dict[str, Any]:
    extra: dict[str, Any] = get(type_key).records().values_list("extra", flat=True).get(pk=key)
    return extra


def test_a_new_record_has_its_formulas_at_once(shop: None) -> None:
    made = line(price="12.50", pieces=8, note="单")
    assert of("probe", made.pk) | {"born": 0} == {
        "price": 1250, "pieces": 8, "note": "单", "total": 10000, "word": "大单", "born": 0,
    }  # fmt: skip
    assert made.extra["born"] == timezone.now().year
    row = records.row_of(get("probe"), made.pk, by=SYSTEM)
    assert row["total"] == Decimal("100.00")


def test_formulas_follow_an_edit(shop: None) -> None:
    made = line(price="12.50", pieces=8)
    again = records.update("probe", made.pk, {"pieces": 2}, by=SYSTEM)
    assert again.extra["total"] == 2500
    assert again.extra["word"] == "小"
    records.update("probe", made.pk, {"pieces": None}, by=SYSTEM)
    assert "total" not in of("probe", made.pk)


def test_formulas_cannot_be_typed(shop: None) -> None:
    with pytest.raises(FieldErrors):
        line(price="1", total="5")


def test_rollups_follow_every_change_of_their_records(shop: None) -> None:
    first, second = make("customer"), make("customer")
    assert of("customer", first.pk)["lines"] == 0
    a = line(price="10.01", pieces=3, buyer=first.pk, vip=True, note="甲")
    b = line(price="20", pieces=1, buyer=first.pk, note="乙")
    assert of("customer", first.pk) == {
        "spent": 5003, "lines": 2, "dearest": 1001, "latest": "乙", "tenth": 500,
    }  # fmt: skip
    records.update("probe", a.pk, {"buyer": second.pk}, by=SYSTEM)
    assert of("customer", first.pk) == {"spent": 2000, "lines": 1, "latest": "乙", "tenth": 200}
    assert of("customer", second.pk)["spent"] == 3003
    moved = records.bulk_update("probe", {b.pk: {"buyer": second.pk, "pieces": 10}}, by=SYSTEM)
    assert of("customer", first.pk) == {"lines": 0}
    assert of("customer", second.pk)["spent"] == 23003
    gone = records.delete("probe", [a.pk], by=SYSTEM)
    assert of("customer", second.pk)["lines"] == 1
    records.undo(gone.pk, by=SYSTEM)
    records.undo(moved.pk, by=SYSTEM)
    assert of("customer", first.pk)["spent"] == 2000
    assert of("customer", second.pk)["spent"] == 3003
    created = ChangeSet.objects.get(kind="create", changes__type_key="probe", changes__object_id=b.pk)
    records.undo(created.pk, by=SYSTEM)
    assert of("customer", first.pk)["lines"] in {0, 1}


def test_bulk_creation_counts_as_single_creation_does(shop: None) -> None:
    owner = make("customer")
    rows = [{"name": f"行{n}", "price": "1.10", "pieces": n, "buyer": owner.pk} for n in range(10)]
    keys = records.bulk_create("probe", rows, by=SYSTEM)
    assert of("probe", keys[9])["total"] == 990
    assert of("probe", keys[9])["born"] == timezone.now().year
    assert of("customer", owner.pk)["spent"] == 4950
    assert of("customer", owner.pk)["lines"] == 10


def test_the_version_of_a_record_stays_when_a_figure_moves(shop: None) -> None:
    owner = make("customer")
    line(price="1", pieces=1, buyer=owner.pk)
    owner.refresh_from_db()
    assert owner.version == 1


def test_a_check_refuses_what_makes_it_false() -> None:
    probe()
    FieldDef.objects.filter(key="due").update(rule="{due} >= {begun}", rule_message="结束不能早于开始")
    own.meta_changed()
    kept = line(due="2026-05-02", begun="2026-05-01")
    line(due="2026-05-02")
    with pytest.raises(FieldErrors) as refused:
        line(due="2026-05-02", begun="2026-05-03")
    assert refused.value.errors == {"due": "结束不能早于开始"}
    with pytest.raises(FieldErrors):
        records.update("probe", kept.pk, {"begun": "2026-06-01"}, by=SYSTEM)
    with pytest.raises(FieldErrors):
        records.bulk_update("probe", {kept.pk: {"begun": "2026-06-01"}}, by=SYSTEM)
    with pytest.raises(FieldErrors):
        records.bulk_create("probe", [{"name": "x", "due": "2026-05-02", "begun": "2026-05-03"}], by=SYSTEM)
    records.update("probe", kept.pk, {"note": "不相干"}, by=SYSTEM)


def test_a_check_may_read_a_formula() -> None:
    probe()
    define("probe", {"total": formula("{price} * {pieces}", "money")})
    FieldDef.objects.filter(key="price").update(rule="{total} < 1000")
    own.meta_changed()
    made = line(price="10", pieces=9)
    with pytest.raises(FieldErrors):
        records.update("probe", made.pk, {"pieces": 100}, by=SYSTEM)


def test_a_formula_gives_what_is_left_out() -> None:
    probe()
    FieldDef.objects.filter(key="cost").update(
        settings={"default_formula": "ROUND({price} * 60%, 2)"}, required=True
    )
    own.meta_changed()
    assert of("probe", line(price="10.00").pk)["cost"] == 600
    assert of("probe", line(price="10.00", cost="1").pk)["cost"] == 100
    keys = records.bulk_create("probe", [{"name": "x", "price": "5"}], by=SYSTEM)
    assert of("probe", keys[0])["cost"] == 300
