"""Reading and writing numbers as people in China type them."""

from __future__ import annotations

import math
import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from kemai.kit.errors import KitError

MAX_MAGNITUDE = 30
"""Largest decimal exponent, either way, that a typed number may have."""

# Only true digits and the marks of a number are folded: NFKC would turn "²" into "2" and "½" into "1/2".
HALF_WIDTH = {
    **{0xFF10 + i: str(i) for i in range(10)},
    ord("，"): ",",
    ord("．"): ".",
    ord("－"): "-",
    ord("−"): "-",
    ord("＋"): "+",
    ord("％"): "%",
    ord("（"): "(",
    ord("）"): ")",
    0x3000: " ",
    0x00A0: " ",
    0x202F: " ",
    0x200B: None,
    0xFEFF: None,
}

_PLAIN = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?\Z")
_NUMBER = re.compile(
    r"(?P<sign>[+-]?)(?P<body>[0-9]{1,3}(?:[, ][0-9]{3})+|[0-9]*)(?P<frac>\.[0-9]*)?"
    r"(?P<exp>[eE][+-]?[0-9]{1,6})?\s*(?P<rate>[%‰]?)\Z"
)
_RATE = {"": Decimal(1), "%": Decimal(100), "‰": Decimal(1000)}


class BadNumber(KitError):
    """Codes: number_empty, number_format (text), number_nan, number_too_large (limit)."""


def _checked(value: Decimal) -> Decimal:
    if not value.is_finite():
        raise BadNumber("number_nan")
    if value and not -MAX_MAGNITUDE <= value.adjusted() <= MAX_MAGNITUDE:
        raise BadNumber("number_too_large", limit=MAX_MAGNITUDE)
    return value


def _from_number(value: int | float | Decimal) -> Decimal:
    if isinstance(value, bool):
        raise BadNumber("number_format", text=str(value))
    if isinstance(value, float):
        if not math.isfinite(value):
            raise BadNumber("number_nan")
        # repr is the shortest text that gives the float back, i.e. what the person saw in the cell.
        return _checked(Decimal(int(value)) if value.is_integer() else Decimal(repr(value)))
    return _checked(Decimal(value))


def parse_number(value: str | int | float | Decimal) -> Decimal:
    """Return the number written; "12.5%" is 0.125 and "3‰" is 0.003.

    Accepts full-width digits, thousands separators in groups of three, a leading sign, parentheses for
    negative and exponents up to 10**30. Raises BadNumber for all else ("1.234,5", "²", "1e999", "NaN").
    """
    if not isinstance(value, str):
        return _from_number(value)
    if len(value) > 100:
        raise BadNumber("number_format", text=value[:100])
    if _PLAIN.match(value):
        return _checked(Decimal(value))
    text = value.translate(HALF_WIDTH).strip()
    if not text:
        raise BadNumber("number_empty")
    negative = text[0] == "(" and text[-1] == ")"
    if negative:
        text = text[1:-1].strip()
    result = _match_number(text, value)
    return -result if negative else result


def _match_number(text: str, original: str) -> Decimal:
    found = _NUMBER.match(text)
    if found is None or not (found["body"] or len(found["frac"] or "") > 1):
        raise BadNumber("number_format", text=original)
    digits = found["body"].replace(",", "").replace(" ", "") or "0"
    try:
        result = Decimal(found["sign"] + digits + (found["frac"] or "") + (found["exp"] or ""))
    except InvalidOperation:
        raise BadNumber("number_format", text=original) from None
    return _checked(result) / _RATE[found["rate"]]


def parse_percent(value: str | int | float | Decimal) -> Decimal:
    """Return a ratio for a column known to hold percentages: "12.5%", "12.5" and 12.5 all give 0.125."""
    text = value.translate(HALF_WIDTH).rstrip() if isinstance(value, str) else ""
    number = parse_number(value)
    return number if text.endswith(("%", "‰")) else number / 100


def record_key(text: str) -> int | None:
    """The key that an address, a form or a cursor carries; None for what is no plain number of at most 18 digits."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def parse_int(value: str | int | float | Decimal) -> int:
    """Return a whole number; "12.0" is 12, "12.5" raises BadNumber(number_not_whole)."""
    number = parse_number(value)
    if number != number.to_integral_value():
        raise BadNumber("number_not_whole", text=str(value))
    return int(number)


def format_number(value: Decimal | int | float, places: int | None = None) -> str:
    """Return "1,234.5"; with ``places`` the number is rounded half up to that many decimals."""
    number = _from_number(value)
    if places is not None:
        number = number.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    return f"{number:,f}"


def format_percent(ratio: Decimal | float, places: int = 1) -> str:
    """Return "12.5%" for 0.125."""
    return f"{format_number(_from_number(ratio) * 100, places)}%"
