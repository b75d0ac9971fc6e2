"""Merging by programs, and where a merged record's address leads."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from kemai.platform import access, records
from kemai.platform.access import Actor
from kemai.platform.api.answers import answer, object_of
from kemai.platform.api.auth import door
from kemai.platform.objects import ObjectType
from kemai.platform.query import QueryError


@require_http_methods(["POST"])
@door
def merge(request: HttpRequest, actor: Actor, type_key: str) -> HttpResponse:
    """{"keep": id, "gone": [ids], "choices": {field: id of the record whose value is taken}, "versions": {id: version}}
    → {"changeset": key}, which /changesets/<key>/undo takes back for thirty days."""
    body = object_of(request)
    gone = body.get("gone")
    if not whole(body.get("keep")) or not isinstance(gone, list) or not all(map(whole, gone)):
        raise QueryError("bad_json", _("请用 keep（整数）和 gone（整数列表）说明要合并的记录"))
    versions = {int(key): value for key, value in table(body, "versions").items() if key.isdigit()}
    changes = records.merge(type_key, body["keep"], gone, table(body, "choices"), by=actor, versions=versions)
    return answer({"changeset": changes.pk, "id": body["keep"]})


def whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63


def table(body: dict[str, Any], name: str) -> dict[str, int]:
    found = body.get(name) or {}
    if not isinstance(found, dict) or not all(map(whole, found.values())):
        raise QueryError("bad_json", _("%(name)s 应为“键: 整数”的对象") % {"name": name})
    return found


def merged_away(actor: Actor, object_type: ObjectType, key: int) -> HttpResponse | None:
    """The answer for a record that the actor does not find, if it is another now that the actor may know of."""
    survivor = records.survivor_of(object_type.key, key)
    if survivor is None or not access.scope(actor, object_type).filter(pk=survivor).exists():
        return None
    response = answer({"code": "merged", "id": survivor}, status=301)
    response.headers["Location"] = reverse("api_record", args=(object_type.key, survivor))
    return response
