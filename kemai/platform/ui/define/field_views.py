"""A field: choosing its kind, making it, changing it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from kemai.platform.access import SYSTEM, Actor, NotVisible
from kemai.platform.define import changes, convert, fields, keys, kinds, rights, usage
from kemai.platform.define.changes import State
from kemai.platform.define.formulas import shown as shown_formula
from kemai.platform.models import FieldDef, Job
from kemai.platform.objects import ObjectType
from kemai.platform.records import Conflict, FieldErrors
from kemai.platform.ui.define import rows as tables
from kemai.platform.ui.define.field_form import FieldForm, typed_values
from kemai.platform.ui.define.object_views import found_type, frame
from kemai.platform.ui.define.typed import typed_base
from kemai.platform.ui.door import admin_page
from kemai.platform.ui.lists import filters


@require_GET
@admin_page
def choose(request: HttpRequest, actor: Actor, type_key: str) -> HttpResponse:
    """The grid of kinds."""
    object_type = found_type(type_key)
    fields.check_type(type_key)
    groups = [
        (label, [kind for kind in kinds.offered() if kind.group == group])
        for group, label in kinds.GROUPS.items()
    ]
    return render(
        request,
        "ui/define/field_kinds.html",
        {**frame(object_type, "fields"), "groups": [g for g in groups if g[1]]},
    )


@require_http_methods(["GET", "POST"])
@admin_page
def new(request: HttpRequest, actor: Actor, type_key: str, kind: str) -> HttpResponse:
    object_type = found_type(type_key)
    if kind not in {one.key for one in kinds.offered()}:
        raise NotVisible
    form = FieldForm(
        object_type, kind, {"personal": kind in kinds.PERSONAL, "label": request.GET.get("label", "")}
    )
    if request.method == "POST":
        form.values = typed_values(request, kind)
        key = request.POST.get("key", "")
        try:
            field = fields.create_field(type_key, kind, form.values, by=actor, key=key)
        except FieldErrors as error:
            form.values["key"], form.errors = key, error.errors
        else:
            messages.success(request, _("已添加字段“%(name)s”") % {"name": field.label})
            if request.POST.get("_next") == "new":
                return redirect("define_field_new", type_key)
            return redirect("define_object", type_key)
    return shown(request, form, {})


@require_http_methods(["GET", "POST"])
@admin_page
def edit(request: HttpRequest, actor: Actor, type_key: str, key: str) -> HttpResponse:
    object_type = found_type(type_key)
    field = next((one for one in fields.own_fields(type_key) if one.key == key), None)
    if field is None:
        return fixed(request, object_type, key)
    form = FieldForm(object_type, field.kind, fields.formed(fields.state_of(field)), field=field)
    form.values |= {
        name: shown_formula(type_key, str(form.get(name))) for name in ("formula", "rule", "default_formula")
    }
    form.base = fields.state_of(field)
    if request.method == "POST":
        form.values = tables.chosen(request, typed_values(request, field.kind))
        if save(form, field, request, by=actor):
            if (job := switched(form, field, by=actor)) is not None:
                messages.success(request, _("正在后台改变存储方式，期间这个字段只能看"))
                return redirect("job", job.pk)
            if form.errors:
                return shown(request, form, side(type_key, key))
            messages.success(request, _("已保存，立即生效"))
            return redirect("define_field", type_key, key)
    return shown(request, form, side(type_key, key))


def save(form: FieldForm, field: FieldDef, request: HttpRequest, *, by: Actor) -> bool:
    seen: State = typed_base(request) or form.base
    try:
        fields.change_field(field.type_key, field.key, form.values, by=by, base=seen)
    except FieldErrors as error:
        form.errors, form.base = error.errors, seen
    except Conflict as conflict:
        form.clashes = tables.clashes(conflict, tables.FIELD_LABELS)
        form.base = tables.seen_now(conflict, seen)
    else:
        return True
    return False


def switched(form: FieldForm, field: FieldDef, *, by: Actor) -> Job | None:
    """The values are to be encrypted, or no longer: the job that does it."""
    wanted, now = bool(form.values.get("sealed")), bool(field.settings.get("sealed"))
    if wanted == now or not form.can_seal:
        return None
    try:
        return convert.seal_field(field.type_key, field.key, wanted, by=by)
    except FieldErrors as error:
        form.errors = error.errors
        return None


def side(type_key: str, key: str) -> dict[str, Any]:
    """What stands beside the form of a field that exists."""
    return {
        "levels": (held := rights.levels(type_key, key)),
        "locked": filters.collapse(next((one.lock for one in held if one.lock), None)),
        "lock_config": lock_config(type_key),
        "choices": rights.choices(),
        "uses": usage.report(type_key, key),
        "saved": changes.last_change(fields.target(type_key, key)),
    }


def lock_config(type_key: str) -> dict[str, Any]:
    """The record's own fields, as the filter builder knows them."""
    known = filters.fields_for(SYSTEM, found_type(type_key))
    return {"fields": [one for one in known if not one["key"].startswith("~")], "labels": {}}


def shown(request: HttpRequest, form: FieldForm, more: Mapping[str, Any]) -> HttpResponse:
    context = {**frame(form.type, "fields"), "form": form, **more}
    status = 422 if form.errors else 409 if form.clashes else 200
    return render(request, "ui/define/field.html", context, status=status)


def fixed(request: HttpRequest, object_type: ObjectType, key: str) -> HttpResponse:
    """A field that comes with the type: what it is, who may see it, who uses it."""
    spec = object_type.fields.get(key)
    if spec is None or spec.private:
        raise NotVisible
    line = tables.fixed_line(object_type, spec)
    context = {**frame(object_type, "fields"), "line": line, "spec": spec, **side(object_type.key, key)}
    return render(request, "ui/define/field_fixed.html", context)


@require_GET
@admin_page
def suggest_key(request: HttpRequest, actor: Actor, type_key: str) -> HttpResponse:
    found_type(type_key)
    label = request.GET.get("label", "")
    key = keys.suggest(label, fields.taken_keys(type_key)) if label.strip() else ""
    typed, last = request.GET.get("key", ""), request.GET.get("key_for", "")
    context = {"key": typed if typed and typed != last else key, "suggested": key, "error": "", "example": ""}
    return render(request, "ui/define/key.html", context)


@require_GET
@admin_page
def rollup_part(request: HttpRequest, actor: Actor, type_key: str, kind: str) -> HttpResponse:
    """The part of a roll-up's form that depends on the relation chosen."""
    form = FieldForm(
        found_type(type_key),
        "rollup",
        {name: request.GET.get(name, "") for name in ("relation", "agg", "of")},
    )
    return render(
        request,
        "ui/define/rollup.html",
        {"form": form, "part": True, "url_part": reverse("define_rollup_part", args=(type_key, kind))},
    )
