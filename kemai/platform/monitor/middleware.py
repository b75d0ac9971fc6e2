"""The outermost layer: numbers a request, answers probes, measures, and writes one line about it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from kemai.kit import tracing
from kemai.platform.access.origin import address_of
from kemai.platform.monitor import metrics, views

Respond = Callable[[HttpRequest], HttpResponse]
log = logging.getLogger("kemai.request")
security = logging.getLogger("kemai.security")
REFUSED = frozenset({400, 401, 403, 404, 405, 409, 413, 415, 422, 429})
LOUD = frozenset({400, 401, 403, 413, 429})
"""What nobody meets who only makes a mistake in a form."""
SLOW = 2.0
QUIET = ("/static/",)


class Watch:
    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        probe = views.answer(request)
        if probe is not None:
            return probe
        number = tracing.begin(request.META.get("HTTP_X_REQUEST_ID", ""))
        began = time.perf_counter()
        metrics.BUSY.inc()
        try:
            response = self.get_response(request)
            response.headers["X-Request-ID"] = number
            note(request, response.status_code, time.perf_counter() - began)
            return response
        finally:
            metrics.BUSY.dec()
            tracing.end()


def note(request: HttpRequest, status: int, seconds: float) -> None:
    """By the pattern of the address, never the address itself: that may hold what somebody searched for."""
    if request.path_info.startswith(QUIET):
        return
    match = request.resolver_match
    route = match.route if match else "-"
    method = request.method or "-"
    metrics.REQUESTS.labels(route, method, str(status)).inc()
    metrics.SECONDS.labels(route).observe(seconds)
    if status in REFUSED:
        note_refused(request, method, route, status)
    slow = seconds >= SLOW
    if slow or log.isEnabledFor(logging.INFO):
        actor = getattr(request, "actor", None)
        told = {
            "event": "request",
            "method": method,
            "route": route,
            "status": status,
            "ms": round(seconds * 1000),
        }
        if actor is not None and actor.user_id:
            told["user"] = actor.user_id
        text = f"{method} {route} {status} {told['ms']} ms"
        log.log(logging.WARNING if slow else logging.INFO, text, extra=told)


def note_refused(request: HttpRequest, method: str, route: str, status: int) -> None:
    """A right that was lacking, an input that was not taken, a brake: who, from where, at which door and why. Not what
    was asked for: a single one says nothing, many of one person or address do."""
    actor = getattr(request, "actor", None)
    told = {
        "event": "refused",
        "method": method,
        "route": route,
        "status": status,
        "address": address_of(request),
    }
    if code := getattr(request, "refused_as", ""):
        told["code"] = code
    if actor is not None and actor.user_id:
        told["user"] = actor.user_id
    text = f"{method} {route} refused: {status} {code}".strip()
    security.log(logging.WARNING if status in LOUD else logging.INFO, text, extra=told)
