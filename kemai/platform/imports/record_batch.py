"""A chunk of rows that are records, which can be settled once more in halves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kemai.platform.imports.drafts import Draft
from kemai.platform.imports.work import Problem, Refusal, Table

if TYPE_CHECKING:
    from kemai.platform.imports.record_rows import RecordWork


@dataclass
class RecordBatch:
    """A table that can be settled again (a chunk that the database refused is tried in halves)."""

    work: RecordWork
    table: Table
    drafts: Sequence[Draft] = ()
    """By position, where new records could be shaped beforehand; used once."""

    @property
    def rows(self) -> int:
        return self.table.rows

    def fresh(self) -> Table:
        """The table for one settlement, which replaces references and notes problems."""
        table = self.table
        values = list(table.values)
        for place in self.work.replaced:
            values[place] = list(values[place])
        problems = {position: list(found) for position, found in table.problems.items()}
        return Table(
            table.first,
            table.raw,
            table.offsets,
            values,
            problems,
            table.unreadable,
            table.blank,
            None,
            table.rounded,
        )

    def halves(self) -> Sequence[RecordBatch]:
        raw = self.table.raw
        if len(raw) < 2:
            return ()
        half = len(raw) // 2
        table = self.work.reader.table
        return (
            RecordBatch(self.work, table(raw[:half], self.table.first)),
            RecordBatch(self.work, table(raw[half:], self.table.first + half)),
        )

    def refusals(self, message: str) -> list[Refusal]:
        problem = Problem(None, message, message)
        table = self.table
        return [Refusal(table.row(p), table.cells(p), (problem,)) for p in range(len(table.offsets))]
