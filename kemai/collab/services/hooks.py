"""What the write door asks of tasks."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from kemai.platform.access import Actor


def prepare_task(values: dict[str, Any], existing: Any, actor: Actor) -> None:
    """The moment of completion follows the state, whichever door changed that."""
    state = values.get("state")
    if state is None:
        return
    was_done = existing is not None and existing.state == "done"
    if state == "done" and not was_done:
        values["done_at"] = timezone.now()
    elif state != "done" and was_done:
        values["done_at"] = None
