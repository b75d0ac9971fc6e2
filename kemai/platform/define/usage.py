"""Who uses a field: everything that names it, told before it is taken away.

Each app says for its own tables, in its `objects.py`, so that a command line knows as much as a page:

    usage.register(Source("segment", _("分群"), find_segments))

`find(type_key, field key)` gives what names the field. A source must find names in stored conditions, columns, formulas
and the like; it is asked for one field at a time, by an administrator, and may read its whole (small) table."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kemai.platform.access.wording import VERB_LABELS
from kemai.platform.define.layouts import called
from kemai.platform.fields import Label, listed
from kemai.platform.models import (
    FieldDef,
    FieldRule,
    Grant,
    ImportRun,
    Layout,
    ObjectDef,
    SavedView,
    ShareRule,
)
from kemai.platform.objects import UnknownObject, get


@dataclass(frozen=True)
class Use:
    """One thing that names the field: what it is called, where it is looked at, and how the field stands in it."""

    name: str
    detail: str = ""
    url: str = ""


Find = Callable[[str, str], Iterable[Use]]


@dataclass(frozen=True)
class Source:
    key: str
    label: Label
    find: Find
    breaks: bool = True
    """Does it stop working without the field (a condition), or does it just show less (a column)?"""


@dataclass(frozen=True)
class Uses:
    """The uses of one kind."""

    source: Source
    uses: list[Use]


_sources: dict[str, Source] = {}


def register(source: Source) -> None:
    _sources[source.key] = source


def report(type_key: str, key: str) -> list[Uses]:
    found = [Uses(source, list(source.find(type_key, key))) for source in list(_sources.values())]
    return [one for one in found if one.uses]


def report_object(type_key: str) -> list[Uses]:
    """What stops working without an object: what counts or asks about its records by one of its references."""
    found: dict[str, Uses] = {}
    references = FieldDef.objects.filter(
        type_key=type_key, kind__in=("reference", "multi_reference"), deleted_at=None
    )
    for field in references.order_by("position", "pk"):
        for one in report(type_key, field.key):
            if one.source.breaks and one.source.key != "object":
                uses = found.setdefault(one.source.key, Uses(one.source, [])).uses
                uses += [use for use in one.uses if use not in uses]
    return list(found.values())


def names(tree: Any, key: str, type_key: str, here: str) -> bool:
    """Does a condition over records of `here` name the field `key` of `type_key`?"""
    if isinstance(tree, list):
        return any(names(one, key, type_key, here) for one in tree)
    if not isinstance(tree, Mapping):
        return False
    if "related" in tree:
        other = str(tree["related"]).partition(".")[0]
        mine = other == type_key and key in {tree.get("of"), str(tree["related"]).partition(".")[2]}
        return mine or names(tree.get("where"), key, type_key, other)
    if tree.get("field") == key and here == type_key:
        return True
    return any(names(tree.get(part), key, type_key, here) for part in ("all", "any", "not"))


def word_in(text: str, key: str) -> bool:
    """Does a formula name the field? Keys are ASCII words."""
    return re.search(rf"(?<![A-Za-z0-9_]){re.escape(key)}(?![A-Za-z0-9_])", text) is not None


# ── the kernel's own tables ──


def saved_views(type_key: str, key: str) -> Iterator[Use]:
    for view in SavedView.objects.select_related("user").order_by("pk"):
        state = view.state or {}
        parts = []
        if names(state.get("where"), key, type_key, view.type_key):
            parts.append(_("条件"))
        if view.type_key == type_key:
            parts += [_("列")] * (key in (state.get("columns") or ()))
            parts += [_("排序")] * (str(state.get("sort") or "").lstrip("-") == key)
            parts += [_("分列")] * (state.get("by") == key)
        if parts:
            owner = str(view.user) if view.user else ""
            yield Use(view.name, " · ".join(part for part in (owner, listed(parts)) if part))


def layouts(type_key: str, key: str) -> Iterator[Use]:
    newest: dict[tuple[str, str], Layout] = {}
    for row in Layout.objects.filter(type_key=type_key, published=True).order_by("version"):
        newest[row.kind, row.role] = row
    for row in newest.values():
        state = row.state or {}
        shown = [name for one in state.get("sections") or () for name in one["fields"]]
        if key in {*shown, *state.get("columns", ()), *state.get("card", ()), state.get("field")}:
            yield Use(
                called(row.kind, row.role), _("第 %(n)s 版") % {"n": row.version},
                reverse("define_layout", args=(type_key, row.kind)) + (f"?role={row.role}" if row.role else ""),
            )  # fmt: skip


def other_fields(type_key: str, key: str) -> Iterator[Use]:
    """Formulas, check formulas, conditions and roll-ups of own fields."""
    for field in FieldDef.objects.filter(deleted_at=None).exclude(type_key=type_key, key=key):
        parts = [str(part) for part in field_parts(field, type_key, key)]
        if parts:
            name = f"{type_label(field.type_key)} · {field.label}"
            yield Use(name, listed(parts), reverse("define_field", args=(field.type_key, field.key)))


def field_parts(field: FieldDef, type_key: str, key: str) -> Iterator[Label]:
    settings = field.settings or {}
    if field.type_key == type_key:
        if word_in(str(settings.get("formula") or ""), key):
            yield _("公式")
        if word_in(field.rule, key):
            yield _("校验公式")
        if word_in(str(settings.get("default_formula") or ""), key):
            yield _("默认值公式")
    for tree, part in ((field.show_if, _("显示条件")), (field.require_if, _("必填条件"))):
        if names(tree, key, type_key, field.type_key):
            yield part
    rollup = settings.get("rollup") or {}
    if rollup.get("object") == type_key and key in {rollup.get("field"), rollup.get("of")}:
        yield _("汇总")
    elif rollup and names(rollup.get("where"), key, type_key, str(rollup.get("object"))):
        yield _("汇总条件")


def object_settings(type_key: str, key: str) -> Iterator[Use]:
    own = ObjectDef.objects.filter(key=type_key, deleted_at=None).first()
    if own is None:
        return
    parts = [str(label) for label, name in (
        (_("权限跟随"), own.parent), (_("看板"), own.board), (_("日期"), own.date),
    ) if name == key]  # fmt: skip
    if any(key in group for group in own.options.get("unique") or ()):
        parts.append(_("组合唯一"))
    if parts:
        yield Use(own.label, listed(parts), reverse("define_object", args=(type_key,)))


def told_by(type_key: str, key: str) -> Iterator[Use]:
    """Doubles are told by the field."""
    if key in get(type_key).compared:
        yield Use(type_label(type_key), "", reverse("define_rules", args=(type_key,)))


def role_rules(type_key: str, key: str) -> Iterator[Use]:
    for rule in FieldRule.objects.filter(type_key=type_key, field=key).select_related("role"):
        yield Use(rule.role.name, "", reverse("role_fields", args=(rule.role_id, type_key)))


def role_conditions(type_key: str, key: str) -> Iterator[Use]:
    """The conditions of what roles may do: a right whose condition cannot be asked gives nothing."""
    grants = Grant.objects.exclude(where=None).select_related("role").order_by("pk")
    verbs: dict[tuple[int, str, str], list[str]] = {}
    for grant in grants:
        if names(grant.where, key, type_key, grant.type_key):
            place = (grant.role_id, grant.role.name, grant.type_key)
            verbs.setdefault(place, []).append(str(VERB_LABELS.get(grant.verb, grant.verb)))
    for (role, name, on), found in verbs.items():
        yield Use(name, f"{type_label(on)} · {listed(found)}", reverse("role_fields", args=(role, on)))


def role_locks(type_key: str, key: str) -> Iterator[Use]:
    """The states in which a role may only read a field: one that cannot be asked locks every record."""
    for rule in FieldRule.objects.exclude(locked_where=None).select_related("role").order_by("pk"):
        if names(rule.locked_where, key, type_key, rule.type_key):
            label = f"{type_label(rule.type_key)} · {rule.field}"
            yield Use(rule.role.name, label, reverse("define_field", args=(rule.type_key, rule.field)))


def share_rules(type_key: str, key: str) -> Iterator[Use]:
    for rule in ShareRule.objects.order_by("pk"):
        if names(rule.where, key, type_key, rule.type_key):
            yield Use(rule.name, type_label(rule.type_key), reverse("rule_edit", args=(rule.pk,)))


def imports(type_key: str, key: str) -> Iterator[Use]:
    """The mapping of the last imports, which the next one will suggest."""
    rows = ImportRun.objects.filter(Q(type_key=type_key)).select_related("file").order_by("-pk")[:50]
    seen = set()
    for run in rows:
        fields = {str(one.get("field")) for one in mapped(run.mapping)}
        if key in fields and run.file.name not in seen:
            seen.add(run.file.name)
            yield Use(run.file.name, run.created_at.strftime("%Y-%m-%d"))


def mapped(mapping: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(mapping, list):
        yield from (one for one in mapping if isinstance(one, Mapping))
    elif isinstance(mapping, Mapping):
        for value in mapping.values():
            yield from mapped(value)


def type_label(type_key: str) -> str:
    try:
        return str(get(type_key).label)
    except UnknownObject:
        return type_key


for _source in (
    Source("view", gettext_lazy("保存的视图"), saved_views),
    Source("layout", gettext_lazy("布局"), layouts, breaks=False),
    Source("field", gettext_lazy("其他字段"), other_fields),
    Source("object", gettext_lazy("对象设置"), object_settings),
    Source("doubles", gettext_lazy("查重"), told_by, breaks=False),
    Source("role", gettext_lazy("角色的字段权限"), role_rules, breaks=False),
    Source("role_condition", gettext_lazy("角色权限的条件"), role_conditions),
    Source("role_lock", gettext_lazy("满足条件时只读"), role_locks),
    Source("share_rule", gettext_lazy("共享规则"), share_rules),
    Source("import", gettext_lazy("导入的对应关系"), imports, breaks=False),
):
    register(_source)
