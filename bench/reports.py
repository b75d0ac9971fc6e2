"""Reports at size: counted and summed up by one or two fields and by month, over customers and orders, beside one
hand-written statement that groups the same."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client

from bench.measure import Cost, Table

CUSTOMERS = "FROM customers_customer c WHERE c.deleted_at IS NULL"
ORDERS = "FROM customers_order o WHERE o.deleted_at IS NULL"
FACTS = "FROM customers_customer c JOIN customers_customerfacts f ON f.customer_id = c.id WHERE c.deleted_at IS NULL"
MONTH = {"sqlite": "strftime('%Y-%m', {}, '+480 minutes')", "postgresql": "date_trunc('month', {})"}
REPORTS: Sequence[tuple[str, str, str]] = (
    ("customers by stage", "type=customer&row1=stage&measure=count:", f"SELECT c.stage, COUNT(*) {CUSTOMERS} GROUP BY 1"),
    (
        "customers by province",
        "type=customer&row1=region&by1=province&measure=count:",
        f"SELECT substr(c.region, 1, 2), COUNT(*) {CUSTOMERS} GROUP BY 1",
    ),
    (
        "customers by month of creation",
        "type=customer&row1=created_at&by1=month&measure=count:",
        f"SELECT [c.created_at], COUNT(*) {CUSTOMERS} GROUP BY 1",
    ),
    (
        "sales by value class × owner",
        "type=customer&row1=owner&column=value_class&measure=sum:amount_12m",
        f"SELECT c.owner_id, f.value_class, SUM(f.amount_12m), COUNT(*) {FACTS} GROUP BY 1, 2",
    ),
    ("orders by state", "type=order&row1=state&measure=sum:amount", f"SELECT o.state, SUM(o.amount), COUNT(*) {ORDERS} GROUP BY 1"),
    (
        "orders by month",
        "type=order&row1=ordered_at&by1=month&measure=sum:amount",
        f"SELECT [o.ordered_at], SUM(o.amount), COUNT(*) {ORDERS} GROUP BY 1",
    ),
)  # fmt: skip


def run(label: str) -> None:
    table = Table(f"Reports · {label}", head=("", "wall s", "CPU s", "bare CPU s", "× bare", ""))
    client = Client()
    client.force_login(get_user_model().objects.get(username="boss"))
    for name, query, sql in REPORTS:
        answer, page = timed(lambda query=query: client.get(f"/reports/result?{query}"))  # type: ignore[misc]
        _rows, bare = timed(lambda sql=sql: rows(sql))  # type: ignore[misc]
        said = "stopped" if "alert-danger" in answer.content.decode() else ""
        figures = (
            f"{page.seconds:.2f}",
            f"{page.cpu:.2f}",
            f"{bare.cpu:.2f}",
            f"{page.cpu / max(bare.cpu, 0.01):.2f}",
        )
        table.rows.append([name, *figures, said])
    table.print()
    print(f"\nload {os.getloadavg()[0]:.1f}, {time.strftime('%H:%M')}", flush=True)


def timed(act: Callable[[], Any]) -> tuple[Any, Cost]:
    """The second of two: the first one reads the pages of the database."""
    act()
    with Cost() as cost:
        found = act()
    return found, cost


def rows(sql: str) -> list[Any]:
    before, _open, rest = sql.partition("[")
    column, _close, behind = rest.partition("]")
    with connection.cursor() as cursor:
        cursor.execute(before + (MONTH[connection.vendor].format(column) if column else "") + behind)
        return list(cursor.fetchall())
