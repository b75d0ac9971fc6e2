"""The records of a list: what the actor may see, a condition lets through and a search finds."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from kemai.platform import access, query
from kemai.platform.access import Actor
from kemai.platform.objects import ObjectType
from kemai.platform.search.hits import hidden_kinds
from kemai.platform.search.lookup import match_condition


def matching(actor: Actor, object_type: ObjectType, where: Any = None, text: str = "") -> QuerySet[Any]:
    """All of them, in no order. `where` is a condition tree. Raises QueryError."""
    node = access.condition(actor, object_type, where)
    records = access.scope(actor, object_type).filter(query.compile_q(node, object_type))
    if not text or not object_type.search:
        return records
    hidden = hidden_kinds(actor, object_type)
    return records.filter(pk__in=match_condition(object_type.key, text, hidden=hidden))
