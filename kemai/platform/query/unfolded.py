"""Groups by fields of several values: the database takes the lists apart, and a record counts in each of its groups.

One statement says the figures of such groups and nothing above them, because a record that stands in two groups must
count once in their total: whoever wants that asks without the field."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import F, QuerySet

from kemai.platform.fields import FieldSpec
from kemai.platform.models import Tagging
from kemai.platform.models.extra import OwnValue

SEVERAL = frozenset({"multi_choice", "multi_reference", "tags"})
FUNCTIONS = {"count": "COUNT(*)", "sum": "SUM({})", "n": "COUNT({})", "min": "MIN({})", "max": "MAX({})"}
Atom = tuple[str, str]


class Listed(NamedTuple):
    """A field of several values of a type."""

    spec: FieldSpec
    type_key: str


class OwnList(OwnValue):
    """The list of an own field as JSON; what is left there of another kind is none, never an error."""

    def as_sql(
        self, compiler: Any, connection: Any, *args: Any, **kwargs: Any
    ) -> tuple[str, tuple[Any, ...]]:
        column, params = compiler.compile(self.get_source_expressions()[0])
        if connection.vendor == "postgresql":
            value, kind = f"{column} -> '{self.own_key}'", f"jsonb_typeof({column} -> '{self.own_key}')"
        else:
            value = f"JSON_EXTRACT({column}, '$.{self.own_key}')"
            kind = f"JSON_TYPE({column}, '$.{self.own_key}')"
        return f"(CASE WHEN {kind} = 'array' THEN {value} END)", (*params, *params)


def listed_in(spec: FieldSpec) -> Any:
    """What a record's list is found by: for tags its key, for others the list itself."""
    if spec.type.key == "tags":
        return F("pk")
    if spec.own is None:
        return F(spec.path)
    column, _between, _path = spec.path.rpartition("__")
    return OwnList("l", spec.key, F(column))


def rows(
    records: QuerySet[Any],
    axes: Mapping[str, Any],
    several: Mapping[str, Listed],
    values: Mapping[Atom, Any],
    atoms: Sequence[Atom],
    *,
    limit: int,
    largest: Sequence[Atom] = (),
) -> list[list[Any]]:
    """A line for each group: the values of `axes` in their order, then the atoms. `axes` gives an expression for each
    name, of those in `several` the list; `values` what is behind the atoms; `largest` is an atom, or a sum and
    its number, by which the first ones are chosen."""
    names = {(atom[0].partition(":")[2], atom[1]): f"value_{n}" for n, atom in enumerate(values)}
    columns = {names[atom[0].partition(":")[2], atom[1]]: one for atom, one in values.items()}
    inner = records.order_by().values(**axes, **columns)
    compiler = inner.query.get_compiler(connection=connection)
    try:
        sql, params = compiler.as_sql()
    except EmptyResultSet:
        return []
    joins, joined, keys = "", [], []
    for name in axes:
        if name not in several:
            keys.append(f's."{name}"')
            continue
        key, join, more = taken_apart(name, several[name])
        keys.append(key)
        joins += join
        joined += more
    figures = {atom: figure(atom, names) for atom in atoms}
    places = ", ".join(str(n + 1) for n in range(len(keys)))
    by = " * 1.0 / ".join(figures[atom] for atom in largest)
    ordering = f" ORDER BY {by} DESC NULLS LAST" if by else ""
    asked = ", ".join([*keys, *figures.values()])
    statement = f"SELECT {asked} FROM ({sql}) AS s{joins} GROUP BY {places}{ordering} LIMIT {limit}"  # noqa: S608 - made by the ORM
    with connection.cursor() as cursor:
        cursor.execute(statement, [*params, *joined])
        found = [list(row) for row in cursor.fetchall()]
    return read(found, inner.query, list(axes), several, names, atoms)


def figure(atom: Atom, names: Mapping[Atom, str]) -> str:
    """The SQL of an atom; `names` by currency and path."""
    op, _colon, code = atom[0].partition(":")
    return FUNCTIONS[op].format(f's."{names[code, atom[1]]}"' if atom[1] else "")


def taken_apart(name: str, listed: Listed) -> tuple[str, str, list[Any]]:
    """The key of the group, the join that makes a line of each value, and its parameters. A record without any has one
    line, without a value."""
    place = f"e_{name}"
    if listed.spec.type.key == "tags":
        table = connection.ops.quote_name(Tagging._meta.db_table)
        on = f'{place}.type_key = %s AND {place}.object_id = s."{name}"'
        return f"{place}.tag_id", f" LEFT JOIN {table} AS {place} ON {on}", [listed.type_key]
    if connection.vendor == "postgresql":
        each = f'LATERAL jsonb_array_elements_text(s."{name}") AS {place}(one)'
        return f"{place}.one", f" LEFT JOIN {each} ON TRUE", []
    return f"{place}.value", f' LEFT JOIN json_each(s."{name}") AS {place} ON TRUE', []


def read(
    found: list[list[Any]],
    query: Any,
    axes: Sequence[str],
    several: Mapping[str, Listed],
    names: Mapping[Atom, str],
    atoms: Sequence[Atom],
) -> list[list[Any]]:
    """In Python's form, as the ORM would read the same columns."""
    annotations = query.annotation_select
    for place, name in enumerate(axes):
        if name in several:
            convert(found, place, [key_reader(several[name].spec)])
            continue
        expression = annotations[name]
        backend = [*connection.ops.get_db_converters(expression), *expression.get_db_converters(connection)]
        convert(found, place, [reader(one, expression) for one in backend])
    for place, (op, path) in enumerate(atoms, len(axes)):
        kind, _colon, code = op.partition(":")
        if path and kind != "n":
            convert(found, place, number_readers(annotations[names[code, path]]))
    return found


def convert(rows: list[list[Any]], place: int, readers: Sequence[Callable[[Any], Any]]) -> None:
    for one in readers:
        for row in rows:
            row[place] = one(row[place])


def reader(converter: Any, expression: Any) -> Callable[[Any], Any]:
    return lambda value: converter(value, expression, connection)


def key_reader(spec: FieldSpec) -> Callable[[Any], Any]:
    """Codes are text; the keys of records and tags are numbers."""
    if spec.type.key == "multi_choice":
        return lambda value: None if value is None else str(value)
    return lambda value: int(value) if str(value).isascii() and str(value).isdigit() else None


def number_readers(expression: Any) -> list[Callable[[Any], Any]]:
    """PostgreSQL sums whole numbers up to decimals."""
    field = expression.output_field
    kind: Callable[[Any], Any] = int if field.get_internal_type().endswith("IntegerField") else float
    readers = [lambda value: None if value is None else kind(value)]
    if hasattr(field, "from_db_value"):
        readers.append(reader(field.from_db_value, expression))
    return readers
