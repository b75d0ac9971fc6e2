"""A mark in a CSV file that no reader notices: which of its texts stand in quotation marks.

Quotation marks around a cell mean nothing to whatever reads the file. For each text a keyed hash says whether it has
them; the key belongs to one export. Whoever has the key of an export sees in any piece of a file whether its quotation
marks are those: rows and columns may have been cut off, put into another order or put together with others, for each
text speaks for itself. A piece with few texts says too little, and a program that writes the file anew (a spreadsheet,
on saving) takes the mark away."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

LIKE_A_NUMBER = re.compile(r"[\d\s.,:;/%+\-TZeE]*\Z")
"""Numbers, dates and telephones stay as they are: some readers guess a column's kind by its quotation marks."""
WANTS_QUOTES = re.compile('["\r\n,;\t]')
WORDS = frozenset({"true", "false"})
ENOUGH = 30
"""Of fewer different texts nothing is said; each thousandfold of exports wants ten more."""
GLANCE = 120
"""Of so many texts it is seen that a file is not an export's."""
MOST = 600
"""More texts than these say nothing new."""
READ = 8_000_000
"""Characters of a file that are looked at."""
SURE = 1e-6
"""How likely it may be that a file without the mark is taken for one with it, however many exports there were."""


def says(key: bytes, text: str) -> bool:
    """Has this text quotation marks in the export of this key?"""
    return hashlib.blake2b(text.encode("utf-8", "replace"), key=key, digest_size=1).digest()[0] & 1 == 1


def is_free(text: str) -> bool:
    """May the text stand with and without quotation marks?"""
    return not (WANTS_QUOTES.search(text) or text in WORDS or LIKE_A_NUMBER.match(text))


class Pen:
    """Writes lines of a file with the mark of a key."""

    def __init__(self, mark: str, delimiter: str = ",") -> None:
        self.key = hashlib.sha256(mark.encode()).digest()
        self.delimiter = delimiter
        self.known: dict[str, str] = {}

    def line(self, cells: Iterable[str]) -> str:
        found = self.delimiter.join(map(self.cell, cells))
        return f"{found or chr(34) * 2}\r\n"

    def cell(self, text: str) -> str:
        written = self.known.get(text)
        if written is None:
            if len(self.known) > 20_000:
                self.known.clear()
            written = self.known[text] = self.written(text)
        return written

    def written(self, text: str) -> str:
        if is_free(text):
            return f'"{text}"' if says(self.key, text) else text
        if WANTS_QUOTES.search(text):
            return '"' + text.replace('"', '""') + '"'
        return text


@dataclass(frozen=True)
class Seen:
    """The texts of a piece of a file, and whether each stands in quotation marks."""

    texts: Mapping[str, bool]

    @property
    def is_enough(self) -> bool:
        return len(self.texts) >= ENOUGH and len(set(self.texts.values())) == 2

    def whose(self, marks: Iterable[str]) -> Iterator[str]:
        """Those of the exports that the file is a piece of."""
        known = list(dict.fromkeys(marks))
        if not self.is_enough:
            return
        allowed = SURE / max(1, len(known))
        texts = spread(list(self.texts.items()), MOST)
        some = spread(texts, GLANCE)
        for mark in known:
            key = hashlib.sha256(mark.encode()).digest()
            if by_chance(some, key) < 0.3 and by_chance(texts, key) < allowed:
                yield mark


def spread(texts: Sequence[tuple[str, bool]], most: int) -> Sequence[tuple[str, bool]]:
    """Not more than so many of them, from all over the file."""
    return texts[:: -(-len(texts) // most)]


def by_chance(texts: Sequence[tuple[str, bool]], key: bytes) -> float:
    """At most how likely quotation marks that have nothing to do with the key would agree with it as well as these do
    (Chernoff's bound)."""
    share = sum(says(key, text) is quoted for text, quoted in texts) / len(texts)
    if share <= 0.5:
        return 1.0
    wrong = 1 - share
    told = math.log(2) + share * math.log(share) + (wrong * math.log(wrong) if wrong else 0)
    return math.exp(-len(texts) * told)


def seen_in(path: Path) -> Seen:
    """Raises nothing: whatever is no text has none."""
    try:
        with path.open("rb") as file:
            content = file.read(READ)
    except OSError:
        return Seen({})
    if b"\0" in content[:4096]:
        return Seen({})
    return Seen(dict(cells_of(decoded(content))))


def decoded(content: bytes) -> str:
    text = content.decode("utf-8-sig", "replace")
    return content.decode("gb18030", "replace") if text.count("\ufffd") > len(text) // 100 else text


CELL = re.compile(r'(?:^|(?<=[,;\t\r\n]))(?:"((?:[^"]|"")*)"|([^",;\t\r\n]*))(?=[,;\t\r\n]|\Z)')


def cells_of(text: str) -> Iterator[tuple[str, bool]]:
    """Each text that may stand both ways, and how it does. One that stands so here and otherwise there has been changed
    by somebody and counts as it stands last."""
    for found in CELL.finditer(text):
        quoted, bare = found.groups()
        cell = bare if quoted is None else quoted
        if cell and is_free(cell):
            yield cell, quoted is not None
