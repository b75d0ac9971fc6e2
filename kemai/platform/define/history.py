"""Everything that was ever defined: who changed what, from what to what, and the way back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from kemai.platform.access import Actor, NotVisible
from kemai.platform.define import doubles, fields, layouts, objects
from kemai.platform.define.changes import require_admin
from kemai.platform.models import ConfigChange
from kemai.platform.records import Refused


class Difference(NamedTuple):
    """One property that an act changed."""

    name: str
    old: Any
    new: Any


def all_changes(target: str = "") -> QuerySet[ConfigChange]:
    rows = ConfigChange.objects.select_related("by").order_by("-pk")
    return rows.filter(target__startswith=target) if target else rows


def of_object(type_key: str, most: int = 200) -> list[ConfigChange]:
    """What was done to an object, its fields and its layouts."""
    own = Q(target__in=[f"{kind}/{type_key}" for kind in ("object", "order", "unique", "doubles")])
    parts = Q(target__startswith=f"field/{type_key}.") | Q(target__startswith=f"layout/{type_key}.")
    return list(all_changes().filter(own | parts)[:most])


def one(key: int) -> ConfigChange:
    """Raises NotVisible."""
    change = ConfigChange.objects.filter(pk=key).first() if 0 < key < 2**63 else None
    if change is None:
        raise NotVisible
    return change


def differences(change: ConfigChange) -> list[Difference]:
    """The properties that differ; settings one by one."""
    before, after = comparable(change.before), comparable(change.after)
    return [
        Difference(name, before.get(name), after.get(name))
        for name in dict.fromkeys((*before, *after))
        if before.get(name) != after.get(name)
    ]


def comparable(state: Any) -> Mapping[str, Any]:
    return fields.flat(state) if isinstance(state, dict) else {}


# ── the way back ──


def roll_back(key: int, *, by: Actor) -> None:
    """Puts a definition back to what it was before this act. Raises Refused where that cannot be, Denied."""
    require_admin(by)
    change = one(key)
    kind, _slash, name = change.target.partition("/")
    back = BACK.get(kind)
    if back is None:
        raise Refused("no_way_back", _("这次修改不能退回"))
    back(name, change, by)


def back_object(name: str, change: ConfigChange, by: Actor) -> None:
    if change.action in {"create", "restore"}:
        objects.remove_object(name, by=by)
    elif change.action == "delete":
        objects.restore_object(name, by=by)
    else:
        objects.set_state(name, dict(change.before or {}), action="rollback", by=by)


def back_field(name: str, change: ConfigChange, by: Actor) -> None:
    type_key, _dot, key = name.partition(".")
    if change.action in {"create", "restore"}:
        fields.remove_field(type_key, key, by=by)
    elif change.action == "delete":
        fields.restore_field(type_key, key, by=by)
    elif change.action == "convert":
        raise Refused("convert", _("种类转换请在字段页面用“撤销转换”退回，值也会一起还原"))
    else:
        fields.set_state(type_key, key, dict(change.before or {}), action="rollback", by=by)


def back_layout(name: str, change: ConfigChange, by: Actor) -> None:
    type_key, kind, role = layouts.placed(name)
    layouts.put_state(type_key, kind, dict(change.before or {}), action="rollback", by=by, role=role)


def back_layout_roles(name: str, change: ConfigChange, by: Actor) -> None:
    layouts.order_roles((change.before or {}).get("roles") or [], by=by)


def back_order(name: str, change: ConfigChange, by: Actor) -> None:
    before: dict[str, int] = dict(change.before or {})
    fields.order_fields(name, sorted(before, key=lambda key: before[key]), by=by)


def back_unique(name: str, change: ConfigChange, by: Actor) -> None:
    objects.set_unique(name, (change.before or {}).get("unique") or [], by=by)


def back_doubles(name: str, change: ConfigChange, by: Actor) -> None:
    doubles.set_doubles(name, (change.before or {}).get("doubles") or {}, by=by)


def back_file(name: str, change: ConfigChange, by: Actor) -> None:
    from kemai.platform.define import config

    config.take_back(change, by=by)


BACK = {"object": back_object, "field": back_field, "layout": back_layout, "order": back_order, "unique": back_unique,
    "doubles": back_doubles, "layoutroles": back_layout_roles, "file": back_file,
}  # fmt: skip


def can_go_back(change: ConfigChange) -> bool:
    return change.target.partition("/")[0] in BACK and change.action not in {"convert", "merge"}
