"""The composer that every record has: comments. A type with a composer of its own says which tabs stand beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from kemai.collab.services import comments
from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.fields import Label
from kemai.platform.objects import ObjectType


class Tab(NamedTuple):
    """Something else that is written down about a record, with the address that its form is fetched from."""

    label: Label
    icon: str
    url: str


Tabs = Callable[[Actor, int], Sequence[Tab]]
_tabs: dict[str, Tabs] = {}


def register_tabs(type_key: str, tabs: Tabs) -> None:
    _tabs[type_key] = tabs


def comment(
    actor: Actor, object_type: ObjectType, pk: int, typed: Mapping[str, str], errors: Mapping[str, str]
) -> Mapping[str, Any] | None:
    """What the composer's template needs; None for those who may not comment."""
    if not comments.may_comment(actor, object_type, pk, seen=True):
        return None
    beside = _tabs.get(object_type.key)
    return {
        "type_key": object_type.key,
        "pk": pk,
        "tabs": beside(actor, pk) if beside is not None else (),
        "tasks": beside is None and object_type.key != "task" and access.may(actor, "task", "create"),
        "typed": typed,
        "errors": errors,
    }


def panel(actor: Actor, row: Mapping[str, Any], *, object_type: ObjectType) -> Mapping[str, Any] | None:
    return comment(actor, object_type, row["id"], {}, {})
