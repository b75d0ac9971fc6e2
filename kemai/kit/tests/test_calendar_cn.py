from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kemai.kit import calendar_cn as cal
from kemai.kit.calendar_cn import (
    BadCalendarDate,
    LunarDate,
    add_workdays,
    festivals,
    is_workday,
    to_lunar,
    to_solar,
)

D = dt.date


@pytest.mark.parametrize(
    ("day", "lunar"),
    [
        (D(2026, 2, 17), LunarDate(2026, 1, 1)),
        (D(2025, 1, 29), LunarDate(2025, 1, 1)),
        (D(2025, 7, 25), LunarDate(2025, 6, 1, True)),
        (D(2023, 3, 22), LunarDate(2023, 2, 1, True)),
        (D(2026, 9, 25), LunarDate(2026, 8, 15)),
        (D(2000, 2, 5), LunarDate(2000, 1, 1)),
    ],
)
def test_known_lunar_days(day: dt.date, lunar: LunarDate) -> None:
    assert to_lunar(day) == lunar
    assert to_solar(lunar) == day


@settings(max_examples=60, deadline=None)
@given(st.dates(D(1901, 1, 1), D(2199, 12, 31)))
def test_every_day_goes_to_the_moon_and_back(day: dt.date) -> None:
    assert to_solar(to_lunar(day)) == day
    following = to_lunar(day + dt.timedelta(days=1))
    assert following.day in (to_lunar(day).day + 1, 1)


@pytest.mark.parametrize(
    "lunar",
    [LunarDate(2026, 6, 1, True), LunarDate(2026, 13, 1), LunarDate(2026, 1, 31), LunarDate(1700, 1, 1)],
)
def test_days_that_never_were(lunar: LunarDate) -> None:
    with pytest.raises(BadCalendarDate):
        to_solar(lunar)


def test_festivals_of_2026() -> None:
    found = {f.key: f.date for f in festivals(2026)}
    assert len(found) >= 24
    expected = {
        "new_year": D(2026, 1, 1),
        "laba": D(2026, 1, 26),
        "little_new_year": D(2026, 2, 10),
        "new_year_eve": D(2026, 2, 16),
        "spring": D(2026, 2, 17),
        "lantern": D(2026, 3, 3),
        "qingming": D(2026, 4, 5),
        "dragon_boat": D(2026, 6, 19),
        "qixi": D(2026, 8, 19),
        "mid_autumn": D(2026, 9, 25),
        "national": D(2026, 10, 1),
        "chongyang": D(2026, 10, 18),
        "double_eleven": D(2026, 11, 11),
        "shopping_618": D(2026, 6, 18),
        "winter_solstice": D(2026, 12, 22),
        "mothers": D(2026, 5, 10),
        "fathers": D(2026, 6, 21),
        "thanksgiving": D(2026, 11, 26),
    }
    assert {key: found[key] for key in expected} == expected
    dates = [f.date for f in festivals(2026)]
    assert dates == sorted(dates)
    assert len(festivals(1900)) >= 24 <= len(festivals(2200))
    assert cal.next_festival("spring", D(2026, 11, 20)) == D(2027, 2, 6)


def test_official_days_off_and_shifted_weekends() -> None:
    assert not is_workday(D(2025, 10, 8))
    assert is_workday(D(2025, 9, 28))  # a Sunday worked for the long holiday
    assert cal.day_kind(D(2025, 10, 8)) == (False, "official")
    assert not cal.day_kind(D(2025, 10, 8)).provisional


def test_a_year_without_a_notice_is_provisional_until_overridden() -> None:
    assert cal.day_kind(D(2031, 10, 2)) == (False, "rule")
    assert cal.day_kind(D(2031, 10, 2)).provisional
    assert is_workday(D(2031, 11, 20))
    assert not is_workday(D(2031, 1, 23))  # Spring Festival
    assert not is_workday(D(2031, 11, 22))  # a Saturday
    table = {D(2031, 11, 22): True, D(2031, 11, 20): False}
    assert is_workday(D(2031, 11, 22), table)
    assert cal.day_kind(D(2031, 11, 20), table) == (False, "override")


def test_working_day_arithmetic() -> None:
    assert add_workdays(D(2025, 9, 30), 1) == D(2025, 10, 9)
    assert add_workdays(D(2025, 10, 9), -1) == D(2025, 9, 30)
    assert add_workdays(D(2025, 10, 1), 0) == D(2025, 10, 9)
    assert add_workdays(D(2025, 9, 30), 0) == D(2025, 9, 30)
    assert cal.workdays_between(D(2025, 9, 30), D(2025, 10, 10)) == 2
    assert cal.workdays_between(D(2025, 10, 10), D(2025, 9, 30)) == -2


@given(st.dates(D(2010, 1, 1), D(2030, 1, 1)), st.integers(1, 60))
def test_added_days_are_the_days_between(day: dt.date, count: int) -> None:
    later = add_workdays(day, count)
    assert is_workday(later)
    assert cal.workdays_between(day, later) == count


def test_birthdays() -> None:
    today = D(2026, 11, 20)
    assert cal.next_birthday(D(1990, 11, 20), today) == today
    assert cal.next_birthday(D(1990, 11, 19), today) == D(2027, 11, 19)
    assert cal.next_birthday(D(2000, 2, 29), today) == D(2027, 2, 28)
    assert cal.next_birthday(D(2000, 2, 29), today, leap_day="mar1") == D(2027, 3, 1)
    assert cal.next_birthday(D(2000, 2, 29), D(2028, 1, 1)) == D(2028, 2, 29)
    assert cal.age(D(2000, 11, 21), today) == 25
    assert cal.age(D(2000, 11, 20), today) == 26


def test_lunar_birthdays() -> None:
    assert cal.next_lunar_birthday(LunarDate(1990, 8, 15), D(2026, 1, 1)) == D(2026, 9, 25)
    assert cal.next_lunar_birthday(LunarDate(1990, 12, 23), D(2026, 1, 1)) == D(2026, 2, 10)
    # born in a leap sixth month: kept there in 2025, in the ordinary sixth month of 2026
    assert cal.next_lunar_birthday(LunarDate(1987, 6, 1, True), D(2025, 1, 1)) == D(2025, 7, 25)
    assert cal.next_lunar_birthday(LunarDate(1987, 6, 1, True), D(2026, 1, 1)) == to_solar(
        LunarDate(2026, 6, 1)
    )
    short = next(y for y in range(2026, 2060) if cal.month_length(y, 1) == 29)
    assert cal.next_lunar_birthday(LunarDate(1990, 1, 30), D(short, 1, 1)) == to_solar(
        LunarDate(short, 1, 29)
    )
    assert cal.leap_month(2025) == 6
    assert cal.leap_month(2026) == 0
