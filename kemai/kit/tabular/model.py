"""What a table file is, in plain values."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from kemai.kit.errors import KitError

Cell = str | float | bool | dt.date | dt.time | None
"""A value as the file holds it: text, number, yes/no, date or datetime, time, or nothing. CSV has text only."""


class TabularError(KitError):
    """The file is refused. Codes:

    file_missing, file_empty, file_too_large (size, limit), kind_unknown, not_text, encoding_unknown,
    encodings_glued (line),
    too_many_columns (columns, limit), too_many_rows (limit), sheet_missing (sheet), no_header,
    xlsx_bomb (ratio, limit), xlsx_too_large (size, limit), xlsx_too_many_entries (entries, limit),
    xlsx_too_many_cells (cells, limit, sheet), xlsx_broken, xlsx_encrypted, xlsx_kind (kind),
    xlsx_full (limit), cell_too_long (length, limit), bad_cell_value (kind).
    """


class BadCell(TabularError):
    """One row is refused, the file goes on. Codes:

    cell_too_long (column, length, limit), line_too_long (limit), too_many_cells (cells, columns), broken_quotes,
    bad_encoding (column).
    """


@dataclass(frozen=True, slots=True)
class Limits:
    """What a file may hold. Sizes in bytes, ``max_cell`` in characters (Excel's own limit)."""

    max_columns: int = 500
    max_cell: int = 32_767
    max_rows: int = 5_000_000
    max_file: int = 2 * 1024**3
    max_uncompressed: int = 1024**3
    max_ratio: int = 200
    max_entries: int = 5_000
    max_cells: int = 60_000_000
    max_record: int = 1024 * 1024
    """Characters in which a quoted record must end; a quote left open would otherwise swallow the file."""
    max_line: int = 8 * 1024 * 1024
    """Characters of a line: over two hundred of the longest cells. One without end would otherwise fill the memory."""


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that could not be read; ``index`` counts data rows from 0 as ``rows`` does."""

    index: int
    error: BadCell


Row = list[Cell] | BadRow


@dataclass(frozen=True, slots=True)
class SheetInfo:
    """One sheet; ``rows`` includes the header."""

    name: str
    rows: int
    columns: int
    hidden: bool


@dataclass(frozen=True, slots=True)
class HeaderChange:
    """A heading that had to be given another name. Reasons: empty, duplicate."""

    column: int
    original: str
    name: str
    reason: Literal["empty", "duplicate"]


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """What the sample says of a column. ``kinds`` gives for each kind the share of filled cells that read as it."""

    name: str
    filled: float
    distinct: tuple[str, ...]
    kinds: dict[str, float]
    longest: int


@dataclass(frozen=True, slots=True)
class Source:
    """A table that was looked at and can be read with ``rows``.

    ``header_row`` is the 0-based row of the headings (titles above it are skipped). ``estimated_rows`` counts data
    rows: exact for workbooks, for CSV exact when the file has no line breaks inside cells.
    """

    path: Path
    kind: Literal["csv", "xlsx", "xls"]
    encoding: str
    delimiter: str
    sheets: tuple[SheetInfo, ...]
    sheet: str
    header_row: int
    header: tuple[str, ...]
    header_changes: tuple[HeaderChange, ...]
    sample_rows: tuple[tuple[Cell, ...], ...]
    bad_sample_rows: tuple[BadRow, ...]
    columns: tuple[ColumnProfile, ...]
    estimated_rows: int
    limits: Limits = field(default=DEFAULT_LIMITS)
