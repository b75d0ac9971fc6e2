"""Records counted and summed up by the values of up to three fields, in one statement.

What stands above the groups (sub-totals, totals, what is left over) is added up from them and never asked for: so an
average is kept as its sum and its number until it is shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, tzinfo
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Case, Count, DateField, F, Func, Max, Min, QuerySet, Sum, When
from django.db.models.functions import Substr, Trunc
from django.utils import timezone

from kemai.kit import regions
from kemai.platform.fields import FieldSpec
from kemai.platform.query.currencies import amount, apart, without_rate
from kemai.platform.query.own import moment
from kemai.platform.query.unfolded import SEVERAL, Listed, listed_in, rows

PERIODS = ("day", "week", "month", "quarter", "year")
REGION_LEVELS = {"province": 2, "city": 4, "district": 6}
"""How many figures of a region's code name it."""
DATED = frozenset({"date", "datetime"})
AGGREGATES = ("sum", "avg", "min", "max")
STEADY_FROM = datetime(1992, 1, 1, tzinfo=UTC)
"""China put its clocks forward until 1991: from here on they run evenly, and SQLite can count by itself."""
Key = str | int | bool | None
"""A group's value, as it may stand in JSON: of a date its period's first day."""


@dataclass(frozen=True)
class Axis:
    """What is grouped by: a field, of dates and regions how finely."""

    spec: FieldSpec
    by: str = ""
    type_key: str = ""
    """Whose field it is: tags are found by that."""

    @property
    def several(self) -> bool:
        """May a record stand in more than one of its groups?"""
        return self.spec.type.key in SEVERAL


@dataclass(frozen=True)
class Measure:
    """The number of the records, or a figure over one of their fields."""

    aggregate: str
    spec: FieldSpec | None = None
    apart: tuple[str, ...] = ()
    """Currencies whose amounts have no rate: their figures stand beside the converted ones."""

    @property
    def atoms(self) -> tuple[tuple[str, str], ...]:
        """What the figure is made of."""
        return self.atoms_in("")

    @property
    def asked(self) -> tuple[tuple[str, str], ...]:
        """What the database is asked for: the same of each currency apart, too."""
        return tuple(atom for code in ("", *self.apart) for atom in self.atoms_in(code))

    def atoms_in(self, code: str) -> tuple[tuple[str, str], ...]:
        if self.spec is None:
            return (COUNT,)
        behind = f":{code}" if code else ""
        if self.aggregate == "avg":
            return (f"sum{behind}", self.spec.path), (f"n{behind}", self.spec.path)
        return ((f"{self.aggregate}{behind}", self.spec.path),)


COUNT = ("count", "")
ASKED: dict[str, Any] = {"sum": Sum, "n": Count, "min": Min, "max": Max}
Atoms = dict[tuple[str, str], Any]


class Group(NamedTuple):
    keys: tuple[Key, ...]
    atoms: Atoms


class Cube(NamedTuple):
    groups: list[Group]
    cut: bool
    """There are more groups than were asked for."""


def add(into: Atoms, more: Atoms) -> None:
    for atom, value in more.items():
        if value is None:
            continue
        held = into.get(atom)
        if held is None:
            into[atom] = value
        elif atom[0].startswith("m"):
            into[atom] = min(held, value) if atom[0].startswith("min") else max(held, value)
        else:
            into[atom] = held + value


def figure(measure: Measure, atoms: Atoms, code: str = "") -> Any:
    """The measure's value, or that of a currency that stands apart; None where there is nothing to add up."""
    if measure.spec is None:
        return atoms.get(COUNT, 0)
    wanted = measure.atoms_in(code)
    if measure.aggregate != "avg":
        return atoms.get(wanted[0])
    total, number = (atoms.get(atom) for atom in wanted)
    return total / number if number else None


def beside(measure: Measure, atoms: Atoms) -> dict[str, Any]:
    """{currency: figure} of what could not be converted."""
    found = {code: figure(measure, atoms, code) for code in measure.apart}
    return {code: value for code, value in found.items() if value is not None}


def priced(records: QuerySet[Any], measures: Sequence[Measure]) -> tuple[Measure, ...]:
    """The measures, which know the currencies of these records that have no rate."""
    return tuple(
        replace(one, apart=without_rate(records, one.spec)) if one.spec is not None else one
        for one in measures
    )


def value_of(atom: tuple[str, str], measures: Sequence[Measure]) -> Any:
    """What stands behind an atom in the database."""
    spec = next(one.spec for one in measures if one.spec is not None and one.spec.path == atom[1])
    code = atom[0].partition(":")[2]
    return apart(spec, code) if code else amount(spec)


def cube(
    records: QuerySet[Any],
    axes: Sequence[Axis],
    measures: Sequence[Measure],
    *,
    limit: int,
    largest: Measure | None = None,
) -> Cube:
    """The groups, those that mean the same (no value and an empty one) in one. Where `limit` cuts, `largest` says by
    which measure the first ones are chosen."""
    atoms = list(dict.fromkeys(atom for one in (Measure("count"), *measures) for atom in one.asked))
    values = {atom: value_of(atom, measures) for atom in atoms if atom != COUNT}
    if any(axis.several for axis in axes):
        return unfolded(records, axes, atoms, values, limit, largest)
    names = {f"axis_{n}": expression(axis) for n, axis in enumerate(axes)}
    asked = {
        f"atom_{n}": Count("pk") if atom == COUNT else ASKED[atom[0].partition(":")[0]](values[atom])
        for n, atom in enumerate(atoms)
    }
    if not axes:
        found = records.order_by().aggregate(**asked)
        return Cube([Group((), {atom: found[f"atom_{n}"] for n, atom in enumerate(atoms)})], cut=False)
    grouped: Any = records.order_by().values(**names).annotate(**asked)
    if largest is not None:
        grouped = grouped.order_by(ordered(largest, atoms))
    held = list(grouped.values_list(*names, *asked)[: limit + 1])
    return Cube(gathered(axes, atoms, held[:limit]), len(held) > limit)


def unfolded(
    records: QuerySet[Any],
    axes: Sequence[Axis],
    atoms: Sequence[tuple[str, str]],
    values: Mapping[tuple[str, str], Any],
    limit: int,
    largest: Measure | None,
) -> Cube:
    """The same where a record may stand in several groups."""
    named = {f"axis_{n}": axis for n, axis in enumerate(axes)}
    several = {name: Listed(axis.spec, axis.type_key) for name, axis in named.items() if axis.several}
    held = rows(
        records,
        {name: listed_in(axis.spec) if axis.several else expression(axis) for name, axis in named.items()},
        several,
        values,
        atoms,
        limit=limit + 1,
        largest=largest.atoms if largest is not None else (),
    )
    return Cube(gathered(axes, atoms, held[:limit]), len(held) > limit)


def ordered(measure: Measure, atoms: Sequence[tuple[str, str]]) -> Any:
    wanted = [F(f"atom_{atoms.index(atom)}") for atom in measure.atoms]
    value = wanted[0] if len(wanted) == 1 else wanted[0] * 1.0 / wanted[1]
    return value.desc(nulls_last=True)


def gathered(
    axes: Sequence[Axis], atoms: Sequence[tuple[str, str]], rows: Iterable[Sequence[Any]]
) -> list[Group]:
    found: dict[tuple[Key, ...], Group] = {}
    for row in rows:
        keys = tuple(plain(axis, value) for axis, value in zip(axes, row, strict=False))
        values = dict(zip(atoms, row[len(axes) :], strict=True))
        if keys in found:
            add(found[keys].atoms, values)
        else:
            found[keys] = Group(keys, values)
    return list(found.values())


# ── what is grouped by, in SQL and back ──


def expression(axis: Axis) -> Any:
    spec = axis.spec
    if spec.type.key in DATED:
        # quarters are made of months: to ask SQLite for them costs twice as much
        return bucket(spec, "month" if axis.by == "quarter" else axis.by or "month")
    if spec.type.key == "region":
        return Substr(spec.path, 1, REGION_LEVELS[axis.by or "province"])
    return F(spec.value_path)


def bucket(spec: FieldSpec, by: str) -> Any:
    zone = timezone.get_default_timezone() if spec.type.key == "datetime" else None
    plainly = Trunc(moment(spec), by, tzinfo=zone)
    if connection.vendor != "sqlite":
        return plainly
    if zone is None:
        return FirstDay(F(spec.path), by=by)
    minutes = even_offset(zone)
    if minutes is None:
        return plainly
    # Django's own is a function of Python's, called for every row: a second for 200,000
    own = FirstDay(F(spec.path), by=by, minutes=minutes)
    early = Func(plainly, function="DATE", output_field=DateField())
    return Case(When(**{f"{spec.path}__lt": STEADY_FROM}, then=early), default=own, output_field=DateField())


@lru_cache(maxsize=8)
def even_offset(zone: tzinfo) -> int | None:
    """The minutes by which the zone is ahead of UTC, where they are always the same."""
    found = {
        datetime(year, month, 1, tzinfo=UTC).astimezone(zone).utcoffset()
        for year in range(STEADY_FROM.year, 2038)
        for month in (1, 7)
    }
    offset = found.pop()
    return None if found or offset is None else int(offset.total_seconds() // 60)


FIRST_DAY = {
    "day": "", "week": ", 'weekday 0', '-6 days'", "month": ", 'start of month'", "year": ", 'start of year'",
}  # fmt: skip


class FirstDay(Func):
    """The first day of the period that a date or moment lies in, by SQLite's own functions."""

    arity = 1
    output_field = DateField()

    def __init__(self, *expressions: Any, by: str, minutes: int = 0) -> None:
        super().__init__(*expressions)
        self.by = by
        self.minutes = minutes

    def as_sql(
        self, compiler: Any, connection: Any, *args: Any, **kwargs: Any
    ) -> tuple[str, tuple[Any, ...]]:
        value, params = compiler.compile(self.source_expressions[0])
        value += f", '{self.minutes:+d} minutes'" if self.minutes else ""
        return f"DATE({value}{FIRST_DAY[self.by]})", tuple(params)


def plain(axis: Axis, value: Any) -> Key:
    """A value out of the database as the group's key."""
    if value is None or value == "":
        return None
    if axis.spec.type.key == "region":
        return folded(f"{value:0<6}", axis.by or "province")
    if isinstance(value, datetime):
        value = timezone.localtime(value, timezone.get_default_timezone()).date()
    if isinstance(value, date):
        month = (value.month - 1) // 3 * 3 + 1 if axis.by == "quarter" else value.month
        return value.replace(month=month).isoformat()
    key: Key = value
    return key


def folded(code: str, level: str) -> str:
    """The division that stands for a code on a level: of Shanghai's districts, which lie in no city, Shanghai."""
    if level != "city" or regions.is_known(code):
        return code
    return f"{code[:2]}0000"


def leaf(axis: Axis, key: Key) -> dict[str, Any]:
    """The condition that the records of a group pass, and no others."""
    field, kind = axis.spec.key, axis.spec.type.key
    if kind == "boolean" and key is None:
        return {"not": {"any": [{"field": field, "op": "eq", "value": yes} for yes in (True, False)]}}
    if key is None:
        return {"field": field, "op": "empty"}
    if axis.several:
        return {"field": field, "op": "has_any", "value": [key]}
    if kind == "region":
        return within(field, str(key), axis.by or "province")
    if kind in DATED:
        first, behind = span(axis.by or "month", date.fromisoformat(str(key)))
        last = date.fromordinal(behind.toordinal() - 1)
        return {"field": field, "op": "between", "value": [first.isoformat(), last.isoformat()]}
    if "in" in axis.spec.type.operators:
        return {"field": field, "op": "in", "value": [key]}
    return {"field": field, "op": "eq", "value": key}


def within(field: str, code: str, level: str) -> dict[str, Any]:
    inside = {"field": field, "op": "within", "value": [code]}
    if level == "province" or not regions.is_known(code):
        return inside
    figures = REGION_LEVELS[level]
    apart = [one.code for one in regions.children(code) if folded(f"{one.code[:figures]:0<6}", level) != code]
    if not apart:
        return inside
    # what is only known to lie in the province, and not in which city
    return {"all": [inside, {"field": field, "op": "not_within", "value": apart}]}


def span(by: str, first: date) -> tuple[date, date]:
    """A period's first day and the one behind it."""
    if by in {"day", "week"}:
        return first, date.fromordinal(first.toordinal() + (7 if by == "week" else 1))
    months = {"month": 1, "quarter": 3, "year": 12}[by]
    index = first.year * 12 + first.month - 1 + months
    return first, date(index // 12, index % 12 + 1, 1)
