"""Doing what the plan of an undo says, for a whole chunk at once; records that a rule or the database refuses stay as
they are and are listed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from kemai.platform import audit, events
from kemai.platform.access import SYSTEM, Actor
from kemai.platform.fields import listed
from kemai.platform.models import ChangeSet, Tagging
from kemai.platform.objects import ObjectType
from kemai.platform.records.bulk import apply_changes, check_unique_changes, differences, record_changes, span
from kemai.platform.records.files import bring_back, take_back
from kemai.platform.records.halving import halved
from kemai.platform.records.mass import known as tag_keys
from kemai.platform.records.mass import names
from kemai.platform.records.recycle import check_delete, flip
from kemai.platform.records.single import prepare_all
from kemai.platform.records.tags import tag_many
from kemai.platform.records.undo_plan import Kept, Steps


@dataclass
class Applied:
    """How many records were taken back, and what was not."""

    records: int
    kept: list[Kept]


def apply(steps: Steps, inverse: ChangeSet, by: Actor) -> Applied:
    """Inside the caller's transaction, which this may split into savepoints."""
    object_type = steps.type
    done = each(object_type, steps.bin, steps, lambda ids: to_bin(object_type, ids, inverse, by))
    done |= each(
        object_type,
        steps.back,
        steps,
        lambda ids: flip(object_type, ids, gone=False, changeset=inverse, by=by),
    )
    written = each(
        object_type, list(steps.values), steps, lambda ids: write(object_type, ids, steps.values, inverse, by)
    )
    done |= written
    gone, back = (
        {key: one for key, one in found.items() if key not in steps.values or key in written}
        for found in (steps.files, steps.files_back)
    )
    if gone or back:
        done |= move_files(object_type, gone, back, steps.in_fields, inverse)
    if steps.tags:
        done |= retag(object_type, steps.tags, inverse, by)
    return Applied(len(done), steps.kept)


def each(
    object_type: ObjectType, ids: Sequence[int], steps: Steps, act: Callable[[Sequence[int]], None]
) -> set[int]:
    """As many as are not refused; the others are kept, with the reason."""
    done, refused = halved(ids, act)
    for key, why in refused:
        steps.keep(key, why=why)
    return done


def to_bin(object_type: ObjectType, ids: Sequence[int], inverse: ChangeSet, by: Actor) -> None:
    check_delete(object_type, ids, by)
    flip(object_type, ids, gone=True, changeset=inverse, by=by)


def write(
    object_type: ObjectType,
    ids: Sequence[int],
    values: dict[int, dict[str, Any]],
    inverse: ChangeSet,
    by: Actor,
) -> None:
    """Old values back through the domain's hooks, which may move what follows from them; the log's own values win."""
    specs = object_type.fields
    old = {
        key: {name: specs[name].type.parse(value, specs[name]) for name, value in values[key].items()}
        for key in ids
    }
    wanted = {key: dict(one) for key, one in old.items()}
    hooks = object_type.hooks
    found = object_type.records().in_bulk(list(ids)) if hooks.prepare or hooks.check else {}
    prepare_all(object_type, list(wanted.values()), [found.get(key) for key in wanted], SYSTEM)
    for key, one in wanted.items():
        one.update(old[key])
    check_unique_changes(object_type, wanted)
    changes = differences(object_type, wanted)
    apply_changes(object_type, wanted, changes, inverse, by=by)


def move_files(
    object_type: ObjectType,
    gone: dict[int, dict[int, str]],
    back: dict[int, dict[int, str]],
    in_fields: set[int],
    inverse: ChangeSet,
) -> set[int]:
    """The files that the act brought go, and those that it took away come back. The log names what no field holds."""

    def named(files: dict[int, str]) -> str | None:
        return listed(name for one, name in files.items() if one not in in_fields) or None

    ids = sorted({*gone, *back})
    lines = ((key, named(gone.get(key, {})), named(back.get(key, {}))) for key in ids)
    record_changes(
        object_type,
        inverse,
        [(key, "update", {audit.FILES: [old, new]}) for key, old, new in lines if old or new],
    )
    take_back(object_type.key, gone, inverse)
    bring_back(object_type.key, back, inverse)
    return set(ids)


def retag(
    object_type: ObjectType, tags: dict[int, tuple[list[str], list[str]]], inverse: ChangeSet, by: Actor
) -> set[int]:
    """Grouped by what is to be set and taken: a tag run is one group."""
    ids = list(tags)
    before = names(object_type, ids)
    groups: dict[tuple[tuple[str, ...], tuple[str, ...]], list[int]] = {}
    for key, pair in tags.items():
        groups.setdefault((tuple(pair[0]), tuple(pair[1])), []).append(key)
    for (give, take), members in groups.items():
        if take:
            mine = Tagging.objects.filter(type_key=object_type.key, object_id__in=members)
            mine.filter(tag__in=list(tag_keys(take))).delete()
        if give:
            rows = [{"object_id": key, "tag": tag} for key in members for tag in give]
            tag_many(object_type.key, rows, by=by, source="manual")
    after = names(object_type, ids)
    changed = [key for key in ids if before[key] != after[key]]
    diffs: list[tuple[int, str, audit.Diff | None]] = [
        (key, "update", {"tags": [before[key], after[key]]}) for key in changed
    ]
    record_changes(object_type, inverse, diffs)
    if changed:
        payload = {**span(changed), "fields": ["tags"]}
        events.emit(f"{object_type.key}.bulk_updated", object_type.key, None, inverse, payload)
    return set(changed)
