"""The records of a list: what the actor may see, a condition lets through and a search finds; a page of them.

The list page and the API ask here, so that a search finds the same records, in the same order, on both."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from kemai.platform import access, query
from kemai.platform.access import Actor
from kemai.platform.fields import FieldSpec
from kemai.platform.objects import ObjectType
from kemai.platform.query import Row
from kemai.platform.search.hits import hidden_kinds
from kemai.platform.search.lookup import CAP, match, match_condition, match_within

COUNT_SECONDS = 15
_counts: dict[tuple[Any, ...], tuple[float, query.Count]] = {}


def matching(actor: Actor, object_type: ObjectType, where: Any = None, text: str = "") -> QuerySet[Any]:
    """All of them, in no order. `where` is a condition tree. Raises QueryError."""
    node = access.condition(actor, object_type, where)
    records = access.scope(actor, object_type).filter(query.compile_q(node, object_type))
    if not text or not object_type.searched:
        return records
    hidden = hidden_kinds(actor, object_type)
    return records.filter(pk__in=match_condition(object_type.key, text, hidden=hidden))


@dataclass(frozen=True)
class Found:
    """A page of a list, and how many records the list has."""

    rows: list[Row]
    next: str
    previous: str
    count: query.Count


@dataclass(frozen=True)
class Asked:
    """Which page of which records: what the list's address and the API's parameters say."""

    where: Any = None
    text: str = ""
    sort: str = ""
    cursor: str = ""
    size: int = 50
    specs: Sequence[FieldSpec] = field(default_factory=tuple)


def page(actor: Actor, object_type: ObjectType, asked: Asked) -> Found:
    """One page. A search without an order gives the best hits first. Raises QueryError."""
    records = matching(actor, object_type, asked.where)
    if not (asked.text and object_type.searched):
        return sorted_page(actor, object_type, asked, records)
    hidden = hidden_kinds(actor, object_type)
    if asked.sort:
        found = match(object_type.key, asked.text, hidden=hidden)
        known = match_condition(object_type.key, asked.text, hidden=hidden) if len(found) >= CAP else found
        return sorted_page(actor, object_type, asked, records.filter(pk__in=known))
    if asked.where is None and access.verb_scope(actor, object_type, "view") == "all":
        ids = match(object_type.key, asked.text, hidden=hidden)
        complete = len(ids) < CAP
    else:
        ids, complete = match_within(records, object_type.key, asked.text, hidden=hidden)
    return ranked_page(object_type, asked, records, ids, query.Count(len(ids), complete))


def sorted_page(actor: Actor, object_type: ObjectType, asked: Asked, records: QuerySet[Any]) -> Found:
    count = counted(actor, object_type, asked, records)
    found = query.page(
        records,
        object_type,
        asked.specs,
        sort=access.order(actor, object_type, asked.sort),
        cursor=asked.cursor,
        size=asked.size,
        expected=count,
    )
    return Found(found.rows, found.next, found.previous, count)


def ranked_page(
    object_type: ObjectType, asked: Asked, records: QuerySet[Any], ids: Sequence[int], count: query.Count
) -> Found:
    start, size = offset(asked.cursor), asked.size
    wanted = ids[start : start + size]
    rows = query.fetch_keys(records, wanted, object_type, asked.specs)
    later = f"o{start + size}" if start + size < len(ids) else ""
    earlier = f"o{max(0, start - size)}" if start else ""
    return Found([rows[key] for key in wanted if key in rows], later, earlier, count)


def offset(cursor: str) -> int:
    if not cursor:
        return 0
    if cursor[0] != "o" or not (cursor[1:].isascii() and cursor[1:].isdigit()):
        raise query.QueryError("bad_cursor", _("分页位置无效，请从第一页重新打开"))
    return min(int(cursor[1:6]), CAP)


def counted(actor: Actor, object_type: ObjectType, asked: Asked, records: QuerySet[Any]) -> query.Count:
    """The quick count; paging through a list does not count it again and again."""
    slot = (actor.user_id, actor.role_ids, object_type.key, repr(asked.where), asked.text)
    kept = _counts.get(slot)
    if asked.cursor and kept is not None and kept[0] > time.monotonic():
        return kept[1]
    if len(_counts) > 2000:
        _counts.clear()
    number = query.quick_count(records)
    _counts[slot] = (time.monotonic() + COUNT_SECONDS, number)
    return number
