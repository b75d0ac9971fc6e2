"""The settings page of logging in: how long it lasts, single sign-on, and the company's directory."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from kemai.platform.access import Actor
from kemai.platform.records import FieldErrors
from kemai.staff.services import directory, ldap, security, sso
from kemai.staff.views.door import admin_page
from kemai.staff.views.sso import redirect_uri

SESSIONS = ("idle_minutes", "absolute_hours", "single_session")
SIGN_ON = ("enabled", "label", "issuer", "client_id", "client_secret", "match", "trust_email", "create")


DIRECTORY = (*directory.FLAGS, *directory.TEXTS, "bind_password", "try_login")
PARTS: dict[str, tuple[str, ...]] = {"sessions": SESSIONS, "sign_on": SIGN_ON, "directory": DIRECTORY}


@require_http_methods(["GET", "POST"])
@admin_page
def page(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    if request.method != "POST":
        return show(request)
    part = request.POST.get("part", "")
    part = part if part in PARTS else "sessions"
    typed = {name: request.POST.get(name, "") for name in PARTS[part]}
    try:
        if "try" in request.POST and part == "directory":
            steps = directory.tried(typed, typed["try_login"].strip()[:150], by=actor)
            return show(request, part, typed, steps=steps)
        save(part, typed, actor)
    except FieldErrors as error:
        return show(request, part, typed, error.errors, status=422)
    messages.success(request, _("已保存"))
    return redirect("security")


def save(part: str, typed: dict[str, str], actor: Actor) -> None:
    """Raises FieldErrors, Denied."""
    if part == "sign_on":
        sso.save(typed, by=actor)
    elif part == "directory":
        directory.save(typed, by=actor)
    else:
        security.save(typed, by=actor)


def show(
    request: HttpRequest,
    part: str = "",
    typed: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
    *,
    steps: list[str] | None = None,
    status: int = 200,
) -> HttpResponse:
    """The three forms; the one that was sent with what was typed and what is wrong with it."""
    provider, company = sso.stored(), directory.stored()
    values: dict[str, dict[str, Any]] = {
        "sessions": asdict(security.policy()), "sign_on": asdict(provider), "directory": asdict(company),
    }  # fmt: skip
    values.get(part, {}).update(typed or {})
    context = {
        "values": values,
        "errors": {name: (errors or {}) if name == part else {} for name in PARTS},
        "steps": steps,
        "has_secret": bool(provider.client_secret),
        "has_password": bool(company.bind_password),
        "redirect_uri": redirect_uri(request),
        "matches": [
            {"value": "email", "label": _("邮箱相同的员工")},
            {"value": "username", "label": _("用户名等于服务方的 sub 的员工")},
        ],
        "kinds": [
            {"value": "openldap", "label": _("OpenLDAP 等")},
            {"value": "ad", "label": "Active Directory"},
        ],
        "directory_matches": [
            {"value": "username", "label": _("用户名相同的员工")},
            {"value": "email", "label": _("邮箱相同的员工")},
        ],
        "filters": {key: kind.filter for key, kind in ldap.KINDS.items()},
    }
    return render(request, "staff/security.html", context, status=status)
