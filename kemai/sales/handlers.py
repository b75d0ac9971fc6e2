"""What follows when deals change in numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kemai.collab.models import Task
from kemai.customers import at_work
from kemai.customers.models import Interaction, Order, Product
from kemai.platform.events import on
from kemai.platform.models import Change, OutboxEvent
from kemai.sales.models import Contract, Deal, FollowUp, Quote, ReceiptPlan, Visit
from kemai.sales.services import deals, margins
from kemai.sales.services.books import settle, settle_range
from kemai.sales.services.course import note_many
from kemai.sales.services.pools import keeping, routing
from kemai.sales.services.pools.kinds import KINDS, Kind


@on("deal.bulk_created", name="sales.stages.created")
@on("deal.bulk_updated", name="sales.stages.updated")
def deals_changed(event: OutboxEvent) -> None:
    """Imports, bulk edits and undos move deals as well: their way is noted from the stages they stand in."""
    if "first" in event.payload:
        note_many(int(event.payload["first"]), int(event.payload["last"]))


@on("interaction.created", name="sales.deals.touched")
@on("interaction.bulk_created", name="sales.deals.touched_many")
def followed(event: OutboxEvent) -> None:
    """A touch with a customer is a touch with the deals that are open with them."""
    deals.followed(keys_of(event, Interaction, "customer"))


TOUCHES: dict[str, tuple[Any, str, str]] = {
    "interaction": (Interaction, "customer", "customer"),
    "deal": (Deal, "customer", "customer"),
    "contract": (Contract, "customer", "customer"),
    "order": (Order, "customer", "customer"),
    "lead_follow_up": (FollowUp, "lead", "lead"),
}
"""Types whose records put a return off: (model, kind of record that they are about, its column)."""


WORK: dict[str, Any] = {"visit": Visit, "quote": Quote}
"""Types whose records say that somebody is at work for a customer."""


@on("interaction.*", name="sales.pools.interaction")
@on("deal.*", name="sales.pools.deal")
@on("contract.*", name="sales.pools.contract")
@on("order.*", name="sales.pools.order")
@on("lead_follow_up.*", name="sales.pools.lead_follow_up")
def touched(event: OutboxEvent) -> None:
    """The days that count for a return follow what happens with the record."""
    model, kind, column = TOUCHES[event.type_key]
    keeping.touched(kind, keys_of(event, model, column))


@on("visit.*", name="sales.pools.visit")
@on("quote.*", name="sales.pools.quote")
def work_changed(event: OutboxEvent) -> None:
    """A visit that is planned, a quote before its approver: somebody is at work."""
    at_work.changed("customer", keys_of(event, WORK[event.type_key], "customer"))


@on("task.*", name="sales.pools.task")
def task_changed(event: OutboxEvent) -> None:
    rows = Task.objects.filter(pk__in=keys_of(event, Task, "pk"))
    for kind in KINDS:
        keys = list(rows.filter(type_key=kind).values_list("object_id", flat=True).distinct())
        at_work.changed(kind, [key for key in keys if key is not None])


@on("customer.*", name="sales.pools.customer")
@on("lead.*", name="sales.pools.lead")
def changed(event: OutboxEvent) -> None:
    """New records without an owner find a place; a rule's condition may speak of what was changed."""
    kind = KINDS.get(event.type_key)
    if kind is None or event.name.endswith(("facts_changed", ".merged")):
        return
    new = event.name.endswith(("created", "restored"))
    if not new and event.payload.get("fields") == ["owner"]:
        return  # the clock has followed in the very transaction: keeping.follow_owners
    keys = keys_of(event, kind.type.model, "pk")
    if new:
        newcomers(kind, keys)
    keeping.refresh_due(kind, keys)


def newcomers(kind: Kind, keys: Sequence[int]) -> None:
    if kind.key == "lead":
        routing.welcome(keys)
    else:
        keeping.place_new(kind, kind.type.records().filter(pk__in=keys))


def keys_of(event: OutboxEvent, model: Any, column: str) -> list[int]:
    """The records that an event is about, one or a span of them."""
    rows = model._default_manager.order_by()
    if event.object_id is not None:
        rows = rows.filter(pk=event.object_id)
    elif "first" in event.payload:
        span = (event.payload["first"], event.payload["last"])
        rows = rows.filter(pk__range=span)
        if event.name.endswith(
            "bulk_updated"
        ):  # their keys may lie far apart, with everybody else's between them
            mine = Change.objects.filter(changeset=event.changeset_id, type_key=event.type_key)
            rows = rows.filter(pk__in=mine.filter(object_id__range=span).values("object_id"))
    else:
        return []
    return list(rows.values_list(column, flat=True).distinct())


@on("receipt_plan.restored", name="sales.books.receipt_plan_restored")
def plan_back(event: OutboxEvent) -> None:
    """The contract may have ended, or been paid, while the plan lay in the bin."""
    settle(keys_of(event, ReceiptPlan, "contract"))


@on("product.*", name="sales.margins.product")
def costs_known(event: OutboxEvent) -> None:
    """A cost that is told later counts for what was sold before it was."""
    margins.fill(keys_of(event, Product, "pk"))


@on("receipt.bulk_*", name="sales.books.receipt")
@on("receipt_plan.bulk_*", name="sales.books.receipt_plan")
@on("invoice.bulk_*", name="sales.books.invoice")
def money_changed(event: OutboxEvent) -> None:
    """Imports, bulk edits and undos: the contracts' sums follow."""
    if "first" in event.payload:
        settle_range(event.type_key, int(event.payload["first"]), int(event.payload["last"]))
