"""Acts of definition as lines that people read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from kemai.platform.define import doubles, history, kinds, layouts, objects
from kemai.platform.fields import listed
from kemai.platform.models import ConfigChange
from kemai.platform.objects import UnknownObject, get
from kemai.platform.ui.define.rows import FIELD_LABELS, OBJECT_LABELS, told


class DiffLine(NamedTuple):
    name: str
    old: str
    new: str


class ChangeLine(NamedTuple):
    id: int
    action: str
    name: str
    by_name: str
    at: datetime
    lines: list[DiffLine]
    can_go_back: bool


def change_line(change: ConfigChange) -> ChangeLine:
    kind = change.target.partition("/")[0]
    labels = OBJECT_LABELS if kind == "object" else FIELD_LABELS
    lines = file_lines(change) if kind == "file" else []
    if kind not in {"order", "file"} and change.action not in {"create", "delete", "restore"}:
        lines = [
            DiffLine(
                str(labels.get(one.name, one.name)),
                shown(change, one.name, one.old),
                shown(change, one.name, one.new),
            )
            for one in history.differences(change)
        ]
    return ChangeLine(
        change.pk,
        change.action,
        name_of(change),
        change.by_name,
        change.at,
        lines,
        history.can_go_back(change),
    )


def file_lines(change: ConfigChange) -> list[DiffLine]:
    steps = (change.after or {}).get("steps") or []
    return [
        DiffLine(str(one.get("place")), str(one.get("old") or "—"), str(one.get("new") or "—"))
        for one in steps
    ]


def shown(change: ConfigChange, name: str, value: Any) -> str:
    """A value in words; keys of fields and kinds by their labels."""
    kind, _slash, place = change.target.partition("/")
    if name == "kind" and value in kinds.BY_KEY:
        return str(kinds.BY_KEY[value].label)
    if kind == "object" and name in objects.POINTERS:
        return told(labelled(place, value))
    if kind == "layout":
        return told(labelled(place.partition(".")[0], value))
    if kind == "doubles":
        return listed(
            f"{labelled(place, key)}：{doubles.ROLES.get(role, role)}" for key, role in (value or {}).items()
        )
    if kind == "layoutroles":
        names = layouts.role_names()
        return listed(names.get(key, key) for key in value or ())
    return told(value)


def labelled(type_key: str, value: Any) -> Any:
    try:
        specs = get(type_key).fields
    except UnknownObject:
        return value
    if isinstance(value, list):
        return [labelled(type_key, one) for one in value]
    if isinstance(value, Mapping):
        return {**value, "fields": labelled(type_key, value.get("fields") or [])}
    spec = specs.get(value) if isinstance(value, str) else None
    return str(spec.label) if spec is not None else value


def name_of(change: ConfigChange) -> str:
    """What was changed, in words: 客户 · 规模."""
    kind, _slash, place = change.target.partition("/")
    type_key, _dot, key = place.partition(".")
    state: Mapping[str, Any] = change.after or change.before or {}
    if kind == "object":
        return str(state.get("label") or place)
    label = objects.label_of(type_key)
    if kind == "field":
        return f"{label} · {state.get('label') or key}"
    if kind == "layout":
        return f"{label} · {layouts.called(*layouts.placed(place)[1:])}"
    if kind == "doubles":
        return _("%(object)s · 查重") % {"object": label}
    if kind == "layoutroles":
        return _("布局 · 角色的先后")
    if kind == "order":
        return _("%(object)s · 字段顺序") % {"object": label}
    if kind == "file":
        return _("配置文件")
    return change.target
