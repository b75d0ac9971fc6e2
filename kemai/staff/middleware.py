"""Who asks, and in which language they are answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _

from kemai.platform.access import Actor, actor_for
from kemai.platform.access.origin import located
from kemai.staff.services import people, sessions

BEFORE_TWO_STEP = frozenset({
    "mfa_index", "mfa_activate_totp", "account_reauthenticate", "account_logout", "account_change_password", "prefs",
    "two_step_codes", "sso_again", "sso_back",
})  # fmt: skip
"""Pages that are open to those who still have to set up their second step."""
READS = frozenset({"GET", "HEAD"})
SHOWS = frozenset({"reveal"})
"""Posts that only show: what else is sent is judged without an emergency, so that nothing is written because of it,
whatever asks for no more than seeing a record (a comment, a child)."""
Respond = Callable[[HttpRequest], HttpResponse]


class LanguageMiddleware:
    """For strangers: the language of the cookie, else the browser's, else Chinese."""

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        translation.activate(translation.get_language_from_request(request))
        request.LANGUAGE_CODE = translation.get_language() or settings.LANGUAGE_CODE
        try:
            response = self.get_response(request)
            response.headers.setdefault(
                "Content-Language", translation.get_language() or settings.LANGUAGE_CODE
            )
        finally:
            translation.deactivate()
        patch_vary_headers(response, ("Accept-Language",))
        return response


class ActorMiddleware:
    """`request.actor`: the rights of whoever is logged in, read anew for every request; None for strangers."""

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.actor = None  # type: ignore[attr-defined]
        if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
            user = request.user
            if not sessions.seen(request, user):
                logout(request)
                messages.info(request, _("登录已到最长时限，请重新登录"))
                return self.get_response(request)
            request.actor = located(actor_for(user, sits=True), request)  # type: ignore[attr-defined]
            if user.language != request.LANGUAGE_CODE:
                translation.activate(user.language)
                request.LANGUAGE_CODE = user.language
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: object) -> HttpResponse | None:
        """An emergency only shows; whoever's role wants a second step sets it up before anything else."""
        user: Any = request.user
        actor: Actor | None = request.actor  # type: ignore[attr-defined]
        name = request.resolver_match.url_name if request.resolver_match else ""
        if actor is not None and request.method not in READS and name not in SHOWS:
            request.actor = actor.everyday  # type: ignore[attr-defined]
        if actor is None or not getattr(user, "wants_two_step", False):
            return None
        if name in BEFORE_TWO_STEP or people.two_step_users([user]):
            return None
        if request.headers.get("HX-Request") == "true":
            return HttpResponse(status=204, headers={"HX-Redirect": reverse("mfa_index")})
        if request.method != "GET" or "application/json" in request.headers.get("Accept", ""):
            return HttpResponse(status=403)
        messages.warning(request, _("您的角色要求两步验证，请先启用它"))
        return redirect("mfa_index")
