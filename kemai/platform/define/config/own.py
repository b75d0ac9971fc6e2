"""The kernel's parts of a configuration: objects, fields, layouts, views that everybody shares, business settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.define import fields, keys, kinds, layouts, objects
from kemai.platform.define.config import named
from kemai.platform.define.config.parts import Part, States, register
from kemai.platform.fields import listed
from kemai.platform.models import FieldDef, Layout, ObjectDef, Role, SavedView, Setting
from kemai.platform.objects import UnknownObject, all_types, get
from kemai.platform.objects.own import TOGETHER

BUSINESS = ("unique/", "doubles/", "analysis.", "layouts/")
"""Beginnings of the keys of settings that are the company's own, not the machine's."""
MOST_VALUE = 20_000
Wanted = Mapping[str, States]


def pair(place: str) -> tuple[str, str]:
    type_key, _dot, rest = place.partition(".")
    return type_key, rest


def known_types(wanted: Wanted) -> set[str]:
    return {one.key for one in all_types()} | set(wanted.get("objects", {}))


# ── objects ──


def read_objects() -> dict[str, Any]:
    return {row.key: objects.state_of(row) for row in objects.own_objects()}


def put_object(place: str, old: Any, new: Any, by: Actor) -> None:
    if new is None:
        objects.remove_object(place, by=by)
        return
    plain = {key: value for key, value in new.items() if key not in objects.POINTERS}
    if old is None and ObjectDef.objects.filter(key=place).exclude(deleted_at=None).exists():
        objects.restore_object(place, by=by)
    elif old is None:
        objects.create_object(plain, by=by, key=place)
        return
    defaults = {"label_en": "", "purpose": "", "prefix": "", "nav": ""}
    objects.set_state(place, {**defaults, **plain}, action="update", by=by)


def point(place: str, new: Any, by: Actor) -> None:
    """An object's parent, board and date name its own fields, which are made after it."""
    pointers = {name: new.get(name, "") for name in objects.POINTERS}
    objects.change_object(place, pointers, by=by)


def object_problem(place: str, old: Any, new: Any, wanted: Wanted) -> str:
    if old is None and not ObjectDef.objects.filter(key=place).exists():
        wrong = keys.problem(place, {one.key for one in all_types()})
        if wrong:
            return wrong
    told = wanted.get("objects", {})
    others = {str(one.label) for one in all_types() if one.key not in told}
    label = label_name(place, new)
    if label in others | labels(told, place):
        return _("已经有叫“%(name)s”的对象，请改名或改用它的标识") % {"name": label}
    return ""


def labels(told: States, place: str) -> set[str]:
    """What the others in the file are called."""
    return {label_name(other, state) for other, state in told.items() if other != place and state is not None}


def label_name(place: str, state: Any) -> str:
    label = state.get("label") if isinstance(state, Mapping) else None
    return str(label or place)


# ── fields ──


def read_fields() -> dict[str, Any]:
    rows = FieldDef.objects.filter(deleted_at=None).order_by("type_key", "position", "pk")
    gone = set(ObjectDef.objects.exclude(deleted_at=None).values_list("key", flat=True))
    return {
        f"{row.type_key}.{row.key}": named.told(fields.state_of(row))
        for row in rows
        if row.type_key not in gone
    }


def put_field(place: str, old: Any, new: Any, by: Actor) -> None:
    type_key, key = pair(place)
    if new is None:
        unpoint(type_key, key, by)
        fields.remove_field(type_key, key, by=by)
        return
    new = named.meant(new)
    row = FieldDef.objects.filter(type_key=type_key, key=key).first()
    if row is None:
        fields.create_field(type_key, str(new.get("kind")), fields.formed(dict(new)), by=by, key=key)
        return
    if row.deleted_at is not None:
        fields.restore_field(type_key, key, by=by)
    fields.set_state(type_key, key, dict(new), action="update", by=by)


def unpoint(type_key: str, key: str, by: Actor) -> None:
    """An object lets go of a field that goes away."""
    own = objects.own_object(type_key)
    if own is not None:
        held = {name: "" for name in objects.POINTERS if getattr(own, name) == key}
        if held:
            objects.change_object(type_key, held, by=by)


def field_problem(place: str, old: Any, new: Any, wanted: Wanted) -> str:
    type_key, key = pair(place)
    if type_key not in known_types(wanted):
        return _("没有对象“%(key)s”") % {"key": type_key}
    row = FieldDef.objects.filter(type_key=type_key, key=key).first()
    kind = str(new.get("kind"))
    if kind not in kinds.BY_KEY:
        return _("不认识的字段种类“%(kind)s”") % {"kind": kind[:40]}
    if row is not None and row.kind != kind:
        return _("种类从“%(old)s”变成“%(new)s”，请先在字段页面转换种类") % {
            "old": label_of_kind(row.kind), "new": label_of_kind(kind),
        }  # fmt: skip
    if nobody := named.problem(new):
        return nobody
    ref = str((new.get("settings") or {}).get("ref") or "")
    if ref and ref not in known_types(wanted):
        return _("关联的对象“%(key)s”不存在") % {"key": ref}
    if row is None and type_key not in wanted.get("objects", {}) and (wrong := keys.problem(key)):
        return wrong
    return called_alike(type_key, key, new, wanted)


def called_alike(type_key: str, key: str, new: Any, wanted: Wanted) -> str:
    """A field of another installation with the name of one that is here is a second one, or the same by another key:
    that is for the administrator to say."""
    told = {
        pair(place)[1]: one for place, one in wanted.get("fields", {}).items() if pair(place)[0] == type_key
    }
    label = label_name(key, new)
    try:
        here = get(type_key).fields
    except UnknownObject:
        here = {}
    if key in here and str(here[key].label) == label:
        return ""
    others = {str(spec.label) for name, spec in here.items() if name not in told and name != key}
    if label in others | labels(told, key):
        return _("已经有叫“%(name)s”的字段，请改名或改用它的标识") % {"name": label}
    return ""


def label_of_kind(kind: str) -> str:
    return str(kinds.BY_KEY[kind].label) if kind in kinds.BY_KEY else kind


def placed_name(place: str, state: Any) -> str:
    type_key, key = pair(place)
    return f"{objects.label_of(type_key)} · {label_name(key, state)}"


# ── layouts ──


def read_layouts() -> dict[str, Any]:
    found: dict[str, Any] = {}
    known = {one.key for one in all_types()}
    roles = {"", *Role.objects.values_list("key", flat=True)}
    for row in Layout.objects.filter(published=True).order_by("version"):
        if row.type_key in known and row.role in roles:
            found[layouts.place(row.type_key, row.kind, row.role)] = row.state
    return {place: state for place, state in found.items() if state}


def put_layout(place: str, old: Any, new: Any, by: Actor) -> None:
    type_key, kind, role = layouts.placed(place)
    note = _("来自配置文件")
    layouts.put_state(type_key, kind, new or {}, action="import", by=by, note=note, role=role)


def layout_problem(place: str, old: Any, new: Any, wanted: Wanted) -> str:
    type_key, kind, role = layouts.placed(place)
    if type_key not in known_types(wanted):
        return _("没有对象“%(key)s”") % {"key": type_key}
    if kind not in layouts.KINDS:
        return _("没有这种布局：%(kind)s") % {"kind": kind[:40]}
    if role and role not in wanted.get("roles", {}) and not Role.objects.filter(key=role).exists():
        return _("没有角色“%(key)s”") % {"key": role[:40]}
    try:
        known = set(get(type_key).fields)
    except UnknownObject:
        known = set()
    known |= {pair(one)[1] for one in wanted.get("fields", {}) if pair(one)[0] == type_key} | BUILT_IN
    missing = [key for key in layout_fields(new) if key not in known]
    return _("布局里有不存在的字段：%(names)s") % {"names": listed(missing[:10])} if missing else ""


BUILT_IN = {"name", "number", "owner", "tags", "created_at", "created_by", "updated_at"}


def layout_fields(state: Any) -> list[str]:
    sections = state.get("sections") or [] if isinstance(state, Mapping) else []
    found = [key for one in sections if isinstance(one, Mapping) for key in one.get("fields") or []]
    return [str(key) for key in (*found, *(state.get("columns") or ()), *(state.get("card") or ()))]


def layout_name(place: str, state: Any) -> str:
    type_key, kind, role = layouts.placed(place)
    return f"{objects.label_of(type_key)} · {layouts.called(kind, role)}"


# ── views that everybody shares ──


def read_views() -> dict[str, Any]:
    rows = SavedView.objects.filter(share="all").order_by("type_key", "position", "pk")
    return {f"{row.type_key}.{row.name}": {"state": row.state, "position": row.position} for row in rows}


def put_view(place: str, old: Any, new: Any, by: Actor) -> None:
    type_key, name = pair(place)
    rows = SavedView.objects.filter(type_key=type_key, name=name, share="all")
    access.rights_changed()  # by whose version processes keep the views
    if new is None:
        rows.delete()
        return
    row = rows.first() or SavedView(type_key=type_key, name=name[:80], share="all", user_id=by.user_id)
    row.state, row.position = dict(new.get("state") or {}), int(new.get("position") or 0)
    row.save()


def view_problem(place: str, old: Any, new: Any, wanted: Wanted) -> str:
    type_key, name = pair(place)
    if type_key not in known_types(wanted) or not name:
        return _("没有对象“%(key)s”") % {"key": type_key}
    return "" if str(new.get("position") or 0).isdigit() else _("内容的格式不对")


# ── business settings ──


def read_settings() -> dict[str, Any]:
    rows = Setting.objects.order_by("key")
    return {row.key: {"value": row.value} for row in rows if row.key.startswith(BUSINESS)}


def put_setting(place: str, old: Any, new: Any, by: Actor) -> None:
    if new is None:
        Setting.objects.filter(key=place).delete()
    elif place.startswith(TOGETHER):
        objects.set_unique(place.removeprefix(TOGETHER), new.get("value"), by=by)
    else:
        Setting.objects.update_or_create(key=place, defaults={"value": new.get("value")})


def setting_problem(place: str, old: Any, new: Any, wanted: Wanted) -> str:
    if not place.startswith(BUSINESS):
        return _("不认识的设置“%(key)s”") % {"key": place[:60]}
    return "" if len(str(new)) <= MOST_VALUE else _("内容太长")


for _part in (
    Part("objects", gettext_lazy("对象"), read_objects, put_object, object_problem, label_name, 10, point),
    Part("fields", gettext_lazy("字段"), read_fields, put_field, field_problem, placed_name, 20, nested=True),
    Part(
        "layouts",
        gettext_lazy("布局"),
        read_layouts,
        put_layout,
        layout_problem,
        layout_name,
        40,
        nested=True,
    ),
    Part("views", gettext_lazy("共享视图"), read_views, put_view, view_problem, placed_name, 50, nested=True),
    Part(
        "settings", gettext_lazy("业务设置"), read_settings, put_setting, setting_problem, lambda p, s: p, 60
    ),
):
    register(_part)
