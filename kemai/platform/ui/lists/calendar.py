"""The same records on the days of a month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, F, QuerySet, Window
from django.db.models.functions import RowNumber, TruncDate
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.platform import access, query, reports
from kemai.platform.access import Actor
from kemai.platform.fields import FieldSpec
from kemai.platform.objects import ObjectType
from kemai.platform.query import QueryError, moment
from kemai.platform.ui.lists import cells, found
from kemai.platform.ui.lists.state import ListState
from kemai.platform.ui.lists.trees import both

SHOWN = 4
WEEK = 7


@dataclass(frozen=True)
class Event:
    id: int
    title: str
    url: str
    time: str
    color: str


@dataclass(frozen=True)
class Day:
    date: date
    inside: bool
    today: bool
    events: Sequence[Event]
    count: int
    url: str


def show(actor: Actor, object_type: ObjectType, state: ListState) -> dict[str, Any]:
    if not (object_type.date or state.by):
        return undated(actor, object_type, state)
    spec = date_field(actor, object_type, state)
    first = month_of(state.month)
    start = first - timedelta(days=first.weekday())
    behind = following(first)
    end = behind + timedelta(days=(WEEK - behind.weekday()) % WEEK)
    span = {
        "field": spec.key,
        "op": "between",
        "value": [start.isoformat(), (end - timedelta(days=1)).isoformat()],
    }
    records = found.matching(actor, object_type, state.but(where=both(state.where, span)))
    counts, events = by_day(actor, object_type, spec, records)
    today = timezone.localdate()
    days = [start + timedelta(days=n) for n in range((end - start).days)]
    made = [
        Day(
            day,
            day.month == first.month,
            day == today,
            events.get(day, ()),
            counts.get(day, 0),
            day_url(state, spec, day),
        )
        for day in days
    ]
    levels = access.field_levels(actor, object_type)
    return {
        "weeks": [made[n : n + WEEK] for n in range(0, len(made), WEEK)],
        "month_title": first.strftime("%Y-%m"),
        "weekdays": [_("周一"), _("周二"), _("周三"), _("周四"), _("周五"), _("周六"), _("周日")],
        "previous_month": state.but(month=(first - timedelta(days=1)).strftime("%Y-%m")).url,
        "next_month": state.but(month=behind.strftime("%Y-%m")).url,
        "this_month": state.but(month="").url,
        "count": sum(counts.get(day, 0) for day in days if day.month == first.month),
        "by_options": [
            {"label": str(one.label), "url": state.but(by=one.key).url, "checked": one.key == spec.key}
            for one in object_type.fields.values()
            if one.type.key in {"date", "datetime"}
            and not one.private
            and levels[one.key] in {"read", "edit"}
        ],
    }


def undated(actor: Actor, object_type: ObjectType, state: ListState) -> dict[str, Any]:
    """Of an own object that has no date yet: why there is no calendar, and the ways to one."""
    levels = access.field_levels(actor, object_type)
    made = object_type.fields.get("created_at")
    ways = []
    if actor.is_admin:
        url = reverse("define_field_make", args=(object_type.key, "date"))
        ways.append({"label": _("添加日期字段"), "url": url, "icon": "plus"})
        text = _("加一个日期字段，记录就会排在那一天；以后也能按它筛选和统计。")
    else:
        text = _("请管理员给它加一个日期字段，记录就会排在那一天。")
    if made is not None and levels[made.key] in {"read", "edit"}:
        ways.append({"label": _("先按创建时间看"), "url": state.but(by=made.key).url, "icon": "calendar"})
    return {"undated": {"text": text, "ways": ways}}


def date_field(actor: Actor, object_type: ObjectType, state: ListState) -> FieldSpec:
    reports.refuse_broken(actor, object_type, state.by or object_type.date)
    levels = access.field_levels(actor, object_type)
    known = [
        spec for spec in object_type.fields.values()
        if spec.type.key in {"date", "datetime"} and not spec.private and levels[spec.key] in {"read", "edit"}
    ]  # fmt: skip
    wanted = state.by or object_type.date
    chosen = next((spec for spec in known if spec.key == wanted), None)
    if chosen is None:
        raise QueryError(
            "unknown_field", _("不能按“%(field)s”排日历") % {"field": wanted[:60]}, [s.key for s in known]
        )
    return chosen


def month_of(text: str) -> date:
    try:
        year, _dash, month = text.partition("-")
        return date(int(year), int(month), 1)
    except ValueError:
        return timezone.localdate().replace(day=1)


def following(first: date) -> date:
    return (first + timedelta(days=32)).replace(day=1)


def by_day(
    actor: Actor, object_type: ObjectType, spec: FieldSpec, records: QuerySet[Any]
) -> tuple[dict[date, int], dict[date, list[Event]]]:
    """How many there are each day, and the first few of them."""
    day: Any = TruncDate(moment(spec)) if spec.type.key == "datetime" else F(spec.path)
    dated = records.annotate(calendar_day=day)
    counts = dict(
        dated.order_by().values("calendar_day").annotate(n=Count("pk")).values_list("calendar_day", "n")
    )
    place = Window(RowNumber(), partition_by=[F("calendar_day")], order_by=[F(spec.path), F("pk")])
    first = dated.annotate(calendar_place=place).filter(calendar_place__lte=SHOWN)
    pairs = list(first.values_list("pk", "calendar_day", "calendar_place"))
    made = events_of(actor, object_type, spec, [pk for pk, _day, _place in pairs])
    events: dict[date, list[Event]] = {}
    for pk, when, _place in sorted(pairs, key=lambda pair: pair[2]):
        if pk in made:
            events.setdefault(when, []).append(made[pk])
    return counts, events


def events_of(actor: Actor, object_type: ObjectType, spec: FieldSpec, ids: Sequence[int]) -> dict[int, Event]:
    badge = object_type.board or next(iter(object_type.badges), "")
    keys = dict.fromkeys((object_type.title, spec.key, *([badge] if badge else [])))
    specs = access.visible_specs(actor, object_type, keys)
    rows = query.fetch(access.scope(actor, object_type).filter(pk__in=ids), object_type, specs)
    access.mask_rows(actor, object_type, rows)
    path = reverse("list", args=(object_type.key,))
    found_events = {}
    for row in rows:
        color = cells.maker(object_type, object_type.fields[badge])(row.get(badge)).a if badge else ""
        title = str(row.get(object_type.title) or f"#{row['id']}")
        when = row.get(spec.key)
        clock = timezone.localtime(when).strftime("%H:%M") if spec.type.key == "datetime" and when else ""
        found_events[row["id"]] = Event(row["id"], title, f"{path}{row['id']}", clock, color or "blue")
    return found_events


def day_url(state: ListState, spec: FieldSpec, day: date) -> str:
    leaf = {"field": spec.key, "op": "eq", "value": day.isoformat()}
    return state.but(display="table", month="", by="", where=both(state.where, leaf)).url
