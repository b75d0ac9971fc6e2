"""What people see when the server failed: a page that needs no database, with the request's number for the operator."""

from __future__ import annotations

import sys

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.defaults import page_not_found

from kemai.kit import tracing
from kemai.platform.monitor.trouble import Trouble, trouble


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler of what nobody caught: 503 when it was the database's trouble, else 500."""
    found = trouble(sys.exc_info()[1])
    if found is None:
        return answer(request, 500, "fault", _("问题已记录，不是你的操作造成的。请稍后再试。"))
    return database_trouble(request, found)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler of 400. Whoever has just installed the product opens it by a name that it does not know yet."""
    if isinstance(exception, DisallowedHost):
        told = _("没有允许用这个网址打开。管理员请把它的主机名写进 KEMAI_HOSTS，然后重新启动。")
        return answer(request, 400, "unknown_host", told)
    return answer(request, 400, "bad_request", _("浏览器发来的内容不完整，请返回后再试。"))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler of addresses that are none: programs are answered in their own language."""
    if request.path.startswith("/api/"):
        return answer(request, 404, "not_found", _("没有这个接口，可用的接口见 /api/v1/openapi.json"))
    return page_not_found(request, exception)


def database_trouble(request: HttpRequest, found: Trouble) -> HttpResponse:
    response = answer(request, 503, found.code, found.message)
    response.headers["Retry-After"] = str(found.retry_after)
    return response


def answer(request: HttpRequest, status: int, code: str, message: str) -> HttpResponse:
    number = tracing.current()
    if wants_json(request):
        body = {"code": code, "message": message, "request_id": number}
        return JsonResponse(body, status=status, json_dumps_params={"ensure_ascii": False})
    # no request in the context: what stands around a page (who is there, what waits) would ask the database
    context = {
        "code": status,
        "message": message,
        "request_id": number,
        "csrf_token": "",
        "shell": None,
        "LANGUAGE_CODE": get_language() or "zh-hans",
    }
    return HttpResponse(render_to_string("ui/error.html", context), status=status)


def wants_json(request: HttpRequest) -> bool:
    return request.path.startswith("/api/") or request.headers.get("Accept", "").startswith(
        "application/json"
    )
