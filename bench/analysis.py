"""The nightly run over all orders: full, again, and after 10,000 new orders. Beside it the bare engines at the same
work: the database reading the orders, DuckDB computing what RFM needs of them, the database taking the facts."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import psutil
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from bench.imports import Peak
from bench.measure import Cost, Table
from bench.seed import insert
from kemai.analytics.run import run as analyse
from kemai.customers.models import Customer, CustomerFacts, Order
from kemai.platform.access import SYSTEM
from kemai.platform.records import sql

NEW = 10_000
RFM = """
CREATE TEMPORARY TABLE bare AS
SELECT customer_id, max(ordered_at) AS last, min(ordered_at) AS first, count(*) AS orders, sum(amount) AS amount,
       count(*) FILTER (ordered_at > DATE '2025-11-01') AS f, sum(amount) FILTER (ordered_at > DATE '2025-11-01') AS m,
       median(gap) AS gap, mode(channel) AS channel, mode("hour") AS hour
FROM (SELECT *, date_diff('day', lag("day") OVER w, "day") AS gap FROM "order" WHERE state = 'paid'
      WINDOW w AS (PARTITION BY customer_id ORDER BY "day"))
GROUP BY customer_id
"""


def run(label: str) -> None:
    head = ("", "seconds", "CPU s", "memory MB", "rows read", "rows written", "steps", "× bare")
    table = Table(f"Analysis · {label}, load {os.getloadavg()[0]:.1f}", head=head)
    full = timed(table, "full refresh, RFM, classes, write-back", full=True)
    bare = bare_engines(table)
    table.rows[0].append(f"{full / bare:.1f}")
    timed(table, "again, nothing new", full=False)
    add_orders(NEW)
    timed(table, f"after {NEW:,} new orders", full=False)
    table.print()


def timed(table: Table, name: str, *, full: bool) -> float:
    with Peak() as peak, Cost() as cost:
        row = analyse("nightly", by=SYSTEM, full=full)
    memory = psutil.Process().memory_info().rss / 1e6
    steps = row.result["metrics"]["seconds"]
    table.rows.append(
        [
            name,
            f"{cost.seconds:.1f}",
            f"{cost.cpu:.1f}",
            f"{max(memory, peak.top):.0f}",
            f"{row.rows_read:,}",
            f"{row.rows_written:,}",
            ", ".join(f"{key} {seconds:.1f}" for key, seconds in steps.items()),
        ]
    )
    return cost.seconds


def bare_engines(table: Table) -> float:
    """Seconds of the three together."""
    pieces: tuple[tuple[str, Callable[[], Any]], ...] = (
        ("bare: reading the orders", read_orders),
        ("bare: DuckDB over the same orders", bare_rfm),
        ("bare: writing the facts", write_facts),
    )
    total = 0.0
    for name, act in pieces:
        with Cost() as cost:
            act()
        table.rows.append([name, f"{cost.seconds:.1f}", f"{cost.cpu:.1f}"])
        total += cost.seconds
    return total


def read_orders() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, customer_id, ordered_at, amount, channel, state FROM customers_order")
        while cursor.fetchmany(50_000):
            pass


def bare_rfm() -> None:
    store = duckdb.connect(str(Path(settings.DATA_DIR, "analytics.duckdb")))
    store.execute("SET threads = 2")
    store.execute(RFM)
    store.close()


def write_facts() -> None:
    """Ten columns of every customer's facts, once."""
    names = ("orders_total", "orders_12m", "amount_total", "amount_12m", "completeness")
    changes = ", ".join(f"{name} = {name} + 0" for name in names)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE {CustomerFacts._meta.db_table} SET {changes}")
        transaction.set_rollback(True)


def add_orders(count: int) -> None:
    now, customers = timezone.now(), Customer.objects.count()
    columns = (
        "id", "created_at", "updated_at", "version", "number", "customer_id", "channel", "state", "ordered_at",
        "amount", "quantity", "note",
    )  # fmt: skip
    with transaction.atomic():
        keys = sql.new_ids(Order, count)
        rows = (
            (key, now, now, 1, f"NEW{key}", i * 37 % min(customers, 100_000) + 1, "store", "paid", now - timedelta(minutes=i), 99.5,
             1.0, "")
            for i, key in enumerate(keys)
        )  # fmt: skip
        insert(Order, columns, rows)
    time.sleep(0.1)
