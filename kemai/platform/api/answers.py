"""JSON in and out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from kemai.platform.access import Masked
from kemai.platform.fields import FieldSpec
from kemai.platform.query import QueryError, Row


def answer(body: object, *, status: int = 200) -> HttpResponse:
    return HttpResponse(orjson.dumps(body), status=status, content_type="application/json")


def row_json(row: Row, specs: Sequence[FieldSpec]) -> dict[str, Any]:
    """A record for programs; masked texts as they were masked."""
    found: dict[str, Any] = {"id": row["id"], "version": row["version"]}
    for spec in specs:
        value = row.get(spec.key)
        found[spec.key] = value if isinstance(value, Masked) else spec.type.json(value)
    return found


def body_of(request: HttpRequest) -> Any:
    """The JSON body. Raises QueryError (422) where it is none."""
    try:
        return orjson.loads(request.body or b"{}")
    except orjson.JSONDecodeError:
        raise QueryError("bad_json", _("请求内容不是有效的 JSON")) from None


def object_of(request: HttpRequest) -> dict[str, Any]:
    body = body_of(request)
    if not isinstance(body, dict):
        raise QueryError("bad_json", _("请求内容应为一个 JSON 对象"))
    return body


def json_argument(text: str | None) -> Any:
    if not text:
        return None
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise QueryError("bad_json", _("条件不是有效的 JSON")) from None
