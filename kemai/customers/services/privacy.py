"""The desk for what people ask about their own data: by when, what they get, what is done."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

import orjson
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kemai.customers.models import Customer, PrivacyRequest
from kemai.customers.services import consents, erasure
from kemai.customers.services.own_erasing import belonging
from kemai.kit.calendar_cn import add_workdays
from kemai.platform import access, audit, query, records
from kemai.platform.access import SYSTEM, Actor
from kemai.platform.fields import Ref, Saying, listed
from kemai.platform.models import StoredFile
from kemai.platform.objects import ObjectType, get
from kemai.platform.records import FieldErrors, Refused
from kemai.platform.records.bulk import chunks

WORKDAYS = 15
OVER = frozenset({"done", "refused"})
PACKED = frozenset({"access", "transfer"})
"""Kinds of requests that are answered with a package of the person's data."""
MOST_ROWS = 20_000
Values = dict[str, Any]
ERASED = Saying(gettext_noop("个人信息删除请求 %(number)s"))


def local_day(moment: datetime) -> date:
    return timezone.localtime(moment, timezone.get_default_timezone()).date()


def prepare_request(values: Values, existing: PrivacyRequest | None, by: Actor) -> None:
    """The clock runs from the day the request came in."""
    if existing is None:
        received = values.get("received_at") or timezone.now()
        values["received_at"] = received
    elif values.get("received_at") is None:
        return
    values["due_on"] = add_workdays(local_day(values["received_at"]), WORKDAYS)


def move(key: int, state: str, *, by: Actor, **values: object) -> PrivacyRequest:
    """To another state, which nobody sets by hand."""
    request: PrivacyRequest = access.one(by, "privacy_request", key, "edit")
    if request.state in OVER:
        raise Refused("request_over", _("这个请求已经办结"))
    with transaction.atomic():
        if values:
            records.update("privacy_request", key, values, by=by)
            request.refresh_from_db()
        done = timezone.now() if state in OVER else None
        moved: PrivacyRequest = records.put(
            "privacy_request", request, {"state": state, "done_at": done}, by=by
        )
    return moved


def verify(key: int, identity: str, *, by: Actor) -> PrivacyRequest:
    """The person is who they say they are; how that was seen is kept. Raises FieldErrors without it."""
    if not identity.strip():
        raise FieldErrors({"identity": _("请写明怎样核验了身份，例如回拨登记电话")})
    return move(key, "verified", by=by, identity=identity)


def refuse(key: int, answer: str, *, by: Actor) -> PrivacyRequest:
    if not answer.strip():
        raise FieldErrors({"answer": _("请写明拒绝的理由，法律要求告知本人")})
    return move(key, "refused", by=by, answer=answer)


def fulfil(key: int, *, by: Actor, answer: str = "") -> PrivacyRequest:
    """Does what is asked, as far as it can be done by itself, and closes the request.

    Raises access.NotVisible, access.Denied, Refused before the identity was verified."""
    request: PrivacyRequest = access.one(by, "privacy_request", key, "edit")
    if request.state != "verified":
        raise Refused("not_verified", _("请先核验请求人的身份"))
    with transaction.atomic():
        if request.kind in PACKED:
            package(request, by=by)
        elif request.kind == "erase":
            answer = erase(request, answer, by=by)
        elif request.kind == "withdraw":
            consents.withdraw(request.customer_id, proof=request.number, by=by)
        elif not answer.strip() and not request.answer:
            raise FieldErrors({"answer": _("请写明更正或解释的内容")})
        return move(key, "done", by=by, **({"answer": answer} if answer.strip() else {}))


def erase(request: PrivacyRequest, answer: str, *, by: Actor) -> str:
    """Returns the answer with what has to stay and on which ground: the law wants the person told."""
    reason = ERASED.kept(number=request.number)
    stays = erasure.erase_customer(request.customer_id, by=by, reason=reason)
    return "\n".join([answer.strip() or request.answer.strip(), *stays]).strip() if stays else answer


def subject_data(customer: Customer, *, by: Actor) -> Iterator[tuple[str, str, list[Mapping[str, Any]]]]:
    """(object key, label, records as {label: text}) of everything that belongs to a customer, over all object types,
    own ones included. Whoever may see personal values of the customer may hand them to the person themselves."""
    yield "customer", str(get("customer").label), told(get("customer"), [customer.pk])
    for other, keys in subject_keys(customer, by=by):
        yield other.key, str(other.label), told(other, keys)


def subject_keys(customer: Customer, *, by: Actor) -> Iterator[tuple[ObjectType, list[int]]]:
    """What belongs to a customer: what an erasure would take, and what it must leave."""
    for other, found in belonging([customer.pk], living=True).values():
        keys = sorted(found)[:MOST_ROWS]
        if keys and access.may(by, other, "view"):
            yield other, keys


def subject_files(customer: Customer, *, by: Actor) -> Iterator[StoredFile]:
    """The files of the customer, and of the own objects that belong to it."""
    yield from StoredFile.objects.filter(type_key="customer", object_id=customer.pk)
    for other, keys in subject_keys(customer, by=by):
        for some in chunks(keys, 500) if other.own else ():
            yield from StoredFile.objects.filter(type_key=other.key, object_id__in=some).order_by("pk")


def told(object_type: ObjectType, keys: list[int]) -> list[Mapping[str, Any]]:
    """Records as a person reads them."""
    specs = access.visible_specs(SYSTEM, object_type)
    found = query.fetch(object_type.records().filter(pk__in=keys).order_by("pk"), object_type, specs)
    return [{str(spec.label): text_of(spec, row.get(spec.key)) for spec in specs} for row in found]


def text_of(spec: Any, value: Any) -> str:
    if isinstance(value, list):
        return listed(one.title if isinstance(one, Ref) else str(one) for one in value)
    return value.title if isinstance(value, Ref) else str(spec.type.text(value, spec))


def package(request: PrivacyRequest, *, by: Actor) -> StoredFile:
    """A ZIP with everything as JSON and as one readable text, kept with the request. The log says that it was made."""
    access.one(by, "customer", request.customer_id, "reveal")
    parts = {key: (label, rows) for key, label, rows in subject_data(request.customer, by=by)}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as out:
        plain = {key: rows for key, (_label, rows) in parts.items()}
        out.writestr("data.json", orjson.dumps(plain, option=orjson.OPT_INDENT_2))
        out.writestr("data.txt", "\ufeff" + "\n".join(lines(parts)))
        for stored in subject_files(request.customer, by=by):
            path = records.location(stored)
            if path.exists():
                out.write(path, f"files/{stored.pk}-{stored.name}")
    name = f"{request.number}.zip"
    stored = records.store(
        Made(name, buffer.getvalue()), by=by, type_key="privacy_request", object_id=request.pk
    )
    audit.note("export", "customer", request.customer_id, by=by, reason=request.number)
    return stored


def lines(parts: Mapping[str, tuple[str, list[Mapping[str, Any]]]]) -> Iterator[str]:
    for label, rows in parts.values():
        yield f"== {label} =="
        for row in rows:
            yield from (f"{name}：{text}" for name, text in row.items() if text)
            yield ""


class Made:
    """Bytes in the shape of an upload."""

    content_type = "application/zip"

    def __init__(self, name: str, content: bytes) -> None:
        self.name = name
        self.content = content
        self.size = len(content)

    def chunks(self) -> Iterator[bytes]:
        yield self.content
