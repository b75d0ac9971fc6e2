"""Writing tables that open in Excel and run nothing."""

from __future__ import annotations

import csv
import datetime as dt
import unicodedata
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import TextIO

from kemai.kit.names import clean
from kemai.kit.tabular.marking import Pen
from kemai.kit.tabular.model import Cell, TabularError
from kemai.kit.tabular.neutral import neutralise

OutCell = Cell | Decimal
MAX_XLSX_ROWS = 1_048_576
MAX_CELL = 32_767
_SAFE_DIGITS = 15
"""Excel keeps fifteen digits of a number: longer ones (card numbers, codes) are written as text."""


class CsvWriter:
    """Writes UTF-8 with a byte-order mark (Excel in Chinese needs it), one row at a time; use as a context manager.
    `mark` stands in which texts have quotation marks (`marking`)."""

    def __init__(
        self, path: str | Path, header: Sequence[str], *, delimiter: str = ",", mark: str = ""
    ) -> None:
        self._file: TextIO = Path(path).open("w", encoding="utf-8-sig", newline="", errors="replace")  # noqa: SIM115
        self._pen = Pen(mark, delimiter) if mark else None
        self._writer = csv.writer(self._file, delimiter=delimiter)
        self._line([neutralise(name) for name in header])
        self.rows = 0

    def write(self, row: Iterable[OutCell]) -> None:
        self._line([_csv_cell(cell) for cell in row])
        self.rows += 1

    def _line(self, cells: Sequence[str]) -> None:
        if self._pen is None:
            self._writer.writerow(cells)
        else:
            self._file.write(self._pen.line(cells))

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> CsvWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _csv_cell(cell: OutCell) -> str:
    if isinstance(cell, str):
        return neutralise(cell)
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    if isinstance(cell, (dt.date, dt.time)):
        return _moment_text(cell)
    return str(int(cell)) if float(cell).is_integer() and abs(cell) < 1e15 else repr(cell)


def _moment_text(cell: dt.date | dt.time) -> str:
    return cell.isoformat(" ") if isinstance(cell, dt.datetime) else cell.isoformat()


class XlsxWriter:
    """Writes one sheet row by row in constant memory; use as a context manager.

    Text is always text, never a formula or a link. `mark` stands in the workbook's properties, where it stays when
    somebody changes and saves it. Raises TabularError(xlsx_full) past Excel's last row and
    cell_too_long for text that Excel would cut.
    """

    def __init__(
        self,
        path: str | Path,
        header: Sequence[str],
        *,
        sheet: str = "Sheet1",
        widths: Sequence[int] = (),
        mark: str = "",
    ) -> None:
        import xlsxwriter  # type: ignore[import-untyped, unused-ignore]

        options = {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "nan_inf_to_errors": True,
        }
        self._book = xlsxwriter.Workbook(str(path), options)
        if mark:
            self._book.set_properties({"comments": mark})
        self._sheet = self._book.add_worksheet(_sheet_name(sheet))
        self._day = self._book.add_format({"num_format": "yyyy-mm-dd"})
        self._moment = self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._clock = self._book.add_format({"num_format": "hh:mm:ss"})
        style = self._book.add_format({"bold": True, "bg_color": "#E7EEF8", "bottom": 1, "valign": "vcenter"})
        for column, name in enumerate(header):
            wished = widths[column] if column < len(widths) else 0
            self._sheet.set_column(column, column, min(max(_width(name) + 4, wished, 10), 60))
        self._sheet.freeze_panes(1, 0)
        for column, name in enumerate(header):
            self._sheet.write_string(0, column, _xlsx_text(name), style)
        self.rows = 0

    def write(self, row: Iterable[OutCell]) -> None:
        if self.rows + 1 >= MAX_XLSX_ROWS:
            raise TabularError("xlsx_full", limit=MAX_XLSX_ROWS - 1)
        self.rows += 1
        for column, cell in enumerate(row):
            if cell is not None:
                self._write_cell(column, cell)

    def _write_cell(self, column: int, cell: str | float | bool | Decimal | dt.date | dt.time) -> None:
        if isinstance(cell, str):
            self._sheet.write_string(self.rows, column, _xlsx_text(cell))
        elif isinstance(cell, bool):
            self._sheet.write_boolean(self.rows, column, cell)
        elif isinstance(cell, (int, float, Decimal)):
            self._write_number(column, cell)
        else:
            self._write_moment(column, cell)

    def _write_number(self, column: int, cell: float | Decimal) -> None:
        exact = not isinstance(cell, float)
        if exact and len(Decimal(cell).normalize().as_tuple().digits) > _SAFE_DIGITS:
            self._sheet.write_string(
                self.rows, column, f"{cell:f}" if isinstance(cell, Decimal) else str(cell)
            )
        else:
            self._sheet.write_number(self.rows, column, float(cell))

    def _write_moment(self, column: int, cell: dt.date | dt.time) -> None:
        zoned = isinstance(cell, (dt.datetime, dt.time)) and cell.tzinfo is not None
        if zoned or (isinstance(cell, dt.date) and not 1900 <= cell.year <= 9999):
            # Excel has neither zones nor days before 1900.
            self._sheet.write_string(self.rows, column, _moment_text(cell))
        elif isinstance(cell, dt.datetime):
            self._sheet.write_datetime(self.rows, column, cell, self._moment)
        elif isinstance(cell, dt.date):
            self._sheet.write_datetime(self.rows, column, cell, self._day)
        else:
            self._sheet.write_datetime(self.rows, column, cell, self._clock)

    def close(self) -> None:
        self._book.close()

    def __enter__(self) -> XlsxWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def _xlsx_text(text: str) -> str:
    if len(text) > MAX_CELL:
        raise TabularError("cell_too_long", length=len(text), limit=MAX_CELL)
    if text.isprintable():
        return text
    return "".join(char for char in text if not "\ud800" <= char <= "\udfff")


def _sheet_name(name: str) -> str:
    """Return a name that Excel takes: no []:*?/\\, no apostrophe at the ends, at most 31 characters."""
    text = "".join("_" if char in "[]:*?/\\" else char for char in clean(name)).replace("\n", " ")
    # Excel counts UTF-16 units.
    while len(text.encode("utf-16-le")) > 62:
        text = text[:-1]
    return text.strip("' ") or "Sheet1"


def write_csv(path: str | Path, header: Sequence[str], rows: Iterable[Iterable[OutCell]]) -> int:
    """Write a whole table; return the number of data rows."""
    with CsvWriter(path, header) as writer:
        for row in rows:
            writer.write(row)
        return writer.rows


def write_xlsx(
    path: str | Path, header: Sequence[str], rows: Iterable[Iterable[OutCell]], sheet: str = "Sheet1"
) -> int:
    """Write a whole table; return the number of data rows."""
    with XlsxWriter(path, header, sheet=sheet) as writer:
        for row in rows:
            writer.write(row)
        return writer.rows
