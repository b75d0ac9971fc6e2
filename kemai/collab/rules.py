"""When a repeating task falls due again, and when people are reminded: plain functions on plain values."""

from __future__ import annotations

import calendar
import datetime as dt
from zoneinfo import ZoneInfo

from kemai.kit.calendar_cn import add_workdays

REPEATS = ("daily", "workday", "weekly", "monthly")
DEFAULT_REMIND = 15
MOST_REMIND = 7 * 24 * 60


def following(due: dt.datetime, repeat: str, zone: ZoneInfo, *, anchor: int = 0) -> dt.datetime:
    """The next moment, at the same time of the company's clock. `anchor` is the day of the month that a monthly task
    keeps to: what is due on the 31st comes back to the 31st after February."""
    local = due.astimezone(zone)
    day = next_day(local.date(), repeat, anchor or local.day)
    return dt.datetime.combine(day, local.timetz().replace(tzinfo=None), tzinfo=zone)


def next_day(day: dt.date, repeat: str, anchor: int) -> dt.date:
    match repeat:
        case "daily":
            return day + dt.timedelta(days=1)
        case "workday":
            return add_workdays(day, 1)
        case "weekly":
            return day + dt.timedelta(days=7)
        case "monthly":
            first = (day.replace(day=1) + dt.timedelta(days=32)).replace(day=1)
            return first.replace(day=min(anchor, calendar.monthrange(first.year, first.month)[1]))
    raise ValueError(repeat)


def next_due(
    due: dt.datetime, repeat: str, zone: ZoneInfo, *, now: dt.datetime, until: dt.date | None, anchor: int = 0
) -> dt.datetime | None:
    """The first moment after both the last one and now: who does Monday's daily task on Thursday is not given those of
    Tuesday and Wednesday. None where the row has ended."""
    anchor = anchor or due.astimezone(zone).day
    moment = following(due, repeat, zone, anchor=anchor)
    while moment <= now:
        moment = following(moment, repeat, zone, anchor=anchor)
    if until is not None and moment.astimezone(zone).date() > until:
        return None
    return moment


def remind_at(due: dt.datetime, minutes: int | None) -> dt.datetime:
    return due - dt.timedelta(minutes=DEFAULT_REMIND if minutes is None else min(minutes, MOST_REMIND))
