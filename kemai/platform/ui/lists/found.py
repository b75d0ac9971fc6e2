"""The records of a list: rights, condition, search, a page, and how many there are."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from kemai.platform import access, query, search
from kemai.platform.access import Actor
from kemai.platform.fields import FieldSpec
from kemai.platform.objects import ObjectType
from kemai.platform.query import Row
from kemai.platform.ui.lists.state import ListState

SIZE = 50
COUNT_SECONDS = 15
_counts: dict[tuple[Any, ...], tuple[float, query.Count]] = {}


@dataclass(frozen=True)
class Found:
    """A page of a list, and how many records the list has."""

    rows: list[Row]
    next: str
    previous: str
    count: query.Count


def where(actor: Actor, object_type: ObjectType, state: ListState) -> QuerySet[Any]:
    """What the actor may see and the filter lets through; without the search. Raises QueryError."""
    return search.matching(actor, object_type, state.where)


def matching(actor: Actor, object_type: ObjectType, state: ListState) -> QuerySet[Any]:
    """All records of the list, search included, in no order: for counts, sums, bulk acts and exports."""
    return search.matching(actor, object_type, state.where, state.q)


def searches(object_type: ObjectType, state: ListState) -> bool:
    return bool(state.q and object_type.search)


def page(
    actor: Actor, object_type: ObjectType, state: ListState, specs: Sequence[FieldSpec], size: int = SIZE
) -> Found:
    if searches(object_type, state):
        return searched(actor, object_type, state, specs, size)
    records = where(actor, object_type, state)
    return sorted_page(actor, object_type, state, records, specs, size)


def sorted_page(
    actor: Actor,
    object_type: ObjectType,
    state: ListState,
    records: QuerySet[Any],
    specs: Sequence[FieldSpec],
    size: int,
) -> Found:
    count = counted(actor, state, records)
    found = query.page(
        records, object_type, specs, sort=state.sort, cursor=state.cursor, size=size, expected=count
    )
    return Found(found.rows, found.next, found.previous, count)


def counted(actor: Actor, state: ListState, records: QuerySet[Any]) -> query.Count:
    """The quick count; paging through a list does not count it again and again."""
    slot = (actor.user_id, actor.role_ids, state.type_key, repr(state.where), state.q)
    kept = _counts.get(slot)
    if state.cursor and kept is not None and kept[0] > time.monotonic():
        return kept[1]
    if len(_counts) > 2000:
        _counts.clear()
    number = query.quick_count(records)
    _counts[slot] = (time.monotonic() + COUNT_SECONDS, number)
    return number


def searched(
    actor: Actor, object_type: ObjectType, state: ListState, specs: Sequence[FieldSpec], size: int
) -> Found:
    """The best hits first, unless the person sorts. A search that finds more than the index ranks at once is asked
    of the whole index where rights or a filter might leave out the ones ranked."""
    hidden = search.hidden_kinds(actor, object_type)
    ids = search.match(object_type.key, state.q, hidden=hidden)
    records = where(actor, object_type, state)
    bounded = state.where is not None or access.verb_scope(actor, object_type, "view") != "all"
    if len(ids) >= search.CAP and bounded and not state.sort:
        ids, complete = search.match_within(records, object_type.key, state.q, hidden=hidden)
        count = query.Count(len(ids), complete)
        return ranked(object_type, records, ids, count, offset(state.cursor), specs, size)
    if len(ids) >= search.CAP and state.sort:
        everything = records.filter(pk__in=search.match_condition(object_type.key, state.q, hidden=hidden))
        return sorted_page(actor, object_type, state, everything, specs, size)
    if state.sort:
        return sorted_page(actor, object_type, state, records.filter(pk__in=ids), specs, size)
    if bounded:
        mine = set(records.filter(pk__in=ids).values_list("pk", flat=True))
        ids = [key for key in ids if key in mine]
    count = query.Count(len(ids), len(ids) < search.CAP)
    return ranked(object_type, records, ids, count, offset(state.cursor), specs, size)


def ranked(
    object_type: ObjectType,
    records: QuerySet[Any],
    ids: Sequence[int],
    count: query.Count,
    start: int,
    specs: Sequence[FieldSpec],
    size: int,
) -> Found:
    wanted = ids[start : start + size]
    rows = {row["id"]: row for row in query.fetch(records.filter(pk__in=wanted), object_type, specs)}
    later = f"o{start + size}" if start + size < len(ids) else ""
    earlier = f"o{max(0, start - size)}" if start else ""
    return Found([rows[key] for key in wanted if key in rows], later, earlier, count)


def offset(cursor: str) -> int:
    if not cursor:
        return 0
    if cursor[0] != "o" or not cursor[1:].isdigit():
        raise query.QueryError("bad_cursor", _("分页位置无效，请从第一页重新打开"))
    return min(int(cursor[1:]), search.CAP)
