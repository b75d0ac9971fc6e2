"""What every act of definition leaves behind: who changed what from what to what, and a new version of everything.

A definition's "stamp" is the number of the last act on it: who saves says which stamp he saw, so that two
administrators cannot overwrite each other unseen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.platform.access import Actor, Denied
from kemai.platform.models import ConfigChange
from kemai.platform.objects import meta_changed
from kemai.platform.records import Conflict

State = dict[str, Any]
Clashes = dict[str, tuple[Any, Any]]


def require_admin(by: Actor) -> None:
    """Raises Denied for all who may not change the settings."""
    if not (by.is_admin or by.is_system) or by.read_only:
        raise Denied


def stamp(target: str) -> int:
    return ConfigChange.objects.filter(target=target).aggregate(last=Max("pk"))["last"] or 0


def last_change(target: str) -> ConfigChange | None:
    return ConfigChange.objects.filter(target=target).order_by("-pk").first()


def note(target: str, action: str, before: State | None, after: State | None, *, by: Actor) -> ConfigChange:
    """Writes the act down and makes every process read the definitions again. Inside the act's transaction."""
    change = ConfigChange.objects.create(
        target=target, action=action, before=before, after=after, by_id=by.user_id, by_name=by.name,
        at=timezone.now(),
    )  # fmt: skip
    meta_changed()
    return change


def merged(now: State, mine: State, base: Mapping[str, Any] | None) -> State:
    """What a save means: of the properties that this person touched (those that differ from what he saw, where that
    is known), the new values. Raises Conflict where somebody else has meanwhile given one of them another value."""
    if base is None:
        return {key: value for key, value in mine.items() if now.get(key) != value}
    touched = {key: value for key, value in mine.items() if key not in base or base[key] != value}
    clashes: Clashes = {
        key: (now.get(key), value)
        for key, value in touched.items()
        if key in base and now.get(key) != base[key] and now.get(key) != value
    }
    if clashes:
        raise Conflict(_("别人刚刚也修改了这里，请选择要保留的内容"), 0, clashes)
    return {key: value for key, value in touched.items() if now.get(key) != value}
