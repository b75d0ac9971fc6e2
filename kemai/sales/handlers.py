"""What follows when deals change in numbers."""

from __future__ import annotations

from kemai.platform.events import on
from kemai.platform.models import OutboxEvent
from kemai.sales.services.course import note_many


@on("deal.bulk_created", name="sales.stages.created")
@on("deal.bulk_updated", name="sales.stages.updated")
def deals_changed(event: OutboxEvent) -> None:
    """Imports, bulk edits and undos move deals as well: their way is noted from the stages they stand in."""
    if "first" in event.payload:
        note_many(int(event.payload["first"]), int(event.payload["last"]))
