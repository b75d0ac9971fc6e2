"""What an address shows of what somebody asked: the one place where queries of pages are built and read (docs/adr/071).

An address is written down where nobody looks after it: in the browser's history, in a proxy's log, in a message that
somebody copies it into. So whatever was typed to look for somebody, every condition, and the values at which a page
begins stand in it sealed; what only says how a thing is shown (view, order, columns, month, tab) stands in it plainly.
The seal is opened where a request comes in, and nobody behind that knows of it. It is no key to anything: rights are
judged as for every request."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlencode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext as _

from kemai.platform.query import QueryError
from kemai.platform.ui import faults

Respond = Callable[[HttpRequest], HttpResponse]
Values = Mapping[str, object] | Iterable[tuple[str, object]]

SEALED = "asked"
"""The part of a query that holds others; it may stand there several times."""
SECRET = frozenset({"q", "where", "cursor", "k", "c", "record", "address"})
"""Parts that stand in an address only sealed: words typed to search, conditions, the values that a page begins behind
(a cursor) and those of a report's line and column, and what is typed to find an entry of the audit."""
ASKS = "X-Asks"
"""A request that only asks, but whose query comes in its body: "answer", "push" for the answer and its address, or
"address" for that alone."""
FORM = "application/x-www-form-urlencoded"
NUMBER = 8
"""Bytes drawn at random, so that the same words do not show as the same for long."""
PROGRAMS = "/api/"
"""The doors of programs, which ask in bodies where there is something to hide (POST …/search)."""


class Unreadable(QueryError):
    def __init__(self) -> None:
        super().__init__("unreadable_address", _("这个网址里的条件打不开了，请回到列表重新筛选"))


def query(values: Values, secret: frozenset[str] = SECRET) -> str:
    """A query for an address: what is secret in it is sealed."""
    given = pairs(values)
    hidden = [(name, value) for name, value in given if name in secret and value]
    shown = [(name, value) for name, value in given if name not in secret or not value]
    return urlencode([*shown, (SEALED, _seal(hidden))] if hidden else shown)


def sealed(values: Values) -> str:
    """A query of nothing but what was typed, as the fields that a new record begins with."""
    given = pairs(values)
    return urlencode({SEALED: _seal(given)}) if given else ""


def at(path: str, values: Values) -> str:
    found = query(values)
    return f"{path}?{found}" if found else path


def plain(text: str) -> str:
    """A query as it was before it was sealed. Raises Unreadable."""
    return opened(QueryDict(text))[0].urlencode()


def opened(params: QueryDict) -> tuple[QueryDict, frozenset[str]]:
    """What a query says, and the names of what was sealed in it. What stands in it plainly comes before what is sealed:
    it was typed later. Raises Unreadable."""
    if SEALED not in params:
        return params, frozenset()
    found = params.copy()
    kept = [pair for one in found.pop(SEALED) for pair in _open(str(one))]
    typed = set(found)
    for name, value in kept:
        if name not in typed:
            found.appendlist(name, value)
    return found, frozenset(name for name, _value in kept)


def pairs(values: Values) -> list[tuple[str, str]]:
    """Name and value, as often as they stand there."""
    if isinstance(values, QueryDict):
        return [(name, str(one)) for name, many in values.lists() for one in many]
    listed = values.items() if isinstance(values, Mapping) else values
    return [(name, str(value)) for name, value in listed]


def _seal(given: list[tuple[str, str]]) -> str:
    return _sealed(settings.SECRET_KEY, urlencode(given))


@lru_cache(maxsize=256)
def _sealed(secret: str, text: str) -> str:
    """The links of a page hold the same conditions some dozens of times."""
    number = os.urandom(NUMBER)
    found = _boxes_of((secret,))[0].encrypt(text.encode(), [number])
    return base64.urlsafe_b64encode(number + found).decode().rstrip("=")


def _open(text: str) -> list[tuple[str, str]]:
    try:
        content = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise Unreadable from None
    for box in _boxes_of((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)):
        try:
            found = box.decrypt(content[NUMBER:], [content[:NUMBER]])
        except (InvalidTag, ValueError):
            continue
        return parse_qsl(found.decode(), keep_blank_values=True)
    raise Unreadable


@lru_cache(maxsize=4)
def _boxes_of(secrets: tuple[str, ...]) -> list[AESSIV]:
    """Seals by the first, opens by any: a secret that has been changed leaves bookmarks whole."""
    return [AESSIV(HKDF(SHA256(), 64, None, b"kemai addresses").derive(one.encode())) for one in secrets]


class Addresses:
    """Opens what is sealed in an address, takes questions whose query is a body, and knows the address of either."""

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(PROGRAMS):
            return self.get_response(request)
        asks = self.asked(request)
        if not asks and not request.META.get("QUERY_STRING"):
            return self.get_response(request)
        try:
            self.read(request, again=bool(asks))
        except Unreadable as error:
            return faults.answer(request, HTTPStatus.BAD_REQUEST, error.code, error.message)
        if asks == "address":
            return HttpResponse(status=HTTPStatus.NO_CONTENT, headers={"X-Address": request.get_full_path()})
        response = self.get_response(request)
        if asks == "push":
            response.headers["X-Address"] = request.get_full_path()
        return response

    @staticmethod
    def asked(request: Any) -> str:
        """Is this a question in the form of a POST? Then it is a GET for all that follow: what it says stands in its
        query, and it writes nothing."""
        asks: str = request.headers.get(ASKS, "")
        if not asks or request.method != "POST" or request.content_type != FORM:
            return ""
        found = request.GET.copy()
        for name, values in request.POST.lists():
            found.setlist(name, values)
        found._mutable = False
        request.GET, request.POST = found, QueryDict()
        request.method = request.META["REQUEST_METHOD"] = "GET"
        return asks

    @staticmethod
    def read(request: Any, *, again: bool) -> None:
        """The query in plain for whoever reads it, sealed in the address of the request: an address of old, in which
        words stand openly, becomes one in which they do not. Raises Unreadable."""
        came = request.GET
        request.GET, hidden = opened(came)
        shows = any(name in came and any(came.getlist(name)) for name in SECRET)
        if shows or again:
            request.META["QUERY_STRING"] = query(request.GET, SECRET | hidden)
        if shows:
            request.sealed_address = request.get_full_path()
