"""The one read door: which records an actor may see, edit, export …"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from kemai.platform.access.actor import Actor
from kemai.platform.access.grants import root_type, verb_scope
from kemai.platform.fields import FieldSpec
from kemai.platform.objects import ObjectType, get


class Denied(Exception):
    """The actor may see the record but not do this with it, or may not use the object at all. Answered with 403."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or _("您没有权限执行此操作，请联系管理员"))
        self.message = str(self)


class NotVisible(LookupError):
    """No such record for this actor: it may not exist or may not be theirs; both are answered with the same 404."""


def as_type(object_type: ObjectType | str) -> ObjectType:
    return get(object_type) if isinstance(object_type, str) else object_type


def scope(actor: Actor, object_type: ObjectType | str, verb: str = "view") -> QuerySet[Any]:
    """The records of a type on which the actor may `verb`. The only source of querysets for people's eyes."""
    object_type = as_type(object_type)
    records = object_type.records()
    if object_type.recycles:
        records = records.filter(deleted_at=None)
    reach = verb_scope(actor, object_type, verb)
    if reach == "none":
        return records.none()
    condition = reach_q(actor, object_type, reach)
    if verb != "view" and not actor.is_system:
        condition &= reach_q(actor, object_type, verb_scope(actor, object_type, "view"))
    return records.filter(condition)


def reach_q(actor: Actor, object_type: ObjectType, reach: str) -> Q:
    """The condition on the owner (of the record, or of the one it belongs to)."""
    if reach == "all":
        return Q()
    if reach == "none":
        return Q(pk__in=[])
    root = root_type(object_type)
    if not root.has_owner:
        return Q()
    if root is not object_type and any(one.own for one in lineage(object_type)):
        return parent_q(actor, object_type, reach)
    prefix = "" if root is object_type else parent_path(object_type)
    if reach == "own":
        return Q(**{f"{prefix}owner": actor.user_id})
    people = get_user_model()._default_manager.all()
    if reach == "team" or not actor.department_path:
        people = people.filter(department=actor.department_id) if actor.department_id else people.none()
    else:
        people = people.filter(department__path__startswith=actor.department_path)
    return Q(**{f"{prefix}owner": actor.user_id}) | Q(**{f"{prefix}owner__in": people.values("pk")})


def lineage(object_type: ObjectType) -> Iterator[FieldSpec]:
    """The references that lead up to the record whose owner decides."""
    while object_type.parent:
        spec = object_type.fields[object_type.parent]
        yield spec
        object_type = get(spec.ref)


def parent_q(actor: Actor, object_type: ObjectType, reach: str) -> Q:
    """By an own reference, which no join follows: the keys of the parents within reach."""
    spec = object_type.fields[object_type.parent]
    above = get(spec.ref)
    inside = reach_q(actor, above, reach)
    return Q(**{f"{spec.value_path}__in": above.records().filter(inside).values("pk")}) if inside else Q()


def parent_path(object_type: ObjectType) -> str:
    path = ""
    while object_type.parent:
        path += f"{object_type.parent}__"
        object_type = get(object_type.fields[object_type.parent].ref)
    return path


def may(actor: Actor, object_type: ObjectType | str, verb: str) -> bool:
    """May the actor do this with any record of the type at all?"""
    return verb_scope(actor, as_type(object_type), verb) != "none"


def require(actor: Actor, object_type: ObjectType | str, verb: str) -> None:
    """Raises Denied."""
    if not may(actor, object_type, verb):
        raise Denied


def one(actor: Actor, object_type: ObjectType | str, key: object, verb: str = "view") -> Any:
    """The record, for `verb`. Raises NotVisible where the actor may not even see it, Denied where only not this."""
    object_type = as_type(object_type)
    try:
        number = int(str(key))
    except ValueError:
        raise NotVisible from None
    if not 0 < number < 2**63:
        raise NotVisible
    found = scope(actor, object_type, verb).filter(pk=number).first()
    if found is not None:
        return found
    if verb != "view" and scope(actor, object_type).filter(pk=number).exists():
        raise Denied
    raise NotVisible
