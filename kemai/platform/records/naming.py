"""Own fields that name a person or a department (保管人, 服务部门). When somebody leaves, or a department is dissolved,
what names them goes over to somebody else like the records themselves, on built-in and own objects alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet

from kemai.platform.access import Actor
from kemai.platform.fields import FieldSpec, Ref
from kemai.platform.models import ChangeSet
from kemai.platform.objects import ObjectType, UnknownField, UnknownObject, all_types, get
from kemai.platform.records.bulk import update_chunk
from kemai.platform.records.recycle import every


@dataclass(frozen=True)
class Naming:
    """An own field of an object that names people, or departments."""

    type_key: str
    field: str

    @property
    def key(self) -> str:
        return f"{self.type_key}.{self.field}"

    @property
    def type(self) -> ObjectType:
        return get(self.type_key)

    @property
    def spec(self) -> FieldSpec:
        return self.type.fields[self.field]

    @property
    def title(self) -> str:
        return f"{self.type.label} · {self.spec.label}"

    def of(self, key: int) -> QuerySet[Any]:
        """The living records whose field names this one."""
        return self.living().filter(**{self.spec.value_path: key})

    def counts(self, keys: Sequence[int]) -> dict[int, int]:
        """How many living records name each of these."""
        path = self.spec.value_path
        rows = self.living().filter(**{f"{path}__in": list(keys)})
        return dict(rows.order_by().values_list(path).annotate(n=Count("pk")))

    def living(self) -> QuerySet[Any]:
        rows = every(self.type)
        return rows.filter(deleted_at=None) if self.type.recycles else rows

    def put(self, to: Mapping[int, Ref | None], *, by: Actor, changes: ChangeSet) -> int:
        """Writes into one chunk of records whom they name from now on, inside the caller's transaction."""
        values = {key: {self.field: one} for key, one in to.items()}
        return update_chunk(self.type, values, by=by, changeset=changes, parsed=True) if values else 0


def namings(kind: str) -> list[Naming]:
    """Every own field of the kind, `user` or `department`."""
    return [
        Naming(one.key, spec.key)
        for one in all_types()
        for spec in one.fields.values()
        if spec.own is not None and spec.type.key == kind
    ]


def defaults_naming(kind: str, key: int) -> list[Naming]:
    """The own fields whose default is this one: new records get it no more once it is gone."""
    return [one for one in namings(kind) if isinstance(one.spec.default, Ref) and one.spec.default.id == key]


def title_of(key: str) -> str:
    """The words for "object" or "object.field"; the key itself where that is gone by now."""
    type_key, _dot, field = key.partition(".")
    try:
        object_type = get(type_key)
        return f"{object_type.label} · {object_type.field(field).label}" if field else str(object_type.label)
    except (UnknownObject, UnknownField):
        return key
