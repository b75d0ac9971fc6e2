"""The lines of the tables on the pages of definition, and two administrators' values beside each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kemai.kit.formula import Field
from kemai.platform import access, query
from kemai.platform.define import doubles, fields, kinds, objects
from kemai.platform.define.changes import State
from kemai.platform.fields import FieldSpec, Label, clauses, listed
from kemai.platform.models import FieldDef, ObjectDef
from kemai.platform.objects import ObjectType, get
from kemai.platform.query.formula import fields_of, plan_of, writing
from kemai.platform.records import Conflict
from kemai.platform.ui.define.typed import keep_mine, typed_base

OBJECT_LABELS: Mapping[str, Label] = {
    "label": gettext_lazy("名称"), "label_en": gettext_lazy("英文名称"), "icon": gettext_lazy("图标"),
    "nav": gettext_lazy("导航分组"), "purpose": gettext_lazy("用途"), "title_label": gettext_lazy("标题字段的名称"),
    "prefix": gettext_lazy("编号前缀"), "digits": gettext_lazy("编号位数"), "position": gettext_lazy("位置"),
    "parent": gettext_lazy("权限跟随"), "board": gettext_lazy("看板分列"), "date": gettext_lazy("日历日期"),
    "options": gettext_lazy("其他设置"),
}  # fmt: skip
FIELD_LABELS: Mapping[str, Label] = {
    "label": gettext_lazy("名称"), "label_en": gettext_lazy("英文名称"), "kind": gettext_lazy("种类"),
    "help": gettext_lazy("提示"), "required": gettext_lazy("必填"), "unique": gettext_lazy("唯一"),
    "indexed": gettext_lazy("可排序"), "default": gettext_lazy("默认值"), "rule": gettext_lazy("校验公式"),
    "rule_message": gettext_lazy("校验失败时的提示"), "show_if": gettext_lazy("显示条件"),
    "require_if": gettext_lazy("必填条件"), "personal": gettext_lazy("个人信息"), "position": gettext_lazy("位置"),
    "settings.options": gettext_lazy("选项"), "settings.min": gettext_lazy("最小"),
    "settings.max": gettext_lazy("最大"), "settings.pattern": gettext_lazy("格式"),
    "settings.pattern_hint": gettext_lazy("格式提示"),
    "settings.places": gettext_lazy("小数位"), "settings.stars": gettext_lazy("几颗星"),
    "settings.ref": gettext_lazy("关联对象"), "settings.formula": gettext_lazy("公式"),
    "settings.default_formula": gettext_lazy("默认值公式"),
    "settings.kind": gettext_lazy("结果种类"), "settings.rollup": gettext_lazy("汇总"),
    "settings.columns": gettext_lazy("明细列"), "settings.prefix": gettext_lazy("编号前缀"),
    "settings.digits": gettext_lazy("编号位数"), "settings.sealed": gettext_lazy("加密存储"),
    "sections": gettext_lazy("分组"), "hidden": gettext_lazy("不显示"), "columns": gettext_lazy("列"),
    "card": gettext_lazy("卡片"), "field": gettext_lazy("分列"), "doubles": gettext_lazy("查重"),
}  # fmt: skip


COUNTED = 1_000
"""So many records of each object are counted where all objects are listed."""


class ObjectLine(NamedTuple):
    type: ObjectType
    own: bool
    fields: int
    own_fields: int
    records: str
    url: str


class FieldLine(NamedTuple):
    """One field of an object: `row` is there for own ones."""

    spec: FieldSpec | None
    row: FieldDef | None
    key: str
    label: Label
    kind: Label
    icon: str
    url: str
    required: bool
    unique: bool
    personal: bool
    note: str = ""
    broken: Label = ""
    """Why it cannot be worked out: what it reads is gone, or it reads itself."""


class RelationLine(NamedTuple):
    icon: str
    sign: str
    text: str
    url: str


@dataclass(frozen=True)
class Clash:
    """A property that another administrator changed as well."""

    field: str
    label: str
    mine: str
    theirs: str


def record_count(object_type: ObjectType) -> str:
    return query.quick_count(access.scope(access.SYSTEM, object_type)).short


def object_lines(types: Sequence[ObjectType]) -> list[ObjectLine]:
    """All at once: what the page asks the database does not grow with the number of objects."""
    mine = fields.own_counts()
    numbers = query.capped_counts([access.scope(access.SYSTEM, one) for one in types], COUNTED)
    return [
        ObjectLine(
            one, one.own, sum(not spec.private for spec in one.fields.values()), mine.get(one.key, 0),
            query.Count(min(number, COUNTED), number <= COUNTED).short,
            reverse("define_object", args=(one.key,)),
        )
        for one, number in zip(types, numbers, strict=True)
    ]  # fmt: skip


def own_lines(object_type: ObjectType, rows: Sequence[FieldDef]) -> list[FieldLine]:
    fields = fields_of(object_type) if any((row.settings or {}).get("formula") for row in rows) else {}
    return [own_line(object_type, row, fields) for row in rows]


def own_line(object_type: ObjectType, row: FieldDef, readable: Mapping[str, Field]) -> FieldLine:
    """`readable` are the fields that formulas may name, for the labels in this one's."""
    spec = object_type.fields.get(row.key)
    broken = spec.own.broken if spec is not None and spec.own is not None else ""
    kind = kinds.BY_KEY.get(row.kind)
    return FieldLine(
        spec, row, row.key, str(spec.label) if spec is not None else row.label, kind.label if kind else row.kind,
        kind.icon if kind else "alert-triangle", reverse("define_field", args=(row.type_key, row.key)),
        row.required, row.unique, row.personal, note_of(object_type, row, readable),
        broken or plan_of(object_type).broken.get(row.key, ""),
    )  # fmt: skip


def note_of(object_type: ObjectType, row: FieldDef, readable: Mapping[str, Field]) -> str:
    """What a field is about in a few words: its options, what it refers to, how it is computed."""
    settings = row.settings or {}
    if settings.get("options"):
        labels = [one["label"] for one in settings["options"] if not one.get("archived")]
        return listed(labels[:6]) + ("…" if len(labels) > 6 else "")
    if settings.get("ref"):
        return f"→ {objects.label_of(settings['ref'])}"
    if settings.get("formula"):
        return f"= {writing.shown(object_type, str(settings['formula']), readable)}"[:80]
    return row.help[:80]


def fixed_lines(object_type: ObjectType, rows: Sequence[FieldDef]) -> list[FieldLine]:
    """The fields that come with the type; `rows` are its own ones."""
    mine = {row.key for row in rows}
    return [
        fixed_line(object_type, spec)
        for key, spec in object_type.fields.items()
        if key not in mine and not spec.private
    ]


ICONS = {"whole": "hash", "credit_code": "id", "id_number": "id", "tags": "tag", "computed": "math-function"}
NAMES: Mapping[str, Label] = {
    "whole": gettext_lazy("整数"), "credit_code": gettext_lazy("信用代码"), "id_number": gettext_lazy("证件号"),
    "tags": gettext_lazy("标签"), "computed": gettext_lazy("计算"),
}  # fmt: skip


def fixed_line(object_type: ObjectType, spec: FieldSpec) -> FieldLine:
    kind = kinds.BY_KEY.get(spec.type.key)
    label = kind.label if kind else NAMES.get(spec.type.key, spec.type.key)
    icon = kind.icon if kind else ICONS.get(spec.type.key, "forms")
    note = f"→ {objects.label_of(spec.ref)}" if spec.ref else ""
    return FieldLine(
        spec, None, spec.key, spec.label, label, icon, reverse("define_field", args=(object_type.key, spec.key)),
        spec.required, spec.unique, spec.personal, note or (_("系统计算") if spec.part else ""),
    )  # fmt: skip


def all_lines(object_type: ObjectType) -> Sequence[FieldLine]:
    rows = fields.own_fields(object_type.key)
    return [*own_lines(object_type, rows), *fixed_lines(object_type, rows)]


def speaks_of(word: str, *texts: Label) -> bool:
    """Does one of the texts contain the word that somebody looks for? Every text speaks of nothing."""
    return any(word.casefold() in str(text).casefold() for text in texts)


def relation_lines(object_type: ObjectType, relations: Sequence[FieldDef]) -> list[RelationLine]:
    """Own relations of a type, seen from its side."""
    found = []
    for field in relations:
        url = reverse("define_field", args=(field.type_key, field.key))
        ref = objects.label_of(field.settings.get("ref", ""))
        owner = objects.label_of(field.type_key)
        many = field.kind == "multi_reference"
        sign = "n ↔ n" if many else "n → 1" if field.type_key == object_type.key else "1 ← n"
        other = ref if field.type_key == object_type.key else owner
        found.append(
            RelationLine("share" if many else "arrow-up-right-circle", sign, f"{other} · {field.label}", url)
        )
    return found


def pointer_options(type_key: str) -> dict[str, list[dict[str, str]]]:
    """The own fields that parent, board and date may name."""
    rows = fields.own_fields(type_key)
    blank = {
        "parent": _("负责人（不跟随）"),
        "board": _("不用看板"),
        "date": _("不用日历"),
    }
    found: dict[str, list[dict[str, str]]] = {}
    for name, fitting in objects.POINTERS.items():
        options = [{"value": row.key, "label": row.label} for row in rows if row.kind in fitting]
        found[name] = [{"value": "", "label": str(blank[name])}, *options]
    return found


# ── two administrators ──


def clashes(conflict: Conflict, labels: Mapping[str, Label]) -> list[Clash]:
    return [
        Clash(name.removeprefix("settings."), str(labels.get(name, name)), told(mine), told(theirs))
        for name, (theirs, mine) in conflict.fields.items()
    ]


def told(value: Any) -> str:
    """A property's value in words."""
    if value in (None, "") or value == []:
        return "—"
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if isinstance(value, list):
        return listed(told_one(one) for one in value)
    if isinstance(value, Mapping):
        return clauses(f"{key}: {told(one)}" for key, one in value.items() if one not in (None, "", [], {}))
    return str(value)


def told_one(one: Any) -> str:
    if isinstance(one, Mapping):
        text = str(one.get("label") or one.get("title") or told(one))
        if one.get("fields"):
            text += "（" + listed(one["fields"]) + "）"
        return text + (f"（{_('已停用')}）" if one.get("archived") else "")
    return told(one)


def chosen(request: HttpRequest, values: dict[str, Any]) -> dict[str, Any]:
    """The values, but the other's where the writer chose it."""
    seen = typed_base(request) or {}
    inner = {**seen, **(seen.get("settings") or {})}
    for name in keep_mine(request, values):
        if name in inner:
            values[name] = inner[name]
    return values


def seen_now(conflict: Conflict, seen: State) -> State:
    """What the writer has now seen: the other's values, so that saving again keeps the choice."""
    settings = dict(seen.get("settings") or {})
    found = dict(seen)
    for name, (theirs, _mine) in conflict.fields.items():
        if name.startswith("settings."):
            settings[name.removeprefix("settings.")] = theirs
        else:
            found[name] = theirs
    if settings or "settings" in found:
        found["settings"] = settings
    return found


def whole(own: ObjectDef, seen: State) -> State:
    """The state of an own object as the writer saw it."""
    found = {name: seen[name] for name in objects.PROPERTIES if name in seen and name != "options"}
    switches = {name: bool(seen[name]) for name in ("tags", "timeline") if name in seen}
    return {**objects.state_of(own), **found, "options": {**own.options, **switches}}


def type_label(type_key: str) -> str:
    return str(get(type_key).label)


class ComparedLine(NamedTuple):
    """A field that can tell doubles, and as what it may be compared."""

    spec: FieldSpec
    role: str
    options: list[dict[str, str]]


def compared_lines(object_type: ObjectType, told: Mapping[str, str]) -> list[ComparedLine]:
    found = []
    for spec in object_type.fields.values():
        roles = doubles.roles_for(object_type, spec)
        if roles:
            options = [{"value": role, "label": str(doubles.ROLES[role])} for role in roles]
            found.append(ComparedLine(spec, told.get(spec.key, ""), options))
    return found
