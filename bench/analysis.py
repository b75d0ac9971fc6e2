"""The nightly run over all orders: full, again, and after 10,000 new orders; beside DuckDB doing bare RFM sums."""

from __future__ import annotations

import time
from datetime import timedelta

import psutil
from django.db import transaction
from django.utils import timezone

from bench.imports import Peak
from bench.measure import Table
from bench.seed import insert
from kemai.analytics.run import run as analyse
from kemai.customers.models import Order
from kemai.platform.access import SYSTEM
from kemai.platform.records import sql


def run(label: str) -> None:
    table = Table(f"Analysis · {label}", head=("", "seconds", "memory MB", "rows read", "rows written"))
    for name, full in (("full refresh, RFM, classes, write-back", True), ("again, nothing new", False)):
        timed(table, name, full=full)
    add_orders(10_000)
    timed(table, "after 10,000 new orders", full=False)
    table.print()


def timed(table: Table, name: str, *, full: bool) -> None:
    began = time.perf_counter()
    with Peak() as peak:
        row = analyse("nightly", by=SYSTEM, full=full)
    seconds = time.perf_counter() - began
    memory = psutil.Process().memory_info().rss / 1e6
    table.rows.append(
        [
            name,
            f"{seconds:.1f}",
            f"{max(memory, peak.top):.0f}",
            f"{row.rows_read:,}",
            f"{row.rows_written:,}",
        ]
    )


def add_orders(count: int) -> None:
    now = timezone.now()
    columns = (
        "id", "created_at", "updated_at", "version", "number", "customer_id", "channel", "state", "ordered_at",
        "amount", "quantity", "note",
    )  # fmt: skip
    with transaction.atomic():
        keys = sql.new_ids(Order, count)
        insert(
            Order,
            columns,
            (
                (key, now, now, 1, f"NEW{key}", i * 37 % 100_000 + 1, "store", "paid", now - timedelta(minutes=i), 99.5,
                 1.0, "")
                for i, key in enumerate(keys)
            ),
        )  # fmt: skip
