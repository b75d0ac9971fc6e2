"""Which records are there already: by match keys, and by what the database will not take twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import models
from django.utils.translation import gettext as _

from kemai.platform.fields import FieldSpec, listed
from kemai.platform.imports.references import slices
from kemai.platform.imports.shapes import matcher_of
from kemai.platform.models import Change, ChangeSet
from kemai.platform.objects import ObjectType
from kemai.platform.records import own, sql
from kemai.platform.records.values import column_value


def living(object_type: ObjectType) -> models.QuerySet[Any]:
    """Every record that is not deleted, whoever may see it: what is there blocks or is updated, and is never shown."""
    records: models.QuerySet[Any] = object_type.records()
    return records.filter(deleted_at=None) if object_type.recycles else records


def by_key(object_type: ObjectType, key: str, values: Iterable[Any]) -> dict[Any, list[int]]:
    """{value: keys of the records that have it}."""
    found: dict[Any, list[int]] = defaultdict(list)
    wanted = list(values)
    for chunk in slices(wanted):
        for value, pk in holders(object_type, key, chunk):
            found[value].append(pk)
    matcher = matcher_of(object_type.key, key)
    if matcher is not None:
        for value, pk in matcher([value for value in wanted if value not in found]).items():
            found[value].append(pk)
    return found


def holders(object_type: ObjectType, key: str, values: Sequence[Any]) -> Iterable[tuple[Any, int]]:
    spec = object_type.fields[key]
    if spec.own is None and not object_type.own and is_text(object_type.model, spec.path):
        return [
            (value, pk)
            for value, pk in sql.lookup(object_type.model, spec.path, values, alive=object_type.recycles)
        ]
    return living(object_type).filter(**{f"{spec.path}__in": values}).values_list(spec.path, "pk")


def is_text(model: type[models.Model], name: str) -> bool:
    return isinstance(model._meta.get_field(name), models.CharField)


def touched_by(changeset: ChangeSet, object_type: ObjectType, ids: Sequence[int]) -> set[int]:
    """Those of the records that an earlier row of the same import made or changed."""
    changes = Change.objects.filter(changeset=changeset, type_key=object_type.key, object_id__in=ids)
    return set(changes.values_list("object_id", flat=True))


ALIVE = models.Q(deleted_at=None)


class OwnConstraint:
    """What an administrator wants to be unique: one own field, or several fields together."""

    def __init__(self, specs: Sequence[FieldSpec]) -> None:
        self.specs = specs
        self.fields = tuple(spec.key for spec in specs)
        self.name = f"own_{'_'.join(self.fields)}"

    def get_violation_error_message(self) -> str:
        names = listed(str(spec.label) for spec in self.specs)
        return _("已有一条记录的%(fields)s与此相同") % {"fields": names}


Constraint = models.UniqueConstraint | OwnConstraint


class Uniqueness:
    """The unique constraints of a type that an import can hurt, asked before the database refuses."""

    def __init__(self, object_type: ObjectType, given: Iterable[str]) -> None:
        self.type = object_type
        written = set(given)
        self.constraints: list[Constraint] = [
            one
            for one in object_type.model._meta.constraints
            if isinstance(one, models.UniqueConstraint) and one.fields and set(one.fields) & written
        ]
        self.constraints += [
            OwnConstraint(specs) for specs in own.unique_sets(object_type) if {s.key for s in specs} & written
        ]

    def key(self, constraint: Constraint, values: dict[str, Any]) -> tuple[Any, ...] | None:
        """What the constraint compares, None where it does not apply (its last field is empty)."""
        parts = tuple(column_value(self.type, name, values) for name in constraint.fields)
        if isinstance(constraint, OwnConstraint):
            return None if any(part in (None, "") for part in parts) else parts
        return None if parts[-1] in (None, "") else parts

    def taken(self, constraint: Constraint, keys: Iterable[tuple[Any, ...]]) -> dict[tuple[Any, ...], int]:
        """{key: record} for the keys that the database holds."""
        wanted = set(keys)
        if isinstance(constraint, OwnConstraint):
            own.lock(self.type, constraint.specs, wanted)
            return {key: pk for pk, key in own.holders(self.type, constraint.specs, list(wanted))}
        return self.held(constraint, wanted)

    def held(
        self, constraint: models.UniqueConstraint, wanted: set[tuple[Any, ...]]
    ) -> dict[tuple[Any, ...], int]:
        names = [attname(self.type, name) for name in constraint.fields]
        found = {}
        if len(names) == 1 and constraint.condition == ALIVE and is_text(self.type.model, names[0]):
            values = [key[0] for key in wanted]
            return {(value,): pk for value, pk in sql.lookup(self.type.model, names[0], values, alive=True)}
        for chunk in slices(list({key[-1] for key in wanted})):
            records = self.type.records().filter(**{f"{names[-1]}__in": chunk})
            if constraint.condition is not None:
                records = records.filter(constraint.condition)
            for *parts, pk in records.values_list(*names, "pk"):
                if tuple(parts) in wanted:
                    found[tuple(parts)] = pk
        return found


def attname(object_type: ObjectType, name: str) -> str:
    return str(object_type.model._meta.get_field(name).attname)  # type: ignore[union-attr]
