"""Finding out how a text file is encoded and delimited."""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from kemai.kit.tabular.model import TabularError

_BLOCK = 1024 * 1024
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_TOLERATED = 0.001
"""Share of undecodable bytes that is damage to single rows and not another encoding."""


class Text(NamedTuple):
    """``encoding`` is a Python codec; ``lines`` counts the lines, the last one whether it ends in a break or not."""

    encoding: str
    lines: int


class _Reading(NamedTuple):
    """What one codec makes of a file: characters lost, characters beyond ASCII read, line breaks, bytes."""

    lost: int
    foreign: int
    lines: int
    size: int


def _read_as(path: Path, encoding: str) -> _Reading:
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    lost = foreign = lines = size = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            if b"\0" in block:
                raise TabularError("not_text")
            text = decoder.decode(block)
            if not text.isascii():
                lost += text.count("\ufffd")
                foreign += len(text) - len(text.encode("ascii", "ignore"))
            lines += block.count(b"\n") or block.count(b"\r")
            size += len(block)
    lost += decoder.decode(b"", True).count("\ufffd")
    return _Reading(lost, foreign - lost, lines, size)


def detect_text(path: Path) -> Text:
    """Return the encoding of a whole file: BOM, else UTF-16 by its zero bytes, else UTF-8, else GB18030.

    Raises TabularError not_text for binary files and encoding_unknown.
    """
    with path.open("rb") as file:
        head = file.read(_BLOCK)
    for bom, encoding in _BOMS:
        if head.startswith(bom):
            if encoding == "utf-8-sig":
                _whole(path, _read_as(path, encoding))
            return Text(encoding, _count_lines(path, encoding, head[:2]))
    if b"\0" in head:
        encoding = _wide(head)
        return Text(encoding, _count_lines(path, encoding, b""))
    return _narrow(path)


def _count_lines(path: Path, encoding: str, bom: bytes) -> int:
    mark = b"\n"
    if encoding.startswith("utf-16"):
        mark = b"\0\n" if encoding == "utf-16-be" or bom == codecs.BOM_UTF16_BE else b"\n\0"
    count = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            count += block.count(mark)
    return count + _open_end(path)


def _open_end(path: Path) -> int:
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - 2, 0))
        return 0 if any(byte in b"\r\n" for byte in file.read(2)) else 1


def _wide(head: bytes) -> str:
    """UTF-16 without a mark: commas, digits and line breaks have their zero byte on one side only."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if max(even, odd) > 8 * max(min(even, odd), 1) and max(even, odd) * 50 > len(head):
        encoding = "utf-16-be" if even > odd else "utf-16-le"
        try:
            head[: len(head) // 2 * 2 - 2].decode(encoding)
        except UnicodeDecodeError:
            raise TabularError("not_text") from None
        return encoding
    raise TabularError("not_text")


_CHINESE = re.compile("[\u4e00-\u9fff].*[\u4e00-\u9fff].*[\u4e00-\u9fff]")
"""Three of them in a line that reads as UTF-8: GBK does not look like that by accident."""


def _glued(path: Path) -> int | None:
    """The line from which on another encoding is used, where some lines are Chinese in UTF-8 and others are GBK: files
    put together as bytes."""
    utf8 = other = False
    with path.open("rb") as file:
        number, ended = 0, True
        while line := file.readline(_BLOCK):
            begins, ended = ended, line.endswith(b"\n")
            number += begins
            # a piece of a longer line may begin or end within a character
            if line.isascii() or len(line) == _BLOCK or not begins:
                continue
            try:
                utf8 = _CHINESE.search(line.decode()) is not None or utf8
            except UnicodeDecodeError:
                other = True
            if utf8 and other:
                return number
    return None


def _whole(path: Path, utf8: _Reading) -> bool:
    """Whether the file is UTF-8 throughout, but for damage. Raises TabularError where it is several files glued
    together."""
    # UTF-8 does not come about by accident: a few lost bytes among much that reads are damage, not another code.
    if utf8.lost * 20 <= utf8.foreign:
        return True
    line = _glued(path)
    if line is not None:
        raise TabularError("encodings_glued", line=line)
    return False


def _narrow(path: Path) -> Text:
    utf8 = _read_as(path, "utf-8")
    if _whole(path, utf8):
        return Text("utf-8", utf8.lines + _open_end(path))
    chinese = _read_as(path, "gb18030")
    if chinese.lost > max(chinese.size * _TOLERATED, 1):
        raise TabularError("encoding_unknown")
    return Text("gb18030", chinese.lines + _open_end(path))


def detect_delimiter(sample: str) -> str:
    """Return the sign among , tab ; | that cuts the sample's lines into equal rows; "," for a single column."""
    best, best_score = ",", 0.0
    for delimiter in (",", "\t", ";", "|"):
        widths = [len(row) for row in _cut(sample, delimiter) if any(row)]
        if not widths:
            continue
        width, count = max(Counter(widths).items(), key=lambda item: (item[1], item[0]))
        score = count / len(widths) * (1 + min(width, 50) / 50) if width > 1 else 0.0
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _cut(sample: str, delimiter: str) -> list[list[str]]:
    found: list[list[str]] = []
    try:
        for row in csv.reader(sample.splitlines(keepends=True), delimiter=delimiter):
            found.append(row)
            if len(found) >= 200:
                break
    except csv.Error:
        pass
    return found
