"""The generic REST API: the same five addresses for every object type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from kemai.platform import access, audit, records, search
from kemai.platform.access import Actor, NotVisible, TooMany, quota
from kemai.platform.api.answers import answer, body_of, json_argument, object_of, row_json
from kemai.platform.api.auth import door
from kemai.platform.api.merging import merged_away
from kemai.platform.api.openapi import document
from kemai.platform.fields import FieldSpec
from kemai.platform.objects import ObjectType, UnknownField, get
from kemai.platform.query import QueryError

MOST_ROWS = 200
PROGRAMS = frozenset({"api", "mcp"})
MOST_WRITES = 1000
ALWAYS = frozenset({"id", "version"})
"""In every row, whether asked for or not; naming them is no mistake."""


def typed(actor: Actor, type_key: str) -> ObjectType:
    """The type, for a program that may use the API for it; a person's own browser needs no such right to read.
    Raises UnknownObject, Denied."""
    object_type = get(type_key)
    if actor.source in PROGRAMS and access.may(actor, object_type, "view"):
        access.require(actor, object_type, "api")
    return object_type


@require_http_methods(["GET", "POST"])
@door
def collection(request: HttpRequest, actor: Actor, type_key: str) -> HttpResponse:
    object_type = typed(actor, type_key)
    if request.method == "POST":
        obj = records.create(type_key, object_of(request), by=actor)
        return written(actor, object_type, obj.pk, status=201)
    access.require(actor, object_type, "view")
    return listing(actor, object_type, request.GET.dict(), json_argument(request.GET.get("where")))


@require_http_methods(["POST"])
@door
def find(request: HttpRequest, actor: Actor, type_key: str) -> HttpResponse:
    """The list with its question in the body: what is asked about a person has no place in an address. {"where":
    condition tree, "q": …, "sort": …, "fields": ["a", "b"], "size": 50, "cursor": …, "count": true}"""
    object_type = typed(actor, type_key)
    access.require(actor, object_type, "view")
    body = object_of(request)
    fields = body.get("fields") or []
    texts = {name: body.get(name) or "" for name in ("q", "sort", "cursor")}
    named = isinstance(fields, list) and all(isinstance(one, str) for one in fields)
    if not named or not all(isinstance(one, str) for one in texts.values()):
        raise QueryError("bad_json", _("q、sort 和 cursor 应为文字，fields 应为字段名的列表"))
    texts |= {
        "fields": ",".join(fields),
        "size": str(body.get("size", 50)),
        "count": "1" if body.get("count") else "",
    }
    return listing(actor, object_type, texts, body.get("where"))


def listing(actor: Actor, object_type: ObjectType, given: Mapping[str, str], where: Any) -> HttpResponse:
    """?where=<condition tree>&q=<text>&sort=-created_at&fields=a,b&size=50&cursor=…&count=1"""
    names = [name for name in given.get("fields", "").split(",") if name]
    specs = chosen(actor, object_type, names)
    asked = search.Asked(
        where,
        given.get("q", "").strip(),
        given.get("sort", ""),
        given.get("cursor", ""),
        size_of(given),
        specs,
    )
    page = search.page(actor, object_type, asked)
    access.mask_rows(actor, object_type, page.rows)
    check_quota(actor, len(page.rows))
    body: dict[str, object] = {
        "rows": [row_json(row, specs) for row in page.rows],
        "next": page.next,
        "previous": page.previous,
    }
    if given.get("count"):
        body |= {"count": page.count.number, "more": not page.count.exact}
    return answer(body)


def check_quota(actor: Actor, rows: int) -> None:
    """Reading record after record is an export by another name: so many an hour and no more. Raises TooMany."""
    if not rows or actor.is_system:
        return
    read = quota.read_up(f"api:{actor.user_id}", rows)
    most = access.reading_limit(actor, "api_rows_hour")
    if read > most:
        if read - rows <= most:
            records.reading_reached("api", read, most, by=actor)
        raise TooMany(
            _("这一小时通过接口读取的记录已超过 %(most)s 条的上限，请下一个整点再试，或联系管理员")
            % {"most": f"{most:,}"},
            retry_after=quota.rest_of_hour(),
        )


def chosen(actor: Actor, object_type: ObjectType, names: Sequence[str]) -> list[FieldSpec]:
    """The asked-for fields; all where none are named. A hidden field is as unknown as one that is not there."""
    visible = access.visible_specs(actor, object_type)
    if not names:
        return visible
    by_key = {spec.key: spec for spec in visible}
    for name in names:
        if name not in by_key and name not in ALWAYS:
            raise UnknownField(object_type.key, name, tuple(by_key))
    return [by_key[name] for name in names if name in by_key]


def size_of(given: Mapping[str, str]) -> int:
    text = given.get("size", "50")
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_ROWS):
        raise QueryError("bad_size", _("size 应为 1 到 %(most)s 的整数") % {"most": MOST_ROWS})
    return int(text)


@require_http_methods(["GET", "PATCH", "DELETE"])
@door
def record(request: HttpRequest, actor: Actor, type_key: str, key: int) -> HttpResponse:
    object_type = typed(actor, type_key)
    if request.method == "PATCH":
        values = object_of(request)
        version = values.pop("version", None)
        if version is not None and not isinstance(version, int):
            raise QueryError("bad_version", _("version 应为整数"))
        records.update(type_key, key, values, by=actor, version=version)
        return written(actor, object_type, key)
    if request.method == "DELETE":
        changes = records.delete(type_key, [key], by=actor)
        return answer({"changeset": changes.pk})
    try:
        return one_record(actor, object_type, key)
    except NotVisible:
        moved = merged_away(actor, object_type, key) if request.method == "GET" else None
        if moved is None:
            raise
        return moved


def one_record(actor: Actor, object_type: ObjectType, key: int, *, status: int = 200) -> HttpResponse:
    check_quota(actor, 1)
    specs = access.visible_specs(actor, object_type)
    return answer(row_json(records.row_of(object_type, key, by=actor), specs), status=status)


def written(actor: Actor, object_type: ObjectType, key: int, *, status: int = 200) -> HttpResponse:
    """The answer to a write: the record as it is now. Who has read as much as they may, or may not see what has come of
    it, hears only which record it is: the write is done, and an answer that refuses it would be a lie."""
    try:
        return one_record(actor, object_type, key, status=status)
    except (NotVisible, TooMany):
        return answer({"id": key}, status=status)


@require_http_methods(["POST", "PATCH"])
@door
def bulk(request: HttpRequest, actor: Actor, type_key: str) -> HttpResponse:
    """POST a list of new records, or PATCH a list of {"id", …changes}: all or nothing, one change set."""
    body = body_of(request)
    if (
        not isinstance(body, list)
        or not all(isinstance(one, dict) for one in body)
        or len(body) > MOST_WRITES
    ):
        raise QueryError("bad_json", _("请求内容应为不超过 %(most)s 个对象的列表") % {"most": MOST_WRITES})
    access.require(actor, typed(actor, type_key), "bulk")
    if request.method == "POST":
        return answer({"ids": records.bulk_create(type_key, body, by=actor)}, status=201)
    changes = {}
    for one in body:
        key = one.pop("id", None)
        if not isinstance(key, int) or key in changes:
            raise QueryError("bad_json", _("每个对象都要有不重复的整数 id"))
        changes[key] = one
    return answer({"changeset": records.bulk_update(type_key, changes, by=actor).pk})


@require_http_methods(["GET"])
@door
def history(request: HttpRequest, actor: Actor, type_key: str, key: int) -> HttpResponse:
    object_type = typed(actor, type_key)
    access.one(actor, object_type, key)
    check_quota(actor, 1)
    levels = access.field_levels(actor, object_type)
    found = []
    for change in audit.history(type_key, key)[:MOST_ROWS]:
        diff = {
            name: pair for name, pair in (change.diff or {}).items() if levels.get(name) in {"read", "edit"}
        }
        sets = change.changeset
        found.append(
            {"changeset": sets.pk, "action": change.action, "at": sets.at.isoformat(), "by": sets.actor_name,
             "source": sets.source, "reason": sets.reason, "diff": diff}
        )  # fmt: skip
    return answer({"rows": found})


@require_http_methods(["POST"])
@door
def undo(request: HttpRequest, actor: Actor, key: int) -> HttpResponse:
    report = records.undo(key, by=actor)
    kept = [
        {"type": one.type_key, "id": one.object_id, "field": one.field, "why": one.why} for one in report.kept
    ]
    return answer({"changeset": report.changeset.pk, "undone": report.undone, "kept": kept})


@require_http_methods(["GET"])
@door
def openapi(request: HttpRequest, actor: Actor) -> HttpResponse:
    return answer(document(actor))
