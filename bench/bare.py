"""The same work without the product: one statement to the database, its rows read, nothing shown."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from django.db import connection, models
from django.utils import timezone

from kemai.customers.models import Customer, CustomerFacts
from kemai.platform.search import docs, lookup, words

Ask = Callable[[int], Any]
FACTS = {"value_class", "activity", "amount_12m", "last_order_at", "last_contact_at"}
COLUMNS = {"owner": "owner_id", "name": "name_sort"}
SHOWN = (
    "c.id, c.name, c.phone, c.region, c.owner_id, c.created_at, f.value_class, f.activity, f.amount_12m,"
    " f.last_order_at, f.last_contact_at"
)
FROM = "FROM customers_customer c JOIN customers_customerfacts f ON f.customer_id = c.id WHERE c.deleted_at IS NULL"
_numbers = itertools.count(1)


def rows(sql: str, params: Sequence[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


def condition(name: str) -> tuple[str, list[Any]]:
    if name == "class":
        return " AND f.value_class = 'high'", []
    if name == "city":
        return " AND c.region >= '330100' AND c.region < '330200'", []
    if name == "class and region":
        return (
            " AND f.value_class IN ('high', 'potential') AND c.region >= '320000' AND c.region < '340000'",
            [],
        )
    if name == "silent 90 days":
        moment = timezone.now() - timedelta(days=90)
        return " AND f.last_order_at < %s", [connection.ops.adapt_datetimefield_value(moment)]
    return "", []


def page(sort: str, name: str = "", *, owner: int = 0, after: tuple[int, int] | None = None) -> Ask:
    """A keyset page: fifty rows in the order of a column, from a place on."""
    column = f"f.{sort}" if sort in FACTS else f"c.{COLUMNS.get(sort, sort)}"
    key = "f.customer_id" if sort in FACTS else "c.id"
    more, params = condition(name)
    if owner:
        more, params = f"{more} AND c.owner_id = %s", [*params, owner]
    if after:
        more, params = f"{more} AND ({column}, {key}) < (%s, %s)", [*params, *after]
    last = "" if connection.vendor == "sqlite" else " NULLS LAST"
    nullable = sort in {"last_order_at", "last_contact_at", "owner"}
    order = f"ORDER BY {column} DESC{last if nullable else ''}, {key} DESC"
    sql = f"SELECT {SHOWN} {FROM}{more} {order} LIMIT 51"
    if nullable:
        sql = sql.replace(" ORDER", f" AND {column} IS NOT NULL ORDER").replace(last, "") if last else sql
    return lambda _n: rows(sql, params)


def search(text: str, *, owner: int = 0) -> Ask:
    """The newest fifty customers whose words answer; of one salesperson where one is named."""
    where, params = lookup._condition("customer", words.question(text))
    mask, mine = docs.ID_MASK, " AND c.owner_id = %s" if owner else ""
    sql = (
        f"SELECT c.id, c.name, c.phone, d.id {where.replace('WHERE', f'JOIN customers_customer c ON c.id = (d.id & {mask}) WHERE')}"
        f" AND c.deleted_at IS NULL{mine} ORDER BY {lookup._order()} DESC LIMIT 51"
    )
    return lambda _n: rows(sql, [*params, *([owner] if owner else [])])


def record(key: int) -> None:
    """The record, its facts and its latest interactions."""
    rows(f"SELECT * {FROM} AND c.id = %s", [key])
    rows(
        "SELECT * FROM customers_interaction WHERE customer_id = %s ORDER BY at DESC, id DESC LIMIT 20", [key]
    )


def insert(_n: int) -> None:
    """One customer and its facts in a transaction of their own."""
    from django.db import transaction

    with transaction.atomic():
        number = next(_numbers)
        customer = raw(Customer, {"number": f"BARE{number}", "name": f"新客户{number}"})
        raw(CustomerFacts, {"customer_id": customer})


def raw(model: type[models.Model], values: dict[str, Any]) -> int:
    now = timezone.now()
    given: dict[str, Any] = {}
    for column in model._meta.concrete_fields:
        if column.attname in values:
            given[column.attname] = values[column.attname]
        elif not column.primary_key:
            value = now if column.attname in {"created_at", "updated_at"} else column.get_default()
            given[column.attname] = column.get_db_prep_save(value, connection)
    names, marks = ", ".join(f'"{name}"' for name in given), ", ".join(["%s"] * len(given))
    with connection.cursor() as cursor:
        key = model._meta.pk.column
        cursor.execute(
            f'INSERT INTO {model._meta.db_table} ({names}) VALUES ({marks}) RETURNING "{key}"',
            list(given.values()),
        )
        return int(cursor.fetchone()[0])
