"""Dates and moments. Moments are stored in UTC and compared by the company's local days."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any, ClassVar

from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.kit import dates
from kemai.kit.errors import KitError
from kemai.platform.fields.base import FieldSpec, FieldType, Invalid, Moment, Test, clean_text
from kemai.platform.fields.text import share

PERIODS = ("day", "week", "month", "quarter", "year")
RELATIVE = re.compile(r"([+-]\d{1,4})d")
MOST_DAYS = 36_600


class Date(FieldType):
    key = "date"
    widget = "date"
    storage = "date"
    operators: ClassVar[tuple[str, ...]] = (
        "eq", "before", "after", "between", "last", "older", "next", "this", "empty", "not_empty",
    )  # fmt: skip

    def parse_filled(self, raw: object, spec: FieldSpec) -> Any:
        try:
            return dates.parse_date(raw if isinstance(raw, date | float | int) else clean_text(raw))
        except KitError:
            raise Invalid(
                _("“%(value)s”不是日期，请写成 2026-11-20") % {"value": clean_text(raw)[:40]}
            ) from None

    def empty(self, spec: FieldSpec) -> Any:
        return None

    def text(self, value: Any, spec: FieldSpec) -> str:
        if value is None:
            return ""
        return f"{value:%Y-%m}" if spec.month else str(value.isoformat())

    def json(self, value: Any) -> Any:
        return None if value is None else value.isoformat()

    def editable(self, value: Any, spec: FieldSpec) -> Any:
        return "" if value is None else value.isoformat()

    def schema(self, spec: FieldSpec) -> dict[str, Any]:
        return {"type": ["string", "null"], "format": "date"}

    def guess(self, samples: Sequence[object]) -> float:
        if samples and all(isinstance(one, date) for one in samples if one not in (None, "")):
            return 1.0
        return share(samples, is_date)

    def fake(self, spec: FieldSpec, rng: Random) -> Any:
        return date(1970, 1, 1) + timedelta(days=rng.randrange(14000))

    def operand(self, raw: object, spec: FieldSpec, moment: Moment) -> Any:
        """A local day: a date, "today" or "+7d"/"-90d" from today."""
        today = moment.now.astimezone(moment.zone).date()
        if raw == "today":
            return today
        relative = RELATIVE.fullmatch(raw) if isinstance(raw, str) else None
        if relative:
            return today + timedelta(days=int(relative[1]))
        return Date.parse_filled(self, raw, spec)

    def test(self, op: str, value: Any, spec: FieldSpec, moment: Moment) -> Test:
        if op in {"empty", "not_empty"}:
            return super().test(op, value, spec, moment)
        first, behind = self.days(op, value, spec, moment)
        edges = (self.edge(first, moment), self.edge(behind, moment))
        return Test("range", (*edges, True, False))

    def days(self, op: str, value: Any, spec: FieldSpec, moment: Moment) -> tuple[date | None, date | None]:
        """The half-open range of local days that an operator means."""
        day = timedelta(days=1)
        today = moment.now.astimezone(moment.zone).date()
        match op:
            case "eq":
                one = self.operand(value, spec, moment)
                return one, one + day
            case "before":
                return None, self.operand(value, spec, moment)
            case "after":
                return self.operand(value, spec, moment) + day, None
            case "between":
                low, high = sorted(self.operand(one, spec, moment) for one in value)
                return low, high + day
            case "last":
                return today - days_count(value) + day, today + day
            case "older":
                return None, today - days_count(value, 0)
            case "next":
                return today, today + days_count(value)
            case "this":
                return period(str(value), today)
        raise Invalid(_("不支持的比较方式：%(op)s") % {"op": op})

    def edge(self, day: date | None, moment: Moment) -> Any:
        return day


class DateTime(Date):
    key = "datetime"
    widget = "datetime"
    storage = "timestamp"

    def parse_filled(self, raw: object, spec: FieldSpec) -> Any:
        if isinstance(raw, datetime) and raw.tzinfo is not None:
            return raw.astimezone(UTC)
        try:
            value = dates.parse_datetime(raw if isinstance(raw, date | float | int) else clean_text(raw))
        except KitError:
            raise Invalid(
                _("“%(value)s”不是时间，请写成 2026-11-20 14:30") % {"value": clean_text(raw)[:40]}
            ) from None
        if value.tzinfo is None:
            value = value.replace(tzinfo=timezone.get_default_timezone())
        return value.astimezone(UTC)

    def text(self, value: Any, spec: FieldSpec) -> str:
        if value is None:
            return ""
        local = value.astimezone(timezone.get_default_timezone())
        return str(local.strftime("%Y-%m-%d %H:%M:%S" if local.second else "%Y-%m-%d %H:%M"))

    def editable(self, value: Any, spec: FieldSpec) -> Any:
        if value is None:
            return ""
        return value.astimezone(timezone.get_default_timezone()).strftime("%Y-%m-%dT%H:%M")

    def schema(self, spec: FieldSpec) -> dict[str, Any]:
        return {"type": ["string", "null"], "format": "date-time"}

    def fake(self, spec: FieldSpec, rng: Random) -> Any:
        return datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=rng.randrange(500_000))

    def guess(self, samples: Sequence[object]) -> float:
        return 0.95 * super().guess(samples)

    def edge(self, day: date | None, moment: Moment) -> Any:
        return None if day is None else datetime.combine(day, time(), moment.zone).astimezone(UTC)


def days_count(value: object, least: int = 1) -> timedelta:
    text = clean_text(value)
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= MOST_DAYS:
        raise Invalid(_("请填写 %(low)s 到 %(most)s 之间的天数") % {"low": least, "most": MOST_DAYS})
    return timedelta(days=int(text))


def period(name: str, today: date) -> tuple[date, date]:
    """The first day of the running period and the first one after it."""
    match name:
        case "day":
            return today, today + timedelta(days=1)
        case "week":
            first = today - timedelta(days=today.weekday())
            return first, first + timedelta(days=7)
        case "month" | "quarter" | "year":
            months = {"month": 1, "quarter": 3, "year": 12}[name]
            index = (today.year * 12 + today.month - 1) // months * months
            return month_start(index), month_start(index + months)
    raise Invalid(_("请选择：%(options)s") % {"options": ", ".join(PERIODS)})


def month_start(index: int) -> date:
    return date(index // 12, index % 12 + 1, 1)


def is_date(text: str) -> bool:
    if text.isdigit() and len(text) != 8:
        return False
    try:
        dates.parse_date(text)
    except KitError:
        return False
    return True
