"""Indexes of own fields, made and dropped in the background: a list may be sorted by such a field from the moment its
index is there (`FieldDef.index_state`), and what must be unique is looked up in it."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import DatabaseError, connection, models, transaction

from kemai.platform.fields import FieldSpec
from kemai.platform.jobs import Progress, enqueue, schedule
from kemai.platform.models import FieldDef
from kemai.platform.models.extra import value_sql
from kemai.platform.objects import ObjectType, UnknownObject, get, meta_changed
from kemai.platform.query import index_name

TASK = "kemai.platform.records.indexes.sync"
KEY = "own.indexes"
PREFIX = "own_"


def soon() -> None:
    """To be called in the transaction that marks or unmarks a field as sortable or unique."""
    enqueue(TASK, {}, key=KEY, again=True)


@schedule("own.indexes", every=5)
def sync(progress: Progress) -> dict[str, int]:
    """Makes what is wanted and not there, drops what is there and not wanted. Safe to be run again at any point."""
    wanted = {index_name(object_type, spec): (row, object_type, spec) for row, object_type, spec in fields()}
    present = existing()
    made = failed = 0
    dropped = [name for name in present if name not in wanted]
    for name in dropped:
        drop(name)
    for done, (name, (row, object_type, spec)) in enumerate(wanted.items()):
        if present.get(name):
            mark(row, "ready")
            continue
        mark(row, "building")
        good = build(name, object_type, spec, broken=name in present)
        mark(row, "ready" if good else "failed")
        made, failed = made + good, failed + (not good)
        progress(done + 1, len(wanted))
    for row in FieldDef.objects.exclude(index_state="none"):
        if row.pk not in {one.pk for one, _type, _spec in wanted.values()}:
            mark(row, "none")
    return {"made": made, "dropped": len(dropped), "failed": failed}


def fields() -> Iterator[tuple[FieldDef, ObjectType, FieldSpec]]:
    """The definitions that want an index and can have one."""
    wanted = models.Q(indexed=True) | models.Q(unique=True) | models.Q(kind="reference")
    rows = FieldDef.objects.filter(wanted, deleted_at=None)  # related lists and roll-ups look up by reference
    for row in rows.order_by("pk"):
        try:
            object_type = get(row.type_key)
        except UnknownObject:
            continue
        spec = object_type.fields.get(row.key)
        if spec is not None and spec.own is not None and spec.own.letter != "l" and not spec.own.broken:
            yield row, object_type, spec


def existing() -> dict[str, bool]:
    """{name: is it of use} of all indexes of own fields that the database has."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT c.relname, i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
                "WHERE starts_with(c.relname, %s) AND pg_table_is_visible(c.oid)", [PREFIX],
            )  # fmt: skip
        else:
            cursor.execute(
                "SELECT name, 1 FROM sqlite_master WHERE type = 'index' AND substr(name, 1, 4) = %s", [PREFIX]
            )
        return {str(name): bool(valid) for name, valid in cursor.fetchall()}


def mark(row: FieldDef, state: str) -> None:
    if row.index_state == state:
        return
    with transaction.atomic():
        row.index_state = state
        FieldDef.objects.filter(pk=row.pk).update(index_state=state)
        meta_changed()


def build(name: str, object_type: ObjectType, spec: FieldSpec, *, broken: bool) -> bool:
    """Without keeping others from writing on PostgreSQL; on SQLite it takes seconds at a million records."""
    if broken:
        drop(name)
    try:
        with connection.cursor() as cursor:
            cursor.execute(create_sql(name, object_type, spec))
            table = connection.ops.quote_name(object_type.model._meta.db_table)
            if connection.vendor == "postgresql":
                cursor.execute(f"ANALYZE {table}")
            else:
                cursor.execute("PRAGMA analysis_limit = 1000")
                cursor.execute(f"ANALYZE {connection.ops.quote_name(name)}")
    except DatabaseError:
        if connection.in_atomic_block:
            raise
        drop(name)
        return False
    return True


def create_sql(name: str, object_type: ObjectType, spec: FieldSpec) -> str:
    """The expression is word for word that of the queries. Own types share a table: theirs holds only their own; that
    it begins with the type all the same lets SQLite see that it gives the order without sorting."""
    assert spec.own is not None
    quote = connection.ops.quote_name
    value = value_sql(quote("extra"), spec.own.letter, spec.key, connection.vendor)
    how = "CONCURRENTLY " if connection.vendor == "postgresql" and not connection.in_atomic_block else ""
    first = "type_key, " if object_type.own else ""
    where = f" WHERE type_key = '{object_type.key}'" if object_type.own else ""
    table = quote(object_type.model._meta.db_table)
    return f"CREATE INDEX {how}{quote(name)} ON {table} ({first}{value}, id){where}"


def drop(name: str) -> None:
    how = "CONCURRENTLY " if connection.vendor == "postgresql" and not connection.in_atomic_block else ""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX {how}IF EXISTS {connection.ops.quote_name(name)}")
