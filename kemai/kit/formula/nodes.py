"""What a formula is made of: the parsed tree (names as written), the checked tree (fields, types), its surroundings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from kemai.kit.errors import KitError

Value = Decimal | str | bool | dt.date | dt.datetime | None


class Type(StrEnum):
    """The types of values. Every one of them may also be empty."""

    NUMBER = "number"
    TEXT = "text"
    BOOL = "boolean"
    DATE = "date"
    MOMENT = "datetime"
    REF = "reference"
    """Another record, a person, a file: it can be asked whether there is one, nothing else."""
    EMPTY = "empty"
    """The constant 空; fits everywhere."""


class FormulaError(KitError):
    """What is wrong with a formula, and where: `start` and `end` are places in its text.

    Codes are listed in `kemai.platform.query.formula_words`, which turns them into sentences."""

    def __init__(self, code: str, start: int = 0, end: int = 0, **params: object) -> None:
        super().__init__(code, start=start, end=end, **params)

    @property
    def start(self) -> int:
        value = self.params["start"]
        return value if isinstance(value, int) else 0

    @property
    def end(self) -> int:
        value = self.params["end"]
        return value if isinstance(value, int) else 0


class Span(NamedTuple):
    start: int
    end: int


# the parsed tree


@dataclass(frozen=True, slots=True)
class Literal:
    value: Decimal | str | bool | None
    span: Span


@dataclass(frozen=True, slots=True)
class Name:
    """A field as written: `[label]` (style "label"), `{key}` ("key") or a bare word ("word")."""

    name: str
    style: str
    span: Span


@dataclass(frozen=True, slots=True)
class Call:
    """A function or an operator ("+", "<=", "and", "neg", …) and what it is given. `head` is where its name stands."""

    name: str
    args: tuple[Parsed, ...]
    span: Span
    head: Span
    operator: bool = False


Parsed = Literal | Name | Call


# the checked tree


@dataclass(frozen=True, slots=True)
class Const:
    value: Value
    type: Type
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Read:
    """The value of a field."""

    key: str
    type: Type
    unit: str = ""
    options: tuple[tuple[str, str], ...] = ()
    """Of a choice: (code, label). The value is the code; where a text is wanted it becomes the label."""


@dataclass(frozen=True, slots=True)
class Apply:
    """An operation out of `kemai.kit.formula.operations` on checked operands."""

    op: str
    args: tuple[Node, ...]
    type: Type
    unit: str = ""
    table: tuple[tuple[str, str], ...] = ()
    """Of the operation "label": the codes and their labels."""


Node = Const | Read | Apply


# what surrounds a formula


@dataclass(frozen=True, slots=True)
class Field:
    """A field that formulas may read. `labels` are all names it goes by (either language), the first one is shown.
    `unit`: what its numbers are: "" | "money" | "percent" | "whole". `options`: (code, labels) of a choice."""

    key: str
    labels: tuple[str, ...]
    type: Type
    unit: str = ""
    options: tuple[tuple[str, tuple[str, ...]], ...] = ()


Fields = Mapping[str, Field]


class Clock(NamedTuple):
    """When and where a formula is read: TODAY(), NOW(), and the local day of a moment."""

    now: dt.datetime
    zone: dt.tzinfo

    @property
    def today(self) -> dt.date:
        return self.now.astimezone(self.zone).date()
