"""A request that says it is huge is refused before it is read."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse

from kemai.platform.ui.bounds import IMPORTS, MOST, Bounds


class Untouched:
    """A body that nobody may read."""

    def read(self, *_size: int) -> bytes:
        raise AssertionError("it was read")

    readline = read


def sent(path: str, size: str, **headers: str) -> Any:
    def respond(request: HttpRequest) -> HttpResponse:
        return HttpResponse("taken")

    environ = {
        "REQUEST_METHOD": "POST", "PATH_INFO": path, "CONTENT_LENGTH": size, "SERVER_NAME": "x", "SERVER_PORT": "80",
        "wsgi.input": Untouched(), **headers,
    }  # fmt: skip
    return Bounds(respond)(WSGIRequest(environ))


@pytest.mark.parametrize(
    ("path", "size", "status"),
    [
        ("/o/customer/1/files", str(MOST), 200), ("/o/customer/1/files", str(MOST + 1), 413),
        ("/imports/new/customer", str(MOST + 1), 200), ("/imports/new/customer", str(IMPORTS + 1), 413),
        ("/login/", "9" * 30, 413), ("/login/", "", 200), ("/login/", "²", 413), ("/login/", "-1", 413),
    ],
)  # fmt: skip
def test_what_is_too_large_is_refused_unread(path: str, size: str, status: int) -> None:
    assert sent(path, size).status_code == status


def test_the_answer_says_what_is_possible() -> None:
    assert "300 MB" in sent("/o/x/1/files", "9" * 12).content.decode()
    assert b'"too_large"' in sent("/api/v1/customer", "9" * 12).content
