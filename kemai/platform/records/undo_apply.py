"""Doing what the plan of an undo says, for a whole chunk at once; records that a rule or the database refuses stay as
they are and are listed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction

from kemai.platform import audit, events
from kemai.platform.access import SYSTEM, Actor
from kemai.platform.fields import Invalid, listed
from kemai.platform.models import ChangeSet, Tagging
from kemai.platform.objects import ObjectType
from kemai.platform.records.bulk import apply_changes, check_unique_changes, differences, record_changes, span
from kemai.platform.records.errors import FieldErrors, Refused
from kemai.platform.records.files import take_back
from kemai.platform.records.mass import known as tag_keys
from kemai.platform.records.mass import names
from kemai.platform.records.recycle import check_delete, flip
from kemai.platform.records.single import prepare_all
from kemai.platform.records.tags import tag_many
from kemai.platform.records.undo_plan import Kept, Steps

MOST_WORDS = 300
REFUSALS = (IntegrityError, FieldErrors, Invalid, Refused)


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
    files = {key: one for key, one in steps.files.items() if key not in steps.values or key in written}
    if files:
        done |= unfile(object_type, files, inverse)
    if steps.tags:
        done |= retag(object_type, steps.tags, inverse, by)
    return Applied(len(done), steps.kept)


def each(
    object_type: ObjectType, ids: Sequence[int], steps: Steps, act: Callable[[Sequence[int]], None]
) -> set[int]:
    """All at once; where that is refused, in halves, down to the ones that are to blame."""
    if not ids:
        return set()
    try:
        with transaction.atomic():
            act(ids)
    except REFUSALS as error:
        if len(ids) == 1:
            steps.keep(ids[0], why=words_of(error))
            return set()
        half = len(ids) // 2
        return each(object_type, ids[:half], steps, act) | each(object_type, ids[half:], steps, act)
    return set(ids)


def words_of(error: Exception) -> str:
    """Why a record stays as it is: what the rule itself says, with its figures, where it says something."""
    if isinstance(error, Refused | Invalid):
        return error.message or "rule"
    if isinstance(error, FieldErrors):
        return "；".join(filter(None, error.errors.values()))[:MOST_WORDS] or "rule"
    return "duplicate"


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


def unfile(object_type: ObjectType, files: dict[int, dict[int, str]], inverse: ChangeSet) -> set[int]:
    """The files that the act brought go, with their bytes: a redo cannot bring them back."""
    record_changes(
        object_type,
        inverse,
        ((key, "update", {audit.FILES: [listed(one.values()), None]}) for key, one in files.items()),
    )
    take_back(object_type.key, files)
    return set(files)


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
