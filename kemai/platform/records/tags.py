"""Tags on records: set by hand, by rules, by models, by imports; always with source and evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.utils import timezone

from kemai.platform import audit
from kemai.platform.access import Actor
from kemai.platform.models import Tag, Tagging
from kemai.platform.objects import ObjectType
from kemai.platform.records import sql


def names_of(type_key: str, object_id: int) -> list[str]:
    found = Tagging.objects.filter(type_key=type_key, object_id=object_id).select_related("tag")
    return sorted(str(tagging.tag) for tagging in found)


def resolve(names: Iterable[str], *, by: Actor) -> dict[str, Tag]:
    """The tags of these names ("组·名" or "名"), made where there is none yet."""
    wanted = list(dict.fromkeys(names))
    known: dict[str, Tag] = {}
    bare = [name.partition("·")[2] or name for name in wanted]
    for tag in Tag.objects.filter(deleted_at=None, name__in={*bare, *wanted}):
        known[str(tag)] = tag
        known.setdefault(tag.name, tag)
    now = timezone.now()
    for name in wanted:
        if name not in known:
            group, dot, rest = name.partition("·")
            known[name] = Tag.objects.create(
                name=rest if dot else name,
                group=group if dot else "",
                created_at=now,
                updated_at=now,
                created_by_id=by.user_id,
            )
    return {name: known[name] for name in wanted}


def set_tags(object_type: ObjectType, object_id: int, names: Sequence[str], *, by: Actor) -> audit.Diff:
    """Makes the hand-set tags of a record exactly these; what rules and models set stays. Returns the change."""
    before = names_of(object_type.key, object_id)
    wanted = resolve(names, by=by)
    keep = {tag.pk for tag in wanted.values()}
    mine = Tagging.objects.filter(type_key=object_type.key, object_id=object_id)
    mine.exclude(tag__in=keep).delete()
    there = set(mine.values_list("tag_id", flat=True))
    for tag in wanted.values():
        if tag.pk not in there:
            add(tag, object_type.key, object_id, by=by)
    now = names_of(object_type.key, object_id)
    return {} if before == now else {"tags": [before, now]}


def add(
    tag: Tag, type_key: str, object_id: int, *, by: Actor, source: str = "manual", evidence: str = ""
) -> None:
    now = timezone.now()
    Tagging.objects.get_or_create(
        tag=tag,
        type_key=type_key,
        object_id=object_id,
        defaults={
            "source": source,
            "evidence": evidence,
            "set_at": now,
            "set_by_id": by.user_id,
            "expires_at": now + timedelta(days=tag.valid_days) if tag.valid_days else None,
        },
    )


def tag_many(
    type_key: str, rows: Iterable[Mapping[str, Any]], *, by: Actor, source: str, chunk: int = 5000
) -> int:
    """Tags many records at once: rows of {"object_id", "tag" (name), "evidence"?, "confidence"?, "set_at"?,
    "expires_at"?}. Pairs already there are left alone. Returns how many were set; one transaction is the caller's."""
    rows = list(rows)
    tags = resolve({row["tag"] for row in rows}, by=by)
    now = timezone.now()
    count = 0
    for start in range(0, len(rows), chunk):
        part = rows[start : start + chunk]
        keys = {row["object_id"] for row in part}
        there = set(
            Tagging.objects.filter(type_key=type_key, object_id__in=keys).values_list("object_id", "tag_id")
        )
        fresh: dict[tuple[int, int], list[Any]] = {}
        for row in part:
            tag = tags[row["tag"]]
            pair = (row["object_id"], tag.pk)
            if pair in there:
                continue
            set_at = row.get("set_at") or now
            expires = set_at + timedelta(days=tag.valid_days) if tag.valid_days else None
            fresh[pair] = [
                tag.pk, type_key, row["object_id"], source, str(row.get("evidence", ""))[:300],
                row.get("confidence"), set_at, by.user_id, row.get("expires_at") or expires,
            ]  # fmt: skip
        sql.insert(Tagging, TAGGING_COLUMNS, fresh.values())
        count += len(fresh)
    return count


TAGGING_COLUMNS = (
    "tag_id", "type_key", "object_id", "source", "evidence", "confidence", "set_at", "set_by_id", "expires_at",
)  # fmt: skip
