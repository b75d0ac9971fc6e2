"""What follows when something happened to a customer."""

from __future__ import annotations

from kemai.collab.models import Task
from kemai.customers.models import Interaction, Order
from kemai.customers.services import chain, conflicts, duplicates, hooks, match_keys, segments
from kemai.customers.services.contacts import follow_interactions, follow_tasks
from kemai.customers.services.interactions import follow_next
from kemai.customers.services.orders import follow_orders
from kemai.platform.backup import ledger
from kemai.platform.events import on
from kemai.platform.jobs import enqueue
from kemai.platform.models import OutboxEvent

REFRESH = "kemai.customers.jobs.refresh_segments"
OWNERS = {"order": Order, "interaction": Interaction}


@on("customer.*", name="customers.segments.customer")
def customer_changed(event: OutboxEvent) -> None:
    """One customer moves at once; after a mass change the segments are evaluated as a whole, in the background."""
    if event.object_id is None:
        refresh_soon()
    else:
        segments.refresh_customer(event.object_id)


@on("customer.bulk_*", name="customers.match_keys")
def names_changed(event: OutboxEvent) -> None:
    """The keys by which doubles are found follow a mass change a moment later."""
    fields = event.payload.get("fields")
    if "first" in event.payload and (fields is None or not hooks.MATCHED.isdisjoint(fields)):
        match_keys.follow(event.payload["first"], event.payload["last"])


@on("*.merged", name="customers.duplicates.merged")
def merged(event: OutboxEvent) -> None:
    """The pairs of merged records are decided, wherever they were merged."""
    if event.object_id is not None and event.changeset is not None:
        gone = event.payload["gone"]
        duplicates.follow_merge(
            event.type_key, event.object_id, gone, event.changeset.pk, event.changeset.actor_id
        )


@on("*.parted", name="customers.duplicates.parted")
def parted(event: OutboxEvent) -> None:
    if event.object_id is not None:
        duplicates.follow_part(event.type_key, event.object_id, event.payload["gone"])


@on("customer.facts_changed", name="customers.chain.figures")
def figures_changed(event: OutboxEvent) -> None:
    """The chain sheet's figures are worked out once a run, in the background."""
    enqueue(chain.KEEP, key=chain.KEPT, again=True)


@on("change.undone", name="customers.conflicts")
def taken_back(event: OutboxEvent) -> None:
    """What an import brought waits for a decision only while the import stands."""
    conflicts.follow_undo(event.payload["changeset"])


@on("order.*", name="customers.segments.order")
@on("interaction.*", name="customers.segments.interaction")
def touched(event: OutboxEvent) -> None:
    if event.object_id is None:
        if event.type_key == "interaction" and "first" in event.payload:
            follow_interactions(event.payload["first"], event.payload["last"])
        if event.type_key == "order" and "first" in event.payload:
            follow_orders(event.payload["first"], event.payload["last"])
        refresh_soon()
        return
    record = OWNERS[event.type_key]._default_manager.filter(pk=event.object_id).first()
    if isinstance(record, Order | Interaction):
        segments.refresh_customer(record.customer_id)


@on("task.*", name="customers.next_contact")
def task_changed(event: OutboxEvent) -> None:
    """The next contact follows every change of a task about a customer."""
    if event.object_id is None:
        if "first" in event.payload:
            follow_tasks(event.payload["first"], event.payload["last"])
        return
    about = (
        Task.objects.filter(pk=event.object_id, type_key="customer")
        .values_list("object_id", flat=True)
        .first()
    )
    if about is not None:
        follow_next(about)


def refresh_soon() -> None:
    """At most one such job waits at a time."""
    enqueue(REFRESH, key="customers.segments", again=True)


@on("customer.erased", name="customers.ledger")
def erased(event: OutboxEvent) -> None:
    """Beside the backups, so that a restore of an older one does not bring the person back."""
    ledger.note(event.name, {"id": event.object_id, **event.payload})
