"""Whose calendar a person may look at: those whose tasks they see, by the reach of their role or the reporting line."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q

from kemai.platform.access import Actor, verb_scope
from kemai.platform.objects import get

MOST = 300


def of(actor: Actor) -> list[tuple[int, str]]:
    """(id, name), oneself first."""
    people: Any = get_user_model()._default_manager.filter(is_active=True)
    reach = verb_scope(actor, get("task"), "view")
    mine = Q(pk=actor.user_id)
    if reach == "team":
        mine |= Q(department=actor.department_id) if actor.department_id else Q()
    elif reach == "below":
        path = actor.department_path
        mine |= Q(department__path__startswith=path) if path else Q()
    elif reach == "all":
        mine = Q()
    rows = people.filter(mine).order_by("name", "pk").values_list("pk", "name", "username")[:MOST]
    found = [(key, name or username) for key, name, username in rows]
    return sorted(found, key=lambda pair: pair[0] != actor.user_id)
