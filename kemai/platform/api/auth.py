"""Who calls: a bearer token; or, for reading, the browser's session."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from kemai.platform.access import Actor, TooMany
from kemai.platform.access.origin import address_of, located
from kemai.platform.access.tokens import actor_of_token
from kemai.platform.api.answers import answer
from kemai.platform.api.receipts import Again, once
from kemai.platform.objects import get

View = Callable[..., HttpResponse]


def door(view: View) -> View:
    """Every API view stands behind this: it finds the actor or answers 401. Writing needs a token, so that no other
    site can write with the browser's cookie."""

    @csrf_exempt
    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        key = bearer(request)
        actor: Actor | None = None
        if key:
            actor = actor_of_token(key, address_of(request))
        elif request.method in {"GET", "HEAD"} and request.user.is_authenticated:
            actor = getattr(request, "actor", None)
        if actor is None:
            return unknown()
        actor = located(actor, request)
        with translation.override(tongue(request, actor)):
            return once(request, actor, lambda: view(request, actor, *args, **kwargs), record_again(actor))

    return guarded


def bearer(request: HttpRequest) -> str:
    """The token that the request carries; '' for none."""
    scheme, _space, key = request.headers.get("Authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def unknown() -> HttpResponse:
    body = {"code": "unauthenticated", "message": _("请在 Authorization 头中提供有效的 Bearer 令牌")}
    response = answer(body, status=401)
    response.headers["WWW-Authenticate"] = "Bearer"
    return response


def tongue(request: HttpRequest, actor: Actor) -> str:
    """A program may ask for English; else it is spoken to as its person is."""
    return "en" if request.headers.get("Accept-Language", "")[:2] == "en" else actor.language


def record_again(actor: Actor) -> Again:
    """The answer to a write that was done before: the record as it is now."""

    def again(type_key: str, key: int, status: int) -> HttpResponse:
        from kemai.platform.api.views import one_record

        try:
            return one_record(actor, get(type_key), key, status=status)
        except TooMany:  # the write was done: what may not be read any more is all but which record it is
            return answer({"id": key}, status=status)

    return again
