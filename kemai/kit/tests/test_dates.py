from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kemai.kit.dates import BadDate, from_excel, guess_order, parse_date, parse_datetime

DAY = dt.date(2026, 11, 20)
days = st.dates(dt.date(1900, 3, 1), dt.date(2200, 12, 31))


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-20",
        "2026/11/20",
        "2026.11.20",
        "20261120",
        "2026年11月20日",
        "2026 年 11 月 20 日",
        "２０２６－１１－２０",
        "2026年11月20号",
        "46346",
        46346,
        46346.5,
        "46346.5",
        "20 Nov 2026",
        "Nov 20, 2026",
        "20-Nov-2026",
        "November 20th 2026",
        "二〇二六年十一月二十日",
        " 2026-11-20 ",
        "2026-11-20 08:30",
        "2026-11-20T08:30:15Z",
        "2026年11月20日 星期五",
        dt.date(2026, 11, 20),
        dt.datetime.combine(DAY, dt.time(8)),
        "2026-11-20 00:00:00",
        "二零二六年十一月廿日",
        "20261120083000",
    ],
)
def test_one_day_written_in_many_ways(text: str | float | dt.date) -> None:
    assert parse_date(text) == DAY


@pytest.mark.parametrize(
    ("text", "clock"),
    [
        ("2026-11-20", "00:00:00"),
        ("2026-11-20 8:30", "08:30:00"),
        ("2026/11/20 08:30:15", "08:30:15"),
        ("2026-11-20T08:30:15.5", "08:30:15.500000"),
        ("2026年11月20日 下午3时05分", "15:05:00"),
        ("2026-11-20 3:05 PM", "15:05:00"),
        ("2026-11-20 12:00 AM", "00:00:00"),
        ("2026-11-20 12:00 PM", "12:00:00"),
        ("2026年11月20日15点", "15:00:00"),
        ("2026-11-20 上午9：30", "09:30:00"),
        ("202611200830", "08:30:00"),
        ("2026-11-20 晚上8点", "20:00:00"),
    ],
)
def test_times(text: str, clock: str) -> None:
    assert parse_datetime(text) == dt.datetime.combine(DAY, dt.time.fromisoformat(clock))


def test_zones_are_kept() -> None:
    moment = parse_datetime("2026-11-20T08:30:00+08:00")
    assert moment.utcoffset() == dt.timedelta(hours=8)
    assert parse_datetime("2026-11-20T00:30:00Z") == moment
    assert parse_datetime("2026-11-20 08:30:00+0800") == moment


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "date_empty"),
        ("11/20/2026", "date_ambiguous"),
        ("01/02/2026", "date_ambiguous"),
        ("26-11-20", "date_ambiguous"),
        ("2026-02-30", "date_impossible"),
        ("2026-13-01", "date_impossible"),
        ("20260230", "date_impossible"),
        ("2025-02-29", "date_impossible"),
        ("1899-12-31", "date_range"),
        ("2201-01-01", "date_range"),
        ("2026-11-20 25:00", "time_impossible"),
        ("2026-11-20 08:61", "time_impossible"),
        ("明天", "date_format"),
        ("2026-11", "date_format"),
        ("2026-11/20", "date_format"),
        ("abc", "date_format"),
        ("20 Foo 2026", "date_format"),
        ("2026-11-20 08:30+99:00", "time_impossible"),
        ("二〇二六年十三月一日", "date_impossible"),
        ("1234567", "date_format"),
        ("99999999", "date_range"),
    ],
)
def test_refusals_name_the_reason(text: str, code: str) -> None:
    with pytest.raises(BadDate) as caught:
        parse_datetime(text)
    assert caught.value.code == code
    with pytest.raises(BadDate):
        parse_date(text)


@pytest.mark.parametrize("serial", [0, -1, 60, 200000, float("nan"), float("inf")])
def test_excel_numbers_that_are_no_day(serial: float) -> None:
    with pytest.raises(BadDate):
        from_excel(serial)


def test_excel_epoch_and_its_famous_error() -> None:
    assert from_excel(1).date() == dt.date(1900, 1, 1)
    assert from_excel(59).date() == dt.date(1900, 2, 28)
    assert from_excel(61).date() == dt.date(1900, 3, 1)
    assert from_excel(46346.35416666666) == dt.datetime.combine(DAY, dt.time(8, 30))


def test_the_order_is_told_or_learnt_from_the_column() -> None:
    assert parse_date("11/20/2026", "mdy") == DAY
    assert parse_date("20/11/2026", "dmy") == DAY
    with pytest.raises(BadDate, match="date_impossible"):
        parse_date("20/11/2026", "mdy")
    assert guess_order(["01/02/2026", "11/20/2026", ""]).order == "mdy"
    assert guess_order(["01/02/2026", "20/11/2026"]).order == "dmy"
    assert guess_order(["01/02/2026"]) == (None, False, 1)
    assert guess_order(["20/11/2026", "11/20/2026"]).conflict
    assert guess_order(["2026-11-20"]).order == "ymd"
    assert guess_order([]).order is None


@given(days, st.sampled_from(["%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%Y年%m月%d日", "%d %b %Y"]))
def test_written_dates_read_back(day: dt.date, form: str) -> None:
    assert parse_date(day.strftime(form)) == day
    assert from_excel((day - dt.date(1899, 12, 30)).days).date() == day


@given(st.text(alphabet="0123456789-/.年月日时分:下午TZ+ PM十", max_size=25))
def test_any_text_is_a_date_or_a_typed_refusal(text: str) -> None:
    for order in (None, "mdy"):
        try:
            moment = parse_datetime(text, "mdy" if order else None)
        except BadDate:
            continue
        assert 1900 <= moment.year <= 2200
