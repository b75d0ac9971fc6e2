"""The JSON column of own fields, and the ORM paths into it: "extra__n_price" is the number under the key "price".

The letter says how the value is stored, so that a path needs no look at any definition. The key stands in the SQL as a
literal, in the very words of the index that `platform.records.indexes` makes: Django's own `extra__price` passes it
as a parameter, which no expression index of SQLite ever answers (docs/adr/012)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

import orjson
from django.db import models
from django.db.models.expressions import Expression
from django.db.models.lookups import Exact, Transform

from kemai.platform.models.columns import MoneyColumn
from kemai.platform.models.sealed import SealedWords

KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
PATH = re.compile(rf"([tnicbdshle])_({KEY.pattern})")


class DayText(models.CharField[Any, Any]):
    """A day as text: 2026-11-20."""

    def from_db_value(self, value: Any, expression: object, connection: object) -> date | None:
        found: date | None = read(date.fromisoformat, value)
        return found

    def get_prep_value(self, value: Any) -> Any:
        return value.isoformat() if isinstance(value, date) else value


class MomentText(models.CharField[Any, Any]):
    """A moment in UTC to the second, as text of one length: 2026-11-20T08:00:00Z. Its order is that of time."""

    def from_db_value(self, value: Any, expression: object, connection: object) -> datetime | None:
        found: datetime | None = read(datetime.fromisoformat, value)
        return found

    def get_prep_value(self, value: Any) -> Any:
        return moment_text(value) if isinstance(value, datetime) else value


class ClockText(models.CharField[Any, Any]):
    """A time of day as text: 08:30:00."""

    def from_db_value(self, value: Any, expression: object, connection: object) -> time | None:
        found: time | None = read(time.fromisoformat, value)
        return found

    def get_prep_value(self, value: Any) -> Any:
        return value.isoformat("seconds") if isinstance(value, time) else value


class ListText(models.TextField[Any, Any]):
    """A list, which both databases give as JSON text."""

    def from_db_value(self, value: Any, expression: object, connection: object) -> list[Any] | None:
        found = read(orjson.loads, value)
        return found if isinstance(found, list) else None


class Words(models.TextField[Any, Any]):
    """Text."""

    def from_db_value(self, value: Any, expression: object, connection: object) -> str | None:
        return value if isinstance(value, str) else None


class Truth(models.BooleanField[Any, Any]):
    """Yes or no."""

    def from_db_value(self, value: Any, expression: object, connection: object) -> bool | None:
        return value if isinstance(value, bool) else None


class Fraction(models.FloatField[Any, Any]):
    """A number; text under the same key (left from another kind) is none."""

    def from_db_value(self, value: Any, expression: object, connection: object) -> float | None:
        return value if isinstance(value, int | float) else None


class Whole(models.BigIntegerField[Any, Any]):
    """A whole number or a key."""

    def from_db_value(self, value: Any, expression: object, connection: object) -> int | None:
        return int(value) if isinstance(value, int | float) else None


class Cents(MoneyColumn):
    """An amount in cents."""

    def from_db_value(self, value: Any, expression: object, connection: object) -> Decimal | None:
        return super().from_db_value(value, expression, connection) if isinstance(value, int) else None


def read(convert: Callable[[Any], Any], value: Any) -> Any:
    """What stands under a key that belonged to another kind once is nothing, never an error."""
    try:
        return None if value is None else convert(value)
    except (TypeError, ValueError):
        return None


def moment_text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Storage(NamedTuple):
    """How values behind a letter are compared: the ORM's field, and PostgreSQL's type where text would be wrong, with
    the kind of JSON value that can be cast to it. Every cast is immutable, or no index could be made of it: days and
    moments stay text."""

    column: type[models.Field[Any, Any]]
    cast: str = ""
    json: str = ""


STORAGE: dict[str, Storage] = {
    "t": Storage(Words),
    "n": Storage(Fraction, "double precision", "number"),
    "i": Storage(Whole, "bigint", "number"),
    "c": Storage(Cents, "bigint", "number"),
    "b": Storage(Truth, "boolean", "boolean"),
    "d": Storage(DayText),
    "s": Storage(MomentText),
    "h": Storage(ClockText),
    "l": Storage(ListText),
    "e": Storage(SealedWords),
}


READERS: dict[str, Any] = {letter: storage.column() for letter, storage in STORAGE.items()}


def value_sql(column: str, letter: str, key: str, vendor: str) -> str:
    """The SQL of an own value: the same text in queries and in indexes. `column` is quoted already."""
    if not PATH.fullmatch(f"{letter}_{key}"):
        raise ValueError(key)
    if vendor != "postgresql":
        return f"JSON_EXTRACT({column}, '$.{key}')"
    storage = STORAGE[letter]
    text = f"({column} ->> '{key}')"
    if not storage.cast:
        return text
    # one value that cannot be cast would make every query of the type fail
    guard = f"jsonb_typeof({column} -> '{key}') = '{storage.json}'"
    return f"(CASE WHEN {guard} THEN {text}::{storage.cast} END)"


class TypeKeyColumn(models.CharField[str, str]):
    """Which own type a record is of. Compared with a literal: SQLite uses the indexes of one type (partial ones) only
    where it can read in the statement which type that is."""

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs


@TypeKeyColumn.register_lookup
class IsType(Exact):
    def as_sqlite(self, compiler: Any, connection: Any) -> Any:
        if not isinstance(self.rhs, str) or not KEY.fullmatch(self.rhs):
            return self.as_sql(compiler, connection)
        column, params = self.process_lhs(compiler, connection)
        return f"{column} = '{self.rhs}'", params


class OwnValue(Transform):
    """The value of an own field."""

    def __init__(self, letter: str, key: str, *expressions: Any, **extra: Any) -> None:
        super().__init__(*expressions, **extra)
        self.letter = letter
        self.own_key = key

    @cached_property
    def output_field(self) -> models.Field[Any, Any]:
        return STORAGE[self.letter].column()

    def as_sql(
        self, compiler: Any, connection: Any, *args: Any, **kwargs: Any
    ) -> tuple[str, tuple[Any, ...]]:
        column, params = compiler.compile(self.get_source_expressions()[0])
        return value_sql(column, self.letter, self.own_key, connection.vendor), tuple(params)


class OwnPath(NamedTuple):
    """What the ORM asks a column for, and calls with what stands left of it."""

    letter: str
    key: str

    def __call__(self, *args: Any, **kwargs: Any) -> OwnValue:
        return OwnValue(self.letter, self.key, *args, **kwargs)


class Readable(json.JSONEncoder):
    """JSON whose Chinese is Chinese: a part of it can be looked for."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "ensure_ascii": False, "separators": (",", ":")})


class ExtraColumn(models.JSONField[Any, Any]):
    """Values of own fields by key. Only paths of own fields lead into it."""

    def get_transform(self, lookup_name: str) -> Any:
        found = PATH.fullmatch(lookup_name)
        return OwnPath(found[1], found[2]) if found else None

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if value is None or isinstance(value, Expression):
            return super().get_db_prep_value(value, connection, prepared)
        return connection.ops.adapt_json_value(value, Readable)

    def deconstruct(self) -> Any:
        """To the schema it is a JSON column like any other: no table is rebuilt for what only queries know."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.JSONField", args, kwargs


def load(letter: str, stored: Any) -> Any:
    """The Python value of what stands in the JSON of a record that is in memory."""
    if stored is None:
        return None
    if letter == "l":
        return stored if isinstance(stored, list) else None
    return READERS[letter].from_db_value(stored, None, None)


def dump(letter: str, value: Any) -> Any:
    """What is put into the JSON for a Python value."""
    if value is None or letter not in "cdshe":
        return value
    return READERS[letter].get_prep_value(value)
