"""Of which types doubles are looked for, and how their records are read for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.db.models import Q

from kemai.analytics.matching.fields import COMPANY_SHAPE, PERSON_SHAPE, Shape
from kemai.customers.models import Contact, Customer, Identifier
from kemai.customers.services import party_rows, record_rows
from kemai.kit.parties import Party
from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.define import doubles
from kemai.platform.objects import ObjectType, all_types, get

CUSTOMER = "customer"
Levels = Mapping[str, Sequence[Any]]


@dataclass(frozen=True)
class Source:
    """The records of a type. `shapes` are compared each for itself; `kept` and `taken` turn how two agree into what is
    stored of it, and back."""

    type: ObjectType
    shapes: tuple[Shape, ...]
    spans: Callable[[], Iterator[Q]]
    read: Callable[[Q], list[tuple[int, Party]]]
    changed: Callable[[datetime], set[int]]
    kept: Callable[[Levels], Levels] = dict
    taken: Callable[[Levels], Levels] = dict
    mark: str = ""
    """Which fields are compared: where that is another than the last time, everything is looked at anew."""

    @property
    def file(self) -> str:
        return "duplicates.duckdb" if self.type.key == CUSTOMER else f"duplicates-{self.type.key}.duckdb"

    @property
    def plain(self) -> int:
        return self.shapes[0].plain

    def kind(self, shape: Shape) -> str:
        """Of customers, whether they are persons or companies."""
        return shape.key if self.type.key == CUSTOMER else ""


def source_of(type_key: str) -> Source:
    """Raises UnknownObject, and NotVisible for a type whose doubles nobody wants to know."""
    object_type = get(type_key)
    if type_key == CUSTOMER:
        return Source(
            object_type, (COMPANY_SHAPE, PERSON_SHAPE), party_rows.spans, party_rows.read, customers_changed
        )
    if not is_searched(object_type):
        raise access.NotVisible
    return Source(
        object_type,
        (record_rows.shape_of(object_type),),
        partial(record_rows.spans, object_type),
        partial(record_rows.read, object_type),
        partial(record_rows.changed_since, object_type),
        partial(record_rows.labelled, object_type),
        partial(record_rows.columned, object_type),
        mark=repr(sorted(object_type.compared.items())),
    )


def is_searched(object_type: ObjectType) -> bool:
    return object_type.key == CUSTOMER or bool(doubles.offered(object_type) and object_type.compared)


def searched() -> list[ObjectType]:
    """Every type whose doubles are looked for, customers first."""
    return sorted((one for one in all_types() if is_searched(one)), key=lambda one: one.key != CUSTOMER)


def mine(actor: Actor) -> list[ObjectType]:
    """Those of which somebody may change records."""
    return [one for one in searched() if access.may(actor, one, "edit")]


def customers_changed(moment: datetime) -> set[int]:
    """Customers that were changed, deleted or restored, and those whose contacts or identifiers were."""
    found = set(Customer.objects.filter(updated_at__gte=moment).values_list("pk", flat=True))
    for model in (Contact, Identifier):
        changed = model._default_manager.filter(updated_at__gte=moment)
        found |= set(changed.values_list("customer_id", flat=True))
    return found
