"""Roll-ups after any sequence of acts on their records equal what a slow look at all of them gives, to the cent."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kemai.kit.formula.operations import number
from kemai.platform import query, records
from kemai.platform.access import SYSTEM
from kemai.platform.jobs import Progress, run_all
from kemai.platform.models import ChangeSet, FieldDef, Job
from kemai.platform.objects import ObjectType, get, own
from kemai.platform.query import formula as formulas
from kemai.platform.query.formula import RollUp
from kemai.platform.records import Refused, indexes, recompute
from tests.factory import make
from tests.formulas.probe import define, probe
from tests.formulas.test_door import formula, rollup

pytestmark = [pytest.mark.django_db, pytest.mark.row(117)]
BIG = {"field": "price", "op": "gte", "value": "10"}


@pytest.fixture
def ledger() -> list[int]:
    """Three customers with every kind of roll-up over lines, formulas on both sides, and a formula over a roll-up."""
    probe()
    define("probe", {"total": formula("{price} * {pieces}", "money")})
    define("customer", {
        "n": rollup("", "count", "whole"),
        "big": rollup("", "count", "whole", BIG),
        "spent": rollup("total", "sum", "money"),
        "big_spent": rollup("total", "sum", "money", BIG),
        "weight": rollup("amount", "sum", "number"),
        "least": rollup("price", "min", "money"),
        "most": rollup("stars", "max", "whole"),
        "first_due": rollup("due", "min", "date"),
        "seen_at": rollup("seen", "max", "datetime"),
        "said": rollup("note", "last", "text"),
        "mean": formula("ROUND({spent} / {n}, 2)", "money"),
    })  # fmt: skip
    return [make("customer").pk for _ in range(3)]


def work() -> None:
    """The background's part. An index cannot be made in the transaction of a test on PostgreSQL."""
    Job.objects.filter(task__in=(indexes.TASK, recompute.CHANGES)).delete()
    run_all()


def slow(one: RollUp, parent: int) -> Any:
    """The figure by looking at every record, in Python."""
    specs = [spec for spec in one.child.fields.values() if formulas.field_of(spec) is not None]
    rows = query.fetch(
        one.child.records().filter(deleted_at=None).order_by("created_at", "pk"), one.child, specs
    )
    mine = [
        row
        for row in rows
        if row[one.link.key] and row[one.link.key].id == parent and query.passes(one.where, row)
    ]
    if one.of is None:
        return len(mine)
    values = [row[one.of.key] for row in mine]
    if one.aggregate == "last":
        return values[-1] or None if values else None
    values = [value for value in values if value is not None]
    if not values:
        return None
    if one.aggregate == "sum":
        return formulas.settled(sum((number(value) or Decimal(0) for value in values), Decimal(0)), one.spec)
    return min(values) if one.aggregate == "min" else max(values)


def right(parents: list[int]) -> None:
    customer = get("customer")
    plan = formulas.plan_of(customer)
    specs = [customer.fields[key] for key in (*plan.rollups, *plan.formulas)]
    for row in query.fetch(customer.records().filter(pk__in=parents), customer, specs):
        for key, one in plan.rollups.items():
            assert row[key] == slow(one, row["id"]), key
        mean = formulas.settled(plan.formulas["mean"].value(row, formulas.clock()), customer.fields["mean"])
        assert row["mean"] == mean


def a_line(rng: Random, parents: list[int]) -> dict[str, Any]:
    return {
        "name": "行",
        "buyer": rng.choice([*parents, None]),
        "price": rng.choice([None, "0.01", "9.99", "10", "33.33", "-5"]),
        "pieces": rng.choice([None, 1, 2, 3, 7]),
        "amount": rng.choice([None, 0.1, 0.2, 0.7, 1e-9, 12.5]),
        "stars": rng.choice([None, 1, 3, 5]),
        "note": rng.choice(["", "甲", "乙"]),
        "due": rng.choice([None, dt.date(2026, 1, 31), dt.date(2025, 12, 1)]),
        "seen": rng.choice([None, "2026-03-01 08:00", "2026-03-02 09:30"]),
    }


def act(rng: Random, parents: list[int]) -> None:
    line: ObjectType = get("probe")
    alive = list(line.records().filter(deleted_at=None).values_list("pk", flat=True))
    gone = list(line.records().exclude(deleted_at=None).values_list("pk", flat=True))
    kind = rng.choice("create create bulk edit edit mass delete restore undo undo".split())
    changed = {k: v for k, v in a_line(rng, parents).items() if rng.random() < 0.5 and k != "name"}
    if kind == "create":
        records.create("probe", a_line(rng, parents), by=SYSTEM)
    elif kind == "bulk":
        records.bulk_create("probe", [a_line(rng, parents) for _ in range(4)], by=SYSTEM)
    elif kind == "edit" and alive:
        records.update("probe", rng.choice(alive), changed, by=SYSTEM)
    elif kind == "mass" and alive:
        records.bulk_update("probe", dict.fromkeys(rng.sample(alive, min(3, len(alive))), changed), by=SYSTEM)
    elif kind == "delete" and alive:
        records.delete("probe", rng.sample(alive, min(2, len(alive))), by=SYSTEM)
    elif kind == "restore" and gone:
        records.restore("probe", [rng.choice(gone)], by=SYSTEM)
    elif kind == "undo":
        undo_one(rng)


def undo_one(rng: Random) -> None:
    acts = list(ChangeSet.objects.filter(type_key="probe", undone_by=None).values_list("pk", flat=True))
    if acts:
        try:
            records.undo(rng.choice(acts), by=SYSTEM)
        except Refused:
            return


def test_any_sequence_of_acts_leaves_the_figures_right(ledger: list[int]) -> None:
    @settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.integers(0, 2**32))
    def check(seed: int) -> None:
        rng = Random(seed)
        for _ in range(10):
            act(rng, ledger)
            right(ledger)

    check()


def test_working_out_anew_finds_nothing_to_change(ledger: list[int]) -> None:
    rng = Random(5)
    for _ in range(10):
        act(rng, ledger)
    recompute.definition_changed("probe", ["total"])
    recompute.definition_changed("customer", ["n"])
    work()
    assert all(job.state == "done" and job.result == 0 for job in Job.objects.filter(task=recompute.TASK))


def test_a_new_formula_reaches_the_records_there_are(ledger: list[int]) -> None:
    """And all that depends on it: a changed price formula moves the customers' totals."""
    records.bulk_create("probe", [a_line(Random(n), ledger) for n in range(20)], by=SYSTEM)
    FieldDef.objects.filter(type_key="probe", key="total").update(
        settings={"formula": "{price} * {pieces} * 2", "kind": "money"}
    )
    define("customer", {"late": formula("{spent} + 1", "money")})
    recompute.definition_changed("probe", ["total"])
    recompute.definition_changed("customer", ["late"])
    work()
    right(ledger)
    for extra in get("customer").records().values_list("extra", flat=True):
        assert extra.get("late") == (extra["spent"] + 100 if "spent" in extra else None)


def test_figures_by_today_move_in_the_night(ledger: list[int]) -> None:
    define("customer", {"soon": rollup("", "count", "whole", {"field": "due", "op": "next", "value": 30})})
    define("probe", {"left": formula("{due} - TODAY()", "whole")})
    line = records.create("probe", {"name": "x", "buyer": ledger[0], "due": dt.date(2026, 1, 1)}, by=SYSTEM)
    stale = {**line.extra, "left": 99}
    get("probe").records().filter(pk=line.pk).update(extra=stale)
    stale_parent = get("customer").records().get(pk=ledger[0])
    get("customer").records().filter(pk=ledger[0]).update(extra={**stale_parent.extra, "soon": 5})
    Job.objects.all().delete()
    from kemai.platform import jobs

    jobs.enqueue("kemai.platform.records.recompute.nightly", {})
    work()
    assert (
        get("probe").records().get(pk=line.pk).extra["left"]
        == (dt.date(2026, 1, 1) - formulas.clock().today).days
    )
    assert get("customer").records().get(pk=ledger[0]).extra["soon"] == 0


def test_a_merge_and_its_undoing_move_the_figures(ledger: list[int]) -> None:
    keep, gone, _other = ledger
    for n, buyer in enumerate((keep, gone, gone)):
        records.create("probe", a_line(Random(n), [buyer]) | {"buyer": buyer, "price": "10"}, by=SYSTEM)
    define("customer", {"memo_of": ("text", {}), "grade": ("text", {})})
    define("probe", {"all_of": ("multi_reference", {"ref": "customer"})})
    both = records.create("probe", {"name": "x", "all_of": [gone, ledger[2]]}, by=SYSTEM).pk
    records.update("customer", keep, {"memo_of": "留"}, by=SYSTEM)
    records.update("customer", gone, {"grade": "甲"}, by=SYSTEM)
    merged = records.merge("customer", keep, [gone], {"grade": gone}, by=SYSTEM)
    right(ledger)
    extra = get("customer").records().get(pk=keep).extra
    assert (extra["n"], extra["memo_of"], extra["grade"]) == (3, "留", "甲")
    assert get("probe").records().get(pk=both).extra["all_of"] == [str(keep), str(ledger[2])]
    records.undo(merged.pk, by=SYSTEM)
    right(ledger)
    assert get("customer").records().get(pk=gone).extra["n"] == 2


def test_a_change_of_a_definition_finds_its_records_by_itself(ledger: list[int]) -> None:
    records.bulk_create("probe", [a_line(Random(n), ledger) for n in range(6)], by=SYSTEM)
    recompute.changes(progress())
    Job.objects.all().delete()
    FieldDef.objects.filter(type_key="probe", key="total").update(
        settings={"formula": "{price} + 1", "kind": "money"}
    )
    own.meta_changed()
    assert Job.objects.filter(task=recompute.CHANGES).exists()
    assert recompute.changes(progress()) == ["probe.total"]
    work()
    right(ledger)
    for extra in get("probe").records().values_list("extra", flat=True):
        assert extra.get("total") == (extra["price"] + 100 if "price" in extra else None)
    assert recompute.changes(progress()) == []


def progress() -> Progress:
    return Progress(Job(task="", run_at=timezone.now(), created_at=timezone.now()), live=True)


def broken(type_key: str) -> dict[str, str]:
    return {key: str(why) for key, why in formulas.plan_of(get(type_key)).broken.items()}


def test_a_circle_is_broken_and_named(ledger: list[int]) -> None:
    define("customer", {
        "a": formula("{b} + 1", "number"), "b": formula("{c} + 1", "number"), "c": formula("{a} + 1", "number"),
    })  # fmt: skip
    said = broken("customer")
    assert set(said) == {"a", "b", "c"}
    assert "字段a → 客户.字段b → 客户.字段c" in said["a"]
    make("customer")


def test_a_roll_up_of_itself_is_a_circle() -> None:
    define("probe", {})
    probe()
    define("customer", {"owed": rollup("passed", "sum", "money")})
    define("probe", {"passed": formula("{price}", "money"), "up": ("reference", {"ref": "probe"})})
    define(
        "probe",
        {"deep": rollup("deeper", "sum", "money", field="up"), "deeper": formula("{deep} + 1", "money")},
    )
    FieldDef.objects.filter(key="deep").update(settings={
        "kind": "money",
        "rollup": {"object": "probe", "field": "up", "of": "deeper", "agg": "sum", "where": None},
    })  # fmt: skip
    own.meta_changed()
    assert set(broken("probe")) == {"deep", "deeper"}


def test_a_field_that_is_gone_breaks_only_who_reads_it(ledger: list[int]) -> None:
    FieldDef.objects.filter(type_key="probe", key="pieces").update(
        deleted_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    )
    own.meta_changed()
    assert "pieces" in broken("probe")["total"]
    assert set(broken("customer")) == {"spent", "big_spent", "mean"}
    made = records.create("probe", {"name": "x", "price": "10", "buyer": ledger[0]}, by=SYSTEM)
    assert "total" not in made.extra
    assert get("customer").records().get(pk=ledger[0]).extra["n"] == 1


def test_who_reads_a_field_is_told(ledger: list[int]) -> None:
    found = {(one.type_key, one.key, one.how) for one in formulas.uses("probe", "price")}
    assert found == {
        ("probe", "total", "formula"), ("customer", "big", "rollup"), ("customer", "big_spent", "rollup"),
        ("customer", "least", "rollup"),
    }  # fmt: skip
