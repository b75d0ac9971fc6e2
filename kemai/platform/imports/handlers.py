"""An import that is taken back, or redone, on the page of changes shows so on its own page."""

from __future__ import annotations

from kemai.platform.events import on
from kemai.platform.models import ImportRun, OutboxEvent


@on("change.undone", name="imports.undone")
def follow(event: OutboxEvent) -> None:
    payload = event.payload
    original = payload.get("changeset")
    if payload.get("redo"):
        # the redone set is the undo's: the run is found through what that undid
        runs = ImportRun.objects.filter(changeset__undone_by=original, state="undone")
        runs.update(state="done")
    else:
        ImportRun.objects.filter(changeset=original).exclude(state="undone").update(state="undone")
