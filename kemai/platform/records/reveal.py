"""Seeing one masked value of one record in full: allowed by a right of its own, and always written down."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from kemai.platform import access, audit, events, query
from kemai.platform.access import Actor, quota
from kemai.platform.models import Change
from kemai.platform.objects import UnknownField, get
from kemai.platform.records.errors import Refused


def check_count(by: Actor) -> None:
    """One more value seen in full today. Raises Refused where it is one too many."""
    most = access.limits(by)
    seen = quota.count_up(f"reveal:{by.user_id}", quota.day_window())
    if seen > most.reveal_day:
        raise Refused(
            "reveal_limit",
            _("您今天已经查看了 %(n)s 个脱敏内容，达到每日上限。请明天再试，或联系管理员调整上限")
            % {"n": most.reveal_day},
        )
    if seen == most.reveal_warn:
        events.emit("reveal.many", "user", by.user_id, payload={"user": by.user_id, "count": seen})


def revealed_today(by: Actor) -> tuple[int, int]:
    """How many values the actor has seen in full today, and from which number on they are warned."""
    return quota.counted(f"reveal:{by.user_id}", quota.day_window()), access.limits(by).reveal_warn


def reveal(type_key: str, key: int, name: str, *, by: Actor) -> Any:
    """The value in Python form. Whoever sees it masked by default leaves a trace of having looked.

    Raises access.NotVisible, access.Denied (no right to reveal this record's values), UnknownField."""
    object_type = get(type_key)
    access.one(by, object_type, key, "reveal")
    level = access.field_levels(by, object_type).get(name, "hidden")
    if level == "hidden":
        raise UnknownField(type_key, name, ())
    spec = object_type.fields[name]
    with transaction.atomic():
        if level == "masked":
            check_count(by)
        row = query.fetch(object_type.records().filter(pk=key), object_type, [spec])[0]
        if level == "masked":
            changes = audit.open_set("reveal", type_key, by=by, count=1)
            Change.objects.create(
                changeset=changes,
                type_key=type_key,
                object_id=key,
                action="reveal",
                diff={name: [None, None]},
            )
    return row[name]
