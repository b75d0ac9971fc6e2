"""Behind HTTPS: a browser that opens a page by http is led to https, a program is told so. Were it led there as well,
it would go on sending its token in plain for ever, and nobody would notice."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _

Respond = Callable[[HttpRequest], HttpResponse]
FOR_PROGRAMS = ("/api/", "/live/", "/calendar/feed/")


class NoPlainPrograms:
    """403 for whatever came by http and is not a browser's opening of a page."""

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not settings.SECURE_SSL_REDIRECT or request.is_secure() or opens_a_page(request):
            return self.get_response(request)
        message = _("只能通过 https 访问。刚才的内容没有加密，请更换其中的密码或令牌")
        body = {"code": "https_required", "message": message}
        return JsonResponse(body, status=HTTPStatus.FORBIDDEN, json_dumps_params={"ensure_ascii": False})


def opens_a_page(request: HttpRequest) -> bool:
    if request.method not in {"GET", "HEAD"} or request.path.startswith(FOR_PROGRAMS):
        return False
    return "Authorization" not in request.headers and "text/html" in request.headers.get("Accept", "")
