"""The settings page of the people who work here."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import resolve
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from kemai.platform.access import Actor, NotVisible
from kemai.platform.records import FieldErrors
from kemai.staff.models import Department, User
from kemai.staff.services import departments, people, sessions
from kemai.staff.services.roles import role_label, role_note, roles
from kemai.staff.views.door import admin_page, asked_again, found, refused_form

FIELDS = ("username", "name", "email", "phone", "department", "manager", *people.LEAVE)
SHOWN = 500


@admin_page
def page(request: HttpRequest, actor: Actor) -> HttpResponse:
    text = request.GET.get("q", "")[:80]
    state = request.GET.get("state", "active")
    active = {"active": True, "left": False}.get(state)
    rows = list(people.people(text=text, active=active)[: SHOWN + 1])
    context = {
        "users": rows[:SHOWN],
        "more": len(rows) > SHOWN,
        "two_step": people.two_step_users(rows),
        "role_label": role_label,
        "text": text,
        "state": state,
    }
    return render(request, "staff/users.html", context)


@require_http_methods(["GET", "POST"])
@admin_page
def new(request: HttpRequest, actor: Actor) -> HttpResponse:
    context = form_context(None, {"roles": []})
    if request.method != "POST":
        return render(request, "staff/user_form.html", context)
    typed = typed_values(request)
    try:
        user = people.create_user(typed, by=actor)
    except FieldErrors as error:
        return refused_form(request, "staff/user_form.html", form_context(None, typed), error)
    return show_link(request, actor, user)


def changes_log_in(request: HttpRequest) -> bool:
    """Does the form change what somebody logs in with, or where a new password is sent?"""
    user = people.people(active=None).filter(pk=resolve(request.path).kwargs["key"]).first()
    return user is not None and any(
        " ".join(request.POST.get(name, "").split()).casefold() != getattr(user, name).casefold()
        for name in ("username", "email")
    )


def opens_account(request: HttpRequest) -> bool:
    return resolve(request.path).kwargs["act"] in {"link", "drop-two-step"}


@require_http_methods(["GET", "POST"])
@admin_page
@asked_again(changes_log_in)
def edit(request: HttpRequest, actor: Actor, key: int) -> HttpResponse:
    user = found(people.people(active=None), key)
    if request.method != "POST":
        return render(request, "staff/user_form.html", form_context(user, stored_values(user)))
    typed = typed_values(request)
    try:
        people.update_user(user, typed, by=actor)
    except FieldErrors as error:
        return refused_form(request, "staff/user_form.html", form_context(user, typed), error)
    messages.success(request, _("已保存"))
    return redirect("user_list")


@require_POST
@admin_page
@asked_again(opens_account)
def act(request: HttpRequest, actor: Actor, key: int, act: str) -> HttpResponseBase:
    """deactivate, activate, link, end-sessions, drop-two-step."""
    user = found(people.people(active=None), key)
    if act == "link":
        return show_link(request, actor, user)
    if act == "deactivate":
        people.set_active(user, False, by=actor)
        messages.success(request, _("已停用，此人的登录和访问令牌已失效"))
    elif act == "activate":
        people.set_active(user, True, by=actor)
        messages.success(request, _("已恢复"))
    elif act == "end-sessions":
        people.lock_out(user, by=actor)
        messages.success(request, _("已结束此人的所有登录"))
    elif act == "drop-two-step":
        try:
            people.drop_two_step(user, request.POST.get("proof", ""), by=actor)
        except FieldErrors as error:
            return refused_form(
                request, "staff/user_form.html", form_context(user, stored_values(user)), error
            )
        messages.success(request, _("已关闭此人的两步验证"))
    else:
        raise NotVisible
    return redirect("user_edit", key)


def show_link(request: HttpRequest, actor: Actor, user: User) -> HttpResponse:
    """Shown once, to be handed over in person; it is not kept anywhere."""
    link = request.build_absolute_uri(people.welcome_path(user, by=actor))
    return render(request, "staff/user_link.html", {"person": user, "link": link})


def typed_values(request: HttpRequest) -> dict[str, Any]:
    return {**{name: request.POST.get(name, "") for name in FIELDS}, "roles": request.POST.getlist("roles")}


def stored_values(user: User) -> dict[str, Any]:
    return {
        **{name: getattr(user, name) for name in ("username", "name", "email", "phone", *people.LEAVE)},
        "department": user.department_id or "",
        "manager": user.manager_id or "",
        "roles": [str(role.pk) for role in user.roles.all()],
    }


def form_context(user: User | None, values: dict[str, Any]) -> dict[str, Any]:
    managers = [person for person in people.people() if user is None or person.pk != user.pk]
    return {
        "person": user,
        "values": values,
        "errors": {},
        "departments": [{"value": str(one.pk), "label": indented(one)} for one in departments.tree()],
        "managers": [{"value": str(one.pk), "label": str(one)} for one in managers],
        "roles": [{"value": str(one.pk), "label": role_label(one), "sub": role_note(one)} for one in roles()],
        "two_step": bool(user and people.two_step_users([user])),
        "proof_options": [{"value": key, "label": label} for key, label in people.PROOFS.items()],
        "open_sessions": sessions.open_sessions(user).count() if user else 0,
    }


def indented(department: Department) -> str:
    return "\u3000" * (department.path.count("/") - 1) + department.name
