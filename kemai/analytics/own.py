"""Own fields in the store: what administrators added to a type stands as further columns of its dataset, and own
objects are datasets of their own, so that conditions, reports and analyses may ask for them at any size.

No personal data: fields marked as such stay out, and so does text that people write freely. Formulas and roll-ups stay
out too: they are worked out anew without the record being touched, so that a copy would not hear of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from django.db.models import F, QuerySet

from kemai.platform.fields import FieldSpec
from kemai.platform.objects import ObjectType, all_types
from kemai.platform.objects.dataset import Dataset

PREFIX = "own_"
"""So that no own field can stand for a column that the type declares."""
KINDS = frozenset({
    "number", "percent", "whole", "rating", "money", "boolean", "date", "datetime", "time", "choice", "multi_choice",
    "reference", "multi_reference", "user", "department", "region",
})  # fmt: skip
BARE = {"id": "int64", "owner_id": "int64", "created_at": "timestamp", "updated_at": "timestamp"}


def column_of(spec: FieldSpec) -> str:
    """The store's column of a field."""
    return f"{PREFIX}{spec.key}" if spec.own is not None else spec.key


def stored(object_type: ObjectType) -> list[FieldSpec]:
    """The own fields that the store has."""
    return [
        spec
        for spec in object_type.fields.values()
        if spec.own is not None and not (spec.own.broken or spec.own.computed) and spec.type.key in KINDS
        if not (spec.private or spec.personal)
    ]


def with_own(declared: Iterable[Dataset]) -> Iterator[Dataset]:
    """The declared datasets with the own fields of their types, and one for each own object."""
    types = {one.key: one for one in all_types()}
    seen = set()
    for dataset in declared:
        seen.add(dataset.key)
        object_type = types.get(dataset.key)
        fits = object_type is not None and not object_type.own and dataset.source().model is object_type.model
        yield extended(dataset, object_type) if object_type is not None and fits else dataset
    for object_type in types.values():
        if object_type.own and object_type.key not in seen:
            bare = Dataset(object_type.key, BARE, object_type.records, passive=True)
            yield extended(bare, object_type)


def extended(dataset: Dataset, object_type: ObjectType) -> Dataset:
    specs = stored(object_type)
    if not specs:
        return dataset
    paths = {column_of(spec): F(spec.path) for spec in specs}

    def source() -> QuerySet[Any]:
        rows: QuerySet[Any] = dataset.source().annotate(**paths)
        return rows

    columns = {column_of(spec): spec.type.storage for spec in specs}
    return replace(dataset, columns={**dataset.columns, **columns}, source=source, loose=frozenset(columns))
