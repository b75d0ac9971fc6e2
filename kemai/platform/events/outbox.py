"""Writing facts down."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils import timezone

from kemai.platform.models import ChangeSet, OutboxEvent
from kemai.platform.models.quick import add
from kemai.platform.objects.live import source_changed


def emit(
    name: str,
    type_key: str = "",
    object_id: int | None = None,
    changeset: ChangeSet | None = None,
    payload: Mapping[str, object] | None = None,
) -> OutboxEvent:
    """Note that something happened ("deal.won"), in the caller's transaction.

    For a mass change leave `object_id` out: one event stands for the whole change set."""
    source_changed(type_key)
    return add(
        OutboxEvent(
            name=name,
            type_key=type_key,
            object_id=object_id,
            changeset=changeset,
            payload=dict(payload or {}),
            created_at=timezone.now(),
        )
    )
