"""Whoever opens a page has logged in; the view gets them as its actor."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from kemai.platform.access import Actor, Denied

P = ParamSpec("P")
Page = Callable[Concatenate[HttpRequest, Actor, P], HttpResponseBase]


def actor_of(request: HttpRequest) -> Actor | None:
    """Who asks; None for somebody who has not logged in. Set by the staff's middleware."""
    return getattr(request, "actor", None)


def is_fragment(request: HttpRequest) -> bool:
    """Does htmx want a piece of the page? Going back in the history wants the whole of it."""
    headers = request.headers
    return headers.get("HX-Request") == "true" and headers.get("HX-History-Restore-Request") != "true"


def signed_in(view: Page[P]) -> Callable[..., HttpResponseBase]:
    """`view(request, actor, …)`: strangers are sent to the log-in page, scripts are told 401."""

    @functools.wraps(view)
    def page(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        actor = actor_of(request)
        if actor is not None:
            return view(request, actor, *args, **kwargs)
        script = request.headers.get("Accept", "").startswith("application/json")
        if script or request.headers.get("HX-Request") == "true":
            return HttpResponse(status=401)
        return redirect_to_login(request.get_full_path())

    return page


def admin_page(view: Page[P]) -> Callable[..., HttpResponseBase]:
    """A page for those who may change the system's settings."""

    def page(request: HttpRequest, actor: Actor, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not actor.is_admin:
            raise Denied
        return view(request, actor, *args, **kwargs)

    functools.update_wrapper(page, view)
    return signed_in(page)
