"""What an analysis is: validated parameters in, tables in, a bounded result out. Knows neither Django nor an engine."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Protocol

MAX_ROWS = 2_000
"""The most rows that a table of a result may have: results are stored and shown, not mined."""


def gettext_noop(text: str) -> str:
    """Marks a text for the catalogues; it is translated where it is shown."""
    return text


class BadParams(ValueError):
    """Parameters that cannot be used. `field` names the one, `allowed` says what it may be."""

    def __init__(self, field: str, allowed: str) -> None:
        super().__init__(f"{field}: {allowed}")
        self.field = field
        self.allowed = allowed


@dataclass(frozen=True)
class Column:
    """A column of a result table. kind: text, whole, number, money (cents), share, month, day, days or an
    `option:<state>` whose value is one of a choice's codes."""

    key: str
    label: str
    kind: str = "whole"


@dataclass(frozen=True)
class Table:
    columns: tuple[Column, ...]
    rows: Sequence[Sequence[object]]

    def as_json(self) -> dict[str, object]:
        if len(self.rows) > MAX_ROWS:
            raise ValueError(f"a result table has {len(self.rows)} rows, {MAX_ROWS} are allowed")
        return {
            "columns": [dataclasses.asdict(c) for c in self.columns],
            "rows": [list(row) for row in self.rows],
        }


@dataclass(frozen=True)
class Chart:
    """What to draw: the values of `x` along the axis and one value each in every series.

    `x` = {"label", "kind", "values"}; a series = {"key", "label", "values"}; `drill` = {"type": object key,
    "where": one condition tree a value of x} opens the records behind a bar."""

    key: str
    type: str
    """line | bar | stack | pie | heat"""
    title: str
    unit: str
    """A word (人, 单) or 'money' (cents), 'share'."""
    x: Mapping[str, object]
    series: Sequence[Mapping[str, object]]
    drill: Mapping[str, object] | None = None

    def as_json(self) -> dict[str, object]:
        return {**dataclasses.asdict(self)}


@dataclass(frozen=True)
class Result:
    tables: Mapping[str, Table] = field(default_factory=dict)
    metrics: Mapping[str, object] = field(default_factory=dict)
    charts: Sequence[Chart] = ()
    write_backs: Mapping[str, Any] = field(default_factory=dict)
    """{part key: Ibis table of the key and the columns to write}"""
    basis: Mapping[str, object] = field(default_factory=dict)
    """What explanations need later: cut points, thresholds, limits."""

    def as_json(self) -> dict[str, object]:
        return {
            "metrics": dict(self.metrics),
            "tables": {key: table.as_json() for key, table in self.tables.items()},
            "charts": [chart.as_json() for chart in self.charts],
        }


class Tables(Protocol):
    """The tables as of a moment: rows later than it are not in them."""

    @property
    def as_of(self) -> datetime:
        """In UTC, without zone."""

    @property
    def today(self) -> date:
        """The company's local day of `as_of`."""

    def __getitem__(self, key: str) -> Any:
        """The Ibis table of a dataset, or of the output of an analysis that ran before."""

    def stage(self, expression: Any) -> Any:
        """The expression's rows, computed once."""

    def rows(self, expression: Any) -> list[dict[str, Any]]:
        """The rows of a small expression."""


@dataclass(frozen=True)
class Analysis:
    """One analysis: a module of `analyses/` holds one as ANALYSIS."""

    key: str
    title: str
    version: str
    params: type
    """A frozen dataclass whose `__post_init__` raises BadParams."""
    run: Callable[[Tables, Any], Result]
    needs: tuple[str, ...] = ()
    """Datasets, and outputs of other analyses."""
    per_subject: bool = False
    """The write-back row of a subject depends on that subject's own rows alone: only changed ones are computed anew."""
    purpose: str = ""


def build_params(kind: type, values: Mapping[str, object] | None) -> Any:
    """An instance of the dataclass from plain values. Raises BadParams."""
    known = {one.name: one for one in dataclasses.fields(kind)}
    given = dict(values or {})
    for name, value in given.items():
        if name not in known:
            raise BadParams(name, ", ".join(known))
        default = known[name].default
        given[name] = _shaped(name, value, default)
    return kind(**given)


def _shaped(name: str, value: object, default: object) -> object:
    if isinstance(default, tuple) and isinstance(value, list | tuple):
        return tuple(_shaped(name, one, default[0]) for one in value)
    if isinstance(default, bool) or isinstance(value, bool):
        if isinstance(value, bool) and isinstance(default, bool):
            return value
        raise BadParams(name, "true | false" if isinstance(default, bool) else type(default).__name__)
    if isinstance(default, int | float) and isinstance(value, int | float):
        if isinstance(default, float):
            return float(value)
        if value == int(value):
            return int(value)
    if isinstance(default, str) and isinstance(value, str):
        return value
    raise BadParams(name, type(default).__name__)


def within(params: object, name: str, low: float, high: float) -> None:
    """Refuse a parameter outside its range."""
    value = getattr(params, name)
    if not low <= value <= high:
        raise BadParams(name, f"{low:g} – {high:g}")


def year_before(day: date, months: int = 12) -> date:
    """The same day some months earlier; the 29th to 31st become the month's last day."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))
