"""How large a request may be. What is too large is refused by what it says of itself, before a byte of it is read: an
upload that fills the disk is not noticed when it has."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from kemai.platform.ui.faults import wants_json
from kemai.platform.ui.middleware import in_place

Respond = Callable[[HttpRequest], HttpResponse]
MB = 1024 * 1024
MOST = 300 * MB
"""Several attachments at once."""
IMPORTS = 2050 * MB
"""A table of millions of rows; the parts that are not the file."""


def most(path: str) -> int:
    return IMPORTS if path.startswith("/imports/") else MOST


class Bounds:
    """413 for what says that it is too large. A request that says nothing of its size has no body to our server."""

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        size = str(request.META.get("CONTENT_LENGTH") or "0")
        limit = most(request.path)
        if size.isascii() and size.isdigit() and int(size) <= limit:
            return self.get_response(request)
        body = {"code": "too_large", "message": _("太大了：一次最多上传 %(most)s MB") % {"most": limit // MB}}
        status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        if wants_json(request):
            answer: HttpResponse = JsonResponse(
                body, status=status, json_dumps_params={"ensure_ascii": False}
            )
        elif request.headers.get("HX-Request") == "true":
            answer = in_place(request, body, status)
        else:
            answer = HttpResponse(body["message"], status=status, content_type="text/plain; charset=utf-8")
        answer.headers["Connection"] = "close"
        return answer
