"""The company's choices about working together: rows of `Setting`, with what counts until somebody has chosen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.cache import cache

from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.models import Setting

DEFAULTS: Mapping[str, Any] = {
    "comment_verb": "view",
    "escalate_days": 3,
    "mail": {},
}
"""comment_verb: who may comment on a record, those who may "view" or only those who may "edit" it; escalate_days: after
so many days the manager hears of an overdue task (0: never); mail: the mail server (see services/mail.py)."""
SECONDS = 5


def option(name: str) -> Any:
    key = f"collab.{name}"
    found = cache.get(key)
    if found is None:
        stored = Setting.objects.filter(key=key).values_list("value", flat=True).first()
        found = [DEFAULTS[name] if stored is None else stored]
        cache.set(key, found, SECONDS)
    return found[0]


def set_option(name: str, value: Any, *, by: Actor) -> None:
    """Raises access.Denied for those who do not manage the settings."""
    if not (by.is_admin or by.is_system):
        raise access.Denied
    if name not in DEFAULTS:
        raise KeyError(name)
    Setting.objects.update_or_create(key=f"collab.{name}", defaults={"value": value})
    cache.delete(f"collab.{name}")
