"""After a restore: whoever was erased since the backup was made is erased again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from kemai.customers.models import Contact, Customer, Identifier, Tombstone
from kemai.customers.services import erasure
from kemai.platform.access import SYSTEM
from kemai.platform.backup.replay import after_restore

ERASED = "customer.erased"
REASON = "restored from a backup made before the erasure"
BITE = 2000


@after_restore("erased_again")
def erase_again(entries: Sequence[dict[str, Any]]) -> int:
    """Erases the customers that the ledger names, and whoever else has an identifier of an erased person (somebody who
    was erased as another record before two were merged, say). Returns how many were erased."""
    wanted = [entry for entry in entries if entry["kind"] == ERASED]
    digests = {digest for entry in wanted for digest in entry.get("digests", ())}
    known = set(Tombstone.objects.filter(digest__in=digests).values_list("digest", flat=True))
    erased = 0
    for key in sorted(named(wanted) | (having(digests - known) if digests - known else set())):
        erasure.erase_customer(key, by=SYSTEM, reason=REASON)
        erased += 1
    erasure.bury(digests)
    return erased


def named(entries: Sequence[dict[str, Any]]) -> set[int]:
    """The records themselves: by key and moment of creation, since a key may have been given out anew after an earlier
    restore. One that is erased already has no name of its own any more and an entry in the log."""
    found = set()
    for entry in entries:
        row = Customer.objects.filter(pk=entry["id"], created_at=datetime.fromisoformat(entry["created_at"]))
        if row.exclude(name_sort="", match_name="", phone="", email="").exists():
            found.add(int(entry["id"]))
    return found


def having(digests: set[str]) -> set[int]:
    """The customers one of whose identifiers has such a digest: every identifier is hashed, a few seconds a million."""
    found: set[int] = set()
    for kind in erasure.KEYS:
        rows = Customer.objects.exclude(**{kind: ""}).values_list("pk", kind)
        for key, value in rows.iterator(chunk_size=BITE):
            if erasure.digest(kind, value) in digests:
                found.add(key)
    for key, kind, value in Identifier.objects.values_list("customer", "kind", "value").iterator(BITE):
        if erasure.digest("wecom_id" if kind == "wecom" else kind, value) in digests:
            found.add(key)
    for key, phone, email in Contact.objects.values_list("customer", "phone", "email").iterator(BITE):
        pairs = (("phone", phone), ("email", email))
        if key and any(value and erasure.digest(kind, value) in digests for kind, value in pairs):
            found.add(key)
    return found
