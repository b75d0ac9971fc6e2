"""The log of changes in the words of the person who reads it: labels, texts, titles of references, masks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.contrib.auth import get_user_model
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.audit.log import history
from kemai.platform.fields import FieldSpec, Invalid, Ref, listed, read_out
from kemai.platform.models import Change, ChangeSet
from kemai.platform.objects import Ask, DiffLine, Entry, ObjectType, TimelineSource, get

ACTS = {
    "create": ("plus", "green", gettext_lazy("创建了记录")),
    "update": ("pencil", "gray", gettext_lazy("修改了记录")),
    "delete": ("trash", "red", gettext_lazy("删除了记录")),
    "restore": ("arrow-back-up", "teal", gettext_lazy("恢复了记录")),
    "reveal": ("eye", "yellow", gettext_lazy("查看了完整信息")),
    "undo": ("arrow-back-up", "yellow", gettext_lazy("撤销了修改")),
    "redo": ("arrow-forward-up", "yellow", gettext_lazy("重做了修改")),
    "purge": ("trash-x", "red", gettext_lazy("彻底删除了记录")),
    "merge": ("git-merge", "purple", gettext_lazy("合并了记录")),
    "transfer": ("user-share", "indigo", gettext_lazy("转移了负责人")),
    "handover": ("user-share", "indigo", gettext_lazy("离职交接，换了人")),
    "dissolve": ("sitemap", "indigo", gettext_lazy("删除部门，换了部门")),
    "download": ("download", "orange", gettext_lazy("下载了文件")),
}
WHOLE = frozenset({"undo", "redo", "merge", "transfer", "handover", "dissolve"})
"""Kinds of change sets that say more than what was done to the single record."""
SOURCES = {
    "api": gettext_lazy("接口"),
    "mcp": gettext_lazy("MCP 助手"),
    "import": gettext_lazy("导入"),
    "rule": gettext_lazy("自动规则"),
    "analysis": gettext_lazy("分析"),
    "system": gettext_lazy("系统"),
}
FILES = "files"
"""The key under which added and removed attachments stand in a diff."""
LINKS = "links"
"""The key of relations added and removed."""
NOTED = {
    FILES: gettext_lazy("附件"), LINKS: gettext_lazy("关系"), "members": gettext_lazy("成员"),
    "lines": gettext_lazy("明细"),
}  # fmt: skip
"""What stands in a diff without being a field."""
Titles = Mapping[tuple[str, int], str]


def diffs(actor: Actor, object_type: ObjectType, changes: Sequence[Change]) -> dict[int, list[DiffLine]]:
    """The lines of each change by its key: only fields that the actor may know of, masked as the record is."""
    levels = access.field_levels(actor, object_type)
    shut = access.narrowed(actor, object_type, list({change.object_id for change in changes}))
    titles = titles_of(actor, object_type, changes)
    found: dict[int, list[DiffLine]] = {}
    for change in changes:
        seen = levels | shut.get(change.object_id, {})
        found[change.pk] = [
            line(object_type, name, old, new, seen.get(name, "hidden"), titles)
            for name, (old, new) in (change.diff or {}).items()
            if is_noted(object_type, name) or seen.get(name, "hidden") != "hidden"
        ]
    return found


def is_noted(object_type: ObjectType, name: str) -> bool:
    """An own field may be called the same; then it is the field that is meant."""
    return name in NOTED and name not in object_type.fields


def line(
    object_type: ObjectType, name: str, old: object, new: object, level: str, titles: Titles
) -> DiffLine:
    if is_noted(object_type, name):
        return DiffLine(NOTED[name], str(old or ""), str(new or ""))
    spec = object_type.fields.get(name)
    if spec is None:  # an own field that has been deleted since
        return DiffLine(name, "", "")
    if spec.type.key == "tags" and isinstance(old, list) and isinstance(new, list):
        # a customer may have dozens: only what went and what came
        old, new = [one for one in old if one not in new], [one for one in new if one not in old]
    return DiffLine(spec.label, shown(spec, old, level, titles), shown(spec, new, level, titles))


def shown(spec: FieldSpec, plain: Any, level: str, titles: Titles) -> str:
    """The text of a value as it stands in the log."""
    if plain is None or plain in ("", []):
        return ""
    if spec.type.key == "tags":
        return listed(plain) if isinstance(plain, list) else str(plain)
    try:
        value = spec.type.parse(plain, spec)
    except Invalid:
        return str(plain)
    if isinstance(value, Ref):
        value = Ref(value.id, titles.get((ref_key(spec), value.id), f"#{value.id}"))
    elif spec.refs:
        value = [Ref(one.id, titles.get((spec.refs, one.id), f"#{one.id}")) for one in value]
    if level == "masked":
        masked = spec.type.mask(value)
        return masked if isinstance(masked, str) else spec.type.text(masked, spec)
    return spec.type.text(value, spec)


def ref_key(spec: FieldSpec) -> str:
    return spec.ref or spec.refs or spec.type.key


def titles_of(actor: Actor, object_type: ObjectType, changes: Iterable[Change]) -> Titles:
    """The titles of the records that the changes refer to; those the actor does not see have none."""
    wanted: dict[str, set[int]] = {}
    paths: dict[str, str] = {}
    for change in changes:
        for name, pair in (change.diff or {}).items():
            spec = object_type.fields.get(name)
            if spec is not None and (spec.ref or spec.refs or spec.type.key == "user"):
                ids = {
                    one
                    for value in pair
                    for one in (value if isinstance(value, list) else [value])
                    if isinstance(one, int)
                }
                wanted.setdefault(ref_key(spec), set()).update(ids)
                paths[ref_key(spec)] = spec.ref_title
    found: dict[tuple[str, int], str] = {}
    for key, ids in wanted.items():
        if not ids:
            continue
        if key == "user":
            rows = get_user_model()._default_manager.filter(pk__in=ids)
        elif key == "department":  # like staff: anybody may know what one was called, also when it is no more
            rows = get(key).records().filter(pk__in=ids)
        else:
            rows = access.scope(actor, get(key)).filter(pk__in=ids)
        path = "name" if key == "user" else paths[key]
        found |= {(key, pk): str(title) for pk, title in rows.values_list("pk", path)}
    return found


def act(change: Change) -> str:
    """What was done, in words, with the door it came through."""
    kind = change.changeset.kind
    name = kind if kind in WHOLE else change.action
    words = str(ACTS.get(name, ACTS["update"])[2])
    source = SOURCES.get(change.changeset.source)
    return _("%(act)s（%(source)s）") % {"act": words, "source": source} if source else words


def who(change: Change) -> str:
    name = change.changeset.actor_name
    return _("系统") if name == "system" else name


def door(changes: ChangeSet) -> str:
    """Through what it came, where that was not simply a page."""
    found = SOURCES.get(changes.source)
    return str(found) if found else _("网页")


def reason(change: Change) -> str:
    """Why, where somebody said so; what the machinery notes for itself is left out."""
    told = change.changeset.reason
    return (
        ""
        if change.changeset.kind in {"undo", "redo"} or change.changeset.source == "system"
        else read_out(told)
    )


def look(change: Change) -> tuple[str, str]:
    """Icon and colour."""
    name = change.changeset.kind if change.changeset.kind in WHOLE else change.action
    icon, color, _words = ACTS.get(name, ACTS["update"])
    return icon, color


def read_changes(actor: Actor, type_key: str, object_id: int, ask: Ask) -> list[Entry]:
    """The changes of a record as a timeline source: every type has it."""
    object_type = get(type_key)
    changes = list(ask.take(history(type_key, object_id), "changeset__at"))
    told = diffs(actor, object_type, changes)
    entries = []
    for change in changes:
        icon, color = look(change)
        lines = () if change.action in {"create", "reveal"} else told[change.pk]
        entries.append(
            Entry(
                change.pk,
                change.changeset.at,
                icon,
                who(change),
                act(change),
                color,
                text=reason(change),
                diff=lines,
                changeset=change.changeset_id,
            )
        )
    return entries


CHANGES = TimelineSource("change", gettext_lazy("变更"), read_changes, order=90)
