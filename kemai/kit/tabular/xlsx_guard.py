"""Looking into a workbook's zip before a parser is let near it.

The parser allocates a rectangle from the first to the last cell and unpacks strings whole, so a small file can ask
for any amount of memory. Sizes written in the zip are claims: each part is unpacked here in blocks and counted.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from kemai.kit.tabular.model import Limits, TabularError

_BLOCK = 256 * 1024
_SMALL = 10 * 1024 * 1024
"""Unpacked sizes below this harm nobody, whatever the ratio."""
_CELL = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]{0,4})([0-9]{1,9})["']""")
_UNPLACED = re.compile(rb"""<(?:\w+:)?c(?:\s+(?!r\s*=)[\w:]+\s*=\s*(?:"[^"]*"|'[^']*'))*\s*/?>""")
_ROW = re.compile(rb"<(?:\w+:)?row[\s>]")
_TAIL = 64


def check_workbook(path: Path, limits: Limits) -> None:
    """Raise TabularError for a bomb, a broken zip or a kind of workbook that is not taken."""
    stat = path.stat()
    _check_file(path, stat.st_mtime_ns, stat.st_size, limits)


@lru_cache(maxsize=256)
def _check_file(path: Path, _changed_ns: int, size: int, limits: Limits) -> None:
    # Profile and rows open the same file one after the other: it is unpacked once for both.
    try:
        with zipfile.ZipFile(path) as archive, path.open("rb") as file:
            entries = archive.infolist()
            _check_directory(entries, size, limits)
            total = 0
            for entry in entries:
                total = _check_entry(file, entry, total, size, limits)
    except (zipfile.BadZipFile, zlib.error, struct.error, NotImplementedError, EOFError, OSError) as error:
        raise TabularError("xlsx_broken", detail=type(error).__name__) from error


def _check_directory(entries: list[zipfile.ZipInfo], packed: int, limits: Limits) -> None:
    if len(entries) > limits.max_entries:
        raise TabularError("xlsx_too_many_entries", entries=len(entries), limit=limits.max_entries)
    claimed = sum(entry.file_size for entry in entries)
    if claimed > limits.max_uncompressed:
        raise TabularError("xlsx_too_large", size=claimed, limit=limits.max_uncompressed)
    _check_ratio(claimed, packed, limits)
    names = {entry.filename.lower() for entry in entries}
    if "xl/workbook.xml" not in names:
        kind = "xlsb" if "xl/workbook.bin" in names else "ods" if "content.xml" in names else "zip"
        raise TabularError("xlsx_kind", kind=kind)
    if any(entry.flag_bits & 1 for entry in entries):
        raise TabularError("xlsx_encrypted")


def _check_ratio(size: int, packed: int, limits: Limits) -> None:
    ratio = size // max(packed, 1)
    if size > _SMALL and ratio > limits.max_ratio:
        raise TabularError("xlsx_bomb", ratio=ratio, limit=limits.max_ratio)


def _check_entry(file: BinaryIO, entry: zipfile.ZipInfo, total: int, packed: int, limits: Limits) -> int:
    # Any part may be named as a sheet by the workbook, so the extent of every one is watched.
    extent = _Extent(entry.filename, limits)
    for block in _unpack(file, entry):
        total += len(block)
        if total > limits.max_uncompressed:
            raise TabularError("xlsx_too_large", size=total, limit=limits.max_uncompressed)
        _check_ratio(total, packed, limits)
        extent.feed(block)
    return total


def _unpack(file: BinaryIO, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield the true content of an entry in blocks, whatever size its header claims."""
    file.seek(entry.header_offset)
    header = file.read(30)
    if header[:4] != b"PK\x03\x04":
        raise zipfile.BadZipFile
    name_size, extra_size = struct.unpack("<HH", header[26:30])
    file.seek(name_size + extra_size, 1)
    left = entry.compress_size
    if entry.compress_type == zipfile.ZIP_STORED:
        while left > 0 and (block := file.read(min(_BLOCK, left))):
            left -= len(block)
            yield block
        return
    if entry.compress_type != zipfile.ZIP_DEFLATED:
        raise NotImplementedError
    inflater = zlib.decompressobj(-15)
    while left > 0 and not inflater.eof and (packed := file.read(min(_BLOCK, left))):
        left -= len(packed)
        while packed:
            yield inflater.decompress(packed, _BLOCK)
            packed = inflater.unconsumed_tail


class _Extent:
    """Finds how far a sheet's cells reach, by the places they name or by counting; refuses what is too large."""

    def __init__(self, name: str, limits: Limits) -> None:
        self._name = name
        self._limits = limits
        self._columns: set[bytes] = set()
        self._rows = 0
        self._width = 0
        self._run = 0
        self._carry = b""

    def feed(self, block: bytes) -> None:
        text = self._carry + block
        self._carry = text[-_TAIL:]
        found = _CELL.findall(text)
        if found:
            self._place(found)
        if _UNPLACED.search(text):
            self._count(text)
        cells = self._rows * self._width
        if cells > self._limits.max_cells:
            raise TabularError(
                "xlsx_too_many_cells", cells=cells, limit=self._limits.max_cells, sheet=self._name
            )

    def _place(self, found: list[tuple[bytes, bytes]]) -> None:
        new = {column for column, _ in found} - self._columns
        if new:
            self._columns |= new
            self._width = max([self._width, *map(_column_number, new)])
        self._rows = max([self._rows, *map(int, {row for _, row in found})])

    def _count(self, text: bytes) -> None:
        """Cells that name no place follow one another, and so do rows."""
        first, *others = _ROW.split(text)
        self._run += len(_UNPLACED.findall(first))
        longest = self._run
        for row in others:
            self._run = len(_UNPLACED.findall(row))
            longest = max(longest, self._run)
        self._rows += len(others) if len(self._columns) < 2 else 0
        self._width = max(self._width, longest)


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number
