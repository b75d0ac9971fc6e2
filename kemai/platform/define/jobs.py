"""Definition in the background: conversions, merges of options, and what has been gone for longer than it is kept."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.utils import timezone

from kemai.platform import jobs
from kemai.platform.define import convert as conversion
from kemai.platform.define import fields, objects
from kemai.platform.define import merge as merging
from kemai.platform.jobs import schedule
from kemai.platform.models import FieldDef, ObjectDef, Record
from kemai.platform.objects import UnknownObject, get
from kemai.platform.records import sql

BITE = 1000


def convert(progress: jobs.Progress, field: int) -> int:
    return conversion.run(field, progress)


def preview(progress: jobs.Progress, field: int, kind: str, raw: dict[str, Any]) -> dict[str, Any]:
    """What a conversion would do, where there are too many values to tell at once."""
    row = FieldDef.objects.get(pk=field)
    return asdict(conversion.look(row, kind, raw, progress))


def merge(progress: jobs.Progress, field: int, source: str, into: str, changeset: int, name: str) -> int:
    return merging.run(field, source, into, changeset, name, progress)


@schedule("definitions", at="03:40")
def purge(progress: jobs.Progress) -> int:
    """Nightly: the values of fields, and the records of objects, that were removed more than 30 days ago."""
    now = timezone.now()
    done = 0
    for row in FieldDef.objects.filter(deleted_at__lt=now - fields.KEEP).exclude(settings__has_key="purged"):
        done += forget_values(row, progress)
    for own in ObjectDef.objects.filter(deleted_at__lt=now - objects.KEEP):
        done += forget_records(own, progress)
    return done


def forget_values(row: FieldDef, progress: jobs.Progress) -> int:
    """Takes the values out of the records; the definition stays, so that its key is never given out again."""
    done = 0
    try:
        object_type = get(row.type_key)
    except UnknownObject:
        return 0
    path = f"extra__t_{row.key}__isnull"
    while keys := list(
        object_type.records().filter(**{path: False}).order_by("pk").values_list("pk", flat=True)[:BITE]
    ):
        with transaction.atomic():
            sql.update(object_type.model, ["extra"], [[{row.key: None}, key] for key in keys])
        done += len(keys)
        progress(done)
    row.settings = {**row.settings, "purged": True}
    row.save()
    return done


def forget_records(own: ObjectDef, progress: jobs.Progress) -> int:
    done = 0
    rows = Record.objects.filter(type_key=own.key)
    while keys := list(rows.order_by("pk").values_list("pk", flat=True)[:BITE]):
        with transaction.atomic():
            Record.objects.filter(pk__in=keys).delete()
        done += len(keys)
        progress(done)
    return done
