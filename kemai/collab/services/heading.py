"""What stands beside a record's title: whether one follows it, and who else is looking at it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kemai.collab.services.follows import follows
from kemai.platform.access import Actor
from kemai.platform.objects import ObjectType


def panel(actor: Actor, row: Mapping[str, Any], *, object_type: ObjectType) -> Mapping[str, Any] | None:
    if actor.user_id is None:
        return None
    owner = row.get("owner")
    key = row["id"]
    return {
        "type_key": object_type.key,
        "pk": key,
        "follows": follows((object_type.key, key), actor, owner.id if owner else None),
    }
