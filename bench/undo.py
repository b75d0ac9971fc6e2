"""What history costs: an import taken back, a hand-over of a leaver, sealing, verifying, and the write path."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection
from django.utils import timezone

from bench.measure import Table, measure, rss
from kemai.platform import events, records
from kemai.platform.access import SYSTEM
from kemai.platform.audit import open_set
from kemai.platform.audit.seal import seal_all
from kemai.platform.audit.verify import verify
from kemai.platform.models import AuditEntry, ChangeSet
from kemai.platform.objects import get
from kemai.staff.models import User
from kemai.staff.services import handover

ROWS = 100_000
HANDED = 50_000


def timed(table: Table, name: str, act: Callable[[], Any], count: int, note: str = "") -> Any:
    began, cpu = time.perf_counter(), time.process_time()
    result = act()
    seconds = time.perf_counter() - began
    rate = f"{count / max(seconds, 0.001):,.0f}/s" if count else ""
    table.rows.append([name, f"{seconds:.1f} s", f"{time.process_time() - cpu:.1f} s", rate, note])
    return result


def run(label: str, rows: int = ROWS, handed: int = HANDED) -> None:
    table = Table(f"Undo, hand-over, audit · {label}", head=("", "wall", "CPU", "rate", ""))
    seal_all()
    changes = import_customers(table, rows)
    timed(table, "preview of its undo", lambda: records.preview(changes.pk, by=SYSTEM), rows)
    report = timed(
        table, f"undo of the import of {rows:,} rows", lambda: records.undo(changes.pk, by=SYSTEM), rows
    )
    table.rows[-1][-1] = f"{report.undone:,} taken back, {report.kept_count} kept"
    timed(table, "redo", lambda: records.undo(report.changeset.pk, by=SYSTEM), rows)
    timed(table, "sealing all of it", seal_all, 3 * rows)
    hand_over(table, handed)
    seal_all()
    entries = AuditEntry.objects.count()
    found = timed(table, "verifying the whole chain", verify, entries)
    table.rows[-1][-1] = f"{entries:,} entries, {found.changes:,} changes, {len(found.faults)} faults"
    table.rows.append(["memory", f"{rss():.0f} MB", "", "", ""])
    table.print()
    write_path(label)


def import_customers(table: Table, rows: int) -> ChangeSet:
    """As an import does it: in chunks, one change set, with the index of searches brought up to date."""
    changes = open_set("import", "customer", by=SYSTEM)
    made = ({"name": f"测试公司{n:06d}", "phone": f"139{n:08d}", "note": "批量"} for n in range(rows))

    def act() -> None:
        records.bulk_create("customer", made, by=SYSTEM, changeset=changes, kind="import")
        events.drain_all(1000)

    timed(table, f"import of {rows:,} rows, indexed", act, rows)
    changes.refresh_from_db()
    return changes


def hand_over(table: Table, handed: int) -> None:
    users = get_user_model()._default_manager
    admin = users.filter(roles__is_admin=True, is_active=True).first()
    leaver = users.create_user(f"leaver{time.time_ns()}", password="x", name="离职者")
    takers = [
        users.create_user(f"taker{n}-{time.time_ns()}", password="x", name=f"接手{n}") for n in range(5)
    ]
    if admin is None:
        from kemai.platform.models import Role

        admin = users.create_user(f"chief{time.time_ns()}", password="x", name="管理员")
        admin.roles.set(Role.objects.filter(is_admin=True))
    customer = get("customer").model._default_manager
    ids = list(customer.filter(deleted_at=None).order_by("-pk").values_list("pk", flat=True)[:handed])
    for begin in range(0, len(ids), 2000):
        customer.filter(pk__in=ids[begin : begin + 2000]).update(owner=leaver)
    wish = handover.Wish(leaver.pk, ("customer", "task"), "load", tuple(one.pk for one in takers))
    by = actor(admin)
    timed(
        table,
        f"preview of the hand-over of {len(ids):,} customers",
        lambda: handover.preview(wish, by=by),
        len(ids),
    )
    changes, job = handover.start(wish, by=by)
    from kemai.platform.jobs import Progress

    timed(table, "the hand-over", lambda: handover.work(Progress(job), **job.args), len(ids))
    timed(table, "its undo", lambda: records.undo(changes.pk, by=by), len(ids))


def actor(user: User) -> Any:
    from kemai.platform.access import actor_for

    return actor_for(user)


def write_path(label: str) -> None:
    """What the audit adds to a write: the change set with and without what the chain needs is the difference of two
    columns and an index entry; here the whole of it, and its statement alone."""
    table = Table(f"The write path · {label}")
    key = records.create("customer", {"name": "写入"}, by=SYSTEM).pk
    table.add(
        measure(
            "one record updated",
            lambda n: records.update("customer", key, {"note": str(n)}, by=SYSTEM),
            times=200,
        )
    )
    table.add(
        measure(
            "its change set alone", lambda _n: open_set("update", "customer", by=SYSTEM, count=1), times=500
        )
    )
    table.add(measure("the same row without the audit's columns and index", bare_row(), times=500))
    table.print()


def bare_row() -> Callable[[int], None]:
    """The statement as it was before, into a table as it was before."""
    quote = connection.ops.quote_name
    serial = "bigserial" if connection.vendor == "postgresql" else "integer"
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bench_changeset")
        cursor.execute(
            f"CREATE TABLE bench_changeset (id {serial} PRIMARY KEY, kind varchar(24), type_key varchar(40), "
            "actor_name varchar(120), source varchar(24), reason text, request_id varchar(36), "
            f"{quote('at')} varchar(40), count integer)"
        )
        cursor.execute(f"CREATE INDEX bench_changeset_at ON bench_changeset ({quote('at')})")

    def act(_n: int) -> None:
        now = timezone.now()
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO bench_changeset (kind, type_key, actor_name, source, reason, request_id, "
                f"{quote('at')}, count) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
                ["update", "customer", "system", "system", "", "0" * 16, now.isoformat(), 1],
            )

    return act
