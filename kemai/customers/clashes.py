"""The panel of a customer on which a person decides what imports and integrations brought against verified values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.urls import reverse

from kemai.customers.models import ValueConflict
from kemai.customers.services import conflicts, sources
from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.fields import FieldSpec
from kemai.platform.objects import get

Row = Mapping[str, Any]


class Clash(NamedTuple):
    """A value that was brought, beside the verified one; without addresses where the reader cannot decide."""

    label: str
    now: str
    brought: str
    origin: str
    take_url: str
    keep_url: str
    why_url: str


def clashes(actor: Actor, row: Row) -> Mapping[str, Any] | None:
    """What imports and integrations brought against verified values, for those who may decide."""
    if not row.get("conflicts"):
        return None
    customer = get("customer")
    levels = access.levels_on(actor, customer, row["id"])
    waiting = [one for one in conflicts.of(row["id"]) if levels.get(one.field, "hidden") != "hidden"]
    if not waiting or "edit" not in access.abilities(actor, "customer", row["id"], ("edit",)):
        return None
    found = [clash(one, customer.fields[one.field], row, levels[one.field]) for one in waiting]
    shut = [one.field for one in waiting if levels[one.field] != "edit"]
    return {
        "clashes": found,
        "verified_at": row.get("verified_at"),
        "deciders": conflicts.deciders(row["id"], shut) if shut else "",
    }


def clash(one: ValueConflict, spec: FieldSpec, row: Row, level: str) -> Clash:
    """Both values as the reader may see them. Whoever sees a field masked, or may only read it, has no right to write
    it, and taking a value is writing it."""
    decides, masked = level == "edit", level == "masked"
    now = row.get(one.field)
    return Clash(
        str(spec.label),
        (str(now) if masked else spec.type.text(now, spec)) or "—",
        str(spec.type.mask(spec.type.parse(one.value, spec))) if masked else sources.text_of(spec, one.value),
        sources.brought(one),
        reverse("conflict_take", args=[one.pk]) if decides else "",
        reverse("conflict_keep", args=[one.pk]) if decides else "",
        reverse("why", args=["customer", row["id"], one.field]) if decides else "",
    )
