"""What an actor may do with one record, and which deleted ones they may bring back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet

from kemai.platform.access.actor import Actor
from kemai.platform.access.grants import verb_scope
from kemai.platform.access.scope import as_type, reach_q, scope
from kemai.platform.models import Alias
from kemai.platform.objects import ObjectType


def abilities(actor: Actor, object_type: ObjectType | str, key: int, verbs: Iterable[str]) -> frozenset[str]:
    """Which of the verbs the actor may use on a record that they see. At most one question for each different reach."""
    object_type = as_type(object_type)
    by_reach: dict[str, list[str]] = {}
    for verb in verbs:
        by_reach.setdefault(verb_scope(actor, object_type, verb), []).append(verb)
    by_reach.pop("none", None)
    found = list(by_reach.pop("all", ()))
    for same in by_reach.values():
        if scope(actor, object_type, same[0]).filter(pk=key).exists():
            found += same
    return frozenset(found)


def binned(actor: Actor, object_type: ObjectType | str) -> QuerySet[Any]:
    """The deleted records of a type that the actor may restore: those they could have deleted."""
    object_type = as_type(object_type)
    records = object_type.records()
    reach = verb_scope(actor, object_type, "delete")
    if not object_type.recycles or reach == "none":
        return records.none()
    seen = reach_q(actor, object_type, verb_scope(actor, object_type, "view"))
    merged = Alias.objects.filter(type_key=object_type.key).values(
        "old_id"
    )  # these come back by parting them
    records = records.exclude(deleted_at=None).exclude(pk__in=merged)
    return records.filter(reach_q(actor, object_type, reach) & seen)


def people(text: str, limit: int = 30) -> list[tuple[int, str, str]]:
    """Working members of staff by part of their name: (id, name, department). Staff may be named by anybody."""
    found = get_user_model()._default_manager.filter(is_active=True)
    if text:
        found = found.filter(Q(name__icontains=text) | Q(username__icontains=text))
    rows = found.order_by("name", "pk").values_list("pk", "name", "username", "department__name")[:limit]
    return [(key, name or username, department or "") for key, name, username, department in rows]
