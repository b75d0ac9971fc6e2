"""The settings page of logging in: how long it lasts, and single sign-on."""

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
from kemai.staff.services import security, sso
from kemai.staff.views.door import admin_page
from kemai.staff.views.sso import redirect_uri

SESSIONS = ("idle_minutes", "absolute_hours")
SIGN_ON = ("enabled", "label", "issuer", "client_id", "client_secret", "match", "trust_email", "create")


@require_http_methods(["GET", "POST"])
@admin_page
def page(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    if request.method != "POST":
        return show(request, {}, {})
    names = SIGN_ON if request.POST.get("part") == "sign_on" else SESSIONS
    typed = {name: request.POST.get(name, "") for name in names}
    try:
        if names is SIGN_ON:
            sso.save(typed, by=actor)
        else:
            security.save(typed, by=actor)
    except FieldErrors as error:
        return show(request, typed, error.errors, 422)
    messages.success(request, _("已保存"))
    return redirect("security")


def show(
    request: HttpRequest, typed: dict[str, str], errors: dict[str, str], status: int = 200
) -> HttpResponse:
    found = sso.stored()
    values: dict[str, Any] = {**asdict(security.policy()), **asdict(found), **typed, "client_secret": ""}
    context = {
        "values": values,
        "errors": errors,
        "has_secret": bool(found.client_secret),
        "redirect_uri": redirect_uri(request),
        "on": sso.provider() is not None,
        "matches": [
            {"value": "email", "label": _("邮箱相同的员工")},
            {"value": "username", "label": _("用户名等于服务方的 sub 的员工")},
        ],
    }
    return render(request, "staff/security.html", context, status=status)
