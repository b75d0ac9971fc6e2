"""New records parsed and shaped while the database writes the chunk before them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.utils.translation import get_language, override

from kemai.kit.ahead import ahead
from kemai.platform.imports.parsers import BLANK
from kemai.platform.imports.row_hooks import Errors
from kemai.platform.imports.work import Table
from kemai.platform.objects import LiveOptions

if TYPE_CHECKING:
    from kemai.platform.imports.record_rows import RecordWork

Draft = tuple[dict[str, Any], Errors] | None
"""The values of a new record that have been through the object's own hook, and what that found wrong with them; None
where the row cannot become a record."""


def possible(work: RecordWork) -> bool:
    """Where the database is a server, and nothing of parsing and shaping asks it. SQLite works in this process: a
    thread would take turns with it at every row that it writes."""
    return (
        connection.vendor == "postgresql"
        and work.task.options.creates
        and work.conditional is None
        and not work.references
        and (work.type.hooks.early or work.type.hooks.prepare is None)
        and not any(isinstance(spec.options, LiveOptions) for spec in work.specs)
    )


def drafted(work: RecordWork, start: int) -> Iterator[tuple[Table, list[Draft]]]:
    yield from ahead(made(work, start, get_language()))


def made(work: RecordWork, start: int, language: str | None) -> Iterator[tuple[Table, list[Draft]]]:
    """In a thread, which does not know by itself whose language it speaks."""
    with override(language):
        for table in work.reader.tables(start, alone=True):
            rows = work.new_rows(table)
            yield table, [draft(work, table, at, row) for at, row in enumerate(rows)]


def draft(work: RecordWork, table: Table, position: int, row: tuple[Any, ...]) -> Draft:
    if position in table.problems or any(table.values[place][position] is BLANK for place in work.required):
        return None
    values = dict(zip(work.names, row, strict=True))
    return values, work.hooks.prepare(values, None)


def take(work: RecordWork, table: Table, creates: dict[int, dict[str, Any]], ready: Sequence[Draft]) -> None:
    """Puts the values of the rows that do become new records into `creates`; of the others it says why not."""
    for position in list(creates):
        found = ready[position]
        if found is not None and not found[1]:
            creates[position] = found[0]
            continue
        del creates[position]
        if found is None:
            work.lacks_nothing(table, position)
        else:
            work.complain(table, position, found[1])
