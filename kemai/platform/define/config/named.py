"""Defaults that are somebody: a key means somebody else in another installation, so the file has the name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeGuard

from django.contrib.auth import get_user_model
from django.utils.translation import gettext as _

from kemai.platform.objects import get

NAMED = frozenset({"user", "department"})
MOST_STEPS = 20


def told(state: Mapping[str, Any]) -> dict[str, Any]:
    """A field's state as the file has it: {user: login name}, {department: [names from the top]}."""
    kind, default = state["kind"], state.get("default")
    key = default.get("id") if isinstance(default, Mapping) else default
    if kind not in NAMED or not isinstance(key, int):
        return dict(state)
    name = user_name(key) if kind == "user" else path_of(key)
    return {**state, "default": {kind: name} if name else None}


def meant(state: Mapping[str, Any]) -> dict[str, Any]:
    """The other way: with the key that the name has here; without a default where nobody is called so."""
    default, kind = state.get("default"), str(state.get("kind"))
    if not names(default, kind):
        return dict(state)
    return {**state, "default": key_of(kind, default)}


def names(default: Any, kind: str) -> TypeGuard[Mapping[str, Any]]:
    """Older files have the key itself."""
    return kind in NAMED and isinstance(default, Mapping) and kind in default


def problem(state: Mapping[str, Any]) -> str:
    default, kind = state.get("default"), str(state.get("kind"))
    if names(default, kind) and key_of(kind, default) is None:
        name = default.get(kind)
        shown = " / ".join(map(str, name)) if isinstance(name, list) else str(name)
        return _("默认值“%(name)s”在这里没有，请改默认值或先建立") % {"name": shown[:80]}
    return ""


def user_name(key: int) -> str:
    found = get_user_model()._default_manager.filter(pk=key).first()
    return found.get_username() if found is not None else ""


def path_of(key: int) -> list[str]:
    names: list[str] = []
    node = get("department").records().filter(pk=key).first()
    while node is not None and len(names) < MOST_STEPS:
        names.insert(0, node.name)
        node = node.parent
    return names


def key_of(kind: str, default: Mapping[str, Any]) -> int | None:
    name = default.get(kind)
    if kind == "user":
        people = get_user_model()._default_manager.filter(username=str(name))
        return people.values_list("pk", flat=True).first()
    key: int | None = None
    for one in name if isinstance(name, list) else [name]:
        rows = get("department").records().filter(name=str(one), parent=key, deleted_at=None)
        key = rows.values_list("pk", flat=True).first()
        if key is None:
            return None
    return key
