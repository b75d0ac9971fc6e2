"""What part of the deals a page of figures looks at: period, department, person, pipeline; within one's rights."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.platform import access
from kemai.platform.access import Actor
from kemai.sales.rules.forecast import following, month_of
from kemai.sales.services import staff, stages
from kemai.sales.services.achieved import midnight

PERIODS = ("month", "quarter", "year", "last12", "last_year")


@dataclass(frozen=True)
class Slice:
    """`start` to `end` (not counted in). `people` are those whose deals are looked at; `everybody`: no need to name
    them. `pipeline` '' for all."""

    start: dt.date
    end: dt.date
    period: str
    people: Sequence[staff.Person]
    everybody: bool
    department: int | None = None
    person: int | None = None
    pipeline: str = ""

    @property
    def owners(self) -> list[int]:
        return [one.pk for one in self.people]

    def where(self) -> list[dict[str, Any]]:
        """The same as conditions of a list, without the period."""
        return [*self.where_but_pipeline(), *self.pipeline_where()]

    def where_but_pipeline(self) -> list[dict[str, Any]]:
        if self.everybody:
            return []
        return [{"field": "owner", "op": "in", "value": [str(one) for one in self.owners]}]

    def pipeline_where(self) -> list[dict[str, Any]]:
        return [{"field": "pipeline", "op": "in", "value": [self.pipeline]}] if self.pipeline else []

    def between(self, field: str) -> list[dict[str, Any]]:
        """The period as conditions on a field."""
        return [
            {"not": {"field": field, "op": "before", "value": self.start.isoformat()}},
            {"field": field, "op": "before", "value": self.end.isoformat()},
        ]

    def during(self, field: str) -> dict[str, Any]:
        """The period as arguments of a filter on a moment."""
        return {f"{field}__gte": midnight(self.start), f"{field}__lt": midnight(self.end)}


def span(period: str, today: dt.date) -> tuple[dt.date, dt.date]:
    """First day and the day after the last."""
    month = month_of(today)
    if period == "month":
        return month, following(month)
    if period == "quarter":
        start = month.replace(month=(month.month - 1) // 3 * 3 + 1)
        return start, following(start, 3)
    if period == "last12":
        return following(month, -11), following(month)
    year = today.year - (period == "last_year")
    return dt.date(year, 1, 1), dt.date(year + 1, 1, 1)


def words() -> Mapping[str, str]:
    return {
        "month": _("本月"), "quarter": _("本季度"), "year": _("今年"), "last12": _("近 12 个月"),
        "last_year": _("去年"),
    }  # fmt: skip


def read(
    params: Mapping[str, str], reach: staff.Reach, *, today: dt.date | None = None, period: str = "year"
) -> Slice:
    """What an address asks for; what it may not see or does not know is left out of account."""
    today = today or timezone.localdate()
    chosen = params.get("period", "")
    period = chosen if chosen in PERIODS else period
    start, end = span(period, today)
    person, unit = number(params.get("person", "")), number(params.get("department", ""))
    people = list(reach.people)
    department = unit if unit in {one.pk for one in reach.units} else None
    if department is not None:
        people = reach.inside(department)
    person = person if person in {one.pk for one in people} else None
    if person is not None:
        people = [one for one in people if one.pk == person]
    pipeline = params.get("pipeline", "")
    pipeline = pipeline if pipeline in {one.value for one in stages.PIPELINES} else ""
    everybody = reach.whole and department is None and person is None
    return Slice(start, end, period, people, everybody, department, person, pipeline)


def number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else None


def deals(actor: Actor, part: Slice) -> QuerySet[Any]:
    """The deals of the slice that the actor may see, whatever the period."""
    found = access.scope(actor, "deal")
    if not part.everybody:
        found = found.filter(owner__in=part.owners)
    return found.filter(pipeline=part.pipeline) if part.pipeline else found
