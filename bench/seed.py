"""Seeded data for the benchmarks: customers and orders of any number, written past the write door at the database's
own speed (the door is what some benchmarks measure)."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.management.color import no_style
from django.db import connection, models, transaction

from kemai.customers.models import Category, Customer, CustomerFacts, Interaction, Order, Product, Shop
from kemai.kit import pinyin, regions
from kemai.platform import search
from kemai.platform.access import rights_changed
from kemai.platform.models import Grant, Role, Setting
from kemai.platform.objects import VERBS
from kemai.platform.records import sql
from kemai.sales.models import CustomerKeeping
from kemai.staff.models import Department

SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
)
GIVEN = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂英华玉兰飞红鑫波斌宇浩凯健俊帆雪婷慧佳琪欣怡子涵梓轩一诺雨泽"
)
TRADES = ("科技", "贸易", "医药", "餐饮", "服饰", "建材", "物流", "教育", "食品", "电子")
NOW = datetime(2026, 11, 1, tzinfo=UTC)
MARK = "bench.seed"
CHUNK = 20_000


def seed(customers: int, orders: int) -> None:
    """Fills an empty, migrated database; a filled one of the same size is left as it is."""
    wanted = {"customers": customers, "orders": orders}
    if Setting.objects.filter(key=MARK, value=wanted).exists():
        if Customer.objects.count() != customers:
            raise SystemExit("the seeded database was changed since; remove its folder and start again")
        return
    rng = np.random.default_rng(7)
    staff = make_staff()
    with without_indexes(Customer, CustomerFacts, Order):
        make_customers(rng, customers, staff)
        make_orders(rng, orders, customers)
    make_busy_customer()
    index_names(customers)
    with connection.cursor() as cursor:
        # the rows brought their keys: those of later ones go on from there
        for statement in connection.ops.sequence_reset_sql(no_style(), apps.get_models()):
            cursor.execute(statement)
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
    Setting.objects.create(key=MARK, value=wanted)


def insert(model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """The rows, with the model's default in every column that they leave out."""
    left = [
        column
        for column in model._meta.concrete_fields
        if column.attname not in columns and column.has_default() and not column.primary_key
    ]
    rest = tuple(column.get_default() for column in left)
    names = (*columns, *(column.attname for column in left))
    sql.insert(model, names, ((*row, *rest) for row in rows))


def make_staff() -> list[int]:
    """A tree of 40 salespeople; "boss" sees all, "seller" only what is theirs."""
    now = NOW
    root = Department.objects.create(name="公司", path="1/", created_at=now, updated_at=now)
    users = get_user_model()
    keys = []
    for index in range(40):
        user = users.objects.create(username=f"u{index}", name=f"销售{index}", department=root)
        keys.append(user.pk)
    boss = users.objects.create(username="boss", name="老板", department=root)
    role = Role.objects.create(key="bench_boss", name="bench", is_admin=True)
    for verb in VERBS:
        Grant.objects.create(role=role, type_key="*", verb=verb, scope="all")
    boss.roles.add(role)
    seller = Role.objects.create(key="bench_seller", name="bench")
    for verb in ("view", "create", "edit"):
        Grant.objects.create(role=seller, type_key="*", verb=verb, scope="own")
    users.objects.get(username="u0").roles.add(seller)
    rights_changed()
    return keys


def names(rng: np.random.Generator, count: int) -> list[str]:
    family = rng.choice(list(SURNAMES), count)
    first, second = rng.choice(list(GIVEN), count), rng.choice(list(GIVEN), count)
    short = rng.random(count) < 0.3
    found = np.where(short, np.char.add(family, first), np.char.add(np.char.add(family, first), second))
    company = np.flatnonzero(rng.random(count) < 0.2)
    trades = rng.choice(list(TRADES), count)
    for index in company:
        found_name = f"{first[index]}{second[index]}{trades[index]}有限公司"
        found = found.astype(object) if found.dtype != object else found
        found[index] = found_name
    return [str(one) for one in found]


def make_customers(rng: np.random.Generator, count: int, staff: Sequence[int]) -> None:
    cities = [child.code for top in regions.children() for child in regions.children(top.code)]
    weights = rng.pareto(1.2, len(cities)) + 0.05
    weights /= weights.sum()
    columns = (
        "id", "created_at", "updated_at", "created_by_id", "version", "number", "name", "name_sort", "kind", "stage",
        "important", "phone", "email", "wecom_id", "credit_code", "region", "address", "source", "validity",
        "invalid_reason", "gender", "birthday", "industry", "website", "note", "owner_id",
    )  # fmt: skip
    stages, sources = ("new", "contacted", "interested", "customer"), ("store", "online", "wecom", "referral")
    for start in range(0, count, CHUNK):
        size = min(CHUNK, count - start)
        made = names(rng, size)
        owner = rng.choice(list(staff), size)
        city = rng.choice(len(cities), size, p=weights)
        ages = rng.integers(0, 1500 * 86400, size)
        picks = rng.integers(0, 4, (2, size))
        rows = []
        for i in range(size):
            key = start + i + 1
            at = NOW - timedelta(seconds=int(ages[i]))
            rows.append(
                (key, at, at, None, 1, f"C{key:08d}", made[i], pinyin.full(made[i])[:60], "person",
                 stages[picks[0, i]], False, f"+861{3 + key % 6}{key % 10**9:09d}", "", "", "", cities[city[i]], "",
                 sources[picks[1, i]], "valid", "", "", None, "", "", "", int(owner[i]))
            )  # fmt: skip
        facts = fact_rows(rng, start, size)
        with transaction.atomic():
            insert(Customer, columns, rows)
            insert(CustomerFacts, FACT_COLUMNS, facts)
            keeping = [CustomerKeeping(customer_id=row[0]) for row in rows]
            CustomerKeeping.objects.bulk_create(keeping, batch_size=5000)


FACT_COLUMNS = (
    "customer_id", "value_class", "activity", "orders_total", "amount_total", "orders_12m", "amount_12m",
    "preferred_channel", "completeness", "last_order_at", "last_contact_at", "rfm_cell",
)  # fmt: skip


def fact_rows(rng: np.random.Generator, start: int, size: int) -> list[tuple[Any, ...]]:
    classes = rng.choice(["high", "potential", "regular", "none"], size, p=[0.12, 0.08, 0.6, 0.2])
    activity = rng.choice(["new", "active", "dormant", "lost"], size)
    amounts = np.round(rng.lognormal(6, 1.5, size), 2)
    counts = rng.poisson(5, size)
    days = rng.integers(0, 1000, (2, size))
    return [
        (start + i + 1, str(classes[i]), str(activity[i]), int(counts[i]), float(amounts[i]), int(counts[i]),
         float(amounts[i]), "store", 60, NOW - timedelta(days=int(days[0, i])),
         NOW - timedelta(days=int(days[1, i])) if days[1, i] < 700 else None, "")
        for i in range(size)
    ]  # fmt: skip


def make_orders(rng: np.random.Generator, count: int, customers: int) -> None:
    """Heavy-tailed buyers, three years, no lines (their number would double the work of seeding, not of the test)."""
    now = NOW
    shop = Shop.objects.create(name="一店", created_at=now, updated_at=now)
    category = Category.objects.create(name="茶", created_at=now, updated_at=now)
    Product.objects.create(name="龙井", number="P1", category=category, created_at=now, updated_at=now)
    columns = (
        "id", "created_at", "updated_at", "created_by_id", "version", "number", "customer_id", "channel", "shop_id",
        "state", "ordered_at", "amount", "quantity", "note",
    )  # fmt: skip
    channels = ("store", "online", "mini", "b2b")
    step = 100_000
    for start in range(0, count, step):
        size = min(step, count - start)
        buyer = (customers * rng.power(0.45, size)).astype(np.int64) + 1
        ages = rng.integers(0, 1095 * 86400, size)
        cents = np.round(rng.lognormal(5, 1, size), 2)
        channel = rng.integers(0, 4, size)
        rows = (
            (start + i + 1, now, now, None, 1, f"SO{start + i + 1:09d}", int(buyer[i]), channels[channel[i]], shop.pk,
             "paid", NOW - timedelta(seconds=int(ages[i])), float(cents[i]), 1.0, "")
            for i in range(size)
        )  # fmt: skip
        with transaction.atomic():
            insert(Order, columns, rows)


def make_busy_customer() -> None:
    """Customer 1 has 5,000 interactions."""
    columns = (
        "id", "created_at", "updated_at", "version", "customer_id", "channel", "direction", "at", "subject", "body",
        "outcome", "external_id",
    )  # fmt: skip
    rows = (
        (i + 1, NOW, NOW, 1, 1, "call", "out", NOW - timedelta(hours=6 * i), f"第 {i} 次沟通", "新品", "reached", "")
        for i in range(5000)
    )  # fmt: skip
    with transaction.atomic():
        insert(Interaction, columns, rows)


def index_names(count: int) -> None:
    rows = (
        Customer.objects.order_by("pk")
        .values_list("pk", "name", "phone", "number")
        .iterator(chunk_size=CHUNK)
    )
    walk = ((pk, [("name", name), ("phone", phone), ("number", number)]) for pk, name, phone, number in rows)
    while chunk := list(itertools.islice(walk, CHUNK)):
        with transaction.atomic():
            search.index_many("customer", chunk)


class without_indexes:
    """Drops the secondary indexes of some tables and makes them again behind: how one fills a table by the million."""

    def __init__(self, *tables: type[models.Model]) -> None:
        self.tables = [model._meta.db_table for model in tables]
        self.made: list[str] = []

    def __enter__(self) -> None:
        with connection.cursor() as cursor:
            for name, statement in self.indexes(cursor):
                self.made.append(statement)
                cursor.execute(f'DROP INDEX "{name}"')

    def __exit__(self, *_error: object) -> None:
        with connection.cursor() as cursor:
            for statement in self.made:
                cursor.execute(statement)

    def indexes(self, cursor: Any) -> Iterator[tuple[str, str]]:
        marks = ", ".join(["%s"] * len(self.tables))
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT i.indexname, i.indexdef FROM pg_indexes i LEFT JOIN pg_constraint c ON c.conname = i.indexname"
                f" WHERE i.tablename IN ({marks}) AND c.conname IS NULL",
                self.tables,
            )
        else:
            cursor.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
                f" AND tbl_name IN ({marks})",
                self.tables,
            )
        yield from cursor.fetchall()


def timed_seed(customers: int, orders: int) -> float:
    began = time.perf_counter()
    seed(customers, orders)
    return time.perf_counter() - began
