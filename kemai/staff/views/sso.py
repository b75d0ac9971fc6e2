"""Coming in by single sign-on: to the provider, and back."""

from __future__ import annotations

import logging
import time
from dataclasses import astuple
from typing import Any
from urllib.parse import urlencode, urlsplit

from allauth.account.internal.flows import reauthentication
from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from allauth.account.views import LoginView
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, QueryDict
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from kemai.platform.access import Actor, NotVisible
from kemai.platform.ui.door import signed_in
from kemai.staff.models import User
from kemai.staff.services import oidc, sso, trail
from kemai.staff.services.oidc import Begun, Known, SignOnError
from kemai.staff.services.sso import Provider
from kemai.staff.views.door import user_of, way_again

log = logging.getLogger(__name__)
PENDING = "kemai_sign_on"
PATIENCE = 600
"""Seconds that somebody may spend at the provider."""
SAID = {
    "unreachable": gettext_lazy("单点登录的服务现在连不上，请稍后再试，或用密码登录。"),
    "forbidden_address": gettext_lazy("单点登录的服务地址不允许访问，请联系管理员。"),
    "not_a_provider": gettext_lazy("单点登录的服务没有正确应答，请联系管理员。"),
    "refused": gettext_lazy("单点登录没有完成，请再试一次。"),
    "bad_token": gettext_lazy("单点登录的应答不能相信，请从头再试一次。"),
    "nobody": gettext_lazy("您已通过单点登录的验证，但客脉里没有与您对应的账号，请联系管理员。"),
}


class Enter(LoginView):  # type: ignore[misc]
    """The log-in page, with the button to the provider where there is one."""

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**given)
        found = sso.provider()
        context["sign_on"] = (found.label or _("用公司账号登录")) if found is not None else ""
        if found is not None:
            context["sign_on_url"] = way_there(self.request, self.request.GET.get("next", ""))
        return context


enter = Enter.as_view()


def current() -> Provider:
    """Raises NotVisible while there is no single sign-on."""
    found = sso.provider()
    if found is None:
        raise NotVisible
    return found


def redirect_uri(request: HttpRequest) -> str:
    path = reverse("sso_back")
    return f"{settings.PUBLIC_URL}{path}" if settings.PUBLIC_URL else request.build_absolute_uri(path)


def of_this_browser(request: HttpRequest) -> str:
    """What an address to the provider carries that stands on a page of ours: another site's page cannot know it, so
    nobody is logged in without having pressed the button."""
    get_token(request)
    return salted_hmac("kemai.sign_on", request.META["CSRF_COOKIE"], algorithm="sha256").hexdigest()[:32]


def way_there(request: HttpRequest, place: str = "", name: str = "sso_start") -> str:
    return (
        f"{reverse(name)}?{urlencode({'go': of_this_browser(request), **({'next': place} if place else {})})}"
    )


@require_safe
def start(request: HttpRequest) -> HttpResponseBase:
    found = current()
    if not constant_time_compare(request.GET.get("go", ""), of_this_browser(request)):
        return redirect_to_login(request.GET.get("next", "")[:500] or settings.LOGIN_REDIRECT_URL)
    try:
        place, begun = oidc.begin(found.client, redirect_uri(request))
    except SignOnError as error:
        return refused(request, error.code, error.detail)
    request.session[PENDING] = [*astuple(begun), int(time.time()), request.GET.get("next", "")[:500]]
    return HttpResponseRedirect(place)


@require_safe
@signed_in
def again(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    """For who shows elsewhere that it is they: a page that says so, whose button leads there. The provider is told that
    a log-in which it still knows does not do."""
    found, user, place = current(), user_of(request), request.GET.get("next", "")[:500]
    if way_again(user) != "sso_again":
        raise NotVisible
    if not constant_time_compare(request.GET.get("go", ""), of_this_browser(request)):
        shown = {"there": found.label or _("用公司账号登录"), "again": way_there(request, place, "sso_again")}
        return render(request, "staff/sso_again.html", shown)
    try:
        address, begun = oidc.begin(found.client, redirect_uri(request), again=True)
    except SignOnError as error:
        return refused(request, error.code, error.detail)
    request.session[PENDING] = [*astuple(begun), int(time.time()), place, user.pk]
    return HttpResponseRedirect(address)


def goes_on(request: HttpRequest, known: Known, kept: list[Any], found: Provider) -> HttpResponseBase:
    """Somebody who had come in before has shown that it is they; what they had sent is done now."""
    user, place = request.user, safe(request, kept[4])
    if not isinstance(user, User) or user.pk != kept[5] or not sso.is_again(known, user, kept[3], found):
        return refused(request, "bad_token", "somebody else, or not asked again")
    record_authentication(request, user, method="sign_on", reauthenticated=True)
    asked: Any = request
    asked.GET = QueryDict(urlencode({"next": place}))
    answer: HttpResponseBase | None = reauthentication.resume_request(request)
    return answer or HttpResponseRedirect(place)


@require_safe
def back(request: HttpRequest) -> HttpResponseBase:
    """An answer is good once, in the browser that has asked, within ten minutes."""
    found = current()
    kept = request.session.pop(PENDING, None)
    if not isinstance(kept, list) or not 0 <= time.time() - kept[3] <= PATIENCE:
        return refused(request, "bad_token", "nothing pending")
    try:
        known = oidc.finish(found.client, Begun(*kept[:3]), request.GET.dict(), redirect_uri(request))
    except SignOnError as error:
        return refused(request, error.code, error.detail)
    if len(kept) > 5:
        return goes_on(request, known, kept, found)
    user = sso.person_of(known, found)
    if user is None:
        return refused(request, "nobody", known.subject)
    record_authentication(request, user, method="sign_on", provider=urlsplit(found.issuer).hostname)
    answer: HttpResponseBase = perform_login(request, Login(user=user, redirect_url=safe(request, kept[4])))
    return answer


def safe(request: HttpRequest, place: str) -> str:
    return (
        place if url_has_allowed_host_and_scheme(place, {request.get_host()}) else settings.LOGIN_REDIRECT_URL
    )


def refused(request: HttpRequest, code: str, detail: str) -> HttpResponse:
    """What went wrong in words for people; the particulars are for the log and the audit."""
    log.warning("single sign-on: %s (%s)", code, detail)
    trail.at_the_door("login_failed", request, None, f"SSO {code}")
    asked = "sso_again" if request.user.is_authenticated else "sso_start"
    shown = {"message": SAID[code], "again": way_there(request, name=asked)}
    return render(request, "staff/sso_refused.html", shown, status=403)
