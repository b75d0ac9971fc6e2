"""Amounts in yuan as Decimal, and in fen (cents) as int for storage."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from kemai.kit.errors import KitError
from kemai.kit.numbers import HALF_WIDTH, BadNumber, parse_number

Lang = Literal["zh", "en"]
MAX_AMOUNT = Decimal(10) ** 15
CENT = Decimal("0.01")
NOISE = Decimal("0.000001")
"""0.1 + 0.2 in a workbook is 0.30000000000000004."""

_PLAIN = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,2})?\Z")
_DRESS = re.compile(
    r"(?P<sign>[+-]?)(?:¥|￥|人民币|RMB|CNY)?\s*(?P<number>[+-]?[0-9.,]+)\s*(?P<unit>万亿|[百千]?万|千|亿|[KMBkmb])?"
    r"\s*(?:元整?|圆整?|块|RMB|CNY)?\Z",
    re.IGNORECASE,
)
_FOREIGN = re.compile(r"[$€£₩₹฿₽]|USD|EUR|HKD|JPY|GBP|美元|美金|欧元|港币|港元|日元|英镑|台币", re.IGNORECASE)
_UNITS = {
    "": Decimal(1),
    "千": Decimal(10) ** 3,
    "万": Decimal(10) ** 4,
    "百万": Decimal(10) ** 6,
    "千万": Decimal(10) ** 7,
    "亿": Decimal(10) ** 8,
    "万亿": Decimal(10) ** 12,
    "k": Decimal(10) ** 3,
    "m": Decimal(10) ** 6,
    "b": Decimal(10) ** 9,
}
_COMPACT: dict[Lang, tuple[tuple[Decimal, str], ...]] = {
    "zh": ((Decimal(10) ** 12, "万亿"), (Decimal(10) ** 8, "亿"), (Decimal(10) ** 4, "万")),
    "en": (
        (Decimal(10) ** 12, "T"),
        (Decimal(10) ** 9, "B"),
        (Decimal(10) ** 6, "M"),
        (Decimal(10) ** 3, "K"),
    ),
}


class BadMoney(KitError):
    """Codes: money_empty, money_format (text), money_too_large (limit), money_currency (text), money_places (text, and
    kept, what would be left of it)."""


def _checked(amount: Decimal) -> Decimal:
    if not amount.is_finite():
        raise BadMoney("money_format", text=str(amount))
    if abs(amount) > MAX_AMOUNT:
        raise BadMoney("money_too_large", limit=int(MAX_AMOUNT))
    return amount


def parse_money(value: str | int | float | Decimal) -> Decimal:
    """Return an amount in yuan, with the decimals that were written.

    Accepts "1,234.50", "¥1234.5", full-width text, "12.8万", "1.2亿", "128K", "(300)", "-5元". Refuses other
    currencies, percentages, exponents, NaN and amounts beyond 10**15 with BadMoney.
    """
    if not isinstance(value, str):
        return _from_number(value)
    if _PLAIN.match(value):
        return Decimal(value)
    text = value[:200].translate(HALF_WIDTH).strip()
    if not text:
        raise BadMoney("money_empty")
    negative = text[0] == "(" and text[-1] == ")"
    if negative:
        text = text[1:-1].strip()
    amount = _match_money(text, value)
    return -amount if negative else amount


def parse_exact(value: str | int | float | Decimal) -> Decimal:
    """Like parse_money, with exactly two decimals. What was written with more is refused: an amount must not change
    without a word. Decimals are what programs work out, and are rounded; so is the noise of binary fractions."""
    amount = parse_money(value)
    kept = from_cents(to_cents(amount))
    noise = NOISE if isinstance(value, float) else 0
    if not isinstance(value, Decimal) and abs(amount - kept) > noise:
        raise BadMoney("money_places", text=str(value)[:50], kept=f"{kept:f}")
    return kept


def _from_number(value: int | float | Decimal) -> Decimal:
    try:
        return _checked(parse_number(value))
    except BadNumber as error:
        code = "money_too_large" if error.code == "number_too_large" else "money_format"
        raise BadMoney(code, text=str(value), limit=int(MAX_AMOUNT)) from None


def _match_money(text: str, original: str) -> Decimal:
    if _FOREIGN.search(text):
        raise BadMoney("money_currency", text=original[:50])
    found = _DRESS.match(text)
    if found is None or (found["sign"] and found["number"][0] in "+-"):
        raise BadMoney("money_format", text=original[:50])
    try:
        number = parse_number(found["sign"] + found["number"])
    except BadNumber as error:
        if error.code == "number_too_large":
            raise BadMoney("money_too_large", limit=int(MAX_AMOUNT)) from None
        raise BadMoney("money_format", text=original[:50]) from None
    return _checked(number * _UNITS[(found["unit"] or "").lower()])


def to_cents(amount: Decimal) -> int:
    """Return whole fen. An amount with more than two decimals is rounded half away from zero (四舍五入)."""
    return int((_checked(amount) * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def from_cents(cents: int) -> Decimal:
    """Return yuan with exactly two decimals."""
    return Decimal(cents).scaleb(-2).quantize(CENT)


def format_money(amount: Decimal, lang: Lang = "zh", *, symbol: bool = False) -> str:
    """Return "128,000.00" (the same in both languages), with ``symbol`` "¥128,000.00" or "CNY 128,000.00"."""
    text = f"{amount.quantize(CENT, rounding=ROUND_HALF_UP):,f}"
    if not symbol:
        return text
    mark = "¥" if lang == "zh" else "CNY "
    return f"-{mark}{text[1:]}" if text.startswith("-") else f"{mark}{text}"


def format_compact(amount: Decimal, lang: Lang = "zh") -> str:
    """Return a short form with at most one decimal: 128000 is "12.8万" in Chinese and "128K" in English."""
    steps = _COMPACT[lang]
    for index, (size, unit) in enumerate(steps):
        if abs(amount) < size:
            continue
        short = _one_decimal(amount / size)
        # 99,999,999 rounds to "10000万": say it as the next unit up.
        if index and abs(short) * size >= steps[index - 1][0]:
            size, unit = steps[index - 1]
            short = _one_decimal(amount / size)
        return f"{short:f}{unit}"
    short = _one_decimal(amount)
    if abs(short) >= steps[-1][0]:
        return f"{_one_decimal(short / steps[-1][0]):f}{steps[-1][1]}"
    return f"{short:,f}"


def _one_decimal(number: Decimal) -> Decimal:
    rounded = number.quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)
    whole = rounded.to_integral_value()
    if rounded == whole:
        return whole or Decimal(0)  # never "-0"
    return rounded
