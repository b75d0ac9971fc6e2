"""An import that is taken back, or redone, on the page of changes shows so on its own page."""

from __future__ import annotations

from kemai.platform.events import on
from kemai.platform.imports import services
from kemai.platform.models import ImportRun, OutboxEvent


@on("change.undone", name="imports.undone")
def follow(event: OutboxEvent) -> None:
    original = event.payload.get("changeset")
    if event.payload.get("redo"):
        # what was redone is an undo: the run is the one whose act that undid
        for run in ImportRun.objects.filter(changeset__undone_by=original, state="undone"):
            services.put(run, state="done")
    else:
        for run in ImportRun.objects.filter(changeset=original).exclude(state="undone"):
            services.put(run, state="undone")
