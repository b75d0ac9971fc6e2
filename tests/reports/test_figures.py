"""Every figure of a report is what a slow reading of the records gives, and what its drilling down leads to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from django.utils import timezone

from kemai.kit import regions
from kemai.platform import query, records, reports, search
from kemai.platform.access import SYSTEM
from kemai.platform.fields import FieldSpec, Ref
from kemai.platform.models import Tagging
from kemai.platform.objects import all_types, get
from kemai.platform.query.cube import DATED, Axis, Measure, figure
from kemai.platform.reports import Definition, Line, Rest, Table, asking, lines
from kemai.platform.reports.offered import steps
from tests.equipment import OWN, define_equipment, equipment_of
from tests.factory import make, parent_of

pytestmark = pytest.mark.django_db
KEYS = [*(one.key for one in all_types() if one.creatable), *OWN]


def rows_of(type_key: str, where: Any = None) -> list[query.Row]:
    object_type = get(type_key)
    specs = [spec for spec in object_type.fields.values() if not spec.private]
    return query.fetch(search.matching(SYSTEM, object_type, where), object_type, specs)


def key_of(axis: Axis, row: query.Row) -> Any:
    """The group that a record belongs to, worked out without the database."""
    value = row.get(axis.spec.key)
    if value in (None, ""):
        return None
    if isinstance(value, Ref):
        return value.id
    if axis.spec.type.key in DATED:
        day = timezone.localtime(value).date() if isinstance(value, datetime) else value
        return first_day(day, axis.by)
    if axis.spec.type.key == "region":
        length = {"province": 2, "city": 4, "district": 6}[axis.by]
        code = f"{value[:length]:0<6}"
        return code if regions.is_known(code) else f"{value[:2]}0000"
    return value


def groups_of(axis: Axis, row: query.Row) -> list[Any]:
    """All groups that a record belongs to."""
    if not axis.several:
        return [key_of(axis, row)]
    return [one.id if isinstance(one, Ref) else one for one in row.get(axis.spec.key) or ()] or [None]


def first_day(day: date, by: str) -> str:
    match by:
        case "week":
            day = date.fromordinal(day.toordinal() - day.weekday())
        case "month":
            day = day.replace(day=1)
        case "quarter":
            day = day.replace(day=1, month=(day.month - 1) // 3 * 3 + 1)
        case "year":
            day = day.replace(day=1, month=1)
    return day.isoformat()


def slowly(measure: Measure, rows: Sequence[query.Row]) -> Any:
    if measure.spec is None:
        return len(rows)
    values = [row[measure.spec.key] for row in rows if row.get(measure.spec.key) is not None]
    if not values:
        return None
    match measure.aggregate:
        case "sum":
            return sum(values)
        case "avg":
            return sum(values) / len(values)
    return min(values) if measure.aggregate == "min" else max(values)


def same(one: Any, other: Any) -> bool:
    if one is None or other is None:
        return one is other
    return abs(float(one) - float(other)) <= 1e-6 * max(1.0, abs(float(other)))


def check_line(found: Table, line: Line, rows: list[query.Row], column: Any = None) -> int:
    """The line's figures against its records; returns how many were looked at."""
    plan = found.plan
    axes = [*plan.rows[: len(line.keys)], *([plan.column] if column is not None and plan.column else [])]
    wanted = [*line.keys, *(column or [])]
    mine = [row for row in rows if all(key in groups_of(a, row) for a, key in zip(axes, wanted, strict=True))]
    atoms = line.total if column is None else line.cells.get(column[0], {})
    for measure in plan.measures:
        assert same(figure(measure, atoms), slowly(measure, mine)), (axes, wanted, measure)
    if atoms:
        where = reports.condition_of(plan, line.keys, column or ())  # type: ignore[arg-type]
        behind = {row["id"] for row in rows_of(plan.type.key, where)}
        assert behind == {row["id"] for row in mine}, (axes, wanted, where)
    return 1


def check(definition: Definition, rows: list[query.Row]) -> int:
    plan = reports.resolve(SYSTEM, definition)
    found = reports.run(SYSTEM, plan)
    checked = 0
    for line in (found.total, *found.flat()):
        checked += check_line(found, line, rows)
        for column in found.columns:
            checked += check_line(found, line, rows, [column])
    assert (
        len(found.total.lines) == len({key for row in rows for key in groups_of(plan.rows[0], row)})
        if plan.rows
        else True
    )
    for axis, place in zip(plan.axes, range(3), strict=False):
        assert set(found.keys(place)) <= set(reports.labels(SYSTEM, axis, found.keys(place)))
    return checked


def drawn(rng: Random, specs: Sequence[FieldSpec], count: int) -> list[tuple[str, str]]:
    return [(spec.key, rng.choice(steps(spec))) for spec in rng.sample(specs, k=min(count, len(specs)))]


@pytest.mark.parametrize("key", KEYS)
def test_figures_and_their_records_agree(key: str) -> None:
    """Of every type: each field that can be grouped once, and some crossed with each other."""
    object_type, rng = get(key), Random(key)
    parent = parent_of(object_type)
    for index in range(12):
        make(key, full=index % 4 > 0, rng=rng, **parent)
    rows = rows_of(key)
    axes, figures = reports.groupable(SYSTEM, object_type), reports.measurable(SYSTEM, object_type)
    measures = [("count", ""), *((rng.choice(["sum", "avg", "min", "max"]), one.key) for one in figures)]
    checked = 0
    for spec in axes:
        for by in steps(spec):
            some = tuple(measures[:1] + rng.sample(measures[1:], k=min(3, len(measures) - 1)))
            checked += check(Definition(key, rows=((spec.key, by),), measures=some), rows)
    for _turn in range(4):
        some = tuple(measures[:1] + rng.sample(measures[1:], k=min(3, len(measures) - 1)))
        pairs = drawn(rng, axes, 3)
        column = pairs[2] if len(pairs) > 2 else None
        checked += check(Definition(key, rows=tuple(pairs[:2]), column=column, measures=some), rows)
    assert checked > 10


def tagged_equipment() -> list[query.Row]:
    """Machines with parts, customers and tags: none, one or several of each."""
    define_equipment()
    customers, rng = [make("customer").pk for _n in range(4)], Random(5)
    tags = [make("tag", name=name).pk for name in ("重点", "老旧", "出口")]
    for number in range(24):
        values = equipment_of(
            customers[0], name=f"机{number}", price=number, state=rng.choice(["running", ""])
        )
        values["parts"] = rng.sample(["pump", "motor", "valve"], k=rng.randrange(4))
        values["others"] = rng.sample(customers, k=rng.randrange(4))
        made = records.create("equipment", values, by=SYSTEM)
        chosen = rng.sample(tags, k=rng.randrange(3))
        for tag in chosen:
            Tagging.objects.create(
                tag_id=tag, type_key="equipment", object_id=made.pk, set_at=timezone.now(), source="manual"
            )
    return rows_of("equipment")


def test_a_record_of_several_groups_counts_in_each_and_once_in_their_total(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Alone, beside each other and crossed, as rows and as columns; in slices too."""
    rows = tagged_equipment()
    several = [(key, "") for key in ("parts", "others", "tags") if key in get("equipment").fields]
    assert len(several) > 1
    measures = (("sum", "price"), ("count", ""), ("avg", "price"), ("max", "price"))
    fields = [*several, ("state", "")]
    for one in several:
        check(Definition("equipment", column=one, measures=measures), rows)
        for other in fields:
            if other != one:
                check(Definition("equipment", rows=(one, other), measures=measures), rows)
                check(Definition("equipment", rows=(other,), column=one, measures=measures), rows)
    monkeypatch.setattr(asking, "SLICE", 7)
    for axes in ((fields[0], fields[1], fields[2]), (fields[-1], fields[0], fields[1])):
        check(Definition("equipment", rows=axes[:2], column=axes[2], measures=measures), rows)


def test_of_several_values_only_the_largest_are_shown_and_nothing_is_left_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = tagged_equipment()
    monkeypatch.setattr(asking, "MOST_ROWS", 2)
    monkeypatch.setattr(lines, "MOST_ROWS", 2)
    for key in ("parts", "others"):
        plan = reports.resolve(SYSTEM, Definition("equipment", rows=((key, ""),)))
        found = reports.run(SYSTEM, plan)
        assert [isinstance(line.keys[0], Rest) for line in found.total.lines] == [False, False]
        assert found.cuts == {0}
        assert figure(plan.measures[0], found.total.total) == len(rows)


def test_a_large_table_is_asked_in_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which nobody sees: the figures are the same."""
    for index in range(9):
        make("customer", full=index % 2 == 0, rng=Random(index))
    monkeypatch.setattr(asking, "SLICE", 4)
    for rows in ((("region", "city"),), (("stage", ""), ("created_at", "month"))):
        check(
            Definition("customer", rows=rows, measures=(("count", ""), ("avg", "amount_12m"))),
            rows_of("customer"),
        )


def test_moments_are_cut_by_the_companys_clock() -> None:
    """The last hour of a year in UTC is the next one's first morning in Shanghai; in 1988 summers were an hour off."""
    when = [
        "2025-12-31T15:59:59+00:00", "2025-12-31T16:00:00+00:00",
        "1988-06-30T15:30:00+00:00", "1988-06-30T14:30:00+00:00",
    ]  # fmt: skip
    made = [make("customer") for _when in when]
    for customer, moment in zip(made, when, strict=True):
        type(customer).objects.filter(pk=customer.pk).update(created_at=datetime.fromisoformat(moment))
    for by, wanted in {"day": 4, "month": 4, "year": 3, "week": 2}.items():
        found = reports.run(
            SYSTEM, reports.resolve(SYSTEM, Definition("customer", rows=(("created_at", by),)))
        )
        check(Definition("customer", rows=(("created_at", by),)), rows_of("customer"))
        assert len(found.total.lines) == wanted, by


def test_what_is_too_much_is_left_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """The largest stay; the rest is one line, whose figures are what is missing, and no average is made of averages."""
    monkeypatch.setattr(asking, "MOST_ROWS", 2)
    monkeypatch.setattr(lines, "MOST_ROWS", 2)
    define_equipment()
    for model, prices in {"甲": [1, 2], "乙": [100], "丙": [30, 50], "丁": [7]}.items():
        for price in prices:
            records.create(
                "equipment", equipment_of(make("customer").pk, model=model, price=price), by=SYSTEM
            )
    measures = (("sum", "price"), ("avg", "price"), ("max", "price"), ("count", ""))
    plan = reports.resolve(SYSTEM, Definition("equipment", rows=(("model", ""),), measures=measures))
    found = reports.run(SYSTEM, plan)
    assert [line.keys[0] for line in found.total.lines][:2] == ["乙", "丙"]
    rest = found.total.lines[2]
    assert isinstance(rest.keys[0], Rest)
    assert [figure(one, rest.total) for one in plan.measures] == [10, Decimal(10) / 3, None, 3]
    assert [figure(one, found.total.total) for one in plan.measures] == [190, Decimal(190) / 6, 100, 6]
