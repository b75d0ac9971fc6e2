"""What an actor may do with one record, and which deleted ones they may bring back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet

from kemai.platform.access import commons
from kemai.platform.access.actor import Actor
from kemai.platform.access.grants import verb_scope, version_of
from kemai.platform.access.levels import reveals_all
from kemai.platform.access.reach import allowed_q, signature
from kemai.platform.access.scope import as_type, scope
from kemai.platform.access.wording import role_name
from kemai.platform.models import Alias, Role
from kemai.platform.objects import ObjectType


def abilities(actor: Actor, object_type: ObjectType | str, key: int, verbs: Iterable[str]) -> frozenset[str]:
    """Which of the verbs the actor may use on a record that they see. At most one question for each different reach."""
    object_type = as_type(object_type)
    by_reach: dict[tuple[Any, ...], list[str]] = {}
    found: list[str] = []
    for verb in verbs:
        reach = verb_scope(actor, object_type, verb)
        if reach == "all":
            found.append(verb)
        elif reach != "none":
            by_reach.setdefault(signature(actor, object_type, verb), []).append(verb)
    for same in by_reach.values():
        if scope(actor, object_type, same[0]).filter(pk=key).exists():
            found += same
    return frozenset(found)


def same_reach(actor: Actor, object_type: ObjectType | str, one: str, other: str) -> bool:
    """Do two verbs reach the same records?"""
    object_type = as_type(object_type)
    return signature(actor, object_type, one) == signature(actor, object_type, other)


def sight_key(actor: Actor, object_type: ObjectType | str) -> tuple[Any, ...]:
    """Equal for actors who see the same fields of a type at the same levels: what is worked out for one of them may be
    kept for all."""
    object_type = as_type(object_type)
    shut = tuple(sorted(commons.shut_at_large(actor, object_type).items()))
    reveals = reveals_all(actor, object_type)
    return (actor.role_ids, actor.is_system, actor.read_only, actor.types, version_of(actor), reveals, shut)


def binned(actor: Actor, object_type: ObjectType | str) -> QuerySet[Any]:
    """The deleted records of a type that the actor may restore: those they could have deleted."""
    object_type = as_type(object_type)
    records = object_type.records()
    if not object_type.recycles or verb_scope(actor, object_type, "delete") == "none":
        return records.none()
    merged = Alias.objects.filter(type_key=object_type.key).values(
        "old_id"
    )  # these come back by parting them
    records = records.exclude(deleted_at=None).exclude(pk__in=merged)
    return records.filter(allowed_q(actor, object_type, "delete"))


def people(text: str, limit: int = 30) -> list[tuple[int, str, str]]:
    """Working members of staff by part of their name: (id, name, department). Staff may be named by anybody."""
    found = get_user_model()._default_manager.filter(is_active=True)
    if text:
        found = found.filter(Q(name__icontains=text) | Q(username__icontains=text))
    rows = found.order_by("name", "pk").values_list("pk", "name", "username", "department__name")[:limit]
    return [(key, name or username, department or "") for key, name, username, department in rows]


def departments(text: str, limit: int = 30) -> list[tuple[int, str]]:
    """Departments by part of their name, in the order of the tree."""
    model: Any = get_user_model()._meta.get_field("department").related_model
    found = model._default_manager.filter(deleted_at=None)
    if text:
        found = found.filter(name__icontains=text)
    return list(found.order_by("path").values_list("pk", "name")[:limit])


def principal_name(text: str) -> str:
    """The name of "user:7", "department:3" or "role:2"; '' where there is none."""
    kind, _colon, number = text.partition(":")
    if not (number.isascii() and number.isdigit() and len(number) < 18):
        return ""
    if kind == "user":
        return str(get_user_model()._default_manager.filter(pk=int(number)).first() or "")
    if kind == "role":
        role = Role.objects.filter(pk=int(number)).first()
        return role_name(role) if role else ""
    model: Any = get_user_model()._meta.get_field("department").related_model
    return str(model._default_manager.filter(pk=int(number)).first() or "") if kind == "department" else ""
