"""The one read door: which records an actor may see, edit, export …"""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from kemai.platform.access.actor import Actor
from kemai.platform.access.grants import verb_scope
from kemai.platform.access.reach import allowed_q
from kemai.platform.access.wording import why_not
from kemai.platform.objects import ObjectType, get


class Denied(Exception):
    """The actor may see the record but not do this with it, or may not use the object at all. Answered with 403."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or _("您没有权限执行此操作，请联系管理员"))
        self.message = str(self)


class TooMany(Exception):
    """The actor has done this as often as anybody may for now. Answered with 429."""

    def __init__(self, message: str, retry_after: int = 0) -> None:
        """`retry_after`: the seconds until it is worth trying again; 0 where that cannot be said."""
        super().__init__(message)
        self.message = message
        self.retry_after = retry_after


class NotVisible(LookupError):
    """No such record for this actor: it may not exist or may not be theirs; both are answered with the same 404."""


def as_type(object_type: ObjectType | str) -> ObjectType:
    return get(object_type) if isinstance(object_type, str) else object_type


def scope(
    actor: Actor, object_type: ObjectType | str, verb: str = "view", *, by_values: bool = False
) -> QuerySet[Any]:
    """The records of a type on which the actor may `verb`. The only source of querysets for people's eyes."""
    object_type = as_type(object_type)
    records = object_type.records()
    if verb_scope(actor, object_type, verb) == "none":
        return records.none()
    # in one step: a page asks for some twenty scopes, and each further step copies the query
    alive = Q(deleted_at=None) if object_type.recycles else Q()
    wanted = alive & allowed_q(actor, object_type, verb, by_values=by_values)
    return records.filter(wanted) if wanted else records


def may(actor: Actor, object_type: ObjectType | str, verb: str) -> bool:
    """May the actor do this with any record of the type at all?"""
    return verb_scope(actor, as_type(object_type), verb) != "none"


def require(actor: Actor, object_type: ObjectType | str, verb: str) -> None:
    """Raises Denied."""
    object_type = as_type(object_type)
    if not may(actor, object_type, verb):
        raise Denied(why_not(actor, object_type, verb, None))


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
        raise Denied(why_not(actor, object_type, verb, number))
    raise NotVisible
