"""Telling open pages at once. A message is written with its cause; the live process (docs/adr/022) reads it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping

from django.utils import timezone

from kemai.collab.models import LiveMessage

KEPT = dt.timedelta(hours=1)


def tell(users: Iterable[int], kind: str, data: Mapping[str, object] | None = None) -> None:
    """`kind` is what the page listens to: "unread" (their number has changed), "notice" (a new one)."""
    now = timezone.now()
    rows = [LiveMessage(user_id=user, kind=kind, data=dict(data or {}), at=now) for user in set(users)]
    LiveMessage.objects.bulk_create(rows)


def forget() -> int:
    removed, _models = LiveMessage.objects.filter(at__lt=timezone.now() - KEPT).delete()
    return removed
