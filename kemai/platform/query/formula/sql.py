"""A formula as an ORM expression: what a field that holds it would store, worked out by the database.

records.annotate(total=stored(formula, spec, object_type, clock))
records.filter(breaks(rule, object_type, clock))  # those that a check would refuse
"""

from __future__ import annotations

from typing import Any

from django.db import connection, models
from django.db.models import Expression, F, OuterRef, Subquery, Value

from kemai.kit.formula import Clock, Formula, Read, Type
from kemai.platform.fields import FieldSpec
from kemai.platform.models.extra import STORAGE, dump
from kemai.platform.objects import ObjectType
from kemai.platform.objects.types import part_model
from kemai.platform.query.formula import postgres, sqlite
from kemai.platform.query.formula.reading import PLACES, TYPE_OF, places_of, settled


def stored(formula: Formula, spec: FieldSpec, object_type: ObjectType, clock: Clock) -> Expression:
    """The value of the formula field `spec`, in the form in which `extra` holds it."""
    assert spec.own is not None
    letter = spec.own.letter
    column = STORAGE[letter].column()
    if connection.vendor == "postgresql":
        words = postgres.STORED[spec.type.key].replace("{places}", str(places_of(spec)))
        return postgres.Sql(words, tree_sql(formula, object_type, clock), output_field=column)

    def work(values: dict[str, Any], clock: Clock) -> Any:
        return dump(letter, settled(formula.run(values, clock), spec))

    identity = f"{spec.type.key}/{places_of(spec)}"
    return worked(formula, object_type, clock, identity, work, column)


def truth(formula: Formula, object_type: ObjectType, clock: Clock) -> Expression:
    """Whether the condition holds: true, false, or unknown where what it reads is empty."""
    if connection.vendor == "postgresql":
        return tree_sql(formula, object_type, clock)
    return worked(formula, object_type, clock, "truth", formula.run, models.BooleanField())


def breaks(formula: Formula, object_type: ObjectType, clock: Clock) -> Expression:
    """Whether a record makes the condition false: what a check refuses. Never unknown."""
    words = "({} IS FALSE)" if connection.vendor == "postgresql" else "({} IS 0)"
    return postgres.Sql(words, truth(formula, object_type, clock), output_field=models.BooleanField())


def tree_sql(formula: Formula, object_type: ObjectType, clock: Clock) -> Expression:
    def read(node: Read) -> Expression:
        spec = object_type.fields[node.key]
        if spec.own is not None:
            return postgres.own_read(spec.own.letter, spec.key, node.type)
        return postgres.column_read(column_of(spec, object_type), spec.type.storage, node.type)

    return postgres.Compiler(read, clock).sql(formula.tree)


def worked(
    formula: Formula, object_type: ObjectType, clock: Clock, identity: str, work: sqlite.Work,
    column: models.Field[Any, Any],
) -> Expression:  # fmt: skip
    specs = [object_type.fields[key] for key in sorted(formula.reads)]
    columns = [F(spec.path) if spec.own is not None else column_of(spec, object_type) for spec in specs]
    decoders = {spec.key: decoder(spec) for spec in specs}
    storages = [(spec.key, spec.own.letter if spec.own else spec.type.storage) for spec in specs]
    return sqlite.Worked(
        f"{identity}/{PLACES}/{clock.zone}/{formula.tree!r}/{storages!r}",
        work,
        decoders,
        clock.zone,
        Value(clock.now.isoformat(), models.TextField()),
        *columns,
        output_field=column,
    )


def decoder(spec: FieldSpec) -> sqlite.Decode | None:
    """What turns SQLite's value of a field into the value that formulas take."""
    if TYPE_OF[spec.type.key] == Type.REF:
        return None
    return (
        sqlite.OWN_DECODE[spec.own.letter] if spec.own is not None else sqlite.DECODE.get(spec.type.storage)
    )


def column_of(spec: FieldSpec, object_type: ObjectType) -> F | Subquery:
    """The column of a field. One of a part is asked for by key: an UPDATE cannot join."""
    if not spec.part:
        return F(spec.value_path)
    model = part_model(object_type.model, spec.part)
    name = spec.path.removeprefix(f"{spec.part}__")
    return Subquery(model._default_manager.filter(pk=OuterRef("pk")).values(name)[:1])
