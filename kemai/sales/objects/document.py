"""What quotes and contracts have in common: they go through states by steps, have lines with their sums, and are put
before somebody for approval."""

from __future__ import annotations

from typing import Any

from kemai.platform.fields import Label
from kemai.platform.objects import ObjectType, View, register

STEPS: dict[str, Any] = {
    "nav": "sales", "badges": ("state",), "board": "state", "sort": "-created_at", "timeline": True, "tags": True,
    "unique": ("number",),
}  # fmt: skip


def document(**own: Any) -> ObjectType:
    """Registers the type with what is its own."""
    return register(ObjectType(**STEPS, **own))


def in_state(key: str, label: Label, *states: str, sort: str = "-created_at") -> View:
    """A view of the documents in some states."""
    return View(key, label, {"field": "state", "op": "in", "value": list(states)}, sort)
