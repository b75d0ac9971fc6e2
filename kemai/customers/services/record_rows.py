"""Records of any type in their comparable form, by the fields of which somebody said that they tell doubles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Max, Min, Q

from kemai.analytics.matching import records as shapes
from kemai.analytics.matching.fields import Shape
from kemai.kit import names
from kemai.kit.parties import Party, make_record
from kemai.kit.simplified import simplify
from kemai.platform.define.doubles import NAMES
from kemai.platform.fields import FieldSpec, Ref
from kemai.platform.objects import ObjectType

SPAN = 10_000


def plain_fields(object_type: ObjectType) -> list[FieldSpec]:
    """The fields whose values are the same or not, in the order of their columns x0, x1, …"""
    return [object_type.fields[key] for key, role in object_type.compared.items() if role == "same"]


def shape_of(object_type: ObjectType) -> Shape:
    refers = [bool(spec.ref) for spec in plain_fields(object_type)]
    return shapes.shape(object_type.key, set(object_type.compared.values()), refers)


def spans(object_type: ObjectType) -> Iterator[Q]:
    """Conditions that cut all records of a type into spans."""
    ends = object_type.records().aggregate(first=Min("pk"), last=Max("pk"))
    first, last = ends["first"] or 0, ends["last"] or -1
    while first <= last:
        yield Q(pk__gte=first, pk__lt=first + SPAN)
        first += SPAN


def read(object_type: ObjectType, condition: Q) -> list[tuple[int, Party]]:
    """The living records among those of a condition."""
    told = object_type.compared
    paths = [object_type.fields[key].path for key in told]
    rows = object_type.records().filter(condition, deleted_at=None).order_by().values_list("pk", *paths)
    return [(row[0], party(object_type, dict(zip(told, row[1:], strict=True)))) for row in rows]


def changed_since(object_type: ObjectType, moment: datetime) -> set[int]:
    return set(object_type.records().filter(updated_at__gte=moment).values_list("pk", flat=True))


def party(object_type: ObjectType, values: Mapping[str, Any]) -> Party:
    told = object_type.compared

    def texts(role: str) -> list[str]:
        return [str(values[key]) for key, said in told.items() if said == role and values.get(key)]

    def text(role: str) -> str:
        return next(iter(texts(role)), "")

    called = next((role for role in NAMES if role in told.values()), "thing")
    return make_record(
        name=text(called), called=called, phones=texts("phone"), emails=texts("email"), code=text("code").upper(),
        region=text("region"), address=text("address"),
        plain=[plain(values.get(key)) for key, role in told.items() if role == "same"],
    )  # fmt: skip


def plain(value: Any) -> str:
    """A value as a text that is equal where people would call the values equal."""
    if value is None or value == "":
        return ""
    if isinstance(value, Ref):
        return str(value.id)
    if isinstance(value, str):
        return names.match_key(simplify(value))
    if isinstance(value, Decimal | float):
        return format(Decimal(str(value)).normalize(), "f")
    return str(value)


def labelled(object_type: ObjectType, levels: Mapping[str, Sequence[Any]]) -> dict[str, Sequence[Any]]:
    """{"x0": …} as {"f:serial": …}: what is kept outlives a change of which fields are compared."""
    keys = {f"x{place}": f"f:{spec.key}" for place, spec in enumerate(plain_fields(object_type))}
    return {keys.get(name, name): value for name, value in levels.items()}


def columned(object_type: ObjectType, levels: Mapping[str, Sequence[Any]]) -> dict[str, Sequence[Any]]:
    """The reverse, as far as the fields are compared still."""
    keys = {f"f:{spec.key}": f"x{place}" for place, spec in enumerate(plain_fields(object_type))}
    return {keys.get(name, name): value for name, value in levels.items()}
