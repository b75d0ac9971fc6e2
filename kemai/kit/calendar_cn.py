"""The Chinese calendar: lunar dates, festivals, working days, birthdays.

Lunar dates and solar terms come from lunar_python; official working days from chinesecalendar, which knows only
the years whose State Council notice has appeared. Other years follow the statutory rule (Regulation on National
Festivals and Memorial Days, as in force from 2025) without the shifted weekends, and say so: ``provisional``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Literal, NamedTuple

from kemai.kit.errors import KitError

Overrides = Mapping[dt.date, bool]
"""Days an organisation settled itself: True is a working day."""
_NO_OVERRIDES: Overrides = {}
FIRST_YEAR = 1900
LAST_YEAR = 2200


class BadCalendarDate(KitError):
    """Codes: lunar_range (year), lunar_impossible (year, month, day, leap)."""


class LunarDate(NamedTuple):
    """A day of the traditional calendar; ``leap`` marks the intercalary month that repeats ``month``."""

    year: int
    month: int
    day: int
    leap: bool = False


class Festival(NamedTuple):
    """``key`` is stable; ``name`` the Chinese name; ``statutory`` true when the day itself is a public holiday."""

    key: str
    name: str
    date: dt.date
    statutory: bool


def _check_year(year: int) -> None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise BadCalendarDate("lunar_range", year=year)


@lru_cache(maxsize=16384)
def to_lunar(day: dt.date) -> LunarDate:
    """Return the lunar date of a day between 1900 and 2200."""
    from lunar_python import Solar  # type: ignore[import-untyped, unused-ignore]

    _check_year(day.year)
    lunar = Solar.fromYmd(day.year, day.month, day.day).getLunar()
    month = int(lunar.getMonth())
    return LunarDate(int(lunar.getYear()), abs(month), int(lunar.getDay()), month < 0)


@lru_cache(maxsize=16384)
def to_solar(date: LunarDate) -> dt.date:
    """Return the day of a lunar date; raise BadCalendarDate where that year has no such day."""
    from lunar_python import Lunar  # type: ignore[import-untyped, unused-ignore]

    # January 1900 still belongs to the lunar year 1899.
    _check_year(max(date.year, FIRST_YEAR) if date.year >= FIRST_YEAR - 1 else date.year)
    if date.day < 1 or date.day > month_length(date.year, date.month, leap=date.leap):
        raise BadCalendarDate("lunar_impossible", **date._asdict())
    solar = Lunar.fromYmd(date.year, -date.month if date.leap else date.month, date.day).getSolar()
    return dt.date(int(solar.getYear()), int(solar.getMonth()), int(solar.getDay()))


@lru_cache(maxsize=8192)
def month_length(year: int, month: int, *, leap: bool = False) -> int:
    """Return 29 or 30, or 0 where the year has no such month."""
    from lunar_python import LunarMonth  # type: ignore[import-untyped, unused-ignore]

    if not 1 <= month <= 12:
        return 0
    found = LunarMonth.fromYm(year, -month if leap else month)
    return int(found.getDayCount()) if found is not None else 0


def leap_month(year: int) -> int:
    """Return the month that a lunar year repeats, 0 for none."""
    from lunar_python import LunarYear  # type: ignore[import-untyped, unused-ignore]

    _check_year(year)
    return int(LunarYear.fromYear(year).getLeapMonth())


@lru_cache(maxsize=512)
def _solar_term(year: int, term: str) -> dt.date:
    # The table of a lunar year begins with the solstice before it; DONG_ZHI is its name for the next one.
    from lunar_python import Solar  # type: ignore[import-untyped, unused-ignore]

    solar = Solar.fromYmd(year, 6, 1).getLunar().getJieQiTable()[term]
    return dt.date(int(solar.getYear()), int(solar.getMonth()), int(solar.getDay()))


def _nth_weekday(year: int, month: int, weekday: int, nth: int) -> dt.date:
    first = dt.date(year, month, 1)
    return first + dt.timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))


_FIXED = (
    ("new_year", "元旦", 1, 1, True),
    ("valentine", "情人节", 2, 14, False),
    ("women", "妇女节", 3, 8, False),
    ("arbor", "植树节", 3, 12, False),
    ("consumer", "消费者权益日", 3, 15, False),
    ("labour", "劳动节", 5, 1, True),
    ("youth", "青年节", 5, 4, False),
    ("love_520", "520", 5, 20, False),
    ("children", "儿童节", 6, 1, False),
    ("shopping_618", "618", 6, 18, False),
    ("party", "建党节", 7, 1, False),
    ("army", "建军节", 8, 1, False),
    ("teachers", "教师节", 9, 10, False),
    ("national", "国庆节", 10, 1, True),
    ("programmers", "程序员节", 10, 24, False),
    ("double_eleven", "双十一", 11, 11, False),
    ("double_twelve", "双十二", 12, 12, False),
    ("christmas_eve", "平安夜", 12, 24, False),
    ("christmas", "圣诞节", 12, 25, False),
)
_LUNAR = (
    ("spring", "春节", 1, 1, True),
    ("lantern", "元宵节", 1, 15, False),
    ("dragon_head", "龙抬头", 2, 2, False),
    ("dragon_boat", "端午节", 5, 5, True),
    ("qixi", "七夕", 7, 7, False),
    ("ghost", "中元节", 7, 15, False),
    ("mid_autumn", "中秋节", 8, 15, True),
    ("chongyang", "重阳节", 9, 9, False),
)


@lru_cache(maxsize=256)
def festivals(year: int) -> tuple[Festival, ...]:
    """Return the festivals of a calendar year in order of date (some thirty; 腊八 may fall twice or not at all)."""
    _check_year(year)
    found = [Festival(key, name, dt.date(year, month, day), off) for key, name, month, day, off in _FIXED]
    for key, name, month, day, off in _LUNAR:
        found.append(Festival(key, name, to_solar(LunarDate(year, month, day)), off))
    spring = to_solar(LunarDate(year, 1, 1))
    found += [
        Festival("new_year_eve", "除夕", spring - dt.timedelta(days=1), True),
        Festival("little_new_year", "小年", to_solar(LunarDate(year - 1, 12, 23)), False),
        Festival("qingming", "清明节", _solar_term(year, "清明"), True),
        Festival("winter_solstice", "冬至", _solar_term(year, "DONG_ZHI"), False),
        Festival("mothers", "母亲节", _nth_weekday(year, 5, 6, 2), False),
        Festival("fathers", "父亲节", _nth_weekday(year, 6, 6, 3), False),
        Festival("thanksgiving", "感恩节", _nth_weekday(year, 11, 3, 4), False),
    ]
    for lunar_year in (year - 1, year):
        laba = to_solar(LunarDate(lunar_year, 12, 8))
        if laba.year == year:
            found.append(Festival("laba", "腊八节", laba, False))
    return tuple(sorted(found, key=lambda festival: (festival.date, festival.key)))


def next_festival(key: str, after: dt.date) -> dt.date:
    """Return the first day on or after ``after`` on which the festival falls; KeyError for an unknown key."""
    for year in range(after.year, after.year + 3):
        for festival in festivals(year):
            if festival.key == key and festival.date >= after:
                return festival.date
    raise KeyError(key)


Source = Literal["override", "official", "rule"]


class DayKind(NamedTuple):
    """``source`` says who decided; ``provisional`` is true when the official notice of that year is not known."""

    workday: bool
    source: Source

    @property
    def provisional(self) -> bool:
        return self.source == "rule"


@lru_cache(maxsize=64)
def _statutory(year: int) -> frozenset[dt.date]:
    days = {dt.date(year, 1, 1), dt.date(year, 5, 1), dt.date(year, 5, 2), _solar_term(year, "清明")}
    days |= {dt.date(year, 10, day) for day in (1, 2, 3)}
    spring = to_solar(LunarDate(year, 1, 1))
    days |= {spring + dt.timedelta(days=shift) for shift in (-1, 0, 1, 2)}
    return frozenset(days | {to_solar(LunarDate(year, 5, 5)), to_solar(LunarDate(year, 8, 15))})


@lru_cache(maxsize=32768)
def _base_kind(day: dt.date) -> DayKind:
    import chinese_calendar  # type: ignore[import-untyped, unused-ignore]

    try:
        return DayKind(bool(chinese_calendar.is_workday(day)), "official")
    except NotImplementedError:
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            return DayKind(day.weekday() < 5, "rule")
        return DayKind(day.weekday() < 5 and day not in _statutory(day.year), "rule")


def day_kind(day: dt.date, overrides: Overrides = _NO_OVERRIDES) -> DayKind:
    """Return whether a day is worked, and who says so."""
    settled = overrides.get(day)
    return _base_kind(day) if settled is None else DayKind(settled, "override")


def is_workday(day: dt.date, overrides: Overrides = _NO_OVERRIDES) -> bool:
    """True for a working day, shifted weekends included."""
    return day_kind(day, overrides).workday


def _days(start: dt.date, step: int) -> Iterator[dt.date]:
    day = start
    while True:
        day += dt.timedelta(days=step)
        yield day


def add_workdays(day: dt.date, count: int, overrides: Overrides = _NO_OVERRIDES) -> dt.date:
    """Return the day ``count`` working days later (earlier when negative); 0 moves a day off to the next workday."""
    if count == 0 and is_workday(day, overrides):
        return day
    left = max(abs(count), 1)
    for step in _days(day, -1 if count < 0 else 1):
        if is_workday(step, overrides):
            left -= 1
            if not left:
                return step
    raise AssertionError  # pragma: no cover - the walk has no end


def workdays_between(start: dt.date, end: dt.date, overrides: Overrides = _NO_OVERRIDES) -> int:
    """Return the working days after ``start`` up to and including ``end``; negative when ``end`` is earlier."""
    if end < start:
        return -workdays_between(end, start, overrides)
    span = (end - start).days
    return sum(is_workday(start + dt.timedelta(days=n), overrides) for n in range(1, span + 1))


def next_birthday(
    birthday: dt.date, today: dt.date, *, leap_day: Literal["feb28", "mar1"] = "feb28"
) -> dt.date:
    """Return the next birthday on or after ``today``; 29 February is kept on the 28th in common years."""
    for year in (today.year, today.year + 1):
        try:
            day = birthday.replace(year=year)
        except ValueError:
            day = dt.date(year, 2, 28) if leap_day == "feb28" else dt.date(year, 3, 1)
        if day >= today:
            return day
    raise AssertionError  # pragma: no cover - next year's always is


def next_lunar_birthday(birthday: LunarDate, today: dt.date) -> dt.date:
    """Return the next day on or after ``today`` on which a lunar birthday is kept.

    Someone born in a leap month keeps it in the leap month of years that have it and in the ordinary month of all
    others; someone born on the 30th keeps the 29th of a short month.
    """
    for year in range(today.year - 1, today.year + 3):
        day = _lunar_birthday_in(year, birthday)
        if day >= today:
            return day
    raise AssertionError  # pragma: no cover - a lunar year is shorter than 385 days


def _lunar_birthday_in(year: int, birthday: LunarDate) -> dt.date:
    leap = birthday.leap and month_length(year, birthday.month, leap=True) > 0
    day = min(birthday.day, month_length(year, birthday.month, leap=leap))
    return to_solar(LunarDate(year, birthday.month, day, leap))


def age(birthday: dt.date, today: dt.date) -> int:
    """Return completed years (周岁)."""
    return today.year - birthday.year - ((today.month, today.day) < (birthday.month, birthday.day))
