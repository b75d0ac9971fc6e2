"""Somebody has read as many records in an hour as they may: noted in the audit, and an event for those who look after
such things."""

from __future__ import annotations

import contextlib

from django.db import DatabaseError, transaction
from django.utils.translation import gettext as _

from kemai.platform import audit, events
from kemai.platform.access import Actor, quota


def reading_reached(door: str, count: int, most: int, *, by: Actor, near: bool = False) -> None:
    """`door`: api or pages. Reading goes on, or is refused, whether or not this can be written."""
    told = {
        "user": by.user_id, "name": by.name, "rows": count, "most": most, "window": quota.hour_window(), "via": by.via,
    }  # fmt: skip
    with contextlib.suppress(DatabaseError), transaction.atomic():
        if not near:
            said = _("一小时内读取的记录超过 %(most)s 条的上限") % {"most": f"{most:,}"}
            audit.note("limit", "user", by.user_id, by=by, reason=said)
        events.emit(f"{door}.quota_{'near' if near else 'reached'}", "user", by.user_id, payload=told)
