"""What every answer carries, and how the kernel's ways of saying no become pages."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from kemai.platform.access import Denied, NotVisible, TooMany
from kemai.platform.monitor.trouble import Trouble, trouble
from kemai.platform.objects import UnknownField, UnknownObject
from kemai.platform.query import QueryError
from kemai.platform.records import FieldErrors, Refused
from kemai.platform.ui import faults, live

Respond = Callable[[HttpRequest], HttpResponse]
log = logging.getLogger(__name__)
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class SecurityHeaders:
    """No script, style or picture from anywhere but here, and none inline."""

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", policy(request))
        response.headers.setdefault("Permissions-Policy", "camera=(self), geolocation=(self), microphone=()")
        if not request.path.startswith("/static/"):
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response


def policy(request: HttpRequest) -> str:
    """The policy, with the live process among what scripts may connect to."""
    try:
        other = live.origin(request)
    except DisallowedHost:
        other = ""
    return POLICY.replace("connect-src 'self'", f"connect-src 'self' {other}") if other else POLICY


class Refusals:
    """Turns refusals into answers: 404, 403, 409 or 422; a page, a banner for htmx, or JSON for programs."""

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: object, args: object, kwargs: dict[str, object]
    ) -> HttpResponse | None:
        """A number in the address that no database can hold belongs to no record."""
        if any(isinstance(value, int) and value >= 2**63 for value in kwargs.values()):
            return self.process_exception(request, NotVisible())
        return None

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        answer = explain(error)
        if answer is None:
            found = trouble(error)
            return None if found is None else busy(request, found, error)
        response = self.refused(request, *answer)
        if isinstance(error, TooMany) and error.retry_after:
            response.headers["Retry-After"] = str(error.retry_after)
        return response

    def refused(self, request: HttpRequest, status: int, body: dict[str, Any]) -> HttpResponse:
        request.refused_as = body["code"]  # type: ignore[attr-defined]
        if faults.wants_json(request):
            return JsonResponse(body, status=status, json_dumps_params={"ensure_ascii": False})
        if request.headers.get("HX-Request") == "true":
            return in_place(request, body, status)
        actor = getattr(request, "actor", None)
        shown = {
            "code": status,
            "message": body["message"],
            "allowed": body.get("allowed", ()),
            "request_id": actor.request_id if actor else "",
        }
        return render(request, "ui/error.html", shown, status=status)


def busy(request: HttpRequest, found: Trouble, error: Exception) -> HttpResponse:
    """The database's own trouble: said where the reader is, and nothing of the page is lost."""
    log.error("the database refused: %s", found.code, exc_info=error)
    response = faults.database_trouble(request, found)
    if request.headers.get("HX-Request") == "true":
        toast = {"target": "body", "text": found.message, "kind": "error"}
        response.headers["HX-Trigger"] = json.dumps({"toast": toast})
    return response


def in_place(request: HttpRequest, body: dict[str, Any], status: int) -> HttpResponse:
    """For htmx: 422 stands where the answer would have stood; anything else leaves the page as it is, so that the
    reason is said by a toast."""
    response = render(request, "ui/refusal.html", body, status=status)
    if status != 422:
        toast = {"target": "body", "text": body["message"], "kind": "error"}
        response.headers["HX-Trigger"] = json.dumps({"toast": toast})
    return response


def explain(error: Exception) -> tuple[int, dict[str, Any]] | None:
    """The status and what to say; None for faults, which stay faults."""
    match error:
        case NotVisible() | UnknownObject():
            return 404, {"code": "not_found", "message": _("没有找到，可能已被删除，或者您没有权限查看")}
        case Denied():
            return 403, {"code": "denied", "message": error.message}
        case TooMany():
            return 429, {"code": "too_many", "message": error.message}
        case FieldErrors():
            return 422, {"code": "invalid", "message": _("有内容需要修改"), "fields": error.errors}
        case QueryError():
            return 422, {"code": error.code, "message": error.message, "allowed": list(error.allowed)}
        case UnknownField():
            message = _("没有字段“%(field)s”") % {"field": error.name[:60]}
            return 422, {"code": "unknown_field", "message": message, "allowed": list(error.allowed)}
        case Refused():
            return 409, {"code": error.code, "message": error.message}
    return None
