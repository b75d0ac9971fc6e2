"""Reading what was done, for those who may: change sets are their maker's and administrators', the chain is the
auditors'. Whoever calls has asked (`ui.trail`); the records in them are shown through `access.scope`."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet

from kemai.kit.numbers import record_key
from kemai.platform.models import AuditEntry, Change, ChangeSet
from kemai.platform.objects import ObjectType


def change_sets() -> QuerySet[ChangeSet]:
    return ChangeSet.objects.select_related("undone_by").order_by("-pk")


def entries() -> QuerySet[AuditEntry]:
    return AuditEntry.objects.order_by("-seq")


def newest() -> int:
    """The number of the last link."""
    return entries().values_list("seq", flat=True).first() or 0


def waiting() -> int:
    """How many change sets are not sealed yet."""
    return ChangeSet.objects.filter(sealed=None).count()


def changes_of(entry: AuditEntry, limit: int) -> Sequence[Change]:
    """The first changes that a link covers."""
    if entry.first_change is None:
        return []
    rows = Change.objects.filter(changeset=entry.changeset_id, pk__gte=entry.first_change)
    return list(rows.filter(pk__lte=entry.last_change).select_related("changeset").order_by("pk")[:limit])


def sets_about(type_key: str, object_id: int) -> QuerySet[Change, int]:
    """The keys of the change sets that touched a record."""
    return Change.objects.filter(type_key=type_key, object_id=object_id).values_list("changeset", flat=True)


def key_of(object_type: ObjectType | None, text: str) -> int:
    """The record that a number, or a key, names; 0 for none. The deleted ones too: the log outlives them."""
    bare = record_key(text) or 0
    numbering = object_type.numbering if object_type else None
    if object_type is None or numbering is None:
        return bare
    path = object_type.fields[numbering.field].path
    named = object_type.records().filter(**{path: text}).values_list("pk", flat=True)
    return named.first() or bare
