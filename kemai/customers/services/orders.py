"""Orders with their lines: always written together, the amount being the exact sum of the lines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db import connection, transaction
from django.db.models import OuterRef, Subquery

from kemai.customers.models import Customer, CustomerFacts, Order, OrderLine
from kemai.customers.services import roles
from kemai.platform import access, audit
from kemai.platform.access import Actor
from kemai.platform.fields import Ref
from kemai.platform.models import ChangeSet
from kemai.platform.objects import get
from kemai.platform.records import create_chunk, sql
from kemai.platform.records.bulk import chunks
from kemai.platform.records.recycle import flip

CENT = Decimal("0.01")
LINE_COLUMNS = ("order_id", "product_id", "quantity", "price", "amount")
CHUNK = 2000


@dataclass(frozen=True)
class Line:
    """`product` is its key; `price` and `amount` in yuan to the cent."""

    product: int
    quantity: float
    amount: Decimal
    price: Decimal | None = None


@dataclass(frozen=True)
class NewOrder:
    """`values` are fields of the order in Python form (customer: Ref, ordered_at, number, channel, shop …) without
    amount and quantity, which are the sums of the lines."""

    values: Mapping[str, Any]
    lines: Sequence[Line]

    @property
    def amount(self) -> Decimal:
        return sum((line.amount for line in self.lines), Decimal("0.00"))

    @property
    def quantity(self) -> float:
        return float(sum((Decimal(repr(line.quantity)) for line in self.lines), Decimal(0)))


def line_amount(quantity: float, price: Decimal) -> Decimal:
    """What a line costs by its unit price, rounded half up to the cent."""
    return (Decimal(repr(quantity)) * price).quantize(CENT, ROUND_HALF_UP)


def place_orders(
    orders: Iterable[NewOrder], *, by: Actor, reason: str = "", changeset: ChangeSet | None = None
) -> list[int]:
    """New orders, in transactions of some thousands, as one change set. Returns their keys in order. Raises
    access.Denied, FieldErrors."""
    access.require(by, "order", "create")
    changeset = changeset or audit.open_set("bulk", "order", by=by, reason=reason)
    keys: list[int] = []
    for chunk in chunks(orders, CHUNK):
        with transaction.atomic():
            keys += write_orders(chunk, by=by, changeset=changeset)
    return keys


def write_orders(orders: Sequence[NewOrder], *, by: Actor, changeset: ChangeSet) -> list[int]:
    """The same inside the caller's transaction, by an actor who may."""
    rows = [{**one.values, "amount": one.amount, "quantity": one.quantity} for one in orders]
    keys = create_chunk(get("order"), rows, by=by, changeset=changeset, parsed=True)
    sql.insert(
        OrderLine,
        LINE_COLUMNS,
        (
            (key, line.product, line.quantity, line.price, line.amount)
            for key, one in zip(keys, orders, strict=True)
            for line in one.lines
        ),
    )
    note_last_orders(orders)
    return keys


def note_last_orders(orders: Sequence[NewOrder]) -> None:
    """The moment of the last order is exact at once; classes and rhythm wait for the analysis."""
    latest: dict[int, datetime] = {}
    for one in orders:
        customer, at = one.values["customer"], one.values["ordered_at"]
        if one.values.get("state", "paid") == "paid" and isinstance(customer, Ref):
            latest[customer.id] = max(at, latest.get(customer.id, at))
    table = connection.ops.quote_name(CustomerFacts._meta.db_table)
    statement = (
        f"UPDATE {table} SET last_order_at = %s "  # noqa: S608 - the table's own name
        "WHERE customer_id = %s AND (last_order_at IS NULL OR last_order_at < %s)"
    )
    adapt = connection.ops.adapt_datetimefield_value
    with connection.cursor() as cursor:
        cursor.executemany(statement, [(adapt(at), key, adapt(at)) for key, at in latest.items()])


def follow_orders(first: int, last: int) -> None:
    """After a mass change of the orders with keys from `first` to `last`: the moment of their customers' last one."""
    touched = Order.objects.filter(pk__range=(first, last)).values("customer_id")
    paid = Order.objects.filter(customer=OuterRef("customer_id"), state="paid", deleted_at=None)
    latest = paid.order_by("-ordered_at").values("ordered_at")[:1]
    CustomerFacts.objects.filter(customer__in=touched).update(last_order_at=Subquery(latest))
    roles.follow_purchases(Customer.objects.filter(pk__in=touched))


def lines_of(order_ids: Iterable[int]) -> dict[int, list[Line]]:
    found: dict[int, list[Line]] = defaultdict(list)
    rows = OrderLine.objects.filter(order__in=list(order_ids)).order_by("id")
    for order, product, quantity, price, amount in rows.values_list(*LINE_COLUMNS):
        found[order].append(Line(product, quantity, amount, price))
    return found


def unchanged(orders: Mapping[int, NewOrder]) -> set[int]:
    """Those of the orders ({key of the stored one: what a file says now}) that are stored just so."""
    lines = lines_of(orders)
    stored = Order.objects.filter(pk__in=list(orders)).values_list(
        "pk", "customer_id", "ordered_at", "amount"
    )
    rows: list[tuple[int, int, datetime, Any]] = list(stored)
    same = set()
    for key, customer, ordered_at, amount in rows:
        new = orders[key]
        mine = sorted((one.product, one.quantity, one.amount) for one in new.lines)
        theirs = sorted((one.product, one.quantity, one.amount) for one in lines[key])
        head = (new.values["customer"].id, new.values["ordered_at"], new.amount)
        if head == (customer, ordered_at, amount) and mine == theirs:
            same.add(key)
    return same


def replace_orders(orders: Mapping[int, NewOrder], *, by: Actor, changeset: ChangeSet) -> None:
    """A corrected receipt takes the place of the stored one, which goes to the recycle bin: both can be undone as
    one act. Inside the caller's transaction."""
    if not orders:
        return
    flip(get("order"), list(orders), gone=True, changeset=changeset, by=by)
    write_orders(list(orders.values()), by=by, changeset=changeset)
