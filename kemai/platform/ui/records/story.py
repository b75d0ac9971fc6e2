"""One timeline out of many sources, merged by time, a stretch at a time: nobody ever loads five thousand touches."""

from __future__ import annotations

import base64
import heapq
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

import orjson
from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.platform import audit
from kemai.platform.access import Actor
from kemai.platform.fields import Label
from kemai.platform.objects import Ask, Entry, ObjectType, TimelineSource
from kemai.platform.objects import sources_of as declared_sources
from kemai.platform.objects.pages import LAST_ID
from kemai.platform.query import QueryError
from kemai.platform.ui.cells import local

SIZE = 30


class Place(NamedTuple):
    """The entry behind which the next stretch begins."""

    at: datetime
    source: int
    id: int

    def encode(self) -> str:
        payload = orjson.dumps([self.at.isoformat(), self.source, self.id])
        return base64.urlsafe_b64encode(payload).decode().rstrip("=")

    @staticmethod
    def decode(text: str) -> Place | None:
        if not text:
            return None
        try:
            at, source, key = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            moment = datetime.fromisoformat(at)
            if moment.tzinfo is None:
                raise ValueError("naive")
            return Place(moment, int(source), int(key))
        except (ValueError, TypeError):
            raise QueryError("bad_cursor", _("分页位置无效，请从第一页重新打开")) from None


class Line(NamedTuple):
    """An entry on the page. `day` is the heading above it; '' where it stands under the one before."""

    entry: Entry
    source: str
    day: str


class Kind(NamedTuple):
    key: str
    label: Label
    active: bool


@dataclass(frozen=True)
class Stretch:
    lines: Sequence[Line]
    next: str
    """The cursor of what is older; '' at the end."""


def sources_of(object_type: ObjectType) -> list[TimelineSource]:
    return [*declared_sources(object_type), audit.CHANGES]


def kinds(object_type: ObjectType, chosen: str) -> list[Kind]:
    """What the timeline can be narrowed to."""
    found = [Kind("", _("全部"), not chosen)]
    for source in sources_of(object_type):
        for part in source.parts:
            key = f"{source.key}:{part.value}"
            found.append(Kind(key, part.label, key == chosen))
        if not source.parts:
            found.append(Kind(source.key, source.label, source.key == chosen))
    return found


def stretch(
    actor: Actor,
    object_type: ObjectType,
    pk: int,
    *,
    cursor: str = "",
    kind: str = "",
    none_of: Collection[str] = (),
) -> Stretch:
    """Up to SIZE entries, newest first. Sources of types in `none_of`, of which there are known to be none, are not
    asked. Raises query.QueryError for a broken cursor or an unknown kind."""
    known = sources_of(object_type)
    wanted, part = chosen(known, kind)
    wanted = [index for index in wanted if known[index].of not in none_of]
    place = Place.decode(cursor)
    merged = heapq.merge(
        *(walk(actor, object_type, pk, index, known[index], place, part) for index in wanted),
        key=lambda found: (-found[1].at.timestamp(), found[0], -found[1].id),
    )
    found = [entry for entry, _count in zip(merged, range(SIZE + 1), strict=False)]
    more = len(found) > SIZE
    found = found[:SIZE]
    last = found[-1] if found else None
    after = Place(last[1].at, last[0], last[1].id).encode() if more and last else ""
    return Stretch(list(lines(found, known, place)), after)


def chosen(known: Sequence[TimelineSource], kind: str) -> tuple[list[int], str]:
    """The indexes of the sources to read, and the part of the only one."""
    key, _colon, part = kind.partition(":")
    if not key:
        return list(range(len(known))), ""
    found = [index for index, source in enumerate(known) if source.key == key]
    if not found or (part and part not in {option.value for option in known[found[0]].parts}):
        allowed = [source.key for source in known]
        raise QueryError("unknown_kind", _("没有这种动态：%(kind)s") % {"kind": kind[:40]}, allowed)
    return found, part


def walk(
    actor: Actor,
    object_type: ObjectType,
    pk: int,
    index: int,
    source: TimelineSource,
    place: Place | None,
    part: str,
) -> Iterator[tuple[int, Entry]]:
    """A source's entries behind the place: of equal moments, sources of lower index come first."""
    if place is None:
        ask = Ask(SIZE + 1, part=part)
    else:
        last = place.id if index == place.source else LAST_ID if index > place.source else 0
        ask = Ask(SIZE + 1, place.at, last, part)
    for entry in source.read(actor, object_type.key, pk, ask):
        yield index, entry


def lines(
    found: Iterable[tuple[int, Entry]], known: Sequence[TimelineSource], place: Place | None
) -> Iterator[Line]:
    today = local(timezone.now()).date()
    heading = day_words(local(place.at).date(), today) if place else ""
    for index, entry in found:
        words = day_words(local(entry.at).date(), today)
        yield Line(entry, known[index].key, "" if words == heading else words)
        heading = words


def day_words(day: date, today: date) -> str:
    """今天, 昨天, 本周, then the month: a heading groups what people remember together."""
    ago = (today - day).days
    if ago < 0:
        return _("将来")
    if ago < 2:
        return _("昨天") if ago else _("今天")
    if ago < 7:
        return _("近一周")
    return _("%(year)s 年 %(month)s 月") % {"year": day.year, "month": f"{day.month:02d}"}
