"""Acts on many records that are no change of a column: deleting, tagging. One change set, in chunks, undoable."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.db import models, transaction

from kemai.platform import access, audit, events
from kemai.platform.access import Actor
from kemai.platform.models import ChangeSet, Tag, Tagging
from kemai.platform.objects import ObjectType, get
from kemai.platform.records.bulk import chunks, record_changes, span
from kemai.platform.records.recycle import send
from kemai.platform.records.tags import resolve, tag_many

CHUNK = 1000
Report = Callable[[int, int], object]


def delete_many(
    type_key: str,
    records: models.QuerySet[Any],
    *,
    by: Actor,
    reason: str = "",
    progress: Report | None = None,
) -> ChangeSet:
    """To the recycle bin, as far as the actor may delete them. Raises access.Denied."""
    object_type = get(type_key)
    access.require(by, object_type, "delete")
    keys = allowed(object_type, records, "delete", by)
    changeset = audit.open_set("delete", type_key, by=by, reason=reason)
    for done, chunk in enumerate(chunks(keys, CHUNK)):
        with transaction.atomic():
            alive = object_type.records().filter(pk__in=chunk, deleted_at=None)
            still = list(alive.order_by("pk").values_list("pk", flat=True))
            send(object_type, still, changeset=changeset, by=by)
        tell(progress, (done + 1) * CHUNK, len(keys))
    return refreshed(changeset)


def retag_many(
    type_key: str,
    records: models.QuerySet[Any],
    add: Sequence[str],
    remove: Sequence[str],
    *,
    by: Actor,
    reason: str = "",
    progress: Report | None = None,
) -> ChangeSet:
    """Sets and takes tags ("组·名" or "名") on many records that the actor may edit. Raises access.Denied."""
    object_type = get(type_key)
    access.require(by, object_type, "bulk")
    keys = allowed(object_type, records, "edit", by)
    gone = known(remove)
    resolve(add, by=by)
    changeset = audit.open_set("bulk", type_key, by=by, reason=reason)
    for done, chunk in enumerate(chunks(keys, CHUNK)):
        with transaction.atomic():
            retag_chunk(object_type, chunk, add, gone, by, changeset)
        tell(progress, (done + 1) * CHUNK, len(keys))
    return refreshed(changeset)


def retag_chunk(
    object_type: ObjectType,
    chunk: Sequence[int],
    add: Sequence[str],
    gone: Iterable[int],
    by: Actor,
    changeset: ChangeSet,
) -> None:
    before = names(object_type, chunk)
    Tagging.objects.filter(type_key=object_type.key, object_id__in=chunk, tag__in=list(gone)).delete()
    tag_many(
        object_type.key,
        [{"object_id": key, "tag": name} for key in chunk for name in add],
        by=by,
        source="manual",
    )
    after = names(object_type, chunk)
    changed = [key for key in chunk if before[key] != after[key]]
    diffs = ((key, "update", {"tags": [before[key], after[key]]}) for key in changed)
    record_changes(object_type, changeset, diffs)
    if changed:
        payload = {**span(changed), "fields": ["tags"]}
        events.emit(f"{object_type.key}.bulk_updated", object_type.key, None, changeset, payload)


def names(object_type: ObjectType, chunk: Sequence[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    rows = Tagging.objects.filter(type_key=object_type.key, object_id__in=chunk).select_related("tag")
    for row in rows:
        found[row.object_id].append(str(row.tag))
    return defaultdict(list, {key: sorted(tags) for key, tags in found.items()})


def known(tags: Sequence[str]) -> set[int]:
    """The keys of tags that exist; a name that no tag has takes nothing away."""
    bare = {name.partition("·")[2] or name for name in tags} | set(tags)
    wanted = set(tags)
    found = Tag.objects.filter(name__in=bare)
    return {tag.pk for tag in found if str(tag) in wanted or tag.name in wanted}


def allowed(object_type: ObjectType, records: models.QuerySet[Any], verb: str, by: Actor) -> list[int]:
    """The keys, of those asked for, with which the actor may do it."""
    mine = access.scope(by, object_type, verb).filter(pk__in=records.order_by().values("pk"))
    return list(mine.order_by("pk").values_list("pk", flat=True))


def tell(progress: Report | None, done: int, total: int) -> None:
    if progress is not None:
        progress(min(done, total), total)


def refreshed(changeset: ChangeSet) -> ChangeSet:
    changeset.refresh_from_db(fields=["count"])
    return changeset
