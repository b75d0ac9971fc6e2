"""The settings page of the departments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from kemai.platform.access import Actor
from kemai.platform.records import FieldErrors
from kemai.platform.records.naming import Naming
from kemai.staff.models import Department
from kemai.staff.services import departments
from kemai.staff.views.door import admin_page, found, refused_form
from kemai.staff.views.users import indented


@admin_page
def page(request: HttpRequest, actor: Actor) -> HttpResponse:
    rows = [{"row": one, "label": indented(one)} for one in departments.tree()]
    return render(request, "staff/departments.html", {"departments": rows})


@require_http_methods(["GET", "POST"])
@admin_page
def edit(request: HttpRequest, actor: Actor, key: int = 0) -> HttpResponse:
    node = found(departments.tree(), key) if key else None
    values = {
        "name": node.name if node else "",
        "parent": (node.parent_id if node else request.GET.get("parent")) or "",
    }
    if request.method != "POST":
        return render(request, "staff/department_form.html", form_context(node, values))
    typed = {name: request.POST.get(name, "") for name in ("name", "parent")}
    try:
        departments.save_department(node, typed, by=actor)
    except FieldErrors as error:
        return refused_form(request, "staff/department_form.html", form_context(node, typed), error)
    messages.success(request, _("已保存"))
    return redirect("department_list")


@require_http_methods(["GET", "POST"])
@admin_page
def delete(request: HttpRequest, actor: Actor, key: int) -> HttpResponseBase:
    """At once where nothing names the department; else a page asks what becomes of the own fields that do."""
    node = found(departments.tree(), key)
    departments.check_empty(node)
    named = departments.named_in(node)
    fields, heir = request.POST.getlist("fields"), request.POST.get("heir", "")
    if request.method != "POST" or (named and "asked" not in request.POST):
        chosen = [one.key for one, _count in named]
        return render(request, "staff/department_delete.html", delete_context(node, named, chosen, heir))
    if not fields or not named:
        departments.delete_department(node, by=actor)
        messages.success(request, _("已删除"))
        return redirect("department_list")
    try:
        _changes, job = departments.dissolve(node, fields, heir, by=actor)
    except FieldErrors as error:
        context = delete_context(node, named, fields, heir)
        return refused_form(request, "staff/department_delete.html", context, error)
    return redirect("job", job.pk)


def delete_context(
    node: Department, named: list[tuple[Naming, int]], chosen: Sequence[str], heir: str
) -> dict[str, Any]:
    return {
        "node": node,
        "named": [
            {
                "key": one.key, "label": one.title, "icon": one.type.icon, "count": f"{count:,}",
                "chosen": one.key in chosen,
            }
            for one, count in named
        ],
        "heir": heir,
        "others": [
            {"value": str(one.pk), "label": indented(one)} for one in departments.tree() if one.pk != node.pk
        ],
        "errors": {},
    }  # fmt: skip


def form_context(node: Department | None, values: dict[str, Any]) -> dict[str, Any]:
    possible = [one for one in departments.tree() if node is None or not one.path.startswith(node.path)]
    return {
        "node": node,
        "values": values,
        "errors": {},
        "parents": [{"value": str(one.pk), "label": indented(one)} for one in possible],
    }
