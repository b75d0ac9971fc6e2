"""What is done with a field besides changing it: order, rights, deletion, coming back, the state of its index."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kemai.platform.access import Actor
from kemai.platform.define import fields, kinds, rights, usage
from kemai.platform.fields import clauses
from kemai.platform.records import FieldErrors
from kemai.platform.ui.define import rows as tables
from kemai.platform.ui.define.field_form import FieldForm
from kemai.platform.ui.define.object_views import found_type, frame
from kemai.platform.ui.define.typed import tree
from kemai.platform.ui.door import admin_page
from kemai.platform.ui.lists import filters


@require_POST
@admin_page
def order(request: HttpRequest, actor: Actor, type_key: str) -> HttpResponse:
    """The own fields in the order in which they were dragged."""
    found_type(type_key)
    fields.order_fields(type_key, request.POST.getlist("key"), by=actor)
    return HttpResponse(status=204)


@require_POST
@admin_page
def rights_page(request: HttpRequest, actor: Actor, type_key: str, key: str) -> HttpResponseBase:
    found_type(type_key)
    wanted = {
        int(name[6:]): value
        for name, value in request.POST.items()
        if name[:6] == "level-" and name[6:].isdigit()
    }
    where = filters.expand(tree(request.POST.get("locked_where", ""))) or None
    roles = [int(one) for one in request.POST.getlist("locked_role") if one.isascii() and one.isdigit()][:200]
    try:
        with transaction.atomic():
            rights.save_levels(type_key, key, {role: str(level) for role, level in wanted.items()}, by=actor)
            rights.save_lock(type_key, key, where, roles if where else [], by=actor)
    except FieldErrors as error:
        messages.error(request, clauses(error.errors.values()))
    else:
        messages.success(request, _("权限已保存，立即生效"))
    return redirect("define_field", type_key, key)


@require_http_methods(["GET", "POST"])
@admin_page
def delete(request: HttpRequest, actor: Actor, type_key: str, key: str) -> HttpResponseBase:
    object_type = found_type(type_key)
    field = fields.own_field(type_key, key)
    if request.method == "POST":
        fields.remove_field(type_key, key, by=actor)
        messages.success(request, _("已删除字段“%(name)s”，30 天内可以恢复") % {"name": field.label})
        return redirect("define_object", type_key)
    context = {
        **frame(object_type, "fields"),
        "field": field,
        "kind": kinds.BY_KEY.get(field.kind),
        "uses": usage.report(type_key, key),
        "filled": fields.filled(type_key, key),
    }
    return render(request, "ui/define/field_delete.html", context)


@require_POST
@admin_page
def restore(request: HttpRequest, actor: Actor, type_key: str, key: str) -> HttpResponseBase:
    found_type(type_key)
    field = fields.restore_field(type_key, key, by=actor)
    messages.success(request, _("已恢复字段“%(name)s”和它的值") % {"name": field.label})
    return redirect("define_object", type_key)


@require_GET
@admin_page
def index_state(request: HttpRequest, actor: Actor, type_key: str, key: str) -> HttpResponse:
    """The state of the index, asked again while it is being made."""
    object_type = found_type(type_key)
    field = fields.own_field(type_key, key)
    form = FieldForm(object_type, field.kind, {}, field=field)
    return render(
        request,
        "ui/define/index_state.html",
        {"form": form, "line": tables.own_lines(object_type, [field])[0]},
    )
