"""Everything that points to a record: what moves along when two records become one.

Found, not listed, so that a table added tomorrow is not forgotten: foreign keys to the model, pairs of (type, id)
columns, and own reference fields, whose values stand in the records' `extra`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import models

from kemai.platform.models import FieldDef
from kemai.platform.objects import ObjectType, UnknownObject, get

PAIRS = (("type_key", "object_id"), ("a_type", "a_id"), ("b_type", "b_id"))
HISTORY = frozenset({"Change", "OutboxEvent", "EventDelivery", "AuditEntry", "OwnerChange", "Alias", "Merge"})
"""What was done and said of a record stays with the record it was done to."""
REFERENCES = frozenset({"ref", "refs", "reference", "multi_reference", "multi_ref"})


@dataclass(frozen=True)
class Pointer:
    """A column that holds the record's key; `pair` is the column that says of which type."""

    model: type[models.Model]
    column: str
    pair: str = ""

    @property
    def label(self) -> str:
        return self.model._meta.label

    def rows(self, type_key: str, key: int) -> models.QuerySet[Any]:
        found = self.model._base_manager.filter(**{self.column: key})
        return found.filter(**{self.pair: type_key}) if self.pair else found


def pointers(object_type: ObjectType) -> Iterator[Pointer]:
    """All but the record's own parts, which stay with it."""
    parts = set(object_type.parts)
    for relation in object_type.model._meta.get_fields(include_hidden=True):
        if (
            isinstance(relation, models.ManyToOneRel)
            and not relation.one_to_one
            and relation.name not in parts
        ):
            yield Pointer(relation.related_model, relation.field.attname)
    for model in apps.get_models():
        if model.__name__ in HISTORY or getattr(model, "merge_keeps", False):
            continue
        names = {column.name for column in model._meta.concrete_fields}
        for pair, column in PAIRS:
            if pair in names and column in names:
                yield Pointer(model, column, pair)


def clashes(pointer: Pointer, rows: models.QuerySet[Any], type_key: str, keep: int) -> set[int]:
    """Keys of those rows that cannot stand beside what the surviving record has already (a tag that both bear)."""
    found: set[int] = set()
    for columns in unique_columns(pointer):
        there = set(pointer.rows(type_key, keep).values_list(*columns))
        if there:
            found |= {key for key, *values in rows.values_list("pk", *columns) if tuple(values) in there}
    return found


def unique_columns(pointer: Pointer) -> Iterator[tuple[str, ...]]:
    """The other columns of the constraints that the pointer's column is part of."""
    name = pointer.column.removesuffix("_id")
    for constraint in pointer.model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint) and {name, pointer.column} & set(
            constraint.fields
        ):
            rest = tuple(one for one in constraint.fields if one not in {name, pointer.column, pointer.pair})
            if rest:
                yield rest


def own_references(object_type: ObjectType) -> Iterator[tuple[ObjectType, FieldDef]]:
    """Fields made on screen that refer to records of the type, with the type whose fields they are."""
    for definition in FieldDef.objects.filter(deleted_at=None, kind__in=REFERENCES):
        if definition.settings.get("ref") != object_type.key:
            continue
        try:
            yield get(definition.type_key), definition
        except UnknownObject:
            continue
