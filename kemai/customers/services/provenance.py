"""Where a customer's values come from, read out of the history, and which of them a machine may not overwrite
(docs/adr/054)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from kemai.customers.models import Customer, CustomerFacts
from kemai.customers.rules import Written, verified_since
from kemai.customers.services import conflicts
from kemai.platform import audit
from kemai.platform.access import Actor
from kemai.platform.models import Change, ChangeSet
from kemai.platform.objects import get

TRACED = (
    "name", "phone", "email", "wecom_id", "credit_code", "region", "address", "website", "industry", "gender",
    "birthday",
)  # fmt: skip
"""What more than one channel brings, and somebody can make sure of."""
OUTSIDE = frozenset({"import", "api", "mcp"})
"""The doors through which others' data come. Our own rules and analyses are not among them: a company wrote them to
act."""
HAND = "form"


class Kept(NamedTuple):
    """A value that was not taken over."""

    place: int
    customer: int
    field: str
    value: Any


class Spared:
    """What a write left as it was; `note` keeps it for a person to decide, once the write has been done."""

    def __init__(self, kept: Sequence[Kept], by: Actor) -> None:
        self.kept = kept
        self.by = by

    @property
    def places(self) -> frozenset[int]:
        return frozenset(one.place for one in self.kept)

    def note(self, changes: ChangeSet | None, places: Collection[int]) -> None:
        mine = set(places)
        found = [(one.customer, one.field, one.value) for one in self.kept if one.place in mine]
        conflicts.add(found, changes, by=self.by)


def spare(values: Sequence[dict[str, Any]], existing: Sequence[Any], by: Actor) -> Spared | None:
    """Takes out of the values what would overwrite something verified. Costs a look into an index where nothing is."""
    if by.source not in OUTSIDE:
        return None
    touched = [
        (place, old.pk, one, keys)
        for place, (one, old) in enumerate(zip(values, existing, strict=True))
        if old is not None and (keys := differing(one, old))
    ]
    verified = verified_among({pk for _place, pk, _one, _keys in touched})
    if not verified:
        return None
    written = writings(verified)
    fields = get("customer").fields
    kept = [
        Kept(place, pk, key, audit.plain(fields[key], one.pop(key)))
        for place, pk, one, keys in touched
        for key in keys
        if verified_since(verified.get(pk), written.get((pk, key))) is not None
    ]
    return Spared(kept, by) if kept else None


def differing(values: Mapping[str, Any], old: Customer) -> list[str]:
    """The traced fields that have a value and would get another."""
    return [key for key in TRACED if key in values and getattr(old, key) not in (None, "", values[key])]


def verified_among(keys: Iterable[int]) -> dict[int, Any]:
    """{customer: when it was verified}."""
    rows = CustomerFacts.objects.filter(verified_at__isnull=False)
    wanted = list(keys)
    if not wanted or not rows.exists():
        return {}
    return dict(rows.filter(pk__in=wanted).values_list("pk", "verified_at"))


def writings(verified: Mapping[int, Any]) -> dict[tuple[int, str], Written]:
    """{(customer, field): its last writing} of those written since their customer was verified."""
    rows = Change.objects.filter(
        type_key="customer", object_id__in=list(verified), changeset__at__gt=min(verified.values())
    )
    found: dict[tuple[int, str], Written] = {}
    columns = ("object_id", "diff", "changeset__at", "changeset__source")
    for pk, diff, at, source in rows.exclude(diff=None).order_by("pk").values_list(*columns):
        for key in diff:
            found[pk, key] = Written(at, source == HAND)
    return found
