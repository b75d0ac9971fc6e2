"""Whole columns of cells into values: what a kind of field makes of one cell, made quick for a million of them.

`FieldType.parse` stays the judge: the short cuts here take only what it would take unchanged, and hand it the rest."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.kit import dates, money
from kemai.kit.errors import KitError
from kemai.kit.tabular import Cell, cell_text, strip_neutralised
from kemai.platform.fields import FieldSpec, Invalid
from kemai.platform.fields.base import clean_text
from kemai.platform.fields.choice import split_list
from kemai.platform.fields.own import check_limits, rounded

ParseCell = Callable[[Any], Any]
ParseColumn = Callable[[Sequence[Cell]], list[Any]]
MEMO = 50_000
FILE_KINDS = frozenset({"file", "image"})
LIMITS = {"min", "max", "pattern", "places"}
REPEATING = frozenset(
    {"choice", "multi_choice", "boolean", "region", "tags", "date", "datetime", "percent", "whole"}
)
"""Kinds whose columns hold the same texts again and again: each is parsed once."""
EMAIL = re.compile(
    r"[a-z0-9]+(?:[._+-][a-z0-9]+)*@[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9]+(?:-[a-z0-9]+)*)*\.[a-z]{2,24}"
)
AMOUNT = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,2})?")
BIGGEST_WHOLE = 2**31


class Blank:
    """The cell is empty: nothing is stated."""

    def __repr__(self) -> str:
        return "BLANK"


BLANK = Blank()


class Bad:
    """The cell cannot be taken; why."""

    __slots__ = ("message",)

    def __init__(self, message: str) -> None:
        self.message = message


class Rounded:
    """An amount that was finer than a cent, and what it was rounded to."""

    __slots__ = ("value",)

    def __init__(self, value: Decimal) -> None:
        self.value = value


def column_parser(
    spec: FieldSpec, order: str = "", *, clears: bool = False, cents: bool = False
) -> ParseColumn:
    """The parser of a column. `order` ('mdy', 'dmy') says how 11/12/2026 is read in it; with `cents` what is finer is
    Rounded. References stay text: they are looked up many at a time."""
    parse = cell_parser(spec, order)
    if cents and spec.type.key == "money":
        parse = rounding(parse, spec)
    if spec.own is not None and LIMITS & spec.own.settings.keys():
        parse = limited(parse, spec)
    if spec.personal:
        parse = unmasked(parse, clears=clears)
    return memoised(parse) if spec.type.key in REPEATING else plain(parse)


def unmasked(parse: ParseCell, *, clears: bool) -> ParseCell:
    """A cell that somebody was shown masked (an export that comes back) states nothing and is never stored; where
    empty cells clear a field it would, so there it is refused."""

    def whole(cell: Cell) -> Any:
        if isinstance(cell, str) and "***" in cell:
            return Bad(_("这个单元格是脱敏后的内容，请填写完整内容或删去这一列")) if clears else BLANK
        return parse(cell)

    return whole


def plain(parse: ParseCell) -> ParseColumn:
    def column(cells: Sequence[Cell]) -> list[Any]:
        return [BLANK if cell is None else parse(cell) for cell in cells]

    return column


def memoised(parse: ParseCell) -> ParseColumn:
    memo: dict[str, Any] = {}

    def one(cell: Cell) -> Any:
        if not isinstance(cell, str):
            return parse(cell)
        found = memo.get(cell, memo)
        if found is memo:
            found = parse(cell)
            if len(memo) >= MEMO:
                memo.clear()
            memo[cell] = found
        return found

    return plain(one)


def limited(parse: ParseCell, spec: FieldSpec) -> ParseCell:
    """With the range, the pattern and the places that an own field asks for."""

    def within(cell: Cell) -> Any:
        value = parse(cell)
        if value is BLANK or isinstance(value, Bad):
            return value
        bare = rounded(spec, value.value if isinstance(value, Rounded) else value)
        try:
            check_limits(spec, bare)
        except Invalid as error:
            return Bad(error.message)
        return Rounded(bare) if isinstance(value, Rounded) else bare

    return within


def names_in(text: str) -> list[str]:
    """The records that a cell names."""
    return [str(part) for part in dict.fromkeys(split_list(text))]


def cell_parser(spec: FieldSpec, order: str = "") -> ParseCell:
    if spec.type.key in FILE_KINDS:
        return files_text
    if spec.refers or spec.refs:
        return reference_text
    slow = careful(spec)
    match spec.type.key:
        case "text":
            return text_parser(spec, slow)
        case "phone":
            return phone_parser(slow)
        case "email":
            return email_parser(spec, slow)
        case "money":
            return money_parser(slow)
        case "date" | "datetime":
            return moment_parser(spec, slow, order)
        case "whole":
            return whole_parser(slow)
    return slow


def careful(spec: FieldSpec) -> ParseCell:
    """The kind's own parsing, for any cell."""
    kind = spec.type

    def parse(cell: Cell) -> Any:
        raw: Any = strip_neutralised(cell) if isinstance(cell, str) else cell
        if (isinstance(raw, dt.time) and kind.key != "time") or (
            isinstance(raw, dt.date) and kind.key not in {"date", "datetime"}
        ):
            raw = cell_text(raw)
        if isinstance(raw, str) and not raw.strip():
            return BLANK
        if kind.key == "percent" and isinstance(raw, float):
            return raw  # a workbook's 12.5 % is 0.125, whatever it shows
        try:
            value = kind.parse(raw, spec)
        except Invalid as error:
            return Bad(error.message)
        return BLANK if kind.is_empty(value) else value

    return parse


def reference_text(cell: Cell) -> Any:
    text = " ".join(clean_text(strip_neutralised(cell) if isinstance(cell, str) else cell_text(cell)).split())
    if not text:
        return BLANK
    return (
        text
        if len(text) <= 200
        else Bad(_("最多 %(max)s 个字，现在有 %(now)s 个") % {"max": 200, "now": len(text)})
    )


def files_text(cell: Cell) -> Any:
    """What the cell calls files of the archive, as it stands there: looked up many at a time."""
    text = (strip_neutralised(cell) if isinstance(cell, str) else cell_text(cell)).strip()
    return text or BLANK


def text_parser(spec: FieldSpec, slow: ParseCell) -> ParseCell:
    most = spec.max_length or 10**9

    def parse(cell: Cell) -> Any:
        # printable text knows no control characters and no white space but the plain blank
        if (
            isinstance(cell, str)
            and cell.isprintable()
            and len(cell) <= most
            and cell[:1] not in " '"
            and "  " not in cell
            and cell[-1:] != " "
        ):
            return cell
        return slow(cell)

    return parse


def phone_parser(slow: ParseCell) -> ParseCell:
    def parse(cell: Cell) -> Any:
        if (
            isinstance(cell, str)
            and len(cell) == 11
            and cell[0] == "1"
            and cell[1] in "3456789"
            and cell.isascii()
            and cell.isdigit()
        ):
            return "+86" + cell
        return slow(cell)

    return parse


def email_parser(spec: FieldSpec, slow: ParseCell) -> ParseCell:
    most = min(spec.max_length or 200, 64)

    def parse(cell: Cell) -> Any:
        if isinstance(cell, str) and len(cell) <= most and EMAIL.fullmatch(cell):
            return cell
        return slow(cell)

    return parse


def money_parser(slow: ParseCell) -> ParseCell:
    cent = Decimal("0.01")

    def parse(cell: Cell) -> Any:
        if isinstance(cell, str) and AMOUNT.fullmatch(cell):
            return Decimal(cell).quantize(cent)
        return slow(cell)

    return parse


def rounding(parse: ParseCell, spec: FieldSpec) -> ParseCell:
    """Amounts to the cent: a person has said that the rest does not matter."""

    def to_cents(cell: Cell) -> Any:
        value = parse(cell)
        if not isinstance(value, Bad) or isinstance(cell, bool | dt.date | dt.time):
            return value
        try:
            exact = money.parse_money(strip_neutralised(cell) if isinstance(cell, str) else cell or 0)
            return Rounded(spec.type.parse(money.from_cents(money.to_cents(exact)), spec))
        except (KitError, Invalid):
            return value

    return to_cents


def whole_parser(slow: ParseCell) -> ParseCell:
    def parse(cell: Cell) -> Any:
        value = slow(cell)
        if isinstance(value, int) and not -BIGGEST_WHOLE < value < BIGGEST_WHOLE:
            return Bad(_("数字太大，请核对"))
        return value

    return parse


def moment_parser(spec: FieldSpec, slow: ParseCell, order: str) -> ParseCell:
    """Dates whose order the column as a whole has settled; all others as the kind reads them."""
    zone = timezone.get_default_timezone()
    wanted: Any = order if order in {"mdy", "dmy"} else None
    whole = spec.type.key == "datetime"

    def parse(cell: Cell) -> Any:
        if not isinstance(cell, str) or wanted is None:
            return slow(cell)
        try:
            moment = dates.parse_datetime(cell, wanted)
        except KitError:
            return slow(cell)
        if not whole:
            return moment.date()
        aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
        return aware.astimezone(dt.UTC)

    return parse
