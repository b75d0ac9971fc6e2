"""Own fields in the store: what administrators added to a type stands as further columns of its dataset, and own
objects are datasets of their own, so that conditions, reports and analyses may ask for them at any size.

No personal data: fields marked as such stay out, and whatever is worked out of them; so does text that people write
freely. Formulas and roll-ups stand there by their values. They are worked out anew without the record being touched:
the refresh compares them for all records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from django.db.models import F, QuerySet

from kemai.platform.fields import FieldSpec
from kemai.platform.objects import ObjectType, all_types, get
from kemai.platform.objects.dataset import Dataset
from kemai.platform.query import formula as formulas

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
        if spec.own is not None and not spec.own.broken and spec.type.key in KINDS
        if not (spec.private or spec.personal)
        and not (spec.own.computed and tells(object_type.key, spec.key))
    ]


def tells(type_key: str, key: str, seen: frozenset[tuple[str, str]] = frozenset()) -> bool:
    """Is a personal field among what a formula or roll-up is worked out of, directly or not?"""
    for other, name in formulas.whole().graph.get((type_key, key), ()):
        spec = get(other).fields.get(name)
        if spec is None or (other, name) in seen:
            continue
        if spec.personal or tells(other, name, seen | {(type_key, key)}):
            return True
    return False


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
    if (
        dataset.parent
    ):  # its rows are looked at when their parent's are: nobody would notice a formula that moved
        specs = [spec for spec in specs if spec.own is not None and not spec.own.computed]
    if not specs:
        return dataset
    paths = {column_of(spec): F(spec.path) for spec in specs}

    def source() -> QuerySet[Any]:
        rows: QuerySet[Any] = dataset.source().annotate(**paths)
        return rows

    columns = {column_of(spec): spec.type.storage for spec in specs}
    unseen = tuple(column_of(spec) for spec in specs if spec.own is not None and spec.own.computed)
    return replace(
        dataset,
        columns={**dataset.columns, **columns},
        source=source,
        loose=frozenset(columns),
        unseen=unseen,
    )
