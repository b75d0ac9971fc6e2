"""Rows that every write adds, in as few statements as the database allows."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from kemai.platform import audit
from kemai.platform.access import SYSTEM
from kemai.platform.models import Change, ChangeSet, OutboxEvent, quick
from kemai.platform.records import sql

COLUMNS = ("name", "type_key", "object_id", "changeset_id", "payload", "created_at")


def told(changes: ChangeSet, keys: list[int]) -> None:
    sql.insert(
        OutboxEvent, COLUMNS, [["made.up", "x", key, changes.pk, {"k": key}, changes.at] for key in keys]
    )


@pytest.mark.django_db
def test_a_set_and_its_one_change_are_stored_together() -> None:
    with CaptureQueriesContext(connection) as said:
        changes = audit.one_change(
            "update", "x", 7, "update", {"名": [None, "a%b"]}, by=SYSTEM, reason="因为 100%"
        )
    assert len(said) == (1 if connection.vendor == "postgresql" else 2)
    stored = ChangeSet.objects.get(pk=changes.pk)
    assert (stored.kind, stored.reason, stored.count) == ("update", "因为 100%", 1)
    found = Change.objects.get(changeset=stored)
    assert (found.type_key, found.object_id, found.action, found.diff) == (
        "x",
        7,
        "update",
        {"名": [None, "a%b"]},
    )


@pytest.mark.django_db
def test_what_is_gathered_is_one_statement_on_postgresql() -> None:
    sql.few_of.cache_clear()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {quick.next_key(ChangeSet, connection.vendor)}")
        key = cursor.fetchone()[0]
    with CaptureQueriesContext(connection) as said, quick.gathered():
        changes = audit.open_set("bulk", "x", by=SYSTEM, count=3, key=key)
        sql.insert(
            Change,
            ("changeset_id", "type_key", "object_id", "action", "diff"),
            [[changes.pk, "x", key, "update", None] for key in (1, 2, 3)],
        )
        told(changes, [1, 2, 3])
    if connection.vendor == "postgresql":
        assert len(said) == 1
        assert changes.pk == key
    assert ChangeSet.objects.get(pk=changes.pk).at == changes.at
    assert sorted(Change.objects.filter(changeset=changes).values_list("object_id", flat=True)) == [1, 2, 3]
    assert [one.payload for one in OutboxEvent.objects.order_by("object_id")] == [{"k": n} for n in (1, 2, 3)]


@pytest.mark.django_db
def test_nothing_is_sent_of_what_breaks_off() -> None:
    changes = audit.open_set("bulk", "x", by=SYSTEM)

    def breaks_off() -> None:
        with quick.gathered():
            if connection.vendor == "postgresql":
                told(changes, [1])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        breaks_off()
    assert not OutboxEvent.objects.exists()
    quick.add(OutboxEvent(name="later", created_at=timezone.now()))  # and what follows goes its usual way
    assert OutboxEvent.objects.count() == 1
