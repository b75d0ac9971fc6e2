"""Records that something is about: which there are, who may see them, and what they are called."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.contrib.auth import get_user_model

from kemai.platform import access
from kemai.platform.access import Actor, actor_for
from kemai.platform.objects import ObjectType, UnknownObject, get

About = tuple[str, int]
"""(object key, id) of a record."""


def known(type_key: str) -> ObjectType | None:
    try:
        return get(type_key)
    except UnknownObject:
        return None


def person(user: Any) -> Any:
    """The row of an active member of staff, out of a row or an id; None for anybody else."""
    if not hasattr(user, "language"):
        rows = get_user_model()._default_manager.filter(pk=user)
        user = rows.select_related("department").first()
    return user if user is not None and user.is_active else None


def sees(user: Any, about: About) -> bool:
    """May this person see the record now?"""
    object_type, member = known(about[0]), person(user)
    if object_type is None or member is None:
        return False
    return bool(access.scope(actor_for(member), object_type).filter(pk=about[1]).exists())


def visible(actor: Actor, wanted: Iterable[About]) -> set[About]:
    """Those of the records that the actor may see; one question a type."""
    by_type: dict[str, set[int]] = defaultdict(set)
    for type_key, key in wanted:
        by_type[type_key].add(key)
    found: set[About] = set()
    for type_key, keys in by_type.items():
        object_type = known(type_key)
        if object_type is not None:
            rows = access.scope(actor, object_type).filter(pk__in=keys).values_list("pk", flat=True)
            found |= {(type_key, key) for key in rows}
    return found


def title_for(actor: Actor, about: About) -> str:
    """What the record is called, as the actor may see it; '' where they may not."""
    object_type = known(about[0])
    if object_type is None:
        return ""
    if access.field_levels(actor, object_type).get(object_type.title, "edit") not in {"read", "edit"}:
        return f"#{about[1]}" if visible(actor, [about]) else ""
    record = access.scope(actor, object_type).filter(pk=about[1]).first()
    return "" if record is None else str(record) or f"#{about[1]}"
