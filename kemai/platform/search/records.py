"""Which values of a record are searched, and bringing the index up to date with the records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from django.db import transaction

from kemai.platform.jobs import Progress
from kemai.platform.models import Alias
from kemai.platform.objects import ObjectType, UnknownObject, get
from kemai.platform.search.docs import CHUNK, index_many, remove
from kemai.platform.search.words import Part

KINDS = {"phone": "phone", "email": "email", "long_text": "text", "text": "name"}
"""Kind of field → kind of searchable value. Short texts are also found by their pinyin; everything else as text."""


def value_kinds(object_type: ObjectType) -> list[str]:
    """The kinds of the values of `object_type.search`, in its order."""
    numbered = object_type.numbering.field if object_type.numbering else ""
    return [
        "number" if key == numbered else KINDS.get(object_type.fields[key].type.key, "text")
        for key in object_type.searched
    ]


def parts_of(object_type: ObjectType, values: Sequence[object]) -> list[Part]:
    """The searchable values of a record, given in the order of `object_type.search`."""
    return [
        (kind, str(value))
        for kind, value in zip(value_kinds(object_type), values, strict=True)
        if value not in (None, "")
    ]


def index(type_key: str, object_id: int, values: Sequence[object]) -> None:
    """Make a record findable by these values and only by these: either the values of the type's `search` fields in
    their order, or (kind, value) pairs."""
    pairs = [value for value in values if isinstance(value, tuple)]
    index_many(type_key, [(object_id, pairs or parts_of(get(type_key), values))])


def reindex(type_key: str, ids: Iterable[int]) -> int:
    """Bring the index up to date for these records: those deleted leave it. Returns how many are in it now."""
    try:
        object_type = get(type_key)
    except UnknownObject:
        return 0
    if not object_type.searched:
        return 0
    total = 0
    left = iter(ids)
    while chunk := list(islice(left, CHUNK)):
        with transaction.atomic():
            rows = list(_rows(object_type, object_type.records().filter(pk__in=chunk)))
            total += index_many(type_key, rows)
            remove(type_key, set(chunk) - {key for key, _parts in rows})
    return total


def _rows(object_type: ObjectType, records: Any) -> Iterator[tuple[int, list[Part]]]:
    if object_type.recycles:
        records = records.filter(deleted_at=None)
    kinds = value_kinds(object_type)
    paths = [object_type.fields[key].path for key in object_type.searched]
    rows = list(records.values_list("pk", *paths))
    aliases = alias_words(object_type.key, [row[0] for row in rows])
    for key, *values in rows:
        parts = [
            (kind, str(value)) for kind, value in zip(kinds, values, strict=True) if value not in (None, "")
        ]
        yield key, [*parts, *aliases.get(key, ())]


def alias_words(type_key: str, ids: Sequence[int]) -> dict[int, list[Part]]:
    """What the records merged into these were found by."""
    found: dict[int, list[Part]] = {}
    for key, words in Alias.objects.filter(type_key=type_key, keep_id__in=ids).values_list(
        "keep_id", "words"
    ):
        found.setdefault(key, []).extend((kind, text) for kind, text in words)
    return found


def rebuild(progress: Progress, *, type_key: str) -> int:
    """A task: index every record of a type again, in the order of their keys."""
    object_type = get(type_key)
    records = object_type.records().order_by("pk")
    total, done, last = records.count(), 0, 0
    while ids := list(records.filter(pk__gt=last).values_list("pk", flat=True)[:CHUNK]):
        reindex(type_key, ids)
        last = ids[-1]
        done += len(ids)
        progress(done, total)
    return done
