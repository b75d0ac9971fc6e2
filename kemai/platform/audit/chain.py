"""The chain of the audit: what is hashed, and how. Pure functions on rows; `seal` writes them, `verify` reads them.

Canonical forms are JSON with sorted keys and nothing between, so that both databases and every version agree."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import orjson

from kemai.platform.models import AuditEntry, Change
from kemai.platform.models.sealed import Salted

START = "0" * 64
"""What the first entry names as the one before it."""
COVERED = (
    "seq", "changeset_id", "at", "kind", "type_key", "object_id", "actor_id", "actor_name", "source", "address", "via",
    "request_id", "reason", "rule", "fields", "count", "changes", "first_change", "last_change", "digest", "previous",
)  # fmt: skip
"""The columns that an entry's hash covers, in their order."""
REDACTED = "__redacted__"
"""The only key of a diff whose values were erased by law; its value is the digest that the change had before."""


def moment(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="microseconds")


def entry_hash(entry: AuditEntry) -> str:
    values = [getattr(entry, name) for name in COVERED]
    plain = [moment(value) if isinstance(value, datetime) else value for value in values]
    return hashlib.sha256(orjson.dumps(plain)).hexdigest()


ChangeRow = tuple[int, str, int, str, dict[str, Any] | None]
ROW = ("pk", "type_key", "object_id", "action", "diff")
"""A change as it is digested: bare values, because an import has a hundred thousand of them."""


def change_digest(row: ChangeRow) -> bytes:
    """The digest of one change; of an erased one, the digest it had."""
    diff = row[4]
    if diff and REDACTED in diff:
        return bytes.fromhex(diff[REDACTED][1])
    salt = diff.salt if isinstance(diff, Salted) else ""
    return hashlib.sha256(salt.encode() + orjson.dumps(row, option=orjson.OPT_SORT_KEYS)).digest()


class Slice:
    """What a run of changes comes to: number, first and last key, digest, the fields and the record where it is one."""

    def __init__(self) -> None:
        self.count = 0
        self.first: int | None = None
        self.last: int | None = None
        self.fields: set[str] = set()
        self.objects: set[tuple[str, int]] = set()
        self._hash = hashlib.sha256()

    def add(self, row: ChangeRow) -> None:
        key, type_key, object_id, _action, diff = row
        self.count += 1
        self.first = key if self.first is None else self.first
        self.last = key
        self._hash.update(change_digest(row))
        if diff and len(self.fields) < 60:
            self.fields.update(diff)
        if len(self.objects) < 2:
            self.objects.add((type_key, object_id))

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()

    @property
    def record(self) -> tuple[str, int] | None:
        return next(iter(self.objects)) if len(self.objects) == 1 else None


def slice_of(changes: Iterable[ChangeRow]) -> Slice:
    found = Slice()
    for change in changes:
        found.add(change)
    return found


def changes_between(changeset_id: int, first: int = 0, last: int | None = None) -> Iterator[ChangeRow]:
    """The changes of a set with keys from `first` to `last`, in their order, without holding them all."""
    rows = Change.objects.filter(changeset=changeset_id, pk__gte=first)
    if last is not None:
        rows = rows.filter(pk__lte=last)
    return rows.order_by("pk").values_list(*ROW).iterator(chunk_size=2000)


def bare(entry: AuditEntry) -> dict[str, Any]:
    """An entry as files and exports show it."""
    plain = {name: getattr(entry, name) for name in (*COVERED, "hash")}
    return plain | {"at": moment(entry.at)}
