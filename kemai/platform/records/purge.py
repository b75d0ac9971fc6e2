"""The end of the recycle bin: what has been there for too long goes for good, with its files, words and tags."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import models, transaction
from django.db.models import ProtectedError
from django.utils import timezone

from kemai.platform import audit, search
from kemai.platform.access import SYSTEM, Actor
from kemai.platform.jobs import Progress, schedule
from kemai.platform.models import Alias, ChangeSet, OwnerChange, StoredFile, Tagging
from kemai.platform.objects import ObjectType, all_types
from kemai.platform.records.bulk import chunks
from kemai.platform.records.limits import days
from kemai.platform.records.merging import KEEP_DAYS
from kemai.platform.records.recycle import every, log
from kemai.platform.records.undo_plan import depth

CHUNK = 500
Forget = Callable[[str, Sequence[int]], object]
_others: list[Forget] = []


def register_purge(forget: Forget) -> None:
    """For apps that keep something by (object key, record keys): called in the transaction that removes them."""
    _others.append(forget)


def due(object_type: ObjectType, now: datetime | None = None) -> models.QuerySet[models.Model]:
    """The deleted records whose days are over. Those merged into another stay while the merge can be undone."""
    now = now or timezone.now()
    partable = Alias.objects.filter(type_key=object_type.key, merge__at__gte=now - timedelta(days=KEEP_DAYS))
    gone = every(object_type).filter(deleted_at__lt=now - timedelta(days=days("bin_days")))
    return gone.exclude(pk__in=partable.values("old_id"))


def rehearse(now: datetime | None = None) -> list[tuple[ObjectType, int]]:
    """What a purge would remove for good now."""
    found = [(one, due(one, now).count()) for one in types()]
    return [(one, count) for one, count in found if count]


def types() -> Iterator[ObjectType]:
    """Those that recycle, what belongs to others first."""
    recycling = [one for one in all_types() if one.recycles and not one.administered]
    yield from sorted(recycling, key=lambda one: -depth(one.key))


def purge(
    *, by: Actor = SYSTEM, now: datetime | None = None, progress: Progress | None = None
) -> dict[str, int]:
    """Removes what is due, for good. Returns the number by type; a record that something living still needs stays."""
    removed: dict[str, int] = {}
    for object_type in types():
        keys = list(due(object_type, now).order_by("pk").values_list("pk", flat=True))
        if not keys:
            continue
        changes = audit.open_set("purge", object_type.key, by=by)
        for chunk in chunks(keys, CHUNK):
            removed[object_type.key] = removed.get(object_type.key, 0) + purge_chunk(
                object_type, chunk, changes
            )
            if progress is not None:
                progress(sum(removed.values()))
    return removed


def purge_chunk(object_type: ObjectType, keys: Sequence[int], changes: ChangeSet) -> int:
    """In one transaction; where one of them is still needed, one by one."""
    try:
        with transaction.atomic():
            every(object_type).filter(pk__in=keys).delete()
            paths = clear(object_type, keys)
            log(object_type, keys, "purge", changes)
    except ProtectedError:
        if len(keys) == 1:
            return 0
        return sum(purge_chunk(object_type, [key], changes) for key in keys)
    remove_files(paths)
    return len(keys)


def clear(object_type: ObjectType, keys: Sequence[int]) -> list[str]:
    """What else knows of them; returns the paths of their files, to be removed when this is committed."""
    about = {"type_key": object_type.key, "object_id__in": list(keys)}
    Tagging.objects.filter(**about).delete()
    OwnerChange.objects.filter(**about).delete()
    search.remove(object_type.key, keys)
    for forget in _others:
        forget(object_type.key, keys)
    files = StoredFile.everything.filter(**about)
    paths = list(files.values_list("path", flat=True))
    files.delete()
    return paths


def remove_files(paths: Sequence[str]) -> None:
    """The bytes, unless another file has the same content."""
    shared = set(StoredFile.everything.filter(path__in=paths).values_list("path", flat=True))
    for path in set(paths) - shared:
        Path(settings.MEDIA_ROOT, path).unlink(missing_ok=True)


def drop_removed(now: datetime | None = None) -> int:
    """Files that an undo took away go for good once it cannot be redone any more; returns how many."""
    limit = (now or timezone.now()) - timedelta(days=days("undo_days"))
    with transaction.atomic():
        files = StoredFile.everything.filter(removed_by__at__lt=limit)
        found = dict(files.values_list("pk", "path"))
        StoredFile.everything.filter(pk__in=found).delete()
    remove_files(list(found.values()))
    return len(found)


@schedule("recycle.purge", at="03:40")
def nightly(progress: Progress) -> dict[str, int]:
    return {**purge(progress=progress), "file": drop_removed()}


@schedule("audit.retention", at="04:10")
def forget_old_audit(progress: Progress) -> int:
    """Returns how many entries of the audit went; see `audit.keep`."""
    from kemai.platform.audit.keep import forget

    return forget(days("audit_days"))
