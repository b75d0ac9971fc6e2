"""Layouts: what form, record page, list and board show; arranged by dragging, published when it is right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kemai.platform import access, query
from kemai.platform.access import Actor, NotVisible
from kemai.platform.access.wording import role_name
from kemai.platform.define import layouts
from kemai.platform.fields import FieldSpec, Label
from kemai.platform.models import Layout, Role
from kemai.platform.objects import ObjectType
from kemai.platform.objects.layouts import ordered_roles, sections_of
from kemai.platform.records import Conflict, Refused
from kemai.platform.ui.define import rows as tables
from kemai.platform.ui.define.change_lines import DiffLine, labelled
from kemai.platform.ui.define.object_views import found_type, frame
from kemai.platform.ui.define.typed import tree
from kemai.platform.ui.door import admin_page

ABOUT: Mapping[str, tuple[Label, str, Label]] = {
    "form": (gettext_lazy("表单"), "forms", gettext_lazy("新建和编辑时填写什么、怎么分组")),
    "page": (gettext_lazy("详情页"), "id", gettext_lazy("打开一条记录时左边的资料")),
    "list": (gettext_lazy("列表"), "table", gettext_lazy("列表默认显示哪些列")),
    "board": (gettext_lazy("看板"), "layout-kanban", gettext_lazy("按什么分列、卡片上写什么")),
}


class Tile(NamedTuple):
    """One of the four surfaces, for everybody or for a role."""

    kind: str
    label: Label
    icon: str
    note: Label
    url: str
    state: str
    color: str


class RoleLine(NamedTuple):
    """A role with its four surfaces."""

    key: str
    name: str
    tiles: list[Tile]


class Item(NamedTuple):
    """A field in the designer."""

    key: str
    label: str
    kind: Label
    icon: str
    required: bool = False
    gone: bool = False


@require_GET
@admin_page
def tab(request: HttpRequest, actor: Actor, type_key: str) -> HttpResponse:
    object_type = found_type(type_key)
    known = layouts.of_type(type_key)
    lines = [
        RoleLine(key, name, [tile(object_type, kind, known, key) for kind in layouts.KINDS])
        for key, name in layouts.role_names().items()
    ]
    context = {
        **frame(object_type, "layouts"),
        "tiles": [tile(object_type, kind, known) for kind in layouts.KINDS],
        "roles": lines,
    }
    return render(request, "ui/define/layouts.html", context)


Known = Mapping[tuple[str, str], tuple[Layout | None, Layout | None]]


def tile(object_type: ObjectType, kind: str, known: Known, role: str = "") -> Tile:
    label, icon, note = ABOUT[kind]
    standing, draft = known.get((kind, role), (None, None))
    if draft is not None:
        state, color = _("有未发布的草稿"), "orange"
    elif standing is not None and standing.state:
        state, color = _("第 %(n)s 版") % {"n": standing.version}, "green"
    else:
        state, color = _("同所有人") if role else _("默认布局"), "gray"
    return Tile(kind, label, icon, note, address("define_layout", object_type.key, kind, role), state, color)


def address(name: str, type_key: str, kind: str, role: str, *more: object) -> str:
    """The layout's page, for everybody or for a role."""
    path = reverse(name, args=(type_key, kind, *more))
    return f"{path}?role={role}" if role else path


def asked_role(request: HttpRequest) -> str:
    """The role whose layout the page is about. Raises NotVisible where there is no such role."""
    role = request.GET.get("role", "")[:40]
    layouts.check_role(role)
    return role


@require_POST
@admin_page
def order_roles(request: HttpRequest, actor: Actor, type_key: str) -> HttpResponseBase:
    """One role a place further up: whose layout counts for whoever has several."""
    found_type(type_key)
    keys, moved = list(layouts.role_names()), request.POST.get("up", "")
    place = keys.index(moved) if moved in keys else 0
    if place > 0:
        keys[place - 1], keys[place] = keys[place], keys[place - 1]
        layouts.order_roles(keys, by=actor)
    return redirect(f"{reverse('define_layouts', args=(type_key,))}#roles")


@require_http_methods(["GET", "POST"])
@admin_page
def design(request: HttpRequest, actor: Actor, type_key: str, kind: str) -> HttpResponse:
    object_type, role = found_type(type_key), asked_role(request)
    if kind not in layouts.KINDS:
        raise NotVisible
    if request.method == "POST":
        return save(request, actor, object_type, kind)
    return designer(request, actor, object_type, kind, at_hand(object_type, kind, role))


def at_hand(object_type: ObjectType, kind: str, role: str) -> Mapping[str, Any]:
    """The draft, else what these people see now."""
    draft = layouts.draft(object_type.key, kind, role)
    if draft is not None:
        return layouts.state_of(object_type, draft, kind)
    return layouts.beginning(object_type, kind, role)


def save(request: HttpRequest, actor: Actor, object_type: ObjectType, kind: str) -> HttpResponse:
    """Keeps the draft, and publishes it where that was asked."""
    role = asked_role(request)
    state = tree(request.POST.get("state", ""))
    state = state if isinstance(state, dict) else {}
    base = request.POST.get("base", "")
    act, key = request.POST.get("act", "save"), object_type.key
    try:
        row = layouts.save_layout(
            key, kind, state, by=actor, base=int(base) if base.isascii() and base.isdigit() else 0,
            force=act == "force", role=role,
        )  # fmt: skip
        if act == "publish":
            note = request.POST.get("note", "")
            layouts.publish_layout(key, kind, row.version, by=actor, note=note, role=role)
    except Conflict as conflict:
        return designer(request, actor, object_type, kind, state, conflict=conflict)
    except Refused as refused:
        return designer(request, actor, object_type, kind, state, refused=refused.message)
    if act == "preview":
        return redirect(address("define_layout_preview", key, kind, role))
    messages.success(request, said(act, role))
    return redirect(address("define_layout", key, kind, role))


def said(act: str, role: str) -> str:
    if act != "publish":
        return _("草稿已保存，还没有发布")
    if not role:
        return _("已发布，没有单独布局的人现在都看到它")
    return _("已发布，“%(role)s”现在看到新的布局") % {"role": layouts.role_names().get(role, role)}


def designer(
    request: HttpRequest,
    actor: Actor,
    object_type: ObjectType,
    kind: str,
    state: Mapping[str, Any],
    *,
    conflict: Conflict | None = None,
    refused: str = "",
) -> HttpResponse:
    role = asked_role(request)
    rows = layouts.versions(object_type.key, kind, role)
    label, icon, note = ABOUT[kind]
    items = all_items(object_type, kind)
    theirs = rows[0] if conflict is not None and rows else None
    context = {
        **frame(object_type, "layouts"),
        "kind": kind, "kind_label": label, "kind_icon": icon, "kind_note": note,
        "state": state,
        "placed": placed(object_type, kind, state, items),
        "tray": tray(object_type, kind, state, items),
        "choices": board_choices(object_type),
        "base": rows[0].version if rows and conflict is None else request.POST.get("base", "0"),
        "versions": rows,
        "standing": layouts.standing(object_type.key, kind, role),
        "draft": layouts.draft(object_type.key, kind, role),
        **audience(object_type, kind, role),
        "conflict": conflict,
        "theirs": theirs,
        "clash_lines": state_diff(object_type, theirs.state, state) if theirs is not None else [],
        "refused": refused,
        "kinds": [
            {"label": ABOUT[one][0], "icon": ABOUT[one][1], "active": one == kind,
             "url": address("define_layout", object_type.key, one, role)}
            for one in layouts.KINDS
        ],
    }  # fmt: skip
    status = 409 if conflict else 422 if refused else 200
    return render(request, "ui/define/designer.html", context, status=status)


def audience(object_type: ObjectType, kind: str, role: str) -> dict[str, Any]:
    """For whom the layout is, and whom it could be for; `suffix` keeps the role in addresses."""
    names = layouts.role_names()
    people = [
        {"label": name, "url": address("define_layout", object_type.key, kind, key), "active": key == role}
        for key, name in {"": _("所有人"), **names}.items()
    ]
    return {
        "role": role,
        "role_name": names.get(role, ""),
        "suffix": f"?role={role}" if role else "",
        "people": people,
    }


# ── what the designer shows ──


def usable(object_type: ObjectType, kind: str) -> list[FieldSpec]:
    """The fields that may stand on a surface."""
    found = [
        spec for spec in object_type.fields.values() if not spec.private or spec.key in object_type.named
    ]
    if kind == "form":
        shown = {key for section in object_type.declared_form for key in section.fields}
        return [spec for spec in found if spec.key in shown]
    return found


def all_items(object_type: ObjectType, kind: str) -> dict[str, Item]:
    return {spec.key: item(object_type, spec) for spec in usable(object_type, kind)}


def item(object_type: ObjectType, spec: FieldSpec) -> Item:
    line = tables.fixed_line(object_type, spec)
    return Item(spec.key, str(spec.label), line.kind, line.icon, spec.required)


def gone_item(key: str) -> Item:
    return Item(key, _("字段已删除：%(key)s") % {"key": key}, "", "alert-triangle", gone=True)


def placed(
    object_type: ObjectType, kind: str, state: Mapping[str, Any], items: Mapping[str, Item]
) -> list[dict[str, Any]]:
    """The sections with their fields; list and board have one each."""
    if kind in layouts.SECTIONED:
        told = {key for one in state.get("sections", ()) for key in one["fields"]} | set(
            state.get("hidden", ())
        )
        sections = [
            {**one, "items": [items.get(key) or gone_item(key) for key in one["fields"]]}
            for one in state.get("sections", ())
        ]
        fresh = [one for key, one in items.items() if key not in told]
        if fresh:
            sections.append({"title": _("其他信息"), "title_en": "Other", "columns": 1, "items": fresh})
        return sections
    keys: Sequence[str] = state.get("columns" if kind == "list" else "card") or ()
    return [{"items": [items.get(key) or gone_item(key) for key in keys]}]


def tray(
    object_type: ObjectType, kind: str, state: Mapping[str, Any], items: Mapping[str, Item]
) -> list[Item]:
    """What is not shown."""
    if kind in layouts.SECTIONED:
        return [items.get(key) or gone_item(key) for key in state.get("hidden") or ()]
    keys = set(state.get("columns" if kind == "list" else "card") or ())
    return [one for key, one in items.items() if key not in keys]


def board_choices(object_type: ObjectType) -> list[dict[str, str]]:
    return [
        {"value": spec.key, "label": str(spec.label)} for spec in object_type.fields.values()
        if spec.type.key == "choice" and spec.options and not spec.private
    ]  # fmt: skip


# ── preview, versions, the way back ──


@require_GET
@admin_page
def preview(request: HttpRequest, actor: Actor, type_key: str, kind: str) -> HttpResponse:
    """The draft with a real record that the administrator may see, as a role sees its fields."""
    object_type, role = found_type(type_key), asked_role(request)
    if kind not in layouts.KINDS:
        raise NotVisible
    seer = next((one for one in ordered_roles() if one.key == request.GET.get("as", role)), None)
    state = at_hand(object_type, kind, role)
    here = address("define_layout_preview", type_key, kind, role)
    joint = "&" if role else "?"
    context = {
        **frame(object_type, "layouts"),
        **audience(object_type, kind, role),
        "kind": kind,
        "kind_label": ABOUT[kind][0],
        "row": layouts.draft(type_key, kind, role) or layouts.standing(type_key, kind, role),
        "state": state,
        "seer": role_name(seer) if seer is not None else "",
        "seers": [
            {"label": name, "url": f"{here}{joint}as={key}", "active": key == (seer.key if seer else "")}
            for key, name in {"": _("您自己"), **layouts.role_names()}.items()
        ],
        **sample(actor, object_type, state, kind, seer),
    }
    return render(request, "ui/define/preview.html", context)


def sample(
    actor: Actor, object_type: ObjectType, state: Mapping[str, Any], kind: str, seer: Role | None
) -> dict[str, Any]:
    """Some of the newest records, with the fields that both the administrator and the role may see."""
    specs = access.visible_specs(actor, object_type)
    seen = access.scope(actor, object_type).order_by("-pk")
    newest = seen.values_list("pk", flat=True)[: 1 if kind in layouts.SECTIONED else 5]
    records = query.fetch(seen.filter(pk__in=list(newest)), object_type, specs)
    access.mask_rows(actor, object_type, records)
    if seer is not None:
        as_role = replace(actor, role_ids=(seer.pk,), is_admin=seer.is_admin)
        specs = access.visible_specs(as_role, object_type, [spec.key for spec in specs])
        access.mask_fields(as_role, object_type, records)
    keys = {spec.key for spec in specs}
    found: dict[str, Any] = {"records": records, "title_key": object_type.title}
    if kind in layouts.SECTIONED:
        found["sections"] = [
            {
                "title": one.title,
                "columns": one.columns,
                "specs": [object_type.fields[key] for key in one.fields if key in keys],
            }
            for one in sections_of(object_type, kind, state)
        ]
    else:
        shown = state.get("columns") if kind == "list" else state.get("card")
        found["specs"] = [object_type.fields[key] for key in shown or () if key in keys]
    return found


@require_GET
@admin_page
def compare(request: HttpRequest, actor: Actor, type_key: str, kind: str, version: int) -> HttpResponse:
    """How a version differs from the one that stands."""
    object_type, role = found_type(type_key), asked_role(request)
    row = layouts.version_of(type_key, kind, version, role)
    standing = layouts.standing(type_key, kind, role)
    lines = state_diff(
        object_type, layouts.beginning(object_type, kind, role), layouts.state_of(object_type, row, kind)
    )
    return render(
        request,
        "ui/define/compare.html",
        {"type": object_type, "kind": kind, "row": row, "lines": lines, "standing": standing},
    )


def state_diff(object_type: ObjectType, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[DiffLine]:
    """Two states, place by place: which fields stand in which section."""
    before, after = places(old), places(new)
    found = []
    for name in dict.fromkeys((*before, *after)):
        was, now = before.get(name), after.get(name)
        if was != now:
            found.append(DiffLine(name, words(object_type, was), words(object_type, now)))
    return found


def words(object_type: ObjectType, value: Any) -> str:
    return tables.told(labelled(object_type.key, value))


def places(state: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one in state.get("sections") or ():
        found[str(one["title"])] = list(one["fields"])
        if one.get("columns") == 2:
            found[f"{one['title']} · {_('栏数')}"] = 2
    for name, label in (
        ("hidden", _("不显示")),
        ("columns", _("列")),
        ("card", _("卡片")),
        ("field", _("分列")),
    ):
        if state.get(name):
            found[label] = state[name]
    return found


@require_POST
@admin_page
def roll_back(request: HttpRequest, actor: Actor, type_key: str, kind: str, version: int) -> HttpResponseBase:
    found_type(type_key)
    role = asked_role(request)
    row: Layout = layouts.roll_back_layout(type_key, kind, version, by=actor, role=role)
    messages.success(request, _("已退回，现在是第 %(n)s 版") % {"n": row.version})
    return redirect(address("define_layout", type_key, kind, role))


@require_POST
@admin_page
def discard(request: HttpRequest, actor: Actor, type_key: str, kind: str) -> HttpResponseBase:
    found_type(type_key)
    role = asked_role(request)
    layouts.discard_draft(type_key, kind, by=actor, role=role)
    messages.success(request, _("已放弃草稿"))
    return redirect(address("define_layout", type_key, kind, role))
