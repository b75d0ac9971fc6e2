"""Weeks and months as they are laid out, with festivals and days off."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kemai.collab.services.calendar.layers import Event, Span
from kemai.kit import calendar_cn, lunar_names

VIEWS = ("month", "week", "day", "agenda")
AGENDA_DAYS = 30
QUIET = frozenset({"valentine", "arbor", "consumer", "youth", "love_520", "party", "army", "programmers"})
"""Festivals that nobody's work calendar needs."""
ENGLISH: Mapping[str, str] = {
    "new_year": "New Year", "women": "Women's Day", "labour": "Labour Day", "children": "Children's Day",
    "shopping_618": "618", "teachers": "Teachers' Day", "national": "National Day", "double_eleven": "Double 11",
    "double_twelve": "Double 12", "christmas_eve": "Christmas Eve", "christmas": "Christmas",
    "spring": "Spring Festival", "lantern": "Lantern Festival", "dragon_head": "Longtaitou",
    "dragon_boat": "Dragon Boat Festival", "qixi": "Qixi", "ghost": "Ghost Festival",
    "mid_autumn": "Mid-Autumn Festival", "chongyang": "Double Ninth", "new_year_eve": "New Year's Eve (lunar)",
    "little_new_year": "Little New Year", "qingming": "Qingming", "winter_solstice": "Winter Solstice",
    "mothers": "Mother's Day", "fathers": "Father's Day", "thanksgiving": "Thanksgiving", "laba": "Laba Festival",
}  # fmt: skip


@dataclass(frozen=True)
class Day:
    date: dt.date
    inside: bool
    today: bool
    events: Sequence[Event]
    note: str
    """The festival, else the lunar day (in Chinese only)."""
    festive: bool
    off: bool
    shifted: bool
    """A weekend that is worked."""


def today() -> dt.date:
    return timezone.localdate(timezone=timezone.get_default_timezone())


def span_of(view: str, day: dt.date, people: Sequence[int]) -> Span:
    """The days that a view shows around a day."""
    monday = day - dt.timedelta(days=day.weekday())
    match view:
        case "week":
            return Span(monday, monday + dt.timedelta(days=6), people)
        case "day":
            return Span(day, day, people)
        case "agenda":
            return Span(day, day + dt.timedelta(days=AGENDA_DAYS - 1), people)
    first = day.replace(day=1)
    behind = (first + dt.timedelta(days=32)).replace(day=1)
    start = first - dt.timedelta(days=first.weekday())
    return Span(start, behind + dt.timedelta(days=(7 - behind.weekday()) % 7 - 1), people)


def step(view: str, day: dt.date, by: int) -> dt.date:
    """The day that the arrows lead to."""
    if view == "month":
        first = day.replace(day=1)
        return (
            (first + dt.timedelta(days=32)).replace(day=1)
            if by > 0
            else (first - dt.timedelta(days=1)).replace(day=1)
        )
    days = {"week": 7, "day": 1}.get(view, AGENDA_DAYS)
    return day + dt.timedelta(days=days * by)


def days_of(span: Span, events: Sequence[Event], month: int) -> list[Day]:
    by_day: dict[dt.date, list[Event]] = {}
    for event in events:
        by_day.setdefault(event.day, []).append(event)
    now = today()
    count = (span.last - span.first).days + 1
    return [day_of(span.first + dt.timedelta(days=n), by_day, month, now) for n in range(count)]


def day_of(date: dt.date, by_day: Mapping[dt.date, Sequence[Event]], month: int, now: dt.date) -> Day:
    kind = calendar_cn.day_kind(date)
    festival = festival_on(date)
    weekend = date.weekday() >= 5
    return Day(
        date, date.month == month, date == now, by_day.get(date, ()), festival or lunar_words(date), bool(festival),
        off=not kind.workday, shifted=kind.workday and weekend,
    )  # fmt: skip


def festival_on(date: dt.date) -> str:
    found = [one for one in calendar_cn.festivals(date.year) if one.date == date and one.key not in QUIET]
    found.sort(key=lambda one: not one.statutory)
    if not found:
        return ""
    return ENGLISH.get(found[0].key, "") if get_language() == "en" else found[0].name


def lunar_words(date: dt.date) -> str:
    """廿一; the name of the month on its first day. English readers are spared it."""
    if get_language() == "en":
        return ""
    return lunar_names.short_name(calendar_cn.to_lunar(date))


def title_of(view: str, day: dt.date, span: Span) -> str:
    if view == "month":
        return _("%(year)s 年 %(month)s 月") % {"year": day.year, "month": f"{day.month:02d}"}
    if view == "day":
        return f"{day:%Y-%m-%d}"
    return f"{span.first:%Y-%m-%d} – {span.last:%m-%d}"
