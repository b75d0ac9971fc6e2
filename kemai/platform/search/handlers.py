"""Mass changes reach the index a moment later, chunk by chunk; single writes have already been indexed."""

from __future__ import annotations

from kemai.platform.events import on
from kemai.platform.models import Change, OutboxEvent
from kemai.platform.objects import UnknownObject, get
from kemai.platform.search.records import reindex


@on("*.bulk_*", name="search.bulk")
def index_bulk(event: OutboxEvent) -> None:
    """The event's payload gives the span of keys of its chunk ({"first", "last"}) and, for updates, the fields."""
    first, last = event.payload.get("first"), event.payload.get("last")
    fields = event.payload.get("fields")
    try:
        object_type = get(event.type_key)
    except UnknownObject:
        return
    if first is None or last is None or (fields is not None and not set(fields) & set(object_type.searched)):
        return
    changed = Change.objects.filter(changeset=event.changeset_id, type_key=event.type_key)
    reindex(
        event.type_key, changed.filter(object_id__range=(first, last)).values_list("object_id", flat=True)
    )
