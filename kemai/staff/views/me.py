"""One's own account: settings, sessions, and the one-time link that opens it."""

from __future__ import annotations

from allauth.account import views as account
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from kemai.kit.devices import device_of
from kemai.kit.numbers import record_key
from kemai.platform.access import Actor, actor_for
from kemai.platform.records import FieldErrors
from kemai.platform.ui.door import signed_in
from kemai.staff.models import User
from kemai.staff.services import people, security, sessions
from kemai.staff.views.door import asked_again, refused_form, user_of

YEAR = 365 * 24 * 3600
DENSITIES = {"cozy": "normal", "compact": "compact"}
"""The shell's word for a density → ours."""


@require_http_methods(["GET", "POST"])
@signed_in
def preferences(request: HttpRequest, actor: Actor) -> HttpResponse:
    user = user_of(request)
    context = {"values": {key: getattr(user, key) for key in people.OWN}, "errors": {}, "model": User}
    if request.method != "POST":
        return render(request, "staff/preferences.html", context)
    typed = {key: request.POST.get(key, "") for key in people.OWN}
    try:
        people.update_own(user, typed, by=actor)
    except FieldErrors as error:
        return refused_form(request, "staff/preferences.html", {**context, "values": typed}, error)
    translation.activate(user.language)
    messages.success(request, _("已保存"))
    return with_language(redirect("preferences"), user.language)


@require_POST
@signed_in
def prefs(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Theme, density or language, changed from the person's menu: POST theme|density|language."""
    values = {key: request.POST[key] for key in ("theme", "density", "language") if key in request.POST}
    if "density" in values:
        values["density"] = DENSITIES.get(values["density"], values["density"])
    user = people.update_own(user_of(request), values, by=actor)
    return with_language(HttpResponse(status=204), user.language)


def with_language(response: HttpResponse, language: str) -> HttpResponse:
    """The next log-in page on this machine speaks the same language."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=YEAR,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


@signed_in
def sessions_page(request: HttpRequest, actor: Actor) -> HttpResponse:
    rows = list(sessions.open_sessions(user_of(request)))
    current = request.session.session_key
    rules = security.policy()
    context = {
        "sessions": sorted(rows, key=lambda row: row.session_key != current),
        "current": current,
        "device": device_of,
        "idle": span(rules.idle_minutes),
        "most": span(rules.absolute_hours * 60),
    }
    return render(request, "staff/sessions.html", context)


def span(minutes: int) -> str:
    """In the largest unit that it is whole in."""
    if minutes % 1440 == 0:
        return ngettext("%(n)s 天", "%(n)s 天", minutes // 1440) % {"n": minutes // 1440}
    if minutes % 60 == 0:
        return _("%(n)s 小时") % {"n": minutes // 60}
    return _("%(n)s 分钟") % {"n": minutes}


@signed_in
@asked_again(opening=True)
def password_set(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    """A first password of one's own, for who came by single sign-on or the directory: a way in like any other."""
    answer: HttpResponseBase = account.password_set(request)
    return answer


@require_POST
@signed_in
@asked_again()
def end_sessions(request: HttpRequest, actor: Actor) -> HttpResponse:
    """End the session `id`, or all others."""
    user = user_of(request)
    key = record_key(request.POST.get("id", ""))
    if key is not None:
        sessions.end(user, key)
    else:
        sessions.end_all(user, but=request.session.session_key)
    messages.success(request, _("已退出所选设备上的登录"))
    return redirect("sessions")


@require_http_methods(["GET", "POST"])
def welcome(request: HttpRequest, uid: str, token: str) -> HttpResponseBase:
    """The one-time link: whoever has it sets the password, and then logs in."""
    user = people.user_of_link(uid, token)
    if user is None:
        return render(request, "staff/welcome.html", {"person": None, "errors": {}}, status=404)
    context = {"person": user, "errors": {}}
    if request.method != "POST":
        return render(request, "staff/welcome.html", context)
    password = request.POST.get("password", "")
    try:
        if password != request.POST.get("again", ""):
            raise FieldErrors({"again": _("两次输入的密码不一样")})
        people.set_password(user, password, by=actor_for(user))
    except FieldErrors as error:
        return refused_form(request, "staff/welcome.html", context, error)
    messages.success(request, _("密码已设置，请登录"))
    return redirect("account_login")
