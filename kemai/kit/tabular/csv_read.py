"""Reading delimited text of any size in little memory, past broken rows."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

from kemai.kit.tabular.model import BadCell, Limits

# One setting for the process: cells are bounded by max_record before this is reached.
csv.field_size_limit(64 * 1024 * 1024)

RawRow = list[str] | BadCell


class _Runaway(Exception):
    """A quoted cell has gone on for longer than any record may."""


class _Feed:
    """Hands lines to the csv reader and remembers those of the record under way, so that it can be read again."""

    def __init__(self, lines: Iterable[str], limit: int) -> None:
        self._lines = iter(lines)
        self._limit = limit
        self.pending: list[str] = []
        self.record: list[str] = []
        self.size = 0

    def __iter__(self) -> Iterator[str]:
        while True:
            if self.pending:
                line = self.pending.pop()
            else:
                following = next(self._lines, None)
                if following is None:
                    return
                line = following
            self.record.append(line)
            self.size += len(line)
            if self.size > self._limit and len(self.record) > 1:
                raise _Runaway
            yield line

    def clear(self) -> None:
        self.record.clear()
        self.size = 0

    def rewind(self) -> str:
        """Put all lines of the record but the first back and return the first."""
        first, *rest = self.record
        self.pending.extend(reversed(rest))
        self.clear()
        return first


def read_records(lines: Iterable[str], delimiter: str, limits: Limits) -> Iterator[RawRow]:
    """Yield rows of text; a record with broken quotes is read by its first line alone or given as BadCell."""
    feed = _Feed(lines, limits.max_record)
    width = 0
    while True:
        reader = csv.reader(feed, delimiter=delimiter, strict=True)
        try:
            for row in reader:
                if feed.size > limits.max_cell:
                    yield _check_cells(row, limits)
                else:
                    width = width or len(row)
                    yield row
                feed.record.clear()
                feed.size = 0
        except (csv.Error, _Runaway):
            if not feed.record:
                return
            yield _repair(feed.rewind(), delimiter, width)
            continue
        return


def _check_cells(row: list[str], limits: Limits) -> RawRow:
    for column, cell in enumerate(row):
        if len(cell) > limits.max_cell:
            return BadCell("cell_too_long", column=column, length=len(cell), limit=limits.max_cell)
    return row


def _repair(line: str, delimiter: str, width: int) -> RawRow:
    """Read one line whose quotes are broken; only a reading with the right number of cells is taken."""
    text = line.rstrip("\r\n")
    for options in ({"strict": False}, {"quoting": csv.QUOTE_NONE}):
        try:
            row = next(csv.reader([text], delimiter=delimiter, **options), [])
        except csv.Error:
            continue
        if width and len(row) == width:
            return row
    return BadCell("broken_quotes")


def open_lines(path: Path, encoding: str) -> Iterator[str]:
    """Yield lines as they stand; bytes that the encoding does not know become U+FFFD."""
    with path.open("r", encoding=encoding, errors="replace", newline="", buffering=1024 * 1024) as file:
        first = next(file, "")
        # Excel's own hint for the delimiter is no data.
        if first[:4].lower() == "sep=" and len(first.strip()) == 5:
            first = next(file, "")
        if first:
            yield first
        yield from file
