"""A person's calendar for other programs: secret addresses, and what they answer with (RFC 5545)."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Iterable, Sequence
from typing import Any

import icalendar
from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from kemai.collab.models import CalendarFeed
from kemai.collab.services.about import person
from kemai.collab.services.calendar.layers import Event, Span, layers_for, read
from kemai.collab.services.mails import public_url
from kemai.platform.access import Actor, actor_for
from kemai.platform.fields.base import clean_text
from kemai.platform.records import FieldErrors, Refused

BACK, AHEAD = dt.timedelta(days=60), dt.timedelta(days=365)
MOST = 10
"""Addresses of one person."""
LASTS = dt.timedelta(minutes=30)
USED_SECONDS = 300


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def make(name: str, wanted: Sequence[str], *, by: Actor) -> tuple[CalendarFeed, str]:
    """A new address; its secret is told this once. Raises FieldErrors, Refused."""
    assert by.user_id is not None
    title = clean_text(name).strip()[:60]
    if not title:
        raise FieldErrors({"name": _("起个名字，例如“我的手机”")})
    if mine(by).count() >= MOST:
        raise Refused("too_many_feeds", _("最多 %(n)s 个日历地址，请先停用不用的") % {"n": MOST})
    known = {layer.key for layer in layers_for(by)}
    token = secrets.token_urlsafe(32)
    feed = CalendarFeed.objects.create(
        user_id=by.user_id,
        name=title,
        digest=digest(token),
        hint=token[-4:],
        layers=sorted(known & set(wanted)),
        created_at=timezone.now(),
    )
    return feed, token


def mine(by: Actor) -> QuerySet[CalendarFeed]:
    return CalendarFeed.objects.filter(user=by.user_id).order_by("pk")


def revoke(feed_id: int, *, by: Actor) -> bool:
    removed, _models = mine(by).filter(pk=feed_id).delete()
    return bool(removed)


def answer(token: str) -> bytes | None:
    """The calendar behind an address, with the rights that its person has now; None for one that leads nowhere."""
    feed = CalendarFeed.objects.filter(digest=digest(token)).first()
    member = None if feed is None else person(feed.user_id)
    if feed is None or member is None:
        return None
    now = timezone.now()
    if feed.last_used_at is None or (now - feed.last_used_at).total_seconds() > USED_SECONDS:
        CalendarFeed.objects.filter(pk=feed.pk).update(last_used_at=now)
    actor = actor_for(member)
    today = timezone.localdate(now, timezone.get_default_timezone())
    span = Span(today - BACK, today + AHEAD, [member.pk])
    keys = feed.layers or [layer.key for layer in layers_for(actor)]
    with translation.override(member.language):
        title = _("%(name)s 的客脉日历") % {"name": member}
        return written(read(actor, span, keys), title, now)


def written(events: Iterable[Event], title: str, now: dt.datetime) -> bytes:
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//Kemai//Calendar//ZH")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", title)
    calendar.add("refresh-interval", dt.timedelta(minutes=30), parameters={"value": "DURATION"})
    for event in events:
        calendar.add_component(entry(event, now))
    calendar.add_missing_timezones()
    return bytes(calendar.to_ical())


def entry(event: Event, now: dt.datetime) -> Any:
    made = icalendar.Event()
    made.add("uid", f"{event.key.replace('/', '-')}@kemai.{host()}")
    made.add("dtstamp", now.astimezone(dt.UTC))
    made.add("summary", ("✓ " if event.done else "") + event.title)
    if event.at is None:
        made.add("dtstart", event.day)
        made.add("dtend", event.day + dt.timedelta(days=1))
        made.add("transp", "TRANSPARENT")
    else:
        zone: Any = timezone.get_default_timezone()
        made.add("dtstart", event.at.astimezone(zone))
        made.add("dtend", (event.at + LASTS).astimezone(zone))
    if event.url:
        made.add("url", public_url(event.url))
    if event.who:
        made.add("description", event.who)
    return made


def host() -> str:
    return public_url().partition("://")[2].partition(":")[0] or settings.TIME_ZONE.lower()


def address(token: str) -> str:
    return public_url(f"/calendar/feed/{token}.ics")
