"""A field that is marked as sortable becomes so when its index is there; the index is used, and goes with the mark."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import QuerySet

from kemai.platform import access, jobs, records
from kemai.platform.access import SYSTEM
from kemai.platform.models import FieldDef
from kemai.platform.objects import get, meta_changed
from kemai.platform.records import indexes
from tests.equipment import define_field, define_object
from tests.factory import make


def plan(rows: QuerySet[Any]) -> str:
    """How the database would go about it if the table were large."""
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                for way in ("seqscan", "sort", "bitmapscan"):
                    cursor.execute(f"SET LOCAL enable_{way} = off")
        return rows.explain()


def changed() -> None:
    with transaction.atomic():
        meta_changed()


def sync() -> None:
    records.index_soon()
    jobs.run_all()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("type_key", ["customer", "equipment"])
@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("number", 7),
        ("text", "x"),
        ("date", "2020-01-01"),
        ("money", "9.50"),
        ("datetime", "2026-01-01 10:00"),
    ],
)
def test_the_index_is_used(type_key: str, kind: str, value: Any) -> None:
    if type_key == "equipment":
        define_object()
    define_field(type_key, "size", "大小", kind, indexed=True)
    assert not get(type_key).fields["size"].sortable
    for _ in range(5):
        make(type_key, size=value)
    sync()
    assert FieldDef.objects.get(key="size").index_state == "ready"
    spec = get(type_key).fields["size"]
    assert spec.sortable
    rows = access.scope(SYSTEM, type_key)
    name = f"own_{type_key}_{spec.path[7]}_size"
    parsed = spec.type.parse(value, spec)
    assert name in plan(rows.filter(**{spec.path: parsed}))
    assert name in plan(rows.filter(**{f"{spec.path}__isnull": False}).order_by(f"-{spec.path}", "-pk")[:5])
    FieldDef.objects.update(indexed=False)
    changed()
    sync()
    assert FieldDef.objects.get(key="size").index_state == "none"
    assert not get(type_key).fields["size"].sortable
    assert indexes.existing() == {}


@pytest.mark.django_db(transaction=True)
def test_an_index_is_built_beside_the_daily_work() -> None:
    """Outside of a transaction, as the worker does it; it goes with the field."""
    define_field("customer", "size", "大小", "number", indexed=True)
    make("customer", size=3)
    sync()
    assert list(indexes.existing()) == ["own_customer_n_size"]
    FieldDef.objects.update(deleted_at="2026-01-01T00:00:00Z")
    changed()
    sync()
    assert indexes.existing() == {}
