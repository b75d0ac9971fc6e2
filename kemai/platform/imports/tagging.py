"""Tags that an import adds to records which are there already: it takes none away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kemai.platform.access import Actor
from kemai.platform.models import Tagging
from kemai.platform.objects import ObjectType
from kemai.platform.records import tag_many

Diffs = dict[int, dict[str, list[Any]]]


def tag_changes(object_type: ObjectType, given: Mapping[int, Any], extra: Sequence[str]) -> Diffs:
    """{record: {"tags": [before, after]}} where the tags of its row, or those for all rows, are new to it."""
    for_all = extra if object_type.tags else ()
    wanted = {key: [*(tags or ()), *for_all] for key, tags in given.items() if tags or for_all}
    if not wanted:
        return {}
    before: dict[int, list[str]] = {key: [] for key in wanted}
    taggings = Tagging.objects.filter(type_key=object_type.key, object_id__in=list(wanted))
    for tagging in taggings.select_related("tag"):
        before[tagging.object_id].append(str(tagging.tag))
    found: Diffs = {}
    for key, tags in wanted.items():
        bare = {name.rpartition("·")[2] for name in before[key]}
        new = [name for name in dict.fromkeys(tags) if name not in before[key] and name not in bare]
        if new:
            found[key] = {"tags": [sorted(before[key]), sorted([*before[key], *new])]}
    return found


def add_tags(object_type: ObjectType, changes: Diffs, *, by: Actor) -> None:
    rows = [
        {"object_id": key, "tag": name}
        for key, diff in changes.items()
        for name in (set(diff["tags"][1]) - set(diff["tags"][0]) if "tags" in diff else ())
    ]
    if rows:
        tag_many(object_type.key, rows, by=by, source="import")
