"""For how many days things can be taken back or stay in the bin: business settings with their defaults."""

from __future__ import annotations

from collections.abc import Mapping

from django.core.cache import cache
from django.db import transaction
from django.utils.translation import gettext as _

from kemai.platform import access, audit
from kemai.platform.access import Actor
from kemai.platform.models import Setting
from kemai.platform.records.errors import FieldErrors

DEFAULTS = {"undo_days": 30, "bin_days": 30, "audit_days": 400}
BOUNDS = {"undo_days": (1, 365), "bin_days": (1, 365), "audit_days": (183, 3650)}
CACHE = "limits"


def days(key: str) -> int:
    found = cache.get(CACHE)
    if found is None:
        rows = Setting.objects.filter(key__in=[f"limits.{name}" for name in DEFAULTS])
        found = {name.removeprefix("limits."): value for name, value in rows.values_list("key", "value")}
        cache.set(CACHE, found, 5)
    return int(found.get(key, DEFAULTS[key]))


def save_days(wanted: Mapping[str, str], *, by: Actor) -> None:
    """Raises access.Denied, FieldErrors."""
    if not (by.is_admin or by.is_system):
        raise access.Denied
    clean = {key: checked(key, wanted[key]) for key in DEFAULTS if key in wanted}
    errors = {key: value for key, value in clean.items() if isinstance(value, str)}
    if errors:
        raise FieldErrors(errors)
    with transaction.atomic():
        old = {key: days(key) for key in clean}
        diff = {key: [old[key], new] for key, new in clean.items() if old[key] != new}
        for key in diff:
            Setting.objects.update_or_create(key=f"limits.{key}", defaults={"value": clean[key]})
        if diff:
            audit.note("setting", "setting", by=by, diff=diff)
    cache.delete(CACHE)


def checked(key: str, text: str) -> int | str:
    """The number, or what is wrong with it."""
    low, high = BOUNDS[key]
    bare = text.strip()
    if not (bare.isascii() and bare.isdigit() and len(bare) < 6 and low <= int(bare) <= high):
        return _("请填写 %(low)s 到 %(high)s 之间的整数") % {"low": low, "high": high}
    return int(bare)
