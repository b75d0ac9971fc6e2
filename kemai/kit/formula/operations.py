"""What each operation does to values: the meaning of the language, which the SQL compiler has to match.

Numbers are decimals with at most ten places: products and quotients are rounded half away from zero to ten, sums and
differences are exact. Whatever is computed from an empty value is empty, unless its operation says otherwise; an
empty text and no text are the same. Nothing here ever raises: what has no value (1 / 0, the 31st of June) is empty."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from calendar import monthrange
from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal
from functools import lru_cache
from typing import Any

from kemai.kit import calendar_cn
from kemai.kit.formula.nodes import Clock

EXACT = Context(prec=8000, rounding=ROUND_HALF_UP)
"""Room for the longest product that a formula can write down."""
PLACES = 10
UNIT = Decimal(1).scaleb(-PLACES)
MOST = Decimal(10) ** 18
"""Numbers of fields from here on are taken for empty."""
MOST_DAYS = 4_000_000
MOST_MONTHS = 48_000
MOST_TEXT = 10_000
MOST_REPLACEMENT = 200
FIRST_WORKDAY_YEAR = 1990
LAST_WORKDAY_YEAR = 2099
BLANKS = " \u3000\u00a0\t\r\n"
UPPER = str.maketrans("abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
ZERO = Decimal(0)
quantize = EXACT.quantize


def fixed(value: Decimal) -> Decimal:
    return quantize(value, UNIT)


def number(value: Any) -> Decimal | None:
    """A number as it comes out of a field."""
    if value is None:
        return None
    exact = value if isinstance(value, Decimal) else Decimal(value if isinstance(value, int) else repr(value))
    if not exact.is_finite() or abs(exact) >= MOST:
        return None
    return fixed(exact)


def whole(value: Decimal, most: int) -> int:
    """A count: the fraction is cut off, and nobody counts further than `most`."""
    return int(value) if -most < value < most else most if value > 0 else -most


# numbers


def add(a: Decimal, b: Decimal) -> Decimal:
    return EXACT.add(a, b)


def subtract(a: Decimal, b: Decimal) -> Decimal:
    return EXACT.subtract(a, b)


def multiply(a: Decimal, b: Decimal) -> Decimal:
    return quantize(EXACT.multiply(a, b), UNIT)


def divide(a: Decimal, b: Decimal) -> Decimal | None:
    """Cut off after one place more than is kept: what rounds half away from zero needs no further digit."""
    if not b:
        return None
    return quantize(EXACT.divide_int(a.scaleb(PLACES + 1, EXACT), b).scaleb(-PLACES - 1, EXACT), UNIT)


def modulo(a: Decimal, b: Decimal) -> Decimal | None:
    """The remainder, with the sign of `a`."""
    return EXACT.remainder(a, b) if b else None


def negate(a: Decimal) -> Decimal:
    return EXACT.minus(a)


def absolute(a: Decimal) -> Decimal:
    return EXACT.abs(a)


def rounded(a: Decimal, places: Decimal | None = None) -> Decimal:
    count = whole(places, PLACES) if places is not None else 0
    return quantize(a, Decimal(1).scaleb(-count)) if a else ZERO


def floor(a: Decimal) -> Decimal:
    return a.to_integral_value(ROUND_FLOOR)


def ceiling(a: Decimal) -> Decimal:
    return a.to_integral_value(ROUND_CEILING)


def truncate(a: Decimal) -> Decimal:
    return a.to_integral_value(ROUND_DOWN)


# texts


def number_text(a: Decimal) -> str:
    """Without a group mark and without closing zeros."""
    if not a:
        return "0"
    text = format(a, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def moment_text(a: dt.datetime, clock: Clock) -> str:
    return local(a, clock).replace(tzinfo=None, microsecond=0).isoformat(" ", "minutes")


def text_number(a: str) -> Decimal | None:
    """A plain number and nothing else: digits, a point, a sign."""
    body = a.strip(BLANKS)
    digits = body[1:] if body[:1] in {"+", "-"} else body
    before, dot, after = digits.partition(".")
    plain = (before + after).isascii() and (before + after).isdigit()
    if not plain or not 1 <= len(before) <= 18 or (dot and not 1 <= len(after) <= PLACES):
        return None
    return Decimal(body)


def left(a: str, count: Decimal) -> str:
    return a[: max(whole(count, MOST_TEXT), 0)]


def right(a: str, count: Decimal) -> str:
    length = max(whole(count, MOST_TEXT), 0)
    return a[-length:] if length else ""


def middle(a: str, start: Decimal, count: Decimal) -> str:
    first = max(whole(start, MOST_TEXT), 1) - 1
    return a[first : first + max(whole(count, MOST_TEXT), 0)]


def replace(a: str, old: str, new: str | None) -> str:
    return a.replace(old, (new or "")[:MOST_REPLACEMENT])[:MOST_TEXT]


# dates


def local(a: dt.datetime, clock: Clock) -> dt.datetime:
    return a.astimezone(clock.zone)


def to_day(a: dt.datetime, clock: Clock) -> dt.date:
    return a.astimezone(clock.zone).date()


def days_between(end: dt.date, start: dt.date) -> Decimal:
    return Decimal((end - start).days)


def add_days(a: dt.date, count: Decimal) -> dt.date | None:
    try:
        return a + dt.timedelta(days=whole(count, MOST_DAYS))
    except OverflowError:
        return None


def add_months(a: dt.date, count: Decimal) -> dt.date | None:
    """The same day of the month, or the month's last where it has no such day."""
    if abs(count) > MOST_MONTHS:
        return None
    year, month = divmod(a.year * 12 + a.month - 1 + int(count), 12)
    if not 1 <= year <= 9999:
        return None
    return dt.date(year, month + 1, min(a.day, monthrange(year, month + 1)[1]))


def make_date(year: Decimal, month: Decimal, day: Decimal) -> dt.date | None:
    try:
        return dt.date(whole(year, 10_000), whole(month, 100), whole(day, 100))
    except ValueError:
        return None


def year(a: dt.date) -> Decimal:
    return Decimal(a.year)


def month(a: dt.date) -> Decimal:
    return Decimal(a.month)


def day(a: dt.date) -> Decimal:
    return Decimal(a.day)


def weekday(a: dt.date) -> Decimal:
    return Decimal(a.isoweekday())


def hours_between(end: dt.datetime, start: dt.datetime) -> Decimal | None:
    span = end - start
    seconds = Decimal(span.days * 86_400_000_000 + span.seconds * 1_000_000 + span.microseconds).scaleb(-6)
    return divide(seconds, Decimal(3600))


@lru_cache(maxsize=1)
def workdays() -> tuple[dt.date, ...]:
    """Every working day of the years that WORKDAYS knows, by the official calendar of holidays and make-up days."""
    start = dt.date(FIRST_WORKDAY_YEAR, 1, 1)
    length = (dt.date(LAST_WORKDAY_YEAR, 12, 31) - start).days + 1
    return tuple(
        one for one in (start + dt.timedelta(days=n) for n in range(length)) if calendar_cn.is_workday(one)
    )


def known(a: dt.date) -> bool:
    return FIRST_WORKDAY_YEAR <= a.year <= LAST_WORKDAY_YEAR


def workdays_between(start: dt.date, end: dt.date) -> Decimal | None:
    """Working days after `start` up to and including `end`."""
    if not (known(start) and known(end)):
        return None
    days = workdays()
    return Decimal(bisect_right(days, end) - bisect_right(days, start))


def add_workdays(a: dt.date, count: Decimal) -> dt.date | None:
    """So many working days later or earlier; 0 moves a day off to the next working day."""
    if not known(a):
        return None
    days, steps = workdays(), whole(count, MOST_DAYS)
    before = a if steps > 0 else a - dt.timedelta(days=1)
    place = bisect_right(days, before) + steps - (steps > 0)
    return days[place] if 0 <= place < len(days) else None


# what is true


def all_true(values: list[bool | None]) -> bool | None:
    if False in values:
        return False
    return None if None in values else True


def any_true(values: list[bool | None]) -> bool | None:
    if True in values:
        return True
    return None if None in values else False


STRICT: dict[str, Callable[..., Any]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "neg": negate,
    "abs": absolute,
    "mod": modulo,
    "round": rounded,
    "floor": floor,
    "ceil": ceiling,
    "trunc": truncate,
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "not": lambda a: not a,
    "number_text": number_text,
    "date_text": dt.date.isoformat,
    "text_number": text_number,
    "upper": lambda a: a.translate(UPPER),
    "lower": lambda a: a.translate(LOWER),
    "trim": lambda a: a.strip(BLANKS),
    "left": left,
    "right": right,
    "mid": middle,
    "len": lambda a: Decimal(len(a)),
    "contains": lambda a, b: b in a,
    "starts": lambda a, b: a.startswith(b),
    "days": days_between,
    "add_days": add_days,
    "add_months": add_months,
    "date": make_date,
    "year": year,
    "month": month,
    "day": day,
    "weekday": weekday,
    "hours": hours_between,
    "workdays": workdays_between,
    "add_workdays": add_workdays,
}
"""Operations that are empty as soon as one operand is. An optional operand that is left out is not there at all."""

CLOCKED: dict[str, Callable[..., Any]] = {"to_day": to_day, "moment_text": moment_text}
"""The same for operations that ask the clock (their last argument)."""
