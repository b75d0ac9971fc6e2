"""Seeing one masked value of one record in full: allowed by a right of its own, and always written down."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from kemai.platform import access, audit, query
from kemai.platform.access import Actor
from kemai.platform.models import Change
from kemai.platform.objects import UnknownField, get


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
