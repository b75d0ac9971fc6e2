"""A write in two steps, for programs that act for a person: first rehearsed and shown, then, on the person's yes, done.

The rehearsal is the write itself, rolled back: what it shows is what all rights, checks and rules of the domain make
of it. Carried out is what was rehearsed and nothing else; once, within minutes, by the same person through the same
token."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.platform import access
from kemai.platform.access import Actor, TooMany, quota
from kemai.platform.models import WritePreview
from kemai.platform.objects import get
from kemai.platform.query import Row
from kemai.platform.records import single
from kemai.platform.records.errors import Refused

GOOD_FOR = timedelta(minutes=15)
MOST_WAITING = 50
MOST_AN_HOUR = 100
"""One after the other is a bulk change by another name: so many an hour and person, and no more."""


@dataclass(frozen=True)
class Rehearsed:
    """What would come of it, as the actor sees it: the record before (None for a new one) and after."""

    key: str
    before: Row | None
    after: Row


def rehearse(type_key: str, key: int | None, raw: Mapping[str, object], *, by: Actor) -> Rehearsed:
    """A new record, or (`key`) a change of one. Raises what the write itself would, and TooMany."""
    object_type = get(type_key)
    before = None
    with transaction.atomic():
        if key is None:
            obj = single.create(type_key, raw, by=by)
        else:
            access.one(by, object_type, key, "edit")
            before = single.row_of(object_type, key, by=by)
            obj = single.update(type_key, key, raw, by=by)
        after = seen(type_key, obj.pk, by)
        transaction.set_rollback(True)
    return Rehearsed(keep(type_key, key, raw, before, by), before, after)


def seen(type_key: str, key: int, by: Actor) -> Row:
    """The record, or its bare number where one may make what one may not see."""
    try:
        return single.row_of(get(type_key), key, by=by)
    except access.NotVisible:
        return {"id": key, "version": 1}


def keep(type_key: str, key: int | None, raw: Mapping[str, object], before: Row | None, by: Actor) -> str:
    if by.user_id is None:
        raise access.Denied
    now = timezone.now()
    mine = WritePreview.objects.filter(user=by.user_id, done_at=None)
    mine.filter(created_at__lt=now - GOOD_FOR).delete()
    if mine.count() >= MOST_WAITING:
        raise TooMany(_("等待确认的预览太多了，请先确认或等它们过期"))
    return WritePreview.objects.create(
        key=secrets.token_urlsafe(12), user_id=by.user_id, via=by.via, type_key=type_key, object_id=key,
        values=dict(raw), version=before["version"] if before else None, created_at=now,
    ).key  # fmt: skip


def carry_out(preview: str, *, by: Actor) -> tuple[str, int]:
    """Type and number of the record that was written. What was carried out before is answered with the same record
    and not done again. Raises what the write would, Refused where there is no such preview, and TooMany."""
    now = timezone.now()
    mine = WritePreview.objects.filter(key=preview, user=by.user_id, via=by.via)
    # a moment that lies ahead: the clock was set back, and how old the preview is cannot be known
    fresh = mine.filter(done_at=None, created_at__gt=now - GOOD_FOR, created_at__lte=now)
    with transaction.atomic():
        if not fresh.update(done_at=now):
            done = mine.exclude(done_at=None).first()
            if done is None or done.object_id is None:
                raise Refused("no_preview", _("没有这个预览，或者它已过期，请重新预览"))
            return done.type_key, done.object_id
        if quota.count_up(f"mcp:{by.user_id}", quota.hour_window()) > MOST_AN_HOUR:
            raise TooMany(
                _("这一小时通过助手写入的记录已达到 %(most)s 条，批量修改请在页面上进行")
                % {"most": MOST_AN_HOUR}
            )
        one = mine.get()
        if one.object_id is None:
            obj = single.create(one.type_key, one.values, by=by)
        else:
            obj = single.update(one.type_key, one.object_id, one.values, by=by, version=one.version)
        WritePreview.objects.filter(pk=one.pk).update(object_id=obj.pk, values={}, version=None)
    return one.type_key, obj.pk
