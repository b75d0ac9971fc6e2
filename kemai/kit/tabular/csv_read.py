"""Reading delimited text of any size in little memory, past broken rows."""

from __future__ import annotations

import csv
import itertools
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
            if (self.size > self._limit and len(self.record) > 1) or isinstance(line, Cut):
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
            line = feed.rewind()
            if isinstance(line, Cut):
                yield BadCell("line_too_long", limit=limits.max_line)
            else:
                yield _repair(line, delimiter, width)
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


class Cut(str):
    """The beginning of a line that goes on for longer than any line may; what follows was passed over."""

    __slots__ = ()


def open_lines(path: Path, encoding: str, limit: int) -> Iterator[str]:
    """Yield lines as they stand; bytes that the encoding does not know become U+FFFD. A line of more than `limit`
    characters is a Cut: no file gets more memory by having no line breaks."""
    with path.open("r", encoding=encoding, errors="replace", newline="", buffering=1024 * 1024) as file:
        first = True
        while line := file.readline(limit):
            whole = line.endswith(("\n", "\r")) or len(line) < limit
            # Excel's own hint for the delimiter is no data.
            hint = first and line[:4].lower() == "sep=" and len(line.strip()) == 5
            first = False
            if not hint:
                yield line if whole else Cut(line)
            while not whole:
                rest = file.readline(limit)
                whole = rest.endswith(("\n", "\r")) or len(rest) < limit


def head_of(path: Path, encoding: str, limits: Limits, *, lines: int, characters: int) -> str:
    """So much of the beginning as there is, up to either number."""
    found: list[str] = []
    size = 0
    for line in itertools.islice(open_lines(path, encoding, limits.max_line), lines):
        found.append(line)
        size += len(line)
        if size >= characters:
            break
    return "".join(found)[:characters]
