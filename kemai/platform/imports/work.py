"""The pieces that every import is made of: the task, a batch of rows read, and what became of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple, Protocol

from django.utils.translation import gettext as _

from kemai.kit.ahead import ahead
from kemai.kit.archive import Archive
from kemai.kit.tabular import BadRow, Cell, Row, Source, rows
from kemai.platform.access import Actor
from kemai.platform.fields import FieldSpec
from kemai.platform.imports.mapping import ColumnMap, Options
from kemai.platform.imports.messages import row_error
from kemai.platform.imports.parsers import BLANK, Bad, ParseColumn, Rounded, column_parser
from kemai.platform.imports.seen import Seen
from kemai.platform.models import ChangeSet
from kemai.platform.objects import ObjectType

CHUNK = 5000
"""Rows a transaction: some tenths of a second in which nobody else can write on SQLite."""
WITH_FILES = 200
"""Rows a transaction where they bring files, which take their time: a pause is heard between two chunks."""
SAMPLES = 20


class Problem(NamedTuple):
    """What is wrong with a row: `column` is its place in the file, None for the row as a whole; `kind` the sentence
    without the row's own value, by which problems are counted."""

    column: int | None
    message: str
    kind: str = ""


class Refusal(NamedTuple):
    row: int
    """Counts data rows from 0."""
    cells: Sequence[Cell]
    problems: Sequence[Problem]


@dataclass
class Task:
    """One import as its work sees it. A rehearsal has no change set and writes nothing."""

    object_type: ObjectType
    source: Source
    columns: list[ColumnMap]
    options: Options
    by: Actor
    changeset: ChangeSet | None = None
    archive: Archive | None = None
    """The files beside the table, and"""
    attach: int | None = None
    """the column that names those to be attached to the record."""
    named: set[int] = field(default_factory=set)
    """Those that some row names, by their places in the archive."""
    seen: dict[str, Seen] = field(default_factory=dict)
    """A rehearsal's memory of the keys that earlier rows of the file would have used."""
    made: Counter[str] = field(default_factory=Counter)
    """Records of other types made (or, in a rehearsal, to be made) on the way."""

    @property
    def rehearsal(self) -> bool:
        return self.changeset is None

    def change(self) -> ChangeSet:
        assert self.changeset is not None
        return self.changeset


@dataclass
class Outcome:
    """What became of a batch: `rows` of the file dealt with; the rest counts records (rows, for `refused`)."""

    rows: int = 0
    create: int = 0
    update: int = 0
    skip: int = 0
    blank: int = 0
    rounded: int = 0
    """Rows with an amount that was rounded to the cent."""
    lines: int = 0
    """Rows that became part of the created and updated records, where a record has several."""
    refused: list[Refusal] = field(default_factory=list)
    skips: Counter[str] = field(default_factory=Counter)
    """Why rows were left out."""
    samples: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Only in a rehearsal: {'create' | 'update' | 'skip': up to 20 rows as they are shown}."""

    def sample(self, kind: str, shown: dict[str, Any]) -> None:
        kept = self.samples.setdefault(kind, [])
        if len(kept) < SAMPLES:
            kept.append(shown)

    def wants(self, kind: str) -> bool:
        return len(self.samples.get(kind, ())) < SAMPLES

    def leave_out(self, reason: str, count: int = 1) -> None:
        self.skip += count
        self.skips[reason] += count

    def join(self, other: Outcome) -> None:
        for name in ("rows", "create", "update", "skip", "blank", "lines", "rounded"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.refused += other.refused
        self.skips += other.skips
        for kind, kept in other.samples.items():
            mine = self.samples.setdefault(kind, [])
            mine += kept[: SAMPLES - len(mine)]


class Batch(Protocol):
    """Rows that are settled together, in one transaction."""

    @property
    def rows(self) -> int: ...

    def halves(self) -> Sequence[Batch]:
        """Two smaller batches, or nothing when this cannot be divided: the database refused it as a whole."""
        ...

    def refusals(self, message: str) -> list[Refusal]: ...


class Work(Protocol):
    """What a shape does with a file."""

    def batches(self, start: int) -> Generator[Any]:
        """The rows from `start` on, read and parsed: no database, so outside of transactions."""
        ...

    def settle(self, batch: Any) -> Outcome:
        """Decides each row by what the database holds now and, unless this is a rehearsal, writes: all inside the
        caller's transaction."""
        ...

    def forget(self) -> None:
        """Drops what was remembered of records made in a transaction that was rolled back."""
        ...


@dataclass
class Table:
    """Rows of a file with their cells parsed column by column. `values` has one list a mapped column, in the order of
    `task.columns`, aligned with `offsets` (the readable rows that are not blank)."""

    first: int
    raw: Sequence[Sequence[Cell] | BadRow]
    offsets: list[int]
    values: list[list[Any]]
    problems: dict[int, list[Problem]]
    """By position in `offsets`."""
    unreadable: list[Refusal]
    blank: int
    numbers: Sequence[int] | None = None
    """The rows' numbers in the file, where they are not read in its order."""
    rounded: set[int] = field(default_factory=set)
    """By position: where an amount was rounded to the cent."""

    @property
    def rows(self) -> int:
        return len(self.raw)

    def cells(self, position: int) -> Sequence[Cell]:
        row = self.raw[self.offsets[position]]
        assert not isinstance(row, BadRow)
        return row

    def row(self, position: int) -> int:
        offset = self.offsets[position]
        return self.first + offset if self.numbers is None else self.numbers[offset]

    def complain(self, position: int, problem: Problem) -> None:
        self.problems.setdefault(position, []).append(problem)

    def refusal(self, position: int) -> Refusal:
        return Refusal(self.row(position), self.cells(position), self.problems[position])


class Reader:
    """Reads chunks of a file into tables by one plan that is worked out once."""

    def __init__(self, task: Task, specs: Mapping[str, FieldSpec]) -> None:
        self.task = task
        self.places = [one.column for one in task.columns]
        self.specs = [specs[one.field] for one in task.columns]
        self.parsers: list[ParseColumn] = [
            column_parser(
                spec,
                date_order(task.source, place),
                clears=task.options.blank == "clear",
                cents=task.options.cents,
            )
            for spec, place in zip(self.specs, self.places, strict=True)
        ]

    def tables(self, start: int, *, alone: bool = False) -> Iterator[Table]:
        """The file's rows from `start` on; `alone` where the caller is a thread that has nothing else to do."""
        read = chunks(rows(self.task.source, start), CHUNK if self.task.archive is None else WITH_FILES)
        for chunk in read if alone else ahead(read):
            yield self.table(chunk, start)
            start += len(chunk)

    def table(
        self, raw: Sequence[Sequence[Cell] | BadRow], first: int, numbers: Sequence[int] | None = None
    ) -> Table:
        offsets, unreadable, blank = [], [], 0
        for offset, row in enumerate(raw):
            if isinstance(row, BadRow):
                unreadable.append(unread(first + offset if numbers is None else numbers[offset], row))
            elif any(row) or any(cell not in (None, "") for cell in row):
                offsets.append(offset)
            else:
                blank += 1
        good: Any = raw if len(offsets) == len(raw) else [raw[offset] for offset in offsets]
        table = Table(first, raw, offsets, [], {}, unreadable, blank, numbers)
        for place, parse in zip(self.places, self.parsers, strict=True):
            values = parse([row[place] for row in good])
            kinds = set(map(type, values))
            if Rounded in kinds:
                self.unpack(table, values)
            if Bad in kinds:
                self.note(table, place, values)
            table.values.append(values)
        return table

    @staticmethod
    def unpack(table: Table, values: list[Any]) -> None:
        for position, value in enumerate(values):
            if value.__class__ is Rounded:
                table.rounded.add(position)
                values[position] = value.value

    @staticmethod
    def note(table: Table, place: int, values: list[Any]) -> None:
        for position, value in enumerate(values):
            if value.__class__ is Bad:
                table.complain(position, Problem(place, value.message))
                values[position] = BLANK


def chunks(stream: Iterator[Row], size: int) -> Iterator[list[Row]]:
    while chunk := list(islice(stream, size)):
        yield chunk


def unread(row: int, bad: BadRow) -> Refusal:
    error = bad.error
    message = row_error(error.code, error.params)
    return Refusal(row, (), (Problem(None, message, _("读不出的行")),))


def date_order(source: Source, column: int) -> str:
    kinds = source.columns[column].kinds if column < len(source.columns) else {}
    return next((order for order in ("mdy", "dmy") if f"date_{order}" in kinds), "")
