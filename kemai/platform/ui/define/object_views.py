"""Objects: the list of all, the wizard that makes one, and the tabs of one object's page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kemai.platform.access import Actor, NotVisible
from kemai.platform.define import doubles, fields, history, keys, kinds, objects, usage
from kemai.platform.define.changes import stamp
from kemai.platform.define.icons import ICONS
from kemai.platform.fields import clauses
from kemai.platform.models import ObjectDef
from kemai.platform.objects import ObjectType, UnknownObject, all_types, get, many
from kemai.platform.records import Conflict, FieldErrors
from kemai.platform.ui import addresses
from kemai.platform.ui.define import rows as tables
from kemai.platform.ui.define.change_lines import change_line
from kemai.platform.ui.define.typed import base_of, problems, typed_base, typed_rows
from kemai.platform.ui.door import admin_page
from kemai.platform.ui.nav import GROUPS

FIRST_KINDS = ("text", "number", "money", "date", "choice", "boolean", "user", "phone", "image", "long_text")
SHOWN = 50
"""So many own fields are listed at once. Dragging says the order of those shown: as they are the first, the others keep
theirs behind them."""
RELATIONS = 10
PAGE, ORPHANS = 36, 12
"""Objects a page; a few more stay on it. The built-in ones are as many: with fifty own ones the page costs
what it costs with none."""
OBJECT_FIELDS = ("label", "label_en", "icon", "nav", "purpose", "title_label", "prefix", "digits", "key")


def found_type(type_key: str) -> ObjectType:
    """Raises NotVisible (404)."""
    try:
        object_type = get(type_key)
    except UnknownObject:
        raise NotVisible from None
    if not listed(object_type):
        raise NotVisible
    return object_type


def listed(object_type: ObjectType) -> bool:
    return fields.takes_fields(object_type)


@require_GET
@admin_page
def page(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Own objects, then built-in ones, a page of them; `kind` narrows to either, `q` to names that hold a word."""
    word, kind = request.GET.get("q", "").strip()[:80], request.GET.get("kind", "")
    types = sorted((one for one in all_types() if listed(one)), key=lambda one: not one.own)
    own = sum(one.own for one in types)
    counts = {"": len(types), "own": own, "fixed": len(types) - own}
    kind = kind if kind in counts else ""
    found = [
        one for one in types
        if tables.speaks_of(word, one.key, one.label) and (not kind or one.own == (kind == "own"))
    ]  # fmt: skip
    sheet = Paginator(found, PAGE, orphans=ORPHANS).get_page(request.GET.get("page", "1")[:6])
    lines = tables.object_lines(list(sheet))
    base = reverse("define_objects")
    labels = {"": _("全部"), "own": _("自定义"), "fixed": _("内置")}
    asked = addresses.query({name: value for name, value in (("kind", kind), ("q", word)) if value})
    context = {
        "q": word,
        "own": [line for line in lines if line.own],
        "built_in": [line for line in lines if not line.own],
        "counts": counts,
        "count": len(found),
        "kind": kind,
        "kinds": [
            {"label": label, "url": f"{base}?kind={key}" if key else base, "active": key == kind, "count": counts[key]}
            for key, label in labels.items()
        ],
        "searched": bool(word) or len(types) > PAGE + ORPHANS,
        "prev_url": f"{base}?{asked}&page={sheet.previous_page_number()}" if sheet.has_previous() else "",
        "next_url": f"{base}?{asked}&page={sheet.next_page_number()}" if sheet.has_next() else "",
        "gone": objects.own_objects(gone=True) if sheet.number == 1 else [],
    }  # fmt: skip
    return render(request, "ui/define/objects.html", context)


# ── the wizard ──


@require_http_methods(["GET", "POST"])
@admin_page
def new(request: HttpRequest, actor: Actor) -> HttpResponse:
    if request.method != "POST":
        values = {"icon": "box", "nav": "customers", "parent_ref": "customer", "follow": "1"}
        return render(request, "ui/define/object_new.html", wizard(values, starting_rows()))
    values = {
        name: request.POST.get(name, "") for name in (*OBJECT_FIELDS, "parent_ref", "parent_label", "follow")
    }
    first = typed_rows(request, "first", ("label", "kind", "options", "required"))
    try:
        own = make_object(values, first, by=actor)
    except FieldErrors as error:
        context = wizard(values, first, error.errors)
        return render(request, "ui/define/object_new.html", context, status=422)
    messages.success(request, _("“%(name)s”已经可以使用了") % {"name": own.label})
    return redirect("list", own.key)


def starting_rows() -> list[dict[str, str]]:
    return [{"label": "", "kind": "text"}, {"label": "", "kind": "choice"}, {"label": "", "kind": "date"}]


def make_object(values: Mapping[str, str], first: Sequence[Mapping[str, str]], *, by: Actor) -> ObjectDef:
    """The object, its reference to what it belongs to, and its first fields: all or nothing."""
    with transaction.atomic():
        own = objects.create_object(
            {**values, "tags": True, "timeline": True}, by=by, key=values.get("key", "")
        )
        ref = values.get("parent_ref", "")
        if ref:
            label = values.get("parent_label") or str(get(ref).label)
            follow = bool(values.get("follow"))
            link = {"label": label, "ref": ref, "required": follow, "indexed": True}
            parent = fields.create_field(own.key, "reference", link, by=by, key=ref)
            if follow:
                objects.change_object(own.key, {"parent": parent.key}, by=by)
        for row in first:
            if row.get("label"):
                make_first(own.key, row, by=by)
    return own


def make_first(type_key: str, row: Mapping[str, str], *, by: Actor) -> None:
    options = [{"label": part} for part in split(row.get("options", ""))]
    values: dict[str, Any] = {
        "label": row["label"],
        "required": bool(row.get("required")),
        "options": options,
    }
    kind = row.get("kind") or "text"
    if kind in kinds.WITH_OPTIONS and not options:
        raise FieldErrors({"first": _("请给“%(name)s”写几个选项") % {"name": row["label"]}})
    values["personal"] = kind in kinds.PERSONAL
    try:
        fields.create_field(type_key, kind, values, by=by)
    except FieldErrors as error:
        raise FieldErrors({"first": f"{row['label']}：" + clauses(error.errors.values())}) from error


def split(text: str) -> list[str]:
    for mark in ("，", "、", ";", "；", "/", "|", "\n"):
        text = text.replace(mark, ",")
    return [part.strip() for part in text.split(",") if part.strip()]


def wizard(
    values: Mapping[str, Any], first: Sequence[Mapping[str, Any]], errors: Mapping[str, str] | None = None
) -> dict[str, Any]:
    parents = [one for one in all_types() if one.nav and not one.administered and not one.parent]
    offered = {one.key: one for one in kinds.offered()}
    return {
        **form_parts(values, errors),
        "first": first,
        "kinds": [{"value": key, "label": str(offered[key].label)} for key in FIRST_KINDS if key in offered],
        "parents": [{"value": "", "label": _("不属于任何对象，由负责人决定权限")}]
        + [{"value": one.key, "label": str(one.label)} for one in parents],
        "key_url": reverse("define_object_key"),
    }


def form_parts(values: Mapping[str, Any], errors: Mapping[str, str] | None = None) -> dict[str, Any]:
    return {
        "values": values,
        "errors": errors or {},
        "problems": problems(errors, {"label": _("名称"), "key": _("标识"), "first": _("字段")}),
        "icons": ICONS,
        "groups": [{"value": key, "label": str(GROUPS[key])} for key in objects.NAV if key],
    }


@require_GET
@admin_page
def suggest_key(request: HttpRequest, actor: Actor) -> HttpResponse:
    label = request.GET.get("label", "")
    key = keys.suggest(label, objects.taken_keys(), fallback="object") if label.strip() else ""
    typed, last = request.GET.get("key", ""), request.GET.get("key_for", "")
    context = {"key": typed if typed and typed != last else key, "suggested": key, "error": ""}
    context["example"] = f"/o/{context['key']}/" if context["key"] else ""
    return render(request, "ui/define/key.html", context)


# ── one object ──


def frame(object_type: ObjectType, tab: str) -> dict[str, Any]:
    """What stands around every tab of an object's page."""
    own = objects.own_object(object_type.key)
    tabs = (
        ("fields", many(_("字段")), "define_object"),
        ("layouts", _("布局"), "define_layouts"),
        ("rules", many(_("规则")), "define_rules"),
        ("uses", _("使用情况"), "define_uses"),
        ("history", _("历史"), "define_object_history"),
    )
    return {
        "type": object_type,
        "own": own,
        "tab": tab,
        "tabs": [
            {"label": label, "url": reverse(name, args=(object_type.key,)), "active": key == tab}
            for key, label, name in tabs
        ],
    }


@require_GET
@admin_page
def fields_tab(request: HttpRequest, actor: Actor, type_key: str) -> HttpResponse:
    object_type = found_type(type_key)
    rows, word = fields.own_fields(type_key), request.GET.get("q", "").strip()[:80]
    matching = [row for row in rows if tables.speaks_of(word, row.key, row.label, row.label_en)]
    relations = [] if word else objects.relations_of(type_key)
    whole = bool(word) or "all" in request.GET
    most, few = (None, None) if whole else (SHOWN, RELATIONS)
    fixed = tables.fixed_lines(object_type, rows)
    context = {
        **frame(object_type, "fields"),
        "q": word,
        "searched": bool(word) or len(rows) > SHOWN,
        "own_count": len(rows),
        "own_lines": tables.own_lines(object_type, matching[:most]),
        "own_rest": len(matching[most:]) if most else 0,
        "fixed_lines": [line for line in fixed if tables.speaks_of(word, line.key, line.label)],
        "gone": fields.own_fields(type_key, gone=True),
        "kinds": kinds.BY_KEY,
        "relations": tables.relation_lines(object_type, relations[:few]),
        "relations_rest": len(relations[few:]) if few else 0,
    }
    return render(request, "ui/define/fields.html", context)


@require_http_methods(["GET", "POST"])
@admin_page
def edit(request: HttpRequest, actor: Actor, type_key: str) -> HttpResponse:
    object_type = found_type(type_key)
    own = objects.own_object(type_key)
    if own is None:
        raise NotVisible
    names = ("label", "label_en", "icon", "nav", "purpose", "title_label", "prefix", "digits", "position")
    pointers = ("parent", "board", "date")
    values: dict[str, Any] = objects.state_of(own) | {
        "tags": own.options.get("tags", True),
        "timeline": own.options.get("timeline", True),
    }
    errors: dict[str, str] = {}
    clashes: list[tables.Clash] = []
    base = {name: values[name] for name in (*names, *pointers, "tags", "timeline")}
    if request.method == "POST":
        seen = typed_base(request) or base
        values = {name: request.POST.get(name, "") for name in (*names, *pointers)}
        values |= {name: bool(request.POST.get(name)) for name in ("tags", "timeline")}
        try:
            objects.change_object(
                type_key, tables.chosen(request, values), by=actor, base=tables.whole(own, seen)
            )
        except FieldErrors as error:
            errors = error.errors
        except Conflict as conflict:
            clashes = tables.clashes(conflict, tables.OBJECT_LABELS)
            base = tables.seen_now(conflict, seen)
        else:
            messages.success(request, _("已保存，立即生效"))
            return redirect("define_object_edit", type_key)
    context = {
        **frame(object_type, "edit"),
        **form_parts(values, errors),
        "clashes": clashes,
        "base": base_of(base),
        "pointers": tables.pointer_options(type_key),
        "stamp": stamp(objects.target(type_key)),
    }
    return render(
        request, "ui/define/object_edit.html", context, status=422 if errors else 409 if clashes else 200
    )


@require_http_methods(["GET", "POST"])
@admin_page
def rules_tab(request: HttpRequest, actor: Actor, type_key: str) -> HttpResponse:
    """Combined uniqueness, what tells doubles, and numbering."""
    object_type = found_type(type_key)
    own = objects.own_object(type_key)
    errors: dict[str, str] = {}
    told = dict(doubles.proposed(object_type) if "propose" in request.GET else object_type.compared)
    groups = [list(group) for group in object_type.unique_together]
    if request.method == "POST":
        told = {key: request.POST.get(f"doubles-{key}", "") for key in object_type.fields}
        groups = [group for n in range(20) if (group := request.POST.getlist(f"unique-{n}"))]
        values = {name: request.POST.get(name, "") for name in ("prefix", "digits")}
        try:
            with transaction.atomic():
                objects.set_unique(type_key, groups, by=actor)
                if doubles.offered(object_type):
                    doubles.set_doubles(type_key, told, by=actor)
                if own is not None:
                    objects.change_object(type_key, values, by=actor)
        except FieldErrors as error:
            errors = error.errors
        else:
            messages.success(request, _("已保存，立即生效"))
            return redirect("define_rules", type_key)
    groups.append([])
    choices = [
        {"value": spec.key, "label": str(spec.label)} for spec in object_type.fields.values()
        if not spec.readonly and spec.type.key in kinds.UNIQUE | {"choice", "reference", "user"} and not spec.private
    ]  # fmt: skip
    context = {
        **frame(object_type, "rules"),
        "groups": groups,
        "choices": choices,
        "errors": errors,
        "compared": tables.compared_lines(object_type, told),
        "asks_doubles": doubles.offered(object_type),
        "unique_lines": [line for line in tables.all_lines(object_type) if line.unique],
        "checked": [
            field for field in fields.own_fields(type_key) if field.rule or field.show_if or field.require_if
        ],
    }
    return render(request, "ui/define/rules.html", context, status=422 if errors else 200)


@require_GET
@admin_page
def uses_tab(request: HttpRequest, actor: Actor, type_key: str) -> HttpResponse:
    """How full each own field is, and what names it."""
    object_type = found_type(type_key)
    lines = [
        {
            "field": field,
            "uses": usage.report(type_key, field.key),
            "kind": kinds.BY_KEY.get(field.kind),
            "share": fields.share(type_key, field),
        }
        for field in fields.own_fields(type_key)
    ]
    return render(request, "ui/define/uses.html", {**frame(object_type, "uses"), "lines": lines})


@require_GET
@admin_page
def history_tab(request: HttpRequest, actor: Actor, type_key: str) -> HttpResponse:
    object_type = found_type(type_key)
    lines = [change_line(change) for change in history.of_object(type_key)]
    return render(request, "ui/define/object_history.html", {**frame(object_type, "history"), "lines": lines})


@require_http_methods(["GET", "POST"])
@admin_page
def delete(request: HttpRequest, actor: Actor, type_key: str) -> HttpResponseBase:
    object_type = found_type(type_key)
    own = objects.own_object(type_key)
    if own is None:
        raise NotVisible
    if request.method == "POST":
        objects.remove_object(type_key, by=actor)
        messages.success(request, _("已删除“%(name)s”，30 天内可以恢复") % {"name": own.label})
        return redirect("define_objects")
    others = [field for field in objects.pointing(type_key) if field.type_key != type_key]
    context = {
        "type": object_type, "own": own, "others": others, "label_of": objects.label_of,
        "records": tables.record_count(object_type), "uses": usage.report_object(type_key),
    }  # fmt: skip
    return render(request, "ui/define/object_delete.html", context)


@require_POST
@admin_page
def restore(request: HttpRequest, actor: Actor, type_key: str) -> HttpResponseBase:
    own = objects.restore_object(type_key, by=actor)
    messages.success(request, _("已恢复“%(name)s”") % {"name": own.label})
    return redirect("define_object", type_key)


# ── relations ──


@require_http_methods(["GET", "POST"])
@admin_page
def relate(request: HttpRequest, actor: Actor, type_key: str) -> HttpResponse:
    """The relation dialogue, from either side: one field on one of the two objects is all there is to it."""
    object_type = found_type(type_key)
    values = {name: request.POST.get(name, "") for name in ("other", "shape", "label", "required")}
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            field = make_relation(type_key, values, by=actor)
        except FieldErrors as error:
            errors = error.errors
        else:
            messages.success(request, _("已建立关系“%(name)s”") % {"name": field.label})
            response = HttpResponse(status=204)
            response["HX-Redirect"] = reverse("define_object", args=(type_key,))
            return response
    others = [one for one in all_types() if listed(one) and one.key != type_key]
    context = {
        "type": object_type,
        "values": values
        if request.method == "POST"
        else {"shape": "one", "other": request.GET.get("other", "")},
        "errors": errors,
        "others": [{"value": one.key, "label": str(one.label)} for one in others],
        "shapes": shapes(str(object_type.label)),
    }
    return render(request, "ui/define/relate.html", context, status=422 if errors else 200)


def shapes(label: str) -> list[dict[str, str]]:
    return [
        {"value": "one", "label": _("每条%(this)s属于对方的一条记录") % {"this": label}, "sign": "n → 1"},
        {"value": "many", "label": _("每条对方记录属于一条%(this)s") % {"this": label}, "sign": "1 ← n"},
        {
            "value": "both",
            "label": _("多对多：每条%(this)s可以关联对方的几条记录") % {"this": label},
            "sign": "n ↔ n",
        },
    ]


def make_relation(type_key: str, values: Mapping[str, str], *, by: Actor) -> Any:
    other = values["other"]
    if other not in {one.key for one in all_types() if listed(one)}:
        raise FieldErrors({"other": _("请选择对方的对象")})
    here, there = (other, type_key) if values["shape"] == "many" else (type_key, other)
    kind = "multi_reference" if values["shape"] == "both" else "reference"
    label = values["label"].strip() or str(get(there).label)
    link = {
        "label": label,
        "ref": there,
        "required": bool(values["required"]),
        "indexed": kind == "reference",
    }
    return fields.create_field(here, kind, link, by=by)
