"""Importing customers: rows a second, memory above idle, and the ratio to the bare bulk insert of the same rows."""

from __future__ import annotations

import csv
import os
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

from django.db import connection, transaction

from bench.measure import Cost, Table, rss
from kemai.customers.models import Customer
from kemai.platform import imports
from kemai.platform.access import SYSTEM
from kemai.platform.objects import get
from kemai.platform.records import sql
from kemai.platform.records.bulk import insert_parts

HEADER = ("客户编号", "客户名称", "手机号", "邮箱", "地区", "来源", "类型", "生日", "备注")
CHUNK = 50_000
CITIES = ("浙江省杭州市西湖区", "上海市徐汇区", "广东省深圳市南山区", "北京市朝阳区", "四川省成都市锦江区")


def make_file(path: Path, rows: int, *, start: int = 0) -> None:
    """New customers with numbers and telephones that no seeded one has."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for i in range(start, start + rows):
            writer.writerow(
                (f"N{i:08d}", f"导入客户{i}", f"19{i:09d}", f"n{i}@example.com" if i % 3 else "", CITIES[i % 5],
                 "门店" if i % 2 else "网店", "个人", f"19{60 + i % 40}-0{1 + i % 9}-1{i % 9}", "")
            )  # fmt: skip


class Peak:
    """The highest resident memory while it runs, in MB above what it was."""

    def __enter__(self) -> Peak:
        self.start = self.top = rss()
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()
        return self

    def watch(self) -> None:
        while not self.stop.wait(0.2):
            self.top = max(self.top, rss())

    def __exit__(self, *_error: object) -> None:
        self.stop.set()
        self.thread.join()

    @property
    def above(self) -> float:
        return self.top - self.start


def run(label: str, rows: int) -> None:
    head = ("", "rows/s", "seconds", "CPU s", "memory MB", "× bare", "")
    table = Table(f"Import · {label}, load {os.getloadavg()[0]:.1f}", head=head)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "customers.csv")
        make_file(path, rows)
        with Peak() as peak, Cost() as cost:
            found = imports.upload(path, path.name, "customer", by=SYSTEM)
            imports.configure(found, by=SYSTEM)
            done = imports.execute(found)
    counts = {name: done.counts.get(name, 0) for name in ("create", "update", "skip", "refuse")}
    customers, whole = bare_inserts()
    table.rows.append(
        [f"{rows:,} customers", f"{rows / cost.seconds:,.0f}", f"{cost.seconds:.1f}", f"{cost.cpu:.1f}",
         f"+{peak.above:.0f}", f"{cost.seconds / whole.seconds:.2f} ({cost.seconds / customers.seconds:.2f})",
         str(counts)]
    )  # fmt: skip
    for name, bare in (("the same rows, bare", whole), ("(the customers alone, bare)", customers)):
        table.rows.append(
            [name, f"{rows / bare.seconds:,.0f}", f"{bare.seconds:.1f}", f"{bare.cpu:.1f}", "", ""]
        )
    table.print()


@dataclass
class Bare:
    seconds: float = 0
    cpu: float = 0

    def add(self, *costs: Cost) -> None:
        self.seconds += sum(cost.seconds for cost in costs)
        self.cpu += sum(cost.cpu for cost in costs)


def bare_inserts() -> tuple[Bare, Bare]:
    """The imported rows written again by the fastest statements, under new keys and numbers; rolled back. Only the
    writing counts, not the reading of what is to be written. First the rows of the customers' table alone, then with
    the rows that every customer has in its parts' tables (facts, keeping), their keys checked as a commit would. No
    change log, no outbox: those are the product's."""
    columns = [column.attname for column in Customer._meta.concrete_fields]
    number = columns.index("number")
    every = Customer.objects.filter(number__startswith="N").order_by("pk").values_list(*columns)
    alone, whole = Bare(), Bare()
    last = 0
    with transaction.atomic():
        while chunk := list(every.filter(pk__gt=last)[:CHUNK]):
            last = chunk[-1][0]
            keys = sql.new_ids(Customer, len(chunk))
            fresh = [
                (key, *row[1:number], f"B{key}", *row[number + 1 :])
                for key, row in zip(keys, chunk, strict=True)
            ]
            with Cost() as customers:
                sql.insert(Customer, columns, fresh)
            with Cost() as parts:
                insert_parts(get("customer"), keys)
                if connection.vendor == "postgresql":
                    connection.check_constraints()
            alone.add(customers)
            whole.add(customers, parts)
        transaction.set_rollback(True)
    return alone, whole
