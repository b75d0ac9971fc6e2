"""What every act of definition leaves behind: who changed what from what to what, and a new version of everything.

A definition's "stamp" is the number of the last act on it: who saves says which stamp he saw, so that two
administrators cannot overwrite each other unseen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Max
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kemai.platform import audit
from kemai.platform.access import Actor, Denied
from kemai.platform.fields import Label, Saying
from kemai.platform.fields.saying import KEPT_IN
from kemai.platform.models import ConfigChange
from kemai.platform.objects import meta_changed
from kemai.platform.records import Conflict

State = dict[str, Any]
Clashes = dict[str, tuple[Any, Any]]
ACTS: Mapping[str, Label] = {
    "create": gettext_lazy("新建"), "update": gettext_lazy("修改"), "delete": gettext_lazy("删除"),
    "restore": gettext_lazy("恢复"), "rollback": gettext_lazy("退回"), "publish": gettext_lazy("发布"),
    "import": gettext_lazy("导入"), "convert": gettext_lazy("转换种类"), "merge": gettext_lazy("合并"),
}  # fmt: skip
PARTS: Mapping[str, Label] = {
    "object": gettext_lazy("对象"), "field": gettext_lazy("字段"), "layout": gettext_lazy("布局"),
    "layoutroles": gettext_lazy("角色布局的先后"), "order": gettext_lazy("字段顺序"),
    "unique": gettext_lazy("组合唯一"), "doubles": gettext_lazy("查重"), "file": gettext_lazy("配置文件"),
}  # fmt: skip


def require_admin(by: Actor) -> None:
    """Raises Denied for all who may not change the settings."""
    if not (by.is_admin or by.is_system) or by.read_only:
        raise Denied


def stamp(target: str) -> int:
    return ConfigChange.objects.filter(target=target).aggregate(last=Max("pk"))["last"] or 0


def last_change(target: str) -> ConfigChange | None:
    return ConfigChange.objects.filter(target=target).order_by("-pk").first()


def note(target: str, action: str, before: State | None, after: State | None, *, by: Actor) -> ConfigChange:
    """Writes the act down, in the audit's chain too, and makes every process read the definitions again. Inside the
    act's transaction."""
    change = ConfigChange.objects.create(
        target=target, action=action, before=before, after=after, by_id=by.user_id, by_name=by.name,
        at=timezone.now(),
    )  # fmt: skip
    audit.note("setting", "setting", by=by, reason=worded(target, action), diff=differing(before, after))
    meta_changed()
    return change


def worded(target: str, action: str) -> str:
    """修改 · 字段 customer.size"""
    part, _slash, place = target.partition("/")
    with translation.override(KEPT_IN):
        return f"{ACTS.get(action, action)} · {PARTS.get(part, part)} {place}".strip()


def read_back(act: str, part: str, place: str) -> str:
    """The same in the reader's language."""
    with translation.override(KEPT_IN):
        known = {str(label): label for label in (*ACTS.values(), *PARTS.values())}
    return f"{known.get(act, act)} · {known.get(part, part)}{place}"


Saying("%(act)s · %(part)s%(place)s", read_back, act=r"\S+", part=r"\S+", place=r"(?: \S+)?")


def differing(before: State | None, after: State | None) -> dict[str, list[Any]]:
    """{property: [old, new]} of what the act changed; a definition that came or went as a whole."""
    if before is None or after is None:
        return {"definition": [before, after]}
    names = dict.fromkeys((*before, *after))
    return {
        name: [before.get(name), after.get(name)] for name in names if before.get(name) != after.get(name)
    }


def merged(now: State, mine: State, base: Mapping[str, Any] | None) -> State:
    """What a save means: of the properties that this person touched (those that differ from what he saw, where that
    is known), the new values. Raises Conflict where somebody else has meanwhile given one of them another value."""
    if base is None:
        return {key: value for key, value in mine.items() if now.get(key) != value}
    touched = {key: value for key, value in mine.items() if key not in base or base[key] != value}
    clashes: Clashes = {
        key: (now.get(key), value)
        for key, value in touched.items()
        if key in base and now.get(key) != base[key] and now.get(key) != value
    }
    if clashes:
        raise Conflict(_("别人刚刚也修改了这里，请选择要保留的内容"), 0, clashes)
    return {key: value for key, value in touched.items() if now.get(key) != value}
