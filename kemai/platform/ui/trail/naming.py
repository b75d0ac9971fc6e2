"""Change sets in words, and the records in them by the names that the reader may know."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from kemai.platform import access, records
from kemai.platform.access import Actor
from kemai.platform.fields import Label, read_out
from kemai.platform.models import ChangeSet, Option
from kemai.platform.objects import ObjectType, UnknownObject, get
from kemai.platform.records.undo import why_not
from kemai.platform.records.undo_plan import Kept
from kemai.platform.ui.define.rows import FIELD_LABELS, OBJECT_LABELS

KINDS: dict[str, Option] = {one.value: one for one in ChangeSet.KINDS}
DOORS = {
    "form": gettext_lazy("网页"),
    "api": gettext_lazy("接口"),
    "mcp": gettext_lazy("MCP 助手"),
    "import": gettext_lazy("导入"),
    "rule": gettext_lazy("自动规则"),
    "analysis": gettext_lazy("分析"),
    "system": gettext_lazy("系统"),
    "demo": gettext_lazy("演示数据"),
}
WHY = {
    "later": gettext_lazy("之后又被修改过"),
    "children": gettext_lazy("之后有人在它下面添加了记录"),
    "parent": gettext_lazy("所属的记录已删除"),
    "gone": gettext_lazy("已彻底删除"),
    "field": gettext_lazy("字段已删除"),
    "file": gettext_lazy("附件不能恢复"),
    "rule": gettext_lazy("恢复后的内容不符合规则"),
    "duplicate": gettext_lazy("同样的编号已被别的记录占用"),
}
OTHERS = {
    "role": gettext_lazy("角色"),
    "setting": gettext_lazy("设置"),
    "export": gettext_lazy("导出文件"),
    "audit": gettext_lazy("审计"),
    "token": gettext_lazy("API 令牌"),
    "incident": gettext_lazy("安全事件"),
}

PLAIN: dict[str, Label] = {
    "files": gettext_lazy("附件"),
    "password": gettext_lazy("密码"),
    "two_step": gettext_lazy("两步验证"),
    "recovery_codes": gettext_lazy("恢复码"),
    "sign_on": gettext_lazy("单点登录"),
    "idle_minutes": gettext_lazy("不操作的时限（分钟）"),
    "absolute_hours": gettext_lazy("登录最长时限（小时）"),
    "single_session": gettext_lazy("同一账号只能在一处登录"),
    "issuer": gettext_lazy("服务方地址"),
    "client_id": gettext_lazy("客户端编号"),
    "client_secret": gettext_lazy("客户端密钥"),
    "trust_email": gettext_lazy("相信未验证的邮箱"),
    "is_active": gettext_lazy("在职"),
    "emergency_until": gettext_lazy("应急访问到"),
    "grants": gettext_lazy("权限"),
    "is_admin": gettext_lazy("系统管理员"),
    "undo_days": gettext_lazy("撤销期限"),
    "bin_days": gettext_lazy("回收站期限"),
    "audit_days": gettext_lazy("审计保留"),
    "manager_sees": gettext_lazy("上级可以看到下属负责的记录"),
    "reveal_day": gettext_lazy("每人每天最多查看多少个脱敏内容"),
    "reveal_warn": gettext_lazy("从第几个起提醒"),
    "export_rows": gettext_lazy("一次导出最多多少行"),
    "export_day": gettext_lazy("每人每天最多导出多少行"),
    "api_rows_hour": gettext_lazy("每人每小时通过接口最多读取多少条"),
    "page_rows_hour": gettext_lazy("每人每小时在页面上最多查看多少条不同的记录"),
    "definition": gettext_lazy("定义"),
}
"""What is no field of a record, in words."""
LABELS = {**OBJECT_LABELS, **FIELD_LABELS}
"""The properties of definitions."""


def name_settings(labels: Mapping[str, Label]) -> None:
    """What an upper app calls the settings whose changes it notes."""
    PLAIN.update(labels)


@dataclass(frozen=True)
class Named:
    """A record as the reader may know it; without an address where it cannot be opened."""

    title: str
    url: str = ""
    binned: bool = False


def type_of(key: str) -> ObjectType | None:
    try:
        return get(key)
    except UnknownObject:
        return None


def type_label(key: str) -> str:
    found = type_of(key)
    return str(found.label) if found else str(OTHERS.get(key, key))


def named(actor: Actor, object_type: ObjectType, ids: Iterable[int]) -> dict[int, Named]:
    """Of the records that the actor may see, or bring back."""
    wanted = list(ids)
    spec = object_type.fields[object_type.title]
    readable = access.field_levels(actor, object_type).get(spec.key) in {"read", "edit"}
    found: dict[int, Named] = {}
    if object_type.recycles:
        for key, title in (
            access.binned(actor, object_type).filter(pk__in=wanted).values_list("pk", spec.path)
        ):
            found[key] = Named(
                str(title) if readable and title else f"#{key}", page_of(object_type, key), True
            )
    for key, title in access.scope(actor, object_type).filter(pk__in=wanted).values_list("pk", spec.path):
        found[key] = Named(str(title) if readable and title else f"#{key}", page_of(object_type, key))
    return found


def page_of(object_type: ObjectType, key: int) -> str:
    if object_type.administered:
        return ""
    return reverse("record", args=[object_type.key, key])


@dataclass(frozen=True)
class State:
    """Whether a change set can be taken back, and if not, why."""

    label: Label
    color: str
    undoable: bool = False
    reason: str = ""


def state_of(changeset: ChangeSet, actor: Actor) -> State:
    reason = why_not(changeset)
    if reason is not None:
        code, text = reason
        if code == "undone":
            return State(_("已重做") if changeset.kind == "undo" else _("已撤销"), "yellow", reason=text)
        return State(_("已过期") if code == "too_old" else _("不可撤销"), "gray", reason=text)
    if not records.undoable([changeset], actor):
        return State(
            _("无权撤销"), "gray", reason=_("只有做这次修改的人、能修改全部这类记录的人和管理员可以撤销")
        )
    return State(_("可重做") if changeset.kind == "undo" else _("可撤销"), "green", True)


def who(name: str) -> str:
    return _("系统") if name in {"system", ""} else name


def door(source: str) -> str:
    return str(DOORS.get(source, source))


def reason_of(changeset: ChangeSet) -> str:
    """Why, as somebody said it; notes that the machinery leaves for itself become words."""
    return told_reason(changeset.kind, changeset.reason)


def told_reason(kind: str, reason: str) -> str:
    word, _space, number = reason.partition(" ")
    if kind in {"undo", "redo"} and word in {"undo", "redo"} and number.isdigit():
        return _("撤销 #%(n)s") % {"n": number} if word == "undo" else _("重做 #%(n)s") % {"n": number}
    if kind == "export" and reason.startswith("{"):
        return told_export(reason)
    return "" if kind == "run" else read_out(reason)


def told_export(asked: str) -> str:
    """What was asked for when records left (`Order.plain`), in words; the whole of it is in the exported log."""
    try:
        order = json.loads(asked)
    except ValueError:
        return asked
    columns = len(order.get("columns", ()))
    parts = [_("打印") if order.get("print") else str(order.get("format", "")).upper()]
    if columns:
        parts.append(ngettext("%(n)s 列", "%(n)s 列", columns) % {"n": columns})
    if order.get("where") or order.get("q"):
        parts.append(_("有筛选条件"))
    if order.get("unmasked"):
        parts.append(_("含个人信息原文"))
    return " · ".join(part for part in parts if part)


@dataclass(frozen=True)
class KeptLine:
    name: Named
    type: str
    field: str
    why: str


def kept_lines(actor: Actor, kept: Sequence[Kept]) -> list[KeptLine]:
    by_type: dict[str, list[int]] = {}
    for one in kept:
        by_type.setdefault(one.type_key, []).append(one.object_id)
    names: dict[str, dict[int, Named]] = {}
    for key, ids in by_type.items():
        object_type = type_of(key)
        names[key] = named(actor, object_type, ids) if object_type else {}
    return [
        KeptLine(
            names[one.type_key].get(one.object_id, Named(f"#{one.object_id}")),
            type_label(one.type_key),
            field_label(one.type_key, one.field),
            str(WHY.get(one.why, one.why)),
        )
        for one in kept
    ]


def field_label(type_key: str, name: str) -> str:
    object_type = type_of(type_key)
    spec: Any = object_type.fields.get(name) if object_type else None
    if spec is not None:
        return str(spec.label)
    known = PLAIN.get(name) or (LABELS.get(name) if type_key == "setting" else None)
    if known is None and object_type is not None:
        columns = {column.name: column for column in object_type.model._meta.get_fields()}
        known = getattr(columns.get(name), "verbose_name", None)
    return str(known) if known else name
