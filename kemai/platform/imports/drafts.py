"""New records parsed and shaped while the database writes the chunk before them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.utils.translation import get_language, override

from kemai.kit.ahead import Turns, ahead
from kemai.platform.imports.parsers import BLANK
from kemai.platform.imports.row_hooks import Errors
from kemai.platform.imports.work import Table
from kemai.platform.objects import LiveOptions

if TYPE_CHECKING:
    from kemai.platform.imports.record_rows import RecordWork

Draft = tuple[dict[str, Any], Errors] | None
"""The values of a new record that have been through the object's own hook, and what that found wrong with them; None
where the row cannot become a record."""
Drafted = tuple[Table, list[Draft]]
Row = tuple[int, tuple[Any, ...]]
PIECE = 500
"""Rows between two looks at whose turn it is: a few milliseconds."""


def possible(work: RecordWork) -> bool:
    """Where the database is a server, and nothing of parsing and shaping asks it. SQLite works in this process: a
    thread would take turns with it at every row that it writes."""
    return (
        connection.vendor == "postgresql"
        and work.task.options.creates
        and work.conditional is None
        and work.files is None
        and not work.references
        and (work.type.hooks.early or work.type.hooks.prepare is None)
        and not any(isinstance(spec.options, LiveOptions) for spec in work.specs)
    )


def drafted(work: RecordWork, start: int) -> Generator[Drafted]:
    """The file's rows from `start` on. To be closed by whoever stops before their end."""
    turns = Turns()

    def wait(run: Callable[..., Any], sql: str, given: Any, many: bool, context: Any) -> Any:
        if not (many or sql.startswith("INSERT")):  # a question is answered before a thread has woken up
            return run(sql, given, many, context)
        with turns.given():
            return run(sql, given, many, context)

    with connection.execute_wrapper(wait):
        items = ahead(made(work, start, get_language(), turns))
        try:
            while True:
                with turns.given():
                    item = next(items, None)
                if item is None:
                    return
                yield item
        finally:
            turns.end()
            items.close()


def made(work: RecordWork, start: int, language: str | None, turns: Turns) -> Iterator[Drafted]:
    """In a thread, which does not know by itself whose language it speaks."""
    with override(language):
        for table in work.reader.tables(start, alone=True):
            turns.take()
            found: list[Draft] = []
            for rows in batched(enumerate(work.new_rows(table))):
                turns.take()
                found += [draft(work, table, position, row) for position, row in rows]
            yield table, found
            turns.take()


def batched(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while some := list(islice(rows, PIECE)):
        yield some


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
