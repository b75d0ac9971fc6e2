"""Who asks, and in which language they are answered."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers

from kemai.platform.access import actor_for
from kemai.platform.access.origin import located
from kemai.staff.services import sessions

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
            request.actor = located(actor_for(user), request)  # type: ignore[attr-defined]
            if user.language != request.LANGUAGE_CODE:
                translation.activate(user.language)
                request.LANGUAGE_CODE = user.language
            sessions.seen(request, user)
        return self.get_response(request)
