"""The tabs of a list: those that every type has, those its type declares, those that people have saved."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.models import SavedView
from kemai.platform.objects import ObjectType, UnknownField, get, meta_version
from kemai.platform.query import QueryError
from kemai.platform.records import saved_views
from kemai.platform.ui.lists.state import ListState, Saved, opening

FRESH_SECONDS = 600
"""How long views may be shown that a statement by hand has changed: whoever else changes some says so."""
_built: dict[tuple[object, ...], list[Saved]] = {}
_kept: dict[tuple[int, int | None, bool, str], tuple[float, list[SavedView]]] = {}


@dataclass(frozen=True)
class Pinned:
    """A saved view as the side bar shows it."""

    key: str
    label: str
    url: str


def built_in(actor: Actor, object_type: ObjectType) -> list[Saved]:
    """These cannot be broken: nobody owns them. Worked out once for everybody with the same rights and language."""
    person = actor.user_id is not None
    key = (object_type.key, access.sight_key(actor, object_type), person, meta_version(), get_language())
    if key not in _built:
        if len(_built) > 500:
            _built.clear()
        _built[key] = declared(actor, object_type)
    return _built[key]


def declared(actor: Actor, object_type: ObjectType) -> list[Saved]:
    """A list that asks for what the actor may not know is left out."""
    found = [Saved("all", _("全部"))]
    if object_type.has_owner and actor.user_id:
        found.append(Saved("mine", _("我负责的"), {"where": {"field": "owner", "op": "in", "value": ["me"]}}))
    if object_type.recycles and not object_type.small:
        newest = {
            "where": {"field": "created_at", "op": "last", "value": 30},
            "sort": newest_sort(object_type),
        }
        found.append(Saved("recent", _("最近创建"), newest))
    for view in object_type.views:
        state = {"where": view.where, "sort": view.sort, "columns": view.columns, "display": view.display}
        found.append(Saved(view.key, str(view.label), state))
    return [view for view in found if allowed(actor, object_type, view)]


def newest_sort(object_type: ObjectType) -> str:
    return "-created_at" if object_type.fields["created_at"].sortable else "-id"


def allowed(actor: Actor, object_type: ObjectType, view: Saved) -> bool:
    try:
        access.condition(actor, object_type, view.state.get("where"))
    except (QueryError, UnknownField):
        return False
    return True


def saved(actor: Actor, *, fresh: bool = False) -> list[SavedView]:
    """All the actor's saved views, of every type, until the version of rights moves: not one query a page."""
    if actor.user_id is None:
        return []
    slot = (actor.user_id, actor.department_id, actor.is_admin, actor.rights_version)
    kept = _kept.get(slot)
    if kept is not None and kept[0] > time.monotonic() and not fresh:
        return kept[1]
    if len(_kept) > 2000:
        _kept.clear()
    views = saved_views.views_for(actor)
    _kept[slot] = (time.monotonic() + FRESH_SECONDS, views)
    return views


def forget() -> None:
    _kept.clear()


def changed() -> None:
    """After somebody has saved, renamed, shared or deleted a view. The other processes look anew because the version
    of rights, which every request reads, has moved: a tab must not come and go with the process that answers."""
    forget()
    access.rights_changed()


def of_type(actor: Actor, object_type: ObjectType, *, fresh: bool = False) -> list[Saved]:
    stored = [view for view in saved(actor, fresh=fresh) if view.type_key == object_type.key]
    return [*built_in(actor, object_type), *map_saved(actor, stored)]


def map_saved(actor: Actor, stored: Iterable[SavedView]) -> list[Saved]:
    return [
        Saved(
            f"v{view.pk}",
            view.name,
            view.state,
            view.share,
            view.user_id == actor.user_id or (actor.is_admin and view.share == "all"),
            view.pk,
        )
        for view in stored
    ]


def find(actor: Actor, object_type: ObjectType, key: str) -> Saved:
    """The view of that key, of the address that names none; the first one where there is none (any more)."""
    key = key or opening(object_type.key)
    views = of_type(actor, object_type)
    named = next((view for view in views if view.key == key), None)
    if named is None and key.startswith("v") and key[1:].isdigit():
        views = of_type(actor, object_type, fresh=True)
        named = next((view for view in views if view.key == key), None)
    return named or views[0]


def pinned(actor: Actor, type_key: str) -> list[Pinned]:
    """The saved views that stand under their type in the side bar."""
    object_type = get(type_key)
    path = reverse("list", args=(type_key,))
    views = [view for view in of_type(actor, object_type) if view.pk is not None]
    return [Pinned(view.key, view.label, f"{path}?view={view.key}") for view in views[:12]]


def tabs(actor: Actor, object_type: ObjectType, state: ListState) -> list[dict[str, object]]:
    path = state.path
    return [
        {
            "label": view.label,
            "url": path if view.key == opening(object_type.key) else f"{path}?view={view.key}",
            "active": view.key == state.view.key,
            "icon": {"team": "users", "all": "world"}.get(view.share, ""),
            "pk": view.pk,
            "owned": view.owned,
        }
        for view in of_type(actor, object_type)
    ]
