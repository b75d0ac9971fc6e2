"""Dates and times as Excel writes them and as people in China do."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from typing import Literal, NamedTuple

from kemai.kit.errors import KitError

Order = Literal["ymd", "mdy", "dmy"]
MIN_YEAR = 1900
MAX_YEAR = 2200


class BadDate(KitError):
    """Codes: date_empty, date_format (text), date_ambiguous (text), date_impossible (text), date_range (year),
    time_impossible (text)."""


_FOLD: dict[int, str | None] = {
    **{0xFF10 + i: str(i) for i in range(10)},
    **dict.fromkeys(map(ord, "－–—"), "-"),
    **dict.fromkeys(map(ord, "：﹕"), ":"),
    **dict.fromkeys(map(ord, "\u3000\u00a0\u202f"), " "),
    **dict.fromkeys(map(ord, "\u200b\u200e\u200f\ufeff"), None),
    ord("／"): "/",
    ord("．"): ".",
    ord("号"): "日",
    ord("號"): "日",
    ord("時"): "时",
    ord("點"): "时",
    ord("点"): "时",
}
_TIME = (
    r"(?:\s*(?:星期|周|礼拜)[一二三四五六日天])?"
    r"(?:\s*T?\s*(?P<half>上午|下午|中午|晚上|早上|凌晨|AM|PM)?\s*"
    r"(?P<hour>[0-9]{1,2})[:时]"
    r"(?:(?P<minute>[0-9]{1,2})(?:[:分](?:(?P<second>[0-9]{1,2})(?:[.,](?P<fraction>[0-9]{1,9}))?秒?)?)?)?"
    r"\s*(?P<half2>AM|PM)?\s*(?P<zone>Z|UTC|[+-][0-9]{2}:?[0-9]{2})?)?\Z"
)
_FAST = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})\Z")
_YMD = re.compile(
    r"(?P<y>[0-9]{4})(?:(?P<sep>[-/.])(?P<m>[0-9]{1,2})(?P=sep)(?P<d>[0-9]{1,2})"
    r"|\s*年\s*(?P<m2>[0-9]{1,2})\s*月\s*(?P<d2>[0-9]{1,2})\s*日?"
    r"|(?P<m3>[0-9]{2})(?P<d3>[0-9]{2}))" + _TIME,
    re.IGNORECASE,
)
_SHORT = re.compile(
    r"(?P<a>[0-9]{1,2})(?P<sep>[-/.])(?P<b>[0-9]{1,2})(?P=sep)(?P<y>[0-9]{4}|[0-9]{2})" + _TIME, re.IGNORECASE
)
_COMPACT = re.compile(
    r"(?P<y>[0-9]{4})(?P<m>[0-9]{2})(?P<d>[0-9]{2})(?P<hour>[0-9]{2})(?P<minute>[0-9]{2})(?P<second>[0-9]{2})?\Z"
)
_ENGLISH = re.compile(
    r"(?:(?P<d>[0-9]{1,2})(?:st|nd|rd|th)?[ -](?P<mon>[a-z]{3,9})\.?,?[ -]"
    r"|(?P<mon2>[a-z]{3,9})\.? (?P<d2>[0-9]{1,2})(?:st|nd|rd|th)?,? )"
    r"(?P<y>[0-9]{4})" + _TIME,
    re.IGNORECASE,
)
_MONTHS = {name: i for i, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
_LONG_MONTHS = "january february march april may june july august september october november december".split()
_CHINESE = re.compile(
    r"(?P<y>[〇零○一二三四五六七八九]{4})年(?P<m>[一二三四五六七八九十元]{1,2})月(?P<d>[一二三四五六七八九十廿卅]{1,3})日?\Z"
)
_DIGITS = {**{char: i for i, char in enumerate("零一二三四五六七八九")}, "〇": 0, "○": 0, "元": 1}
_SERIAL = re.compile(r"[0-9]{5}(?:\.[0-9]{1,12})?\Z")
_EXCEL_EPOCH = dt.datetime(1899, 12, 30)  # noqa: DTZ001  # Excel's days have no zone


def _date(year: int, month: int, day: int, text: str) -> dt.date:
    if not MIN_YEAR <= year <= MAX_YEAR:
        raise BadDate("date_range", year=year, text=text)
    try:
        return dt.date(year, month, day)
    except ValueError:
        raise BadDate("date_impossible", text=text) from None


def from_excel(serial: float) -> dt.datetime:
    """Return the moment of an Excel serial number in the 1900 system, to the second.

    Excel believes in 29 February 1900, so day 60 is refused and days before it count from one day later.
    """
    if not 1 <= serial < 110_000:
        raise BadDate("date_range", serial=serial)
    if 60 <= serial < 61:
        raise BadDate("date_impossible", text=str(serial))
    shift = 1 if serial < 60 else 0
    moment = _EXCEL_EPOCH + dt.timedelta(days=serial + shift)
    # A serial is a float: 08:30 is 0.35416666…; half a second more and cut gives the second back.
    return (moment + dt.timedelta(microseconds=500_000)).replace(microsecond=0)


def parse_date(value: str | float | dt.date, order: Order | None = None) -> dt.date:
    """Return the date meant; a time behind it is allowed and dropped.

    ``order`` says how 11/20/2026 is to be read; without it such a date is refused as ambiguous even where only one
    reading exists, because the next row would be read the other way.
    """
    if isinstance(value, str):
        fast = _FAST.match(value)
        if fast is not None:
            return _date(int(fast[1]), int(fast[2]), int(fast[3]), value)
    return parse_datetime(value, order).date()


def parse_datetime(value: str | float | dt.date, order: Order | None = None) -> dt.datetime:
    """Return the moment meant: aware when a zone was written, else naive. A date alone is midnight."""
    if isinstance(value, dt.datetime):
        _date(value.year, value.month, value.day, str(value))
        return value
    if isinstance(value, dt.date):
        return dt.datetime.combine(_date(value.year, value.month, value.day, str(value)), dt.time())
    if not isinstance(value, str):
        return from_excel(value)
    text = value[:100].translate(_FOLD).strip()
    if not text:
        raise BadDate("date_empty")
    return _parse_text(text, value, order)


def _parse_text(text: str, value: str, order: Order | None) -> dt.datetime:
    found = _YMD.match(text)
    if found is not None:
        month, day = found["m"] or found["m2"] or found["m3"], found["d"] or found["d2"] or found["d3"]
        return _moment(_date(int(found["y"]), int(month), int(day), value), found, value)
    found = _SHORT.match(text)
    if found is not None:
        return _moment(_short_date(found, order, value), found, value)
    if _SERIAL.match(text):
        return from_excel(float(text))
    return _parse_rare(text, value)


def _short_date(found: re.Match[str], order: Order | None, value: str) -> dt.date:
    year = found["y"]
    if order not in ("mdy", "dmy") or len(year) != 4:
        raise BadDate("date_ambiguous", text=value[:50])
    month, day = (found["a"], found["b"]) if order == "mdy" else (found["b"], found["a"])
    return _date(int(year), int(month), int(day), value)


def _parse_rare(text: str, value: str) -> dt.datetime:
    found = _COMPACT.match(text)
    if found is not None:
        clock = _time(int(found["hour"]), int(found["minute"]), int(found["second"] or 0), 0, value)
        return dt.datetime.combine(_date(int(found["y"]), int(found["m"]), int(found["d"]), value), clock)
    found = _ENGLISH.match(text)
    if found is not None:
        word = (found["mon"] or found["mon2"]).lower()
        month = _MONTHS.get(word[:3])
        if month is None or not (_LONG_MONTHS[month - 1].startswith(word) or word == "sept"):
            raise BadDate("date_format", text=value[:50])
        return _moment(_date(int(found["y"]), month, int(found["d"] or found["d2"]), value), found, value)
    found = _CHINESE.match(text)
    if found is not None:
        year = int("".join(str(_DIGITS[char]) for char in found["y"]))
        day = _date(year, _chinese_number(found["m"]), _chinese_number(found["d"]), value)
        return dt.datetime.combine(day, dt.time())
    raise BadDate("date_format", text=value[:50])


def _chinese_number(text: str) -> int:
    text = text.replace("廿", "二十").replace("卅", "三十")
    if "十" not in text:
        return _DIGITS[text] if len(text) == 1 else 0
    tens, _, ones = text.partition("十")
    if len(tens) > 1 or len(ones) > 1 or "十" in ones:
        return 0
    return (_DIGITS[tens] if tens else 1) * 10 + (_DIGITS[ones] if ones else 0)


def _time(hour: int, minute: int, second: int, micro: int, value: str) -> dt.time:
    try:
        return dt.time(hour, minute, second, micro)
    except ValueError:
        raise BadDate("time_impossible", text=value[:50]) from None


def _moment(day: dt.date, found: re.Match[str], value: str) -> dt.datetime:
    if found["hour"] is None:
        return dt.datetime.combine(day, dt.time())
    hour = _hour24(int(found["hour"]), (found["half"] or found["half2"] or "").upper(), value)
    micro = int((found["fraction"] or "0")[:6].ljust(6, "0"))
    clock = _time(hour, int(found["minute"] or 0), int(found["second"] or 0), micro, value)
    moment = dt.datetime.combine(day, clock)
    return moment if found["zone"] is None else moment.replace(tzinfo=_zone(found["zone"].upper(), value))


def _hour24(hour: int, half: str, value: str) -> int:
    if half in ("PM", "下午", "晚上") and hour < 12:
        return hour + 12
    if half == "中午" and hour < 3:
        return hour + 12
    if half in ("AM", "上午", "凌晨", "早上"):
        if hour > 12:
            raise BadDate("time_impossible", text=value[:50])
        return hour % 12 if hour == 12 and half != "上午" else hour
    return hour


def _zone(text: str, value: str) -> dt.timezone:
    if text in ("Z", "UTC"):
        return dt.UTC
    hours, minutes = int(text[1:3]), int(text[-2:])
    if hours > 14 or minutes > 59:
        raise BadDate("time_impossible", text=value[:50])
    offset = dt.timedelta(hours=hours, minutes=minutes)
    return dt.timezone(-offset if text[0] == "-" else offset)


class OrderGuess(NamedTuple):
    """``order`` is None where the samples do not settle it; ``conflict`` when they contradict one another."""

    order: Order | None
    conflict: bool
    short_dates: int


def guess_order(samples: Iterable[str]) -> OrderGuess:
    """Find out from a column's samples whether 11/12/2026 is month first or day first.

    A part above 12 can only be a day. Columns without such short dates are "ymd".
    """
    first = second = short = others = 0
    for sample in samples:
        found = _SHORT.match(sample[:100].translate(_FOLD).strip())
        if found is None:
            others += bool(sample.strip())
            continue
        short += 1
        first += int(found["a"]) > 12
        second += int(found["b"]) > 12
    if not short:
        return OrderGuess("ymd" if others else None, False, 0)
    if first and second:
        return OrderGuess(None, True, short)
    return OrderGuess("dmy" if first else "mdy" if second else None, False, short)
