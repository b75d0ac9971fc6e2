"""What follows when something happened to a customer."""

from __future__ import annotations

from kemai.customers.models import Interaction, Order
from kemai.customers.services import segments
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


@on("order.*", name="customers.segments.order")
@on("interaction.*", name="customers.segments.interaction")
def touched(event: OutboxEvent) -> None:
    if event.object_id is None:
        refresh_soon()
        return
    record = OWNERS[event.type_key]._default_manager.filter(pk=event.object_id).first()
    if isinstance(record, Order | Interaction):
        segments.refresh_customer(record.customer_id)


def refresh_soon() -> None:
    """At most one such job waits at a time."""
    enqueue(REFRESH, key="customers.segments", again=True)
