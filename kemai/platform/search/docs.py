"""The search index: one row of words a record, kept in the transaction of the write it follows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

from django.db import connection, transaction

from kemai.platform.models import SearchDoc, TypeSlot
from kemai.platform.search.words import Part, document

ID_BITS = 40
ID_MASK = (1 << ID_BITS) - 1
CHUNK = 4000

_slots: dict[str, int] = {}


def slot(type_key: str) -> int:
    """The number of an object type in the keys of the index."""
    known = _slots.get(type_key)
    if known is not None:
        return known
    row, _created = TypeSlot.objects.get_or_create(key=type_key)
    # remembered once it is sure to stay: the transaction may still be rolled back
    transaction.on_commit(lambda: _slots.__setitem__(type_key, row.pk))
    return row.pk


def doc_id(type_key: str, object_id: int) -> int:
    return slot(type_key) << ID_BITS | object_id


def index_many(type_key: str, records: Iterable[tuple[int, Iterable[Part]]]) -> int:
    """Make records findable by these values, and only by these; in chunks, returns how many."""
    base = slot(type_key) << ID_BITS
    rows = ((base | object_id, document(parts)) for object_id, parts in records)
    total = 0
    while chunk := list(islice(rows, CHUNK)):
        _write(chunk)
        total += len(chunk)
    return total


def _write(rows: Sequence[tuple[int, str]]) -> None:
    table = SearchDoc._meta.db_table
    upsert = f"ON CONFLICT (id) DO UPDATE SET doc = excluded.doc WHERE {table}.doc <> excluded.doc"
    # a part of the write it follows: nobody goes on without it, so it needs no place of its own to go back to
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                f"INSERT INTO {table} (id, doc) SELECT * FROM unnest(%s::bigint[], %s::text[]) {upsert}",  # noqa: S608
                [[row[0] for row in rows], [row[1] for row in rows]],
            )
        else:
            cursor.executemany(f"INSERT INTO {table} (id, doc) VALUES (%s, %s) {upsert}", rows)  # noqa: S608


def remove(type_key: str, object_ids: int | Iterable[int]) -> None:
    """Make records unfindable (deleted, erased)."""
    base = slot(type_key) << ID_BITS
    ids = iter([object_ids] if isinstance(object_ids, int) else object_ids)
    while chunk := [base | object_id for object_id in islice(ids, CHUNK)]:
        SearchDoc.objects.filter(pk__in=chunk).delete()


def clear(type_key: str) -> None:
    """Forget a whole object type."""
    base = slot(type_key) << ID_BITS
    SearchDoc.objects.filter(pk__gte=base, pk__lte=base | ID_MASK).delete()
