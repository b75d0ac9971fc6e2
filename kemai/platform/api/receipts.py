"""Idempotency-Key: a write that a program sends again, because it never heard the answer, is done once.

The note of it is written in the transaction of the write itself, so there is no moment at which one is there and the
other is not. It holds no values of the record: what is answered the second time is the record as it is then, to whoever
may see it then."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

import orjson
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from kemai.platform.access import Actor
from kemai.platform.api.answers import answer
from kemai.platform.events import receipts
from kemai.platform.query import QueryError
from kemai.platform.records import Refused

HEADER = "Idempotency-Key"
WRITES = frozenset({"POST", "PATCH", "PUT", "DELETE"})
KEY = re.compile(r"[\x21-\x7e]{1,200}")
Act = Callable[[], HttpResponse]
Again = Callable[[str, int, int], HttpResponse]
"""(type, id, status): the answer with the record as it is now."""


def once(request: HttpRequest, actor: Actor, act: Act, again: Again) -> HttpResponse:
    """Does `act`, or answers as when it was done. Raises QueryError (a key that cannot be one), Refused (the key was
    used for another request), and whatever `act` raises: then nothing is noted, and trying again tries again."""
    key = request.headers.get(HEADER, "")
    if not key or request.method not in WRITES:
        return act()
    if not KEY.fullmatch(key):
        raise QueryError("bad_key", _("Idempotency-Key 应为 1 到 200 个可见的 ASCII 字符"))
    digest = fingerprint(request)
    with transaction.atomic():
        receipt = receipts.claim(actor.user_id or 0, key, digest)
        if receipt is not None:
            response = act()
            receipts.keep(receipt, response.status_code, noted(request, response))
            return response
    return repeated(actor.user_id or 0, key, digest, again)


def fingerprint(request: HttpRequest) -> str:
    told = f"{request.method} {request.get_full_path()}\n".encode() + request.body
    return hashlib.sha256(told).hexdigest()


def noted(request: HttpRequest, response: HttpResponse) -> dict[str, object]:
    """What identifies the result: type and id of a record, else the numbers that the answer consists of."""
    body = orjson.loads(response.content)
    match = request.resolver_match
    type_key = str(match.kwargs.get("type_key", "")) if match else ""
    if "version" in body and type_key:
        return {"type": type_key, "id": body["id"]}
    return {"answer": {name: value for name, value in body.items() if is_number(value)}}


def is_number(value: object) -> bool:
    return isinstance(value, int) or (isinstance(value, list) and all(isinstance(one, int) for one in value))


def repeated(user_id: int, key: str, digest: str, again: Again) -> HttpResponse:
    receipt = receipts.found(user_id, key)
    if receipt is None:
        raise Refused("idempotency_busy", _("同一个 Idempotency-Key 的请求正在处理，请稍后再试"))
    if receipt.body != digest:
        raise Refused(
            "idempotency_conflict", _("这个 Idempotency-Key 已用于另一个请求，请为不同的请求使用不同的值")
        )
    if "type" in receipt.result:
        response = again(receipt.result["type"], receipt.result["id"], receipt.status)
    else:
        response = answer(receipt.result.get("answer", {}), status=receipt.status)
    response.headers["Idempotent-Replayed"] = "true"
    return response
