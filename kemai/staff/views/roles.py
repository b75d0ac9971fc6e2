"""The settings page of roles: the matrix of rights and, object by object, the levels of fields."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from kemai.platform import access
from kemai.platform.access import SYSTEM, Actor
from kemai.platform.access.limits import READING
from kemai.platform.access.wording import VERB_LABELS
from kemai.platform.models import Role
from kemai.platform.models.rights import LEVELS, SCOPES
from kemai.platform.objects import VERBS, all_types, get
from kemai.platform.records import FieldErrors
from kemai.platform.ui.lists import filters
from kemai.platform.ui.lists.state import dumps, loads
from kemai.staff.services import departments, reading_limits, roles
from kemai.staff.services.roles import EVERYTHING, Cell, role_label, role_note
from kemai.staff.views.door import admin_page, found, refused_form

TYPED = ("name", "description", "is_admin", "two_step")
SHORT = {
    "own": gettext_lazy("本人"),
    "reports": gettext_lazy("本人+下属"),
    "team": gettext_lazy("本部门"),
    "below": gettext_lazy("部门+下级"),
    "chosen": gettext_lazy("指定部门"),
    "all": gettext_lazy("全部"),
}
"""Scopes as they fit into a cell of the matrix."""


@admin_page
def page(request: HttpRequest, actor: Actor) -> HttpResponse:
    return render(
        request,
        "staff/roles.html",
        {"roles": roles.roles(), "role_label": role_label, "role_note": role_note},
    )


@require_http_methods(["GET", "POST"])
@admin_page
def edit(request: HttpRequest, actor: Actor, key: int = 0) -> HttpResponse:
    role = found(roles.roles(), key) if key else None
    if request.method != "POST":
        values = {
            "name": role.name if role else "",
            "description": role.description if role else "",
            "is_admin": role.is_admin if role else False,
            "two_step": role.two_step if role else False,
            **{name: "" if most is None else most for name, most in reading_limits.of_role(role).items()},
        }
        return render(
            request, "staff/role_form.html", form_context(role, values, roles.matrix(role) if role else {})
        )
    typed = {name: request.POST.get(name, "") for name in TYPED}
    typed |= {name: request.POST[name] for name in READING if name in request.POST}
    wanted = typed_matrix(request, role)
    try:
        role = roles.save_role(role, typed, wanted, by=actor)
    except FieldErrors as error:
        return refused_form(request, "staff/role_form.html", form_context(role, typed, wanted), error)
    messages.success(request, _("已保存，立即生效"))
    return redirect("role_edit", role.pk)


@require_POST
@admin_page
def delete(request: HttpRequest, actor: Actor, key: int) -> HttpResponseBase:
    roles.delete_role(found(roles.roles(), key), by=actor)
    messages.success(request, _("已删除"))
    return redirect("role_list")


@require_http_methods(["GET", "POST"])
@admin_page
def fields(request: HttpRequest, actor: Actor, key: int, type_key: str) -> HttpResponse:
    role = found(roles.roles(), key)
    object_type = get(type_key)
    specs = [spec for spec in object_type.fields.values() if not spec.private]
    verbs = [verb for verb in VERBS if may_grant(type_key, verb)]
    cells = {verb: cell for (one, verb), cell in roles.matrix(role).items() if one == type_key}
    errors: dict[str, str] = {}
    if request.method == "POST":
        wanted = {spec.key: request.POST.get(f"level-{spec.key}", "") for spec in specs}
        cells = typed_cells(request, verbs)
        try:
            roles.save_cells(role, type_key, cells, by=actor)
            roles.save_levels(role, type_key, wanted, by=actor)
        except FieldErrors as error:
            errors = error.errors
        else:
            messages.success(request, _("已保存，立即生效"))
            return redirect("role_fields", key, type_key)
    where = next((cell.where for cell in cells.values() if cell.where), None)
    context = {
        "verbs": [{"key": verb, "label": VERB_LABELS[verb], "cell": cells.get(verb)} for verb in verbs],
        "scopes": [
            {"value": option.value, "label": option.label} for option in SCOPES if option.value != "none"
        ],
        "departments": [{"value": node.pk, "label": node.name} for node in departments.tree()],
        "chosen": sorted({key for cell in cells.values() for key in cell.departments}),
        "where": dumps(filters.collapse(where)) if where else "",
        "config": filters.config(SYSTEM, object_type, where),
        "problems": list(dict.fromkeys(errors.values())),
        "role": role,
        "role_label": role_label,
        "object_type": object_type,
        "specs": specs,
        "levels": roles.levels(role, type_key),
        "choices": [{"value": option.value, "label": option.label} for option in LEVELS],
    }
    return render(request, "staff/role_fields.html", context, status=422 if errors else 200)


def typed_cells(request: HttpRequest, verbs: list[str]) -> dict[str, Cell]:
    """One type's grants: scopes by verb, the departments of all chosen ones, the condition where it is ticked."""
    texts = request.POST.getlist("departments")
    chosen = tuple(int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 18)
    where = filters.expand(loads(request.POST.get("where", "")))
    found = {}
    for verb in verbs:
        scope = request.POST.get(f"grant-{verb}", "")
        if scope:
            bound = where if request.POST.get(f"where-{verb}") == "1" else None
            found[verb] = Cell(scope, chosen if scope == "chosen" else (), bound or None)
    return found


def typed_matrix(request: HttpRequest, role: Role | None) -> dict[tuple[str, str], Cell]:
    """The selects are called `grant-customer-view`; an empty one grants nothing. Departments and conditions of a cell
    are set on its object's page and stay as they are."""
    keys = [EVERYTHING, *(one.key for one in all_types())]
    before = roles.matrix(role) if role else {}
    typed = {(key, verb): request.POST.get(f"grant-{key}-{verb}", "") for key in keys for verb in VERBS}
    return {
        cell: before[cell]._replace(scope=scope) if cell in before else Cell(scope)
        for cell, scope in typed.items()
        if scope
    }


def may_grant(type_key: str, verb: str) -> bool:
    """People and departments are administered: no role edits them as records."""
    return type_key == EVERYTHING or verb == "view" or not get(type_key).administered


def form_context(
    role: Role | None, values: dict[str, Any], matrix: dict[tuple[str, str], Cell]
) -> dict[str, Any]:
    kinds = [(EVERYTHING, _("所有对象")), *((one.key, one.label) for one in all_types())]
    rows = [
        {
            "key": key,
            "label": label,
            "cells": {verb: matrix.get((key, verb), Cell("")) for verb in VERBS if may_grant(key, verb)},
        }
        for key, label in kinds
    ]
    return {
        "role": role,
        "role_label": role_label,
        "values": values,
        "errors": {},
        "rows": rows,
        "company": access.limits(),
        "verbs": [{"key": verb, "label": VERB_LABELS[verb]} for verb in VERBS],
        "scopes": [
            {"value": option.value, "label": option.label, "short": SHORT[option.value]}
            for option in SCOPES
            if option.value != "none"
        ],
    }
