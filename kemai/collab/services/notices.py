"""Notices: what the system tells one person, once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext

from kemai.collab.models import Notice


def notify(
    user: Any,
    key: str | None,
    title: str,
    url: str = "",
    *,
    values: Mapping[str, object] | None = None,
    text: str = "",
    level: str = "info",
) -> bool:
    """Tell a person (a row or an id) something; False if this `key` has told him before, or he has left.

    `title` is a msgid with named places for `values`; it is kept in the person's own language."""
    person = user if hasattr(user, "language") else get_user_model()._default_manager.filter(pk=user).first()
    if person is None or not person.is_active:
        return False
    if key is not None and Notice.objects.filter(key=key).exists():
        return False
    with translation.override(person.language):
        said = gettext(title) % (values or {})
    notice = Notice(
        user_id=person.pk, key=key, title=said[:200], url=url[:300], text=text, level=level, at=timezone.now()
    )
    Notice.objects.bulk_create([notice], ignore_conflicts=True)
    return True


def unread(user_id: int) -> int:
    return Notice.objects.filter(user=user_id, read_at=None).count()


def latest(user_id: int, *, before: int | None = None, limit: int = 50) -> QuerySet[Notice]:
    """The newest first; `before` is the id that the page before ended with."""
    found = Notice.objects.filter(user=user_id)
    if before is not None:
        found = found.filter(pk__lt=before)
    return found.order_by("-pk")[:limit]


def mark_read(user_id: int, ids: Collection[int] | None = None) -> int:
    """Mark these notices of the person as read, or all; returns how many were not."""
    mine = Notice.objects.filter(user=user_id, read_at=None)
    if ids is not None:
        mine = mine.filter(pk__in=ids)
    return mine.update(read_at=timezone.now())


def forget_read(before: datetime) -> int:
    """Remove the notices that were read before this moment; returns how many."""
    removed, _models = Notice.objects.filter(read_at__lt=before).delete()
    return removed
