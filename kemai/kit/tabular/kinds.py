"""What a column of text seems to hold."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence

from kemai.kit.credit_code import is_credit_code
from kemai.kit.dates import BadDate, guess_order, parse_datetime
from kemai.kit.errors import KitError
from kemai.kit.id_number import parse_id_number
from kemai.kit.money import parse_money
from kemai.kit.names import is_person_name, split_company
from kemai.kit.numbers import parse_number
from kemai.kit.phone import parse_phone
from kemai.kit.regions import reads
from kemai.kit.tabular.model import Cell, ColumnProfile

_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[A-Za-z]{2,24}\Z")
_URL = re.compile(r"(?:https?://|www\.)[^\s]+\Z", re.IGNORECASE)
_BOOLEANS = frozenset("是 否 有 无 真 假 yes no true false y n √ × 0 1".split())
_HAS_DIGIT = re.compile(r"[0-9０-９]")


def _reads(parse_it: Callable[[str], object]) -> Callable[[str], bool]:
    def test(text: str) -> bool:
        try:
            parse_it(text)
        except KitError:
            return False
        return True

    return test


def _is_company(text: str) -> bool:
    parts = split_company(text)
    return bool(parts.legal) and (len(text) > 4 or not text.isascii())


def _is_date(text: str) -> bool:
    if text.isdigit() and len(text) != 8:
        return False
    try:
        parse_datetime(text)
    except BadDate as error:
        return error.code == "date_ambiguous"
    return True


def _with_digit(test: Callable[[str], bool]) -> Callable[[str], bool]:
    return lambda text: _HAS_DIGIT.search(text) is not None and test(text)


def _short(limit: int, test: Callable[[str], bool]) -> Callable[[str], bool]:
    return lambda text: len(text) <= limit and test(text)


_TESTS: dict[str, Callable[[str], bool]] = {
    "number": _with_digit(_reads(parse_number)),
    "integer": _with_digit(_short(18, lambda text: text.lstrip("+-").isdecimal() and text.isascii())),
    "percent": lambda text: text.endswith(("%", "％", "‰")) and _reads(parse_number)(text),
    "money": _with_digit(_reads(parse_money)),
    "date": _with_digit(_short(40, _is_date)),
    "phone": _with_digit(_short(40, _reads(parse_phone))),
    "email": lambda text: _EMAIL.match(text) is not None,
    "url": lambda text: _URL.match(text) is not None,
    "credit_code": _short(30, is_credit_code),
    "id_number": _short(30, _reads(parse_id_number)),
    "region": _short(30, reads),
    "company": _short(100, _is_company),
    "person": _short(40, is_person_name),
    "boolean": lambda text: text.lower() in _BOOLEANS,
}


def cell_kinds(cell: Cell) -> set[str]:
    """Return every kind that a filled cell reads as; typed cells of a workbook say it themselves."""
    if isinstance(cell, bool):
        return {"boolean"}
    if isinstance(cell, (int, float)):
        found = {"number", "money"}
        text = f"{cell:.0f}" if float(cell).is_integer() else ""
        if text:
            found |= {"integer"} | ({"phone"} if len(text) == 11 and _TESTS["phone"](text) else set())
        return found
    if isinstance(cell, (dt.date, dt.time)):
        return {"date"} if isinstance(cell, dt.date) else {"time"}
    text = str(cell).strip()
    return {kind for kind, test in _TESTS.items() if test(text)}


def profile_column(name: str, cells: Sequence[Cell]) -> ColumnProfile:
    """Return the profile of one column of the sample."""
    from kemai.kit.tabular.read import cell_text

    filled = [cell for cell in cells if cell is not None and not (isinstance(cell, str) and not cell.strip())]
    counts: dict[str, int] = {}
    for cell in filled:
        for kind in cell_kinds(cell):
            counts[kind] = counts.get(kind, 0) + 1
    texts = [cell_text(cell) for cell in filled]
    kinds = {kind: count / len(filled) for kind, count in sorted(counts.items(), key=lambda item: -item[1])}
    if kinds.get("date"):
        kinds.update(_date_order(texts))
    return ColumnProfile(
        name=name,
        filled=len(filled) / len(cells) if cells else 0.0,
        distinct=tuple(dict.fromkeys(texts))[:20],
        kinds=kinds,
        longest=max(map(len, texts), default=0),
    )


def _date_order(texts: list[str]) -> dict[str, float]:
    """Say how 11/12/2026 reads in this column: date_mdy, date_dmy or date_ambiguous with share 1."""
    guess = guess_order(texts)
    if not guess.short_dates:
        return {}
    return {f"date_{guess.order}" if guess.order else "date_ambiguous": 1.0}
