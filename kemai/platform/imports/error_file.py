"""The rows that were refused, with their reasons: a file of the same columns that can be mended and uploaded again."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType

from django.conf import settings
from django.utils.translation import gettext as _

from kemai.kit.tabular import Source, XlsxWriter, cell_text, neutralise
from kemai.platform.imports.guess import REASON_HEADERS
from kemai.platform.imports.synonyms import folded
from kemai.platform.imports.work import Refusal

MOST_XLSX = 100_000
"""Rows up to which a workbook is answered with a workbook."""
BLOCK = 1024 * 1024


def reason_header() -> str:
    return _("错误原因")


def reasons(refusal: Refusal, header: Sequence[str], first: int) -> str:
    """All that is wrong with a row, in one cell; `first` is the file's line of data row 0."""
    parts = [
        f"{header[column]}: {message}" if column is not None and column < len(header) else message
        for column, message, _kind in refusal.problems
    ]
    return _("第 %(row)s 行") % {"row": first + refusal.row} + " · " + "; ".join(parts)


class ErrorFile:
    """Grows with the import. What a lost transaction had written beyond `size` is cut off when it is opened again,
    so that each refused row stands in it once."""

    def __init__(self, key: str, source: Source, size: int = 0) -> None:
        self.path = Path(settings.FILE_UPLOAD_TEMP_DIR) / f"{key}.csv"
        self.source = source
        self.first = source.header_row + 2
        self.size = size if self.path.is_file() and self.path.stat().st_size >= size else 0

    def __enter__(self) -> ErrorFile:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self.path.open("r+b" if self.size else "wb")
        self._file.truncate(self.size)
        self._file.seek(self.size)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, refused: Sequence[Refusal]) -> int:
        """Appends rows, in the file's order, and returns the new size; they are on the disk when this returns."""
        if not refused:
            return self.size
        text = io.StringIO()
        writer = csv.writer(text)
        if not self.size:
            text.write("\ufeff")
            writer.writerow([neutralise(name) for name in self.header()])
        for refusal in sorted(refused, key=lambda one: one.row):
            writer.writerow([neutralise(cell) for cell in self.line(refusal)])
        self._file.write(text.getvalue().encode("utf-8", "replace"))
        self._file.flush()
        os.fsync(self._file.fileno())
        self.size = self._file.tell()
        return self.size

    def header(self) -> list[str]:
        names = [name for name in self.source.header if folded(name) not in REASON_HEADERS]
        return [*names, reason_header()]

    def line(self, refusal: Refusal) -> list[str]:
        own = {i for i, name in enumerate(self.source.header) if folded(name) in REASON_HEADERS}
        width = len(self.source.header)
        texts = [cell_text(cell) for cell in refusal.cells] + [""] * (width - len(refusal.cells))
        kept = [text for i, text in enumerate(texts) if i not in own]
        return [*kept, reasons(refusal, self.source.header, self.first)]

    def finished(self, rows: int) -> Path:
        """The file to be offered: CSV, or a workbook for a workbook."""
        if self.source.kind == "csv" or rows > MOST_XLSX:
            return self.path
        target = self.path.with_suffix(".xlsx")
        with self.path.open(encoding="utf-8-sig", newline="") as file:
            lines = csv.reader(file)
            with XlsxWriter(target, next(lines)) as book:
                for line in lines:
                    book.write([text or None for text in line])
        return target

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)
        for made in (".xlsx", ".zip"):
            self.path.with_suffix(made).unlink(missing_ok=True)


def blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            yield block
