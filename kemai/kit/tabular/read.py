"""The two calls: ``profile`` a file, then stream its ``rows``."""

from __future__ import annotations

import datetime as dt
import itertools
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from kemai.kit.names import normalise
from kemai.kit.tabular import csv_read, xlsx_read
from kemai.kit.tabular.detect import detect_delimiter, detect_text
from kemai.kit.tabular.kinds import profile_column
from kemai.kit.tabular.model import (
    DEFAULT_LIMITS,
    BadCell,
    BadRow,
    Cell,
    HeaderChange,
    Limits,
    Row,
    Source,
    TabularError,
)

SAMPLE = 200
_SEARCHED = 20
"""Rows at the top among which the headings are looked for."""
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0"


def cell_text(cell: Cell) -> str:
    """Return a cell as a person would type it: 13812345678.0 is "13812345678", dates are ISO, empty is ""."""
    if isinstance(cell, str):
        return cell
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, dt.datetime):
        return cell.isoformat(" ").removesuffix(" 00:00:00")
    if isinstance(cell, (dt.date, dt.time)):
        return cell.isoformat()
    return repr(cell)


def profile(
    path: str | Path,
    *,
    sheet: str | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    header_row: int | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Source:
    """Look at a file: what it is, its headings, a sample of 200 rows and what its columns hold.

    What is given is not detected. Without ``sheet`` the first visible sheet with content is taken. Raises
    TabularError when the file as a whole cannot or must not be read.
    """
    path = Path(path)
    kind = _kind(path, limits)
    if kind == "csv":
        return _profile_csv(path, delimiter, encoding, header_row, limits)
    return _profile_book(path, kind, sheet, header_row, limits)


def _kind(path: Path, limits: Limits) -> Literal["csv", "xlsx", "xls"]:
    if not path.is_file():
        raise TabularError("file_missing")
    size = path.stat().st_size
    if size == 0:
        raise TabularError("file_empty")
    if size > limits.max_file:
        raise TabularError("file_too_large", size=size, limit=limits.max_file)
    with path.open("rb") as file:
        magic = file.read(4)
    if magic == _ZIP or zipfile.is_zipfile(path):
        return "xlsx"
    return "xls" if magic == _OLE else "csv"


def _profile_csv(
    path: Path, delimiter: str | None, encoding: str | None, header_row: int | None, limits: Limits
) -> Source:
    text = detect_text(path)
    encoding = encoding or text.encoding
    if delimiter is None:
        head = csv_read.head_of(path, encoding, limits, lines=500, characters=500_000)
        delimiter = detect_delimiter(head)
    records: Iterator[list[Cell] | BadCell] = _csv_cells(path, encoding, delimiter, limits)
    source = _describe(path, "csv", records, header_row, limits)
    estimated = max(text.lines - source.header_row - 1, len(source.sample_rows))
    if len(source.sample_rows) + len(source.bad_sample_rows) < SAMPLE:
        estimated = len(source.sample_rows) + len(source.bad_sample_rows)
    return replace(source, encoding=encoding, delimiter=delimiter, estimated_rows=estimated)


def _profile_book(
    path: Path, kind: Literal["xlsx", "xls"], sheet: str | None, header_row: int | None, limits: Limits
) -> Source:
    with xlsx_read.open_workbook(path, limits) as book:
        sheets, info, content = xlsx_read.find_sheet(book, sheet)
        if info.columns > limits.max_columns:
            raise TabularError("too_many_columns", columns=info.columns, limit=limits.max_columns)
        records = xlsx_read.sheet_rows(content, limits)
        source = _describe(path, kind, records, header_row, limits)
    estimated = max(info.rows - source.header_row - 1, 0)
    if estimated > limits.max_rows:
        raise TabularError("too_many_rows", limit=limits.max_rows)
    return replace(source, sheets=sheets, sheet=info.name, estimated_rows=estimated)


def _describe(
    path: Path,
    kind: Literal["csv", "xlsx", "xls"],
    records: Iterator[list[Cell] | BadCell],
    header_row: int | None,
    limits: Limits,
) -> Source:
    top = list(itertools.islice(records, SAMPLE + _SEARCHED))
    place = _find_header(top) if header_row is None else header_row
    heading = top[place] if 0 <= place < len(top) else None
    if heading is None or isinstance(heading, BadCell):
        raise TabularError("no_header")
    header, changes = _headings(_trim(heading, top[place + 1 :]))
    if len(header) > limits.max_columns:
        raise TabularError("too_many_columns", columns=len(header), limit=limits.max_columns)
    good: list[tuple[Cell, ...]] = []
    bad: list[BadRow] = []
    for index, record in enumerate(top[place + 1 : place + 1 + SAMPLE]):
        row = _fit(record, len(header), index)
        if isinstance(row, BadRow):
            bad.append(row)
        else:
            good.append(tuple(row))
    columns = tuple(profile_column(name, [row[i] for row in good]) for i, name in enumerate(header))
    return Source(
        path,
        kind,
        "",
        "",
        (),
        "",
        place,
        header,
        changes,
        tuple(good),
        tuple(bad),
        columns,
        len(good),
        limits,
    )


def _filled(record: list[Cell] | BadCell) -> int:
    if isinstance(record, BadCell):
        return 0
    return sum(1 for cell in record if cell is not None and cell_text(cell).strip())


def _find_header(top: Sequence[list[Cell] | BadCell]) -> int:
    """Return the row of the headings: the first that is at least half as wide as the widest near the top."""
    widths = [_filled(record) for record in top[: _SEARCHED * 2]]
    widest = max(widths, default=0)
    if not widest:  # nothing there, or nothing that can be read
        bad = next((record for record in top if isinstance(record, BadCell)), None)
        raise TabularError("file_empty") if bad is None else TabularError(bad.code, **bad.params)
    return next(i for i, width in enumerate(widths) if width * 2 >= widest and (width > 1 or widest == 1))


def _trim(heading: list[Cell], below: Sequence[list[Cell] | BadCell]) -> list[Cell]:
    """Drop columns at the right end that have neither a heading nor a value in the sample."""
    width = len(heading)
    rows = [row for row in below if not isinstance(row, BadCell)]
    while width > 1 and not cell_text(heading[width - 1]).strip():
        if any(len(row) >= width and cell_text(row[width - 1]).strip() for row in rows):
            break
        width -= 1
    return heading[:width]


def _headings(cells: Sequence[Cell]) -> tuple[tuple[str, ...], tuple[HeaderChange, ...]]:
    """Return distinct, non-empty names: an empty one becomes its column letter, a second 电话 becomes 电话 (2)."""
    names: list[str] = []
    changes: list[HeaderChange] = []
    taken = {normalise(cell_text(cell)) for cell in cells}
    used: set[str] = set()
    for column, cell in enumerate(cells):
        original = normalise(cell_text(cell))
        name = original or _letters(column)
        reason: Literal["empty", "duplicate"] = "duplicate" if original else "empty"
        count = 2
        while name in used or (name in taken and name != original):
            name = f"{original or _letters(column)} ({count})"
            count += 1
        if name != original:
            changes.append(HeaderChange(column, original, name, reason))
        used.add(name)
        names.append(name)
    return tuple(names), tuple(changes)


def _letters(column: int) -> str:
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _fit(record: list[Cell] | BadCell, width: int, index: int) -> Row:
    """Bring a row to the header's width; values beyond it would be lost, so they make the row bad."""
    if isinstance(record, BadCell):
        return BadRow(index, record)
    size = len(record)
    if size < width:
        return record + [None] * (width - size)
    if size > width:
        if any(cell is not None for cell in record[width:]):
            return BadRow(index, BadCell("too_many_cells", cells=size, columns=width))
        return record[:width]
    return record


def _csv_cells(path: Path, encoding: str, delimiter: str, limits: Limits) -> Iterator[list[Cell] | BadCell]:
    for record in csv_read.read_records(
        csv_read.open_lines(path, encoding, limits.max_line), delimiter, limits
    ):
        if isinstance(record, BadCell):
            yield record
            continue
        row: list[Cell] = [cell or None for cell in record]
        bad = _damaged(record)
        yield row if bad is None else BadCell("bad_encoding", column=bad)


def _damaged(record: list[str]) -> int | None:
    if "\ufffd" not in "".join(record):
        return None
    return next(column for column, cell in enumerate(record) if "\ufffd" in cell)


def rows(source: Source, start: int = 0) -> Iterator[Row]:
    """Yield the data rows from ``start`` on, each as wide as the header; unreadable ones as BadRow.

    Blank rows come as all None, so the n-th item is always data row ``start + n``. CSV is streamed in constant
    memory; a workbook's sheet is held by the parser while it is read. Raises TabularError(too_many_rows).
    """
    skip = source.header_row + 1 + start
    if source.kind == "csv":
        records = _csv_cells(source.path, source.encoding, source.delimiter, source.limits)
        yield from _number(itertools.islice(records, skip, None), source, start)
        return
    with xlsx_read.open_workbook(source.path, source.limits) as book:
        cells = xlsx_read.sheet_rows(book.get_sheet_by_name(source.sheet), source.limits)
        yield from _number(itertools.islice(cells, skip, None), source, start)


def _number(records: Iterator[list[Cell] | BadCell], source: Source, start: int) -> Iterator[Row]:
    width = len(source.header)
    limit = source.limits.max_rows
    for index, record in enumerate(records, start):
        if index >= limit:
            raise TabularError("too_many_rows", limit=limit)
        if not isinstance(record, BadCell) and len(record) == width:
            yield record
        else:
            yield _fit(record, width, index)
