"""Formulas and roll-ups: rows a second in memory, an import of child rows with and without roll-ups over them, and
working everything out anew over all records."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from bench.measure import Table
from kemai.kit.formula import Clock, check
from kemai.platform import records
from kemai.platform.access import SYSTEM
from kemai.platform.jobs.progress import Progress
from kemai.platform.models import FieldDef, ObjectDef, Record
from kemai.platform.objects import get, own
from kemai.platform.query import formula as formulas
from kemai.platform.records import indexes, recompute, sql

TYPE = "bench_line"
FIELDS: dict[str, tuple[str, dict[str, Any]]] = {
    "price": ("money", {}), "pieces": ("whole", {}), "rate": ("percent", {}), "due": ("date", {}),
    "buyer": ("reference", {"ref": "customer"}),
}  # fmt: skip
COMPUTED: dict[str, tuple[str, dict[str, Any]]] = {
    "total": ("formula", {"formula": "{price} * {pieces} * (1 - {rate})", "kind": "money"}),
    "word": ("formula", {"formula": 'IF({total} >= 1000, "大", "小") & YEAR({due})', "kind": "text"}),
}
ROLLED: dict[str, tuple[str, dict[str, Any]]] = {
    "lines": ("rollup", {"kind": "whole", "rollup": {"object": TYPE, "field": "buyer", "agg": "count"}}),
    "spent": (
        "rollup",
        {"kind": "money", "rollup": {"object": TYPE, "field": "buyer", "of": "total", "agg": "sum"}},
    ),
    "last_due": (
        "rollup",
        {"kind": "date", "rollup": {"object": TYPE, "field": "buyer", "of": "due", "agg": "max"}},
    ),
}
SIMPLE = {
    "[单价] * [数量]": "{price} * {pieces}",
    "total": "{price} * {pieces} * (1 - {rate})",
    "IF, & and YEAR": 'IF({price} >= 1000, "大", "小") & YEAR({due})',
    "DAYS and ROUND": "ROUND(DAYS({due}, DATE(2026, 1, 1)) / 7, 1)",
}
IMPORTED = 100_000


class Silent(Progress):
    """Nobody watches."""

    def __init__(self) -> None:
        self.total = 0

    def __call__(self, done: int, total: int | None = None, message: str | None = None) -> None:
        self.total = done


def run(label: str, size: int) -> None:
    table = Table(f"Formulas · {label}", head=("", "rows", "seconds", "rows/s"))
    prepare()
    in_memory(table)
    add(table, f"{IMPORTED:,} rows created, no computed fields", IMPORTED, lambda: imported(size, IMPORTED))
    define(TYPE, COMPUTED)
    add(table, "the same with two formulas", IMPORTED, lambda: imported(size, IMPORTED))
    define("customer", ROLLED)
    add(table, "the same with three roll-ups over them", IMPORTED, lambda: imported(size, IMPORTED))
    fill(size - Record.objects.filter(type_key=TYPE).count(), size)
    indexes.sync(Silent())
    everything = Record.objects.filter(type_key=TYPE).count()
    add(
        table, "two formulas worked out for all", everything, lambda: again([(TYPE, "total"), (TYPE, "word")])
    )
    add(table, "again, nothing to change", everything, lambda: again([(TYPE, "total")]))
    add(table, "three roll-ups of all customers", size, lambda: again([("customer", key) for key in ROLLED]))
    table.print()
    forget()


def add(table: Table, name: str, rows: int, act: Callable[[], object]) -> None:
    began = time.perf_counter()
    act()
    seconds = time.perf_counter() - began
    table.rows.append([name, f"{rows:,}", f"{seconds:.1f}", f"{rows / max(seconds, 1e-9):,.0f}"])


def prepare() -> None:
    forget()
    ObjectDef.objects.create(key=TYPE, label="行", created_at=timezone.now())
    define(TYPE, FIELDS)


def define(type_key: str, fields: dict[str, tuple[str, dict[str, Any]]]) -> None:
    with transaction.atomic():
        for key, (kind, settings) in fields.items():
            FieldDef.objects.create(
                type_key=type_key, key=key, label=key, kind=kind, settings=settings, created_at=timezone.now()
            )
        own.meta_changed()
    indexes.sync(Silent())


def forget() -> None:
    keys = [*FIELDS, *COMPUTED, *ROLLED]
    FieldDef.objects.filter(type_key__in=(TYPE, "customer"), key__in=keys).delete()
    ObjectDef.objects.filter(key=TYPE).delete()
    Record.objects.filter(type_key=TYPE).delete()
    own.meta_changed()
    indexes.sync(Silent())


def in_memory(table: Table) -> None:
    fields = formulas.fields_of(get(TYPE))
    clock = Clock(timezone.now(), dt.UTC)
    row = {"price": Decimal("12.50"), "pieces": 3, "rate": 0.1, "due": dt.date(2026, 5, 1)}
    for name, text in SIMPLE.items():
        work = check(text, fields).run
        add(table, f"in memory: {name}", 200_000, partial(repeated, work, row, clock))


def repeated(work: Callable[..., object], row: dict[str, Any], clock: Clock) -> None:
    for _ in range(200_000):
        work(row, clock)


def values(count: int, customers: int) -> Iterator[dict[str, Any]]:
    for n in range(count):
        yield {
            "name": f"行{n}", "price": Decimal(n % 9973) / 100, "pieces": n % 7, "rate": (n % 5) / 20,
            "due": dt.date(2026, 1 + n % 12, 1 + n % 28),
            "buyer": get(TYPE).fields["buyer"].type.parse(1 + n * 37 % customers, get(TYPE).fields["buyer"]),
        }  # fmt: skip


def imported(customers: int, count: int) -> None:
    records.bulk_create(TYPE, values(count, customers), by=SYSTEM, parsed=True)


def fill(count: int, customers: int) -> None:
    """Past the door, so that there is something to work out."""
    if count <= 0:
        return
    now = timezone.now()
    names = ("id", "created_at", "updated_at", "version", "type_key", "number", "name", "name_sort", "extra")
    with transaction.atomic():
        keys = sql.new_ids(Record, count)
        rows = (
            (key, now, now, 1, TYPE, "", "行", "", {
                "price": n % 9973, "pieces": n % 7, "rate": (n % 5) / 20,
                "due": f"2026-{1 + n % 12:02}-{1 + n % 28:02}", "buyer": 1 + n * 37 % customers,
            })
            for n, key in enumerate(keys)
        )  # fmt: skip
        sql.insert(Record, names, rows)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def again(nodes: list[tuple[str, str]]) -> None:
    order = [node for node in formulas.whole().order if node in nodes]
    recompute.work_out(order, Silent())
