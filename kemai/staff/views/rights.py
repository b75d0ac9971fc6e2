"""The settings pages around rights: sharing rules and limits, and why somebody sees what they see."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kemai.platform import access, records
from kemai.platform.access import SYSTEM, Actor, actor_for
from kemai.platform.access.wording import VERB_LABELS
from kemai.platform.models import ShareRule
from kemai.platform.models.sharing import SHARE_LEVELS
from kemai.platform.objects import VERBS, ObjectType, UnknownField, UnknownObject, all_types
from kemai.platform.query import QueryError, parse
from kemai.platform.records import FieldErrors, sharing
from kemai.platform.ui.lists import filters
from kemai.platform.ui.lists.sentences import sentence
from kemai.platform.ui.lists.state import dumps, loads
from kemai.staff.services import rights
from kemai.staff.services.roles import role_label, roles
from kemai.staff.views.door import admin_page, found, refused_form

TOLD = tuple(verb for verb in VERBS if verb not in {"create", "import", "bulk", "api"})


def broken(object_type: ObjectType | None, where: Any) -> str:
    """Why a rule shares nothing any more; '' where it does."""
    try:
        if object_type is not None:
            parse(where, object_type, SYSTEM.moment())
    except QueryError as error:
        return error.message
    return ""


@require_http_methods(["GET", "POST"])
@admin_page
def sharing_page(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The rules, and what applies to everybody: the manager's sight and the limits."""
    values = access.limits()._asdict()
    errors: dict[str, str] = {}
    sees = rights.manager_sees()
    if request.method == "POST":
        typed = {name: request.POST.get(name, "") for name in values}
        sees = request.POST.get("manager_sees") == "1"
        try:
            rights.save_limits(typed, sees, by=actor)
        except FieldErrors as error:
            errors, values = error.errors, typed
        else:
            messages.success(request, _("已保存，立即生效"))
            return redirect("sharing")
    types = {one.key: one for one in all_types()}
    levels = {option.value: option for option in SHARE_LEVELS}
    rows = [
        {
            "rule": rule, "type": types[rule.type_key].label if rule.type_key in types else rule.type_key,
            "target": access.principal_name(f"{rule.target}:{rule.target_id}") or _("已不存在"),
            "level": levels.get(rule.level, SHARE_LEVELS[0]),
            "broken": broken(types.get(rule.type_key), rule.where),
        }
        for rule in rights.rules()
    ]  # fmt: skip
    context = {"rows": rows, "values": values, "manager_sees": sees, "errors": errors}
    return render(request, "staff/sharing.html", context, status=422 if errors else 200)


@require_http_methods(["GET", "POST"])
@admin_page
def rule_form(request: HttpRequest, actor: Actor, key: int = 0) -> HttpResponse:
    rule = found(rights.rule_rows(), key) if key else None
    types = rights.shareable_types()
    chosen = rule.type_key if rule else request.POST.get("type_key") or request.GET.get("type", "")
    object_type = next((one for one in types if one.key == chosen), types[0])
    if request.method != "POST":
        values: dict[str, Any] = {
            "name": rule.name if rule else "", "level": rule.level if rule else "read",
            "active": rule is None or rule.active, "where": rule.where if rule else None,
            "target": f"{rule.target}:{rule.target_id}" if rule else "",
            "children": sharing.split(rule.children) if rule else [],
        }  # fmt: skip
        return render(request, "staff/rule_form.html", rule_context(actor, rule, object_type, types, values))
    values = {name: request.POST.get(name, "") for name in ("name", "target", "level")}
    values |= {
        "active": request.POST.get("active") == "1", "children": request.POST.getlist("children"),
        "where": filters.expand(loads(request.POST.get("where", ""))), "type_key": object_type.key,
    }  # fmt: skip
    try:
        records.save_rule(rule, values, by=actor)
    except FieldErrors as error:
        context = rule_context(actor, rule, object_type, types, values)
        return refused_form(request, "staff/rule_form.html", context, error)
    messages.success(request, _("已保存，立即生效"))
    return redirect("sharing")


def rule_context(
    actor: Actor,
    rule: ShareRule | None,
    object_type: ObjectType,
    types: list[ObjectType],
    values: dict[str, Any],
) -> dict[str, Any]:
    where = values.get("where")
    name = access.principal_name(str(values.get("target", "")))
    held = [{"value": f"role:{role.pk}", "label": role_label(role)} for role in roles()]
    return {
        "rule": rule, "values": values, "errors": {}, "object_type": object_type,
        "types": [{"value": one.key, "label": one.label} for one in types],
        "levels": [{"value": option.value, "label": option.label} for option in SHARE_LEVELS],
        "children": [{"value": one.key, "label": one.label} for one in sharing.child_types(object_type)],
        "targets": held + ([{"value": values["target"], "label": name}] if name else []),
        "where": dumps(filters.collapse(where)) if where else "", "config": filters.config(SYSTEM, object_type, where),
    }  # fmt: skip


@require_POST
@admin_page
def rule_delete(request: HttpRequest, actor: Actor, key: int) -> HttpResponseBase:
    records.delete_rule(found(rights.rule_rows(), key), by=actor)
    messages.success(request, _("已删除"))
    return redirect("sharing")


@require_safe
@admin_page
def simulator(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Who sees what and by which grant: a person's rights at large, one record, one field."""
    user = rights.person_of(request.GET.get("user", ""))
    object_type = next((one for one in all_types() if one.key == request.GET.get("type", "")), None)
    context: dict[str, Any] = {
        "whom": user,
        "people": [{"value": user.pk, "label": str(user)}] if user else [],
        "types": [{"value": one.key, "label": one.label} for one in all_types()],
        "type_key": object_type.key if object_type else "",
        "record": request.GET.get("record", "").strip()[:40],
        "field_key": request.GET.get("field", ""),
        "verbs": rights.verbs(),
        "lines": rights.scopes_of(user) if user and object_type is None else [],
        "fields": fields_of(object_type),
    }
    if user and object_type:
        context |= answers(user, object_type, context["record"], context["field_key"])
    return render(request, "staff/simulator.html", context)


def in_words(object_type: ObjectType, where: Any) -> str:
    """The condition of a grant, for an administrator."""
    try:
        parse(where, object_type, SYSTEM.moment())
        return sentence(SYSTEM, object_type, where)
    except (QueryError, UnknownField, UnknownObject) as error:
        return _("这个条件已失效（%(why)s），不给予任何记录") % {"why": error}


def fields_of(object_type: ObjectType | None) -> list[dict[str, Any]]:
    if object_type is None:
        return []
    return [{"value": one.key, "label": one.label} for one in object_type.fields.values() if not one.private]


def answers(user: Any, object_type: ObjectType, record: str, field: str) -> dict[str, Any]:
    """The explanation of one record and one field for somebody."""
    person = actor_for(user, sits=True)
    found: dict[str, Any] = {"asked": True}
    key = access.find_record(object_type, record)
    if record and key is None:
        found["missing"] = True
    if key is not None:
        told = access.explain(person, object_type, key, TOLD, says=in_words)
        if told is not None:
            found["told"] = [
                {"label": VERB_LABELS[verb], "causes": told.causes.get(verb, ()), "reason": told.refusals.get(verb, "")}
                for verb in TOLD
            ]  # fmt: skip
            found["sees"] = told.sees
    if field in object_type.fields:
        level, lines = access.explain_field(person, object_type, field)
        found |= {"level": level, "level_lines": lines, "field_label": object_type.fields[field].label}
    found["scopes"] = [
        {"label": VERB_LABELS[verb], "scope": access.verb_scope(person, object_type, verb)} for verb in VERBS
    ]
    return found
