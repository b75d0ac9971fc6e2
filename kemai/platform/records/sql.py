"""Rows into tables at the speed of the database: explicit keys, then executemany (SQLite) or COPY (PostgreSQL)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC
from functools import lru_cache
from typing import Any, NamedTuple

import orjson
from django.db import connection, models

from kemai.platform.models import ExtraColumn, MoneyColumn, SealedColumn, quick
from kemai.platform.models.sealed import current, open_value

Convert = Callable[[Any], Any]
FEW = 50
"""Up to so many rows one INSERT is quicker than a COPY."""


class Among(models.Func):
    """A filter: is a key one of many? One parameter however many they are: Django and psycopg would each turn a
    thousand marks over one by one, which takes longer than the statement."""

    output_field = models.BooleanField()

    def __init__(self, path: str, keys: Iterable[int]) -> None:
        super().__init__(models.F(path))
        self.keys = list(keys)

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        column, params = compiler.compile(self.source_expressions[0])
        return f"{column} IN (SELECT value FROM json_each(%s))", [  # noqa: S608
            *params,
            orjson.dumps(self.keys).decode(),
        ]

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        column, params = compiler.compile(self.source_expressions[0])
        return f"{column} = ANY(%s::bigint[])", [*params, f"{{{','.join(map(str, self.keys))}}}"]


def new_ids(model: type[models.Model], count: int) -> range | list[int]:
    """Keys for `count` new rows. To be called inside the transaction that inserts them: on SQLite it holds the write
    lock (transaction_mode IMMEDIATE), on PostgreSQL the sequence gives each key once."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            return sequence_keys(cursor, table, count)
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        row = cursor.fetchone()
        first = (row[0] if row else 0) + 1
    return range(first, first + count)


def sequence_keys(cursor: Any, table: str, count: int) -> range | list[int]:
    """Nearly always nobody else takes keys in that moment: then the first and the last say all."""
    cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", [table])
    sequence = cursor.fetchone()[0]
    taken = "SELECT nextval(%s::regclass) AS key FROM generate_series(1, %s)"
    cursor.execute(f"SELECT min(key), max(key) FROM ({taken}) AS taken", [sequence, count])  # noqa: S608
    first, last = cursor.fetchone()
    if first is not None and last - first + 1 == count:
        return range(first, last + 1)
    cursor.execute(taken, [sequence, count])
    return [row[0] for row in cursor.fetchall()]


def converters(columns: Sequence[models.Field[Any, Any]]) -> list[Convert | None]:
    """What turns a Python value into the database's, per column; None where it goes as it is."""
    found: list[Convert | None] = []
    for column in columns:
        plain = not isinstance(column, SealedColumn) and isinstance(
            column, models.CharField | models.TextField | models.BooleanField | models.FloatField
        )
        whole = type(column).get_prep_value is models.IntegerField.get_prep_value
        moment = isinstance(column, models.DateField) and connection.vendor == "postgresql"
        if plain or isinstance(column, models.ForeignKey | models.AutoField) or whole or moment:
            found.append(None)
        else:
            found.append(converter(column))
    return found


def converter(column: models.Field[Any, Any]) -> Convert:
    """What Django's `get_db_prep_save` makes of a value. Dates and amounts take a short cut to the same."""
    if isinstance(column, MoneyColumn | SealedColumn):
        return column.get_prep_value
    if type(column) is models.DateField and connection.vendor == "sqlite":
        return date_text
    if type(column) is models.DateTimeField and connection.vendor == "sqlite":
        return moment_converter()
    if isinstance(column, ExtraColumn) and connection.vendor == "sqlite":
        return patch_text
    return remembering(column)


def date_text(value: Any) -> Any:
    return None if value is None else str(value)


def moment_converter() -> Convert:
    """SQLite keeps moments as text in UTC. The last one is remembered: a chunk's stamp is in all of its rows."""
    last: Any = None
    text: str | None = None

    def convert(value: Any) -> Any:
        nonlocal last, text
        if value is not last:
            text = None if value is None else str(value.astimezone(UTC).replace(tzinfo=None))
            last = value
        return text

    return convert


def remembering(column: models.Field[Any, Any]) -> Convert:
    """Remembers its last value: the moment of a chunk, a default, are the same in row after row."""
    last: Any = None
    stored: Any = None

    def convert(value: Any) -> Any:
        nonlocal last, stored
        if value is None:
            return None
        if value is not last:
            stored = column.get_db_prep_save(value, connection)
            last = value
        return stored

    return convert


def copy_text(column: models.Field[Any, Any]) -> Convert:
    """COPY takes JSON as text; what Django stores wraps the object. The last value is remembered as above."""
    last: Any = None
    text: str | None = None

    def convert(value: Any) -> Any:
        nonlocal last, text
        if value is None:
            return None
        if value is not last:
            stored = column.get_db_prep_save(value, connection)
            text = orjson.dumps(getattr(stored, "obj", stored)).decode()
            last = value
        return text

    return convert


def converted(
    rows: Iterable[Sequence[Any]], needed: Sequence[tuple[int, Convert]]
) -> Iterable[Sequence[Any]]:
    """The rows with the columns that need it converted."""
    if not needed:
        return rows
    return (convert_row(list(row), needed) for row in rows)


def convert_row(row: list[Any], needed: Sequence[tuple[int, Convert]]) -> list[Any]:
    for place, one in needed:
        row[place] = one(row[place])
    return row


def insert(model: type[models.Model], names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Inserts rows of values in the order of `names` (attribute names: "owner_id"). The caller holds a transaction
    and has checked the values; constraints are still the database's."""
    if isinstance(rows, list) and len(rows) <= FEW and (not rows or connection.vendor == "postgresql"):
        if rows:
            insert_few(model, tuple(names), rows)
        return
    columns = named(model, names)
    convert = converters(columns)
    copied = connection.vendor == "postgresql"
    if copied:
        convert = [copy_text(one) if isinstance(one, models.JSONField) else how
                   for one, how in zip(columns, convert, strict=True)]  # fmt: skip
    rows = converted(rows, [(place, one) for place, one in enumerate(convert) if one is not None])
    quote = connection.ops.quote_name
    table = quote(model._meta.db_table)
    listed = ", ".join(quote(column_name(column)) for column in columns)
    with connection.cursor() as cursor, connection.wrap_database_errors:
        if copied:
            with cursor.cursor.copy(f"COPY {table} ({listed}) FROM STDIN") as copy:
                write = copy.write_row
                for row in rows:
                    write(row)
        else:
            marks = ", ".join(["?"] * len(columns))
            raw = cursor.cursor  # past Django's wrapper, which would rewrite the marks of every row
            raw.connection.executemany(f"INSERT INTO {table} ({listed}) VALUES ({marks})", rows)  # noqa: S608


def named(model: type[models.Model], names: Sequence[str]) -> list[models.Field[Any, Any]]:
    by_name = {column.attname: column for column in model._meta.concrete_fields}
    return [by_name[name] for name in names]


class Few(NamedTuple):
    """The INSERT of a few rows, as far as it is the same each time: `kept` are the columns to be converted."""

    head: str
    marks: str
    kept: tuple[tuple[int, models.Field[Any, Any]], ...]


@lru_cache(maxsize=64)
def few_of(model: type[models.Model], names: tuple[str, ...]) -> Few:
    columns = named(model, names)
    quote = connection.ops.quote_name
    listed = ", ".join(quote(column_name(column)) for column in columns)
    marks = ", ".join(["%s"] * len(columns))
    kept = [(place, columns[place]) for place, one in enumerate(converters(columns)) if one is not None]
    return Few(f"INSERT INTO {quote(model._meta.db_table)} ({listed}) VALUES ", f"({marks})", tuple(kept))  # noqa: S608


def insert_few(model: type[models.Model], names: tuple[str, ...], rows: Sequence[Sequence[Any]]) -> None:
    """On PostgreSQL, where one statement is quicker than a COPY."""
    few = few_of(model, names)
    given = converted(rows, [(place, converter(column)) for place, column in few.kept])
    values = [value for row in given for value in row]
    quick.send(few.head + ", ".join([few.marks] * len(rows)), values)


def insert_same(
    model: type[models.Model], key_name: str, keys: Sequence[int], constants: Mapping[str, Any]
) -> None:
    """Inserts rows that differ by one key column only: one statement, made by the database itself."""
    if not keys:
        return
    by_name = {column.attname: column for column in model._meta.concrete_fields}
    columns = [by_name[name] for name in constants]
    values = [
        value if one is None else one(value)
        for one, value in zip(converters(columns), constants.values(), strict=True)
    ]
    quote = connection.ops.quote_name
    listed = ", ".join(quote(column_name(one)) for one in (by_name[key_name], *columns))
    marks = ", ".join(["%s"] * len(values))
    given: Any = list(keys)
    if connection.vendor == "postgresql":
        key, rest = "unnest(%s::bigint[])", ""
        given = [f"{{{','.join(map(str, given))}}}", *values]  # psycopg writes lists number by number
    else:
        key, rest = "value", " FROM json_each(%s)"
        given = [*values, orjson.dumps(given).decode()]
    table = quote(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} ({listed}) SELECT {key}, {marks}{rest}", given)


def lookup(
    model: type[models.Model], name: str, values: Sequence[Any], *, alive: bool, also: Sequence[str] = ()
) -> list[tuple[Any, ...]]:
    """(value, key, *further columns) of the rows whose text column `name` holds one of `values`, none of them empty.
    One statement with one parameter: Django would prepare each of five thousand values by itself. `alive` leaves
    deleted rows out. The conditions are those of the partial indexes, word for word."""
    by_name = {column.attname: column for column in model._meta.concrete_fields}
    quote = connection.ops.quote_name
    column = quote(column_name(by_name[name]))
    key = model._meta.pk
    assert key is not None
    shown = ", ".join([column, quote(column_name(key)), *(quote(column_name(by_name[one])) for one in also)])
    sealed = current() if isinstance(by_name[name], SealedColumn) else None
    given: Any = [form for one in values for form in sealed.forms(one)] if sealed else list(values)
    among = "= ANY(%s)"
    if connection.vendor != "postgresql":
        given, among = orjson.dumps(given).decode(), "IN (SELECT value FROM json_each(%s))"
    where = f"{column} {among} AND NOT ({column} = '')"
    if alive:
        where += " AND deleted_at IS NULL"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {shown} FROM {quote(model._meta.db_table)} WHERE {where}", [given])  # noqa: S608
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return [(open_value(row[0]), *row[1:]) for row in found] if sealed else found


def column_name(column: models.Field[Any, Any]) -> str:
    return column.column or column.attname


def update(model: type[models.Model], names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Sets columns by key: each row is the values of `names`, then the key. Versions go up by one. The JSON of own
    fields is not set but patched: the keys that a row names, None taking one away."""
    columns = named(model, names)
    convert = [
        patch_text if isinstance(column, ExtraColumn) else one
        for column, one in zip(columns, converters(columns), strict=True)
    ]
    prepared = [
        [
            *(value if one is None else one(value) for one, value in zip(convert, row[:-1], strict=True)),
            row[-1],
        ]
        for row in rows
    ]
    if not prepared:
        return
    quote = connection.ops.quote_name
    sets = ", ".join(assignment(column) for column in columns)
    sets += ", version = version + 1"
    statement = f"UPDATE {quote(model._meta.db_table)} SET {sets} WHERE id = %s"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.executemany(statement, prepared)


def assignment(column: models.Field[Any, Any]) -> str:
    name = connection.ops.quote_name(column_name(column))
    if not isinstance(column, ExtraColumn):
        return f"{name} = %s"
    if connection.vendor == "postgresql":
        return f"{name} = jsonb_strip_nulls({name} || %s::jsonb)"
    return f"{name} = json_patch({name}, %s)"


def patch_text(patch: Any) -> str:
    return orjson.dumps(patch).decode()
