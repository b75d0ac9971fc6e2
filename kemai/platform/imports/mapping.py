"""What a person decided about a file: which column becomes which field, and by which rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

MODES = ("both", "create", "update")
BLANKS = ("keep", "clear")
MOST_TAGS = 20
ATTACH = "@files"
"""In place of a field: the column names files that are attached to the record."""


@dataclass(frozen=True)
class ColumnMap:
    """One column of the file. `field` is '' for a column that is not imported. For references `by` is the field of
    the other object that the cells hold ('' tries them all), and `create` makes those that are missing."""

    column: int
    field: str
    by: str = ""
    create: bool = False


@dataclass(frozen=True)
class Options:
    """`mode`: new and existing records ('both'), only new ones ('create'), only existing ones ('update').
    `match`: the fields by which an existing record is recognised. `blank`: an empty cell keeps or clears what the
    record has. `tags` are put on every row; `owner` is given to new records without one."""

    mode: str = "both"
    match: tuple[str, ...] = ()
    blank: str = "keep"
    tags: tuple[str, ...] = ()
    owner: int | None = None
    cents: bool = False
    """Amounts finer than a cent are rounded half up; else they are refused."""

    @property
    def creates(self) -> bool:
        return self.mode != "update"

    @property
    def updates(self) -> bool:
        return self.mode != "create"


def dump_mapping(columns: Iterable[ColumnMap]) -> dict[str, Any]:
    return {"columns": [asdict(one) for one in columns if one.field]}


def load_mapping(raw: Mapping[str, Any]) -> list[ColumnMap]:
    return [ColumnMap(**one) for one in raw.get("columns", [])]


def dump_options(options: Options) -> dict[str, Any]:
    return asdict(options) | {"match": list(options.match), "tags": list(options.tags)}


def load_options(raw: Mapping[str, Any]) -> Options:
    known = {key: raw[key] for key in ("mode", "blank", "owner", "cents") if key in raw}
    return Options(**known, match=tuple(raw.get("match", ())), tags=tuple(raw.get("tags", ())))


@dataclass(frozen=True)
class Suggestion:
    """A guessed mapping: `certain` are the columns that a header or an earlier import of the same shape settled."""

    columns: tuple[ColumnMap, ...]
    options: Options
    certain: frozenset[int] = field(default_factory=frozenset)
    remembered: bool = False

    def of(self, column: int) -> ColumnMap:
        return next((one for one in self.columns if one.column == column), ColumnMap(column, ""))


def twice(columns: Sequence[ColumnMap]) -> list[str]:
    """Fields that more than one column was mapped to."""
    fields = [one.field for one in columns if one.field]
    return sorted({one for one in fields if fields.count(one) > 1})
