"""Rows of a file by groups: the lines of one receipt together, wherever they stand in the file.

Most tills write the lines of a receipt one after the other; then the file is read as it is. Otherwise the rows are put
into a temporary SQLite file, ordered by the first row of their group: the order depends on the file alone, so an import
that is resumed finds the same row at the same place."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import orjson
from django.conf import settings

from kemai.kit.tabular import BadCell, BadRow, Cell, Source, cell_text, rows

GroupOf = Callable[[Sequence[Cell], int], object]
"""The hashable key of a row's group; the row's number is for rows that belong to none."""
NumberedRow = tuple[int, Sequence[Cell] | BadRow]
BATCH = 20_000


def numbered(source: Source, start: int = 0) -> Iterator[NumberedRow]:
    return enumerate(rows(source, start), start)


def in_order(source: Source, group_of: GroupOf) -> bool:
    """Do the rows of each group follow one another? Takes eight bytes of memory a group."""
    known: set[int] = set()
    last: int | None = None
    for number, row in numbered(source):
        if isinstance(row, BadRow):
            continue
        group = hash(group_of(row, number))
        if group != last:
            if group in known:
                return False
            known.add(group)
            last = group
    return True


def grouped(source: Source, group_of: GroupOf, start: int = 0) -> Iterator[NumberedRow]:
    """The rows with their numbers, group by group in the order of their first rows; `start` rows are left out."""
    if in_order(source, group_of):
        yield from numbered(source, start)
        return
    with tempfile.TemporaryDirectory(dir=settings.FILE_UPLOAD_TEMP_DIR, prefix="import-") as folder:
        staged = stage(source, group_of, Path(folder) / "rows.sqlite")
        try:
            yield from read_back(staged, start)
        finally:
            staged.close()


def stage(source: Source, group_of: GroupOf, path: Path) -> sqlite3.Connection:
    staged = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-65536"):
        staged.execute(f"PRAGMA {pragma}")
    staged.execute(
        "CREATE TABLE line (first INTEGER, row INTEGER, cells BLOB, PRIMARY KEY (first, row)) WITHOUT ROWID"
    )
    staged.execute("BEGIN")
    staged.executemany("INSERT INTO line VALUES (?, ?, ?)", placed(source, group_of))
    staged.execute("COMMIT")
    return staged


def placed(source: Source, group_of: GroupOf) -> Iterator[tuple[int, int, bytes]]:
    first: dict[int, int] = {}
    for number, row in numbered(source):
        if isinstance(row, BadRow):
            yield (
                number,
                number,
                orjson.dumps({"code": row.error.code, "params": row.error.params}, default=str),
            )
        else:
            group = hash(group_of(row, number))
            texts = [cell if cell is None or isinstance(cell, str) else cell_text(cell) for cell in row]
            yield first.setdefault(group, number), number, orjson.dumps(texts)


def read_back(staged: sqlite3.Connection, start: int) -> Iterator[NumberedRow]:
    found = staged.execute("SELECT row, cells FROM line ORDER BY first, row LIMIT -1 OFFSET ?", [start])
    while batch := found.fetchmany(BATCH):
        for number, dumped in batch:
            cells = orjson.loads(dumped)
            if isinstance(cells, dict):
                yield number, BadRow(number, BadCell(cells["code"], **cells["params"]))
            else:
                yield number, cells
