"""The audit chain: everything lands in it in order, nothing is changed or removed unseen, old entries go by rule."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from kemai.platform import audit, records
from kemai.platform.access import SYSTEM
from kemai.platform.audit import keep, sealfile
from kemai.platform.audit.seal import seal, seal_all
from kemai.platform.audit.verify import verify
from kemai.platform.models import AuditEntry, AuditGate, Change, ChangeSet

pytestmark = [pytest.mark.django_db, pytest.mark.row(138)]


@pytest.fixture(autouse=True)
def a_folder_of_its_own(settings: Any, tmp_path: Path) -> None:
    settings.AUDIT_ROOT = str(tmp_path / "audit")


@pytest.fixture
def some_work() -> list[int]:
    """Three customers made, one changed, two changed at once; all sealed."""
    keys = [records.create("customer", {"name": name}, by=SYSTEM).pk for name in "甲乙丙"]
    records.update("customer", keys[0], {"note": "一"}, by=SYSTEM)
    records.bulk_update("customer", {key: {"stage": "interested"} for key in keys[1:]}, by=SYSTEM)
    seal_all()
    return keys


def unlock() -> None:
    """What an intruder with the database's password would do first."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("ALTER TABLE platform_auditentry DISABLE TRIGGER ALL")
        else:
            cursor.execute("DROP TRIGGER audit_unchanged")
            cursor.execute("DROP TRIGGER audit_kept")


def test_every_change_set_has_its_link(some_work: list[int]) -> None:
    assert ChangeSet.objects.filter(sealed=None).count() == 0
    assert list(AuditEntry.objects.order_by("seq").values_list("seq", flat=True)) == [1, 2, 3, 4, 5]
    entry = AuditEntry.objects.get(seq=4)
    assert (entry.kind, entry.type_key, entry.object_id, entry.fields) == (
        "update",
        "customer",
        some_work[0],
        " note ",
    )
    assert AuditEntry.objects.get(seq=5).changes == 2
    assert verify().ok
    assert seal_all() == 0, "nothing is sealed twice"


def test_an_import_that_grows_is_sealed_slice_by_slice() -> None:
    changes = audit.open_set("import", "customer", by=SYSTEM)
    for name in "甲乙":
        records.bulk_create("customer", [{"name": name}] * 3, by=SYSTEM, changeset=changes)
        assert seal() == 1
    assert (
        list(AuditEntry.objects.values_list("changeset_id", "changes").order_by("seq"))
        == [(changes.pk, 3)] * 2
    )
    assert verify().ok


def test_the_database_itself_refuses(some_work: list[int]) -> None:
    with pytest.raises(DatabaseError, match="never changed or removed"), transaction.atomic():
        AuditEntry.objects.filter(seq=2).update(actor_name="nobody")
    with pytest.raises(DatabaseError, match="never changed or removed"), transaction.atomic():
        AuditEntry.objects.filter(seq=2).delete()
    assert AuditEntry.objects.count() == 5


def altered_entry() -> None:
    unlock()
    AuditEntry.objects.filter(seq=2).update(actor_name="nobody")


def removed_entry() -> None:
    unlock()
    AuditEntry.objects.filter(seq=3).delete()


def entry_rewritten_with_its_hash() -> None:
    from kemai.platform.audit.chain import entry_hash

    unlock()
    entry = AuditEntry.objects.get(seq=2)
    entry.actor_name = "nobody"
    AuditEntry.objects.filter(seq=2).update(actor_name="nobody", hash=entry_hash(entry))


def inserted_entry() -> None:
    unlock()
    entry = AuditEntry.objects.get(seq=5)
    AuditEntry.objects.filter(seq=5).delete()
    entry.seq = 6
    forged = AuditEntry.objects.get(seq=4)
    forged.seq = 5
    AuditEntry.objects.bulk_create([forged, entry])


def altered_change() -> None:
    changed = Change.objects.get(action="update", diff__has_key="note")
    Change.objects.filter(pk=changed.pk).update(diff={"note": ["", "二"]})


def removed_change() -> None:
    entry = AuditEntry.objects.get(seq=5)
    Change.objects.filter(pk=entry.last_change or 0).delete()


def inserted_change() -> None:
    """A change slipped in between the sealed ones of an act."""
    entry = AuditEntry.objects.get(seq=5)
    last = entry.last_change or 0
    Change.objects.filter(pk=last).update(id=last + 10)
    Change.objects.create(
        pk=entry.last_change,
        changeset_id=entry.changeset_id,
        type_key="customer",
        object_id=1,
        action="update",
    )


def another_doer() -> None:
    ChangeSet.objects.filter(sealed=4).update(actor_name="nobody")


def another_reason() -> None:
    ChangeSet.objects.filter(sealed=4).update(reason="so it was ordered")


def removed_set() -> None:
    one = ChangeSet.objects.get(sealed=4)
    Change.objects.filter(changeset=one).delete()
    ChangeSet.objects.filter(pk=one.pk).delete()


def forged_set() -> None:
    """A change set that says it had been sealed."""
    one = audit.open_set("update", "customer", by=SYSTEM)
    ChangeSet.objects.filter(pk=one.pk).update(sealed=4)


@pytest.mark.parametrize(
    ("tamper", "what", "seq"),
    [
        (altered_entry, "altered", 2),
        (removed_entry, "removed", 3),
        (entry_rewritten_with_its_hash, "chain", 3),
        (inserted_entry, "altered", 5),
        (altered_change, "content", 4),
        (removed_change, "content", 5),
        (inserted_change, "content", 5),
        (another_doer, "set", 4),
        (another_reason, "set", 4),
        (removed_set, "set", 4),
        (forged_set, "unknown", 4),
    ],
)
def test_tampering_is_found_and_named(
    some_work: list[int], tamper: Callable[[], None], what: str, seq: int
) -> None:
    assert verify().ok
    tamper()
    assert (what, seq) in [(fault.what, fault.seq) for fault in verify().faults]


def test_a_chain_written_anew_differs_from_the_sealed_file(some_work: list[int]) -> None:
    """Somebody removes the end of the chain: only what lies outside the database can tell."""
    path = sealfile.write_day(timezone.localdate())
    assert path is not None
    assert verify().files == 1
    assert verify().ok
    unlock()
    AuditEntry.objects.filter(seq=5).delete()
    ChangeSet.objects.filter(sealed=5).delete()
    found = verify()
    assert [(fault.what, fault.seq) for fault in found.faults] == [("file", 5)]


def test_a_file_that_was_touched_is_no_witness(some_work: list[int]) -> None:
    import gzip

    path = sealfile.write_day(timezone.localdate())
    assert path is not None
    text = gzip.decompress(path.read_bytes())
    path.chmod(0o600)
    path.write_bytes(gzip.compress(text.replace(b'"entries":5', b'"entries":4')))
    assert [fault.what for fault in verify().faults] == ["file"]


def test_old_entries_go_and_the_chain_says_so(some_work: list[int]) -> None:
    later = timezone.now() + timedelta(days=401)
    assert keep.forget(100, now=timezone.now() + timedelta(days=150)) == 0, "six months at least"
    with_work = AuditEntry.objects.count()
    records.update("customer", some_work[0], {"note": "新"}, by=SYSTEM)
    ChangeSet.objects.filter(sealed=None).update(at=later)
    seal_all()
    assert keep.forget(400, now=later + timedelta(seconds=1)) == with_work
    assert list(AuditEntry.objects.order_by("seq").values_list("kind", flat=True)) == ["update", "retention"]
    assert Change.objects.filter(diff__has_key="stage").count() == 0
    assert verify().ok
    assert AuditGate.objects.get().below == 0
    with pytest.raises(DatabaseError), transaction.atomic():
        AuditEntry.objects.all().delete()


def test_erased_values_leave_the_chain_whole(some_work: list[int]) -> None:
    records.update("customer", some_work[0], {"phone": "13812345678"}, by=SYSTEM)
    assert keep.redact("customer", [some_work[0]], by=SYSTEM, reason="erased on request") == 2
    assert not any("138" in str(diff) for diff in Change.objects.values_list("diff", flat=True))
    found = verify()
    assert found.ok
    assert found.redacted == 2
