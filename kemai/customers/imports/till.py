"""Flat till rows, one product a row, into orders and whatever they need."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kemai.customers.imports.till_columns import SPECS, WHO, check, fields, verbs
from kemai.customers.services.orders import (
    Line,
    NewOrder,
    line_amount,
    replace_orders,
    unchanged,
    write_orders,
)
from kemai.kit import money
from kemai.kit.tabular import BadRow, Cell, cell_text
from kemai.platform import access
from kemai.platform.fields import Ref
from kemai.platform.imports.existing import by_key
from kemai.platform.imports.grouped import grouped
from kemai.platform.imports.mapping import ColumnMap
from kemai.platform.imports.parsers import BLANK, Bad
from kemai.platform.imports.references import Found, References
from kemai.platform.imports.shapes import Shape, column_spec, register_shape
from kemai.platform.imports.work import CHUNK, Outcome, Problem, Reader, Refusal, Table, Task
from kemai.platform.objects import get

MOST_LINES = 20_000
"""Lines a receipt may have; more under one number is a mistake in the file."""


@dataclass
class Basket:
    """The lines of one receipt, by their positions in the table."""

    positions: list[int]

    def first(self, values: Sequence[Any] | None) -> Any:
        """The first stated value of a column among the lines."""
        if values is None:
            return BLANK
        return next((values[one] for one in self.positions if values[one] is not BLANK), BLANK)


@dataclass
class Baskets:
    """Rows that are settled together: whole receipts only."""

    work: TillWork
    table: Table
    groups: list[list[int]]

    @property
    def rows(self) -> int:
        return self.table.rows

    def halves(self) -> Sequence[Baskets]:
        if len(self.groups) < 2:
            return ()
        cut = self.table.offsets[self.groups[len(self.groups) // 2][0]]
        numbers = self.table.numbers or ()
        parts = ((self.table.raw[:cut], numbers[:cut]), (self.table.raw[cut:], numbers[cut:]))
        return tuple(self.work.batch(list(zip(them, raw, strict=True))) for raw, them in parts)

    def refusals(self, message: str) -> list[Refusal]:
        table, problem = self.table, Problem(None, message, message)
        return [Refusal(table.row(p), table.cells(p), (problem,)) for p in range(len(table.offsets))]


class TillWork:
    """Flat till rows into customers, products, categories, shops and orders with lines.

    A receipt is an order: the rows of one receipt number, or those of one customer, moment and shop where there are no
    numbers; such orders get a number made from these three, so that the same file changes nothing when it comes again.
    A receipt with a bad line is refused as a whole: half a receipt would be a wrong amount."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.reader = Reader(task, SPECS)
        self.places = {one.field: place for place, one in enumerate(task.columns)}
        self.columns = {one.field: one.column for one in task.columns}
        self.by_number = self.references("customer", "number", self.fill_customer)
        self.by_phone = self.references("customer", "phone", self.fill_customer)
        self.by_name = self.references("customer", "name", self.fill_customer)
        self.product_numbers = self.references("product", "number", self.fill_product)
        self.product_names = self.references("product", "name", self.fill_product)
        self.categories = self.references("category", "name")
        self.shops = self.references("shop", "name")
        self.customer_details: dict[str, dict[str, Any]] = {}
        self.product_details: dict[str, dict[str, Any]] = {}

    def references(self, type_key: str, by: str, fill: Any = None) -> References:
        spec = column_spec(type_key, "reference", "", ref=type_key)
        return References(self.task, spec, ColumnMap(-1, type_key, by, create=True), fill)

    def fill_customer(self, text: str) -> dict[str, Any]:
        return {"source": "import", "stage": "customer"} | self.customer_details.get(text, {})

    def fill_product(self, text: str) -> dict[str, Any]:
        return self.product_details.get(text, {})

    def forget(self) -> None:
        for one in (
            self.by_number, self.by_phone, self.by_name, self.product_numbers, self.product_names, self.categories,
            self.shops,
        ):  # fmt: skip
            one.forget()

    def group_of(self, row: Sequence[Cell], number: int) -> object:
        """The receipt that a row belongs to, by its cells as they are written."""
        place = self.columns.get("order_number")
        if place is not None and row[place]:
            return row[place]
        names = ("customer_number", "customer_phone", "customer_name", "ordered_at", "shop")
        parts = tuple(cell_text(row[self.columns[name]]) if name in self.columns else "" for name in names)
        return parts if any(parts[:3]) else number

    def batches(self, start: int) -> Generator[Baskets]:
        pending: list[tuple[int, Sequence[Cell] | BadRow]] = []
        last: object = None
        for number, row in grouped(self.task.source, self.group_of, start):
            group = last if isinstance(row, BadRow) else self.group_of(row, number)
            if len(pending) >= CHUNK and (group != last or len(pending) > 2 * MOST_LINES):
                yield self.batch(pending)
                pending = []
            last = group
            pending.append((number, row))
        if pending:
            yield self.batch(pending)

    def batch(self, numbered: Sequence[tuple[int, Sequence[Cell] | BadRow]]) -> Baskets:
        table = self.reader.table(
            [row for _number, row in numbered], 0, [number for number, _row in numbered]
        )
        groups: list[list[int]] = []
        last: object = None
        for position in range(len(table.offsets)):
            group = self.group_of(table.cells(position), table.row(position))
            if group != last or not groups:
                groups.append([])
            groups[-1].append(position)
            last = group
        return Baskets(self, table, groups)

    def column(self, table: Table, name: str) -> list[Any] | None:
        place = self.places.get(name)
        return None if place is None else table.values[place]

    def settle(self, batch: Baskets) -> Outcome:
        table = batch.table
        kept = {position: list(found) for position, found in table.problems.items()}
        try:
            return self.settle_table(table, [Basket(group) for group in batch.groups])
        finally:
            table.problems = kept

    def settle_table(self, table: Table, baskets: list[Basket]) -> Outcome:
        out = Outcome(rows=table.rows, blank=table.blank, refused=list(table.unreadable))
        sound = [basket for basket in baskets if self.is_sound(table, basket)]
        named = self.name_customers(table, sound)
        products = self.products(
            table, [p for basket in sound if id(basket) in named for p in basket.positions]
        )
        shops = self.shops.resolve(stated(self.column(table, "shop")))
        orders: list[tuple[Basket, NewOrder]] = []
        for basket in sound:
            customer = named.get(id(basket))
            if customer is None:
                self.leave_out(table, basket, _("没有客户信息（散客）"), out)
                continue
            order = self.order(table, basket, customer, products, shops)
            if order is not None:
                orders.append((basket, order))
        for position in table.problems:
            out.refused.append(table.refusal(position))
        self.write(table, orders, out)
        return out

    def is_sound(self, table: Table, basket: Basket) -> bool:
        """Is every line of the receipt complete, by the file alone? If not, all of them are refused: nothing is made
        for a receipt that is not taken."""
        if len(basket.positions) >= MOST_LINES:
            message = _("同一小票号的行数太多")
            table.complain(basket.positions[0], Problem(self.columns.get("order_number"), message, message))
        for position in basket.positions:
            self.check_line(table, position)
        if not any(position in table.problems for position in basket.positions):
            self.check_moment(table, basket)
            self.check_customer(table, basket)
        bad = any(position in table.problems for position in basket.positions)
        if bad:
            self.refuse_rest(table, basket)
        return not bad

    def check_line(self, table: Table, position: int) -> None:
        if position in table.problems:
            return
        if self.lacks(table, position, "product_number", "product"):
            self.demand(table, position, ("product_number", "product"), _("请填写产品"))
        elif self.lacks(table, position, "amount", "price"):
            self.demand(table, position, ("amount", "price"), _("请填写金额"))

    def lacks(self, table: Table, position: int, *names: str) -> bool:
        columns = (self.column(table, name) for name in names)
        return all(values is None or values[position] is BLANK for values in columns)

    def demand(self, table: Table, position: int, names: Sequence[str], message: str) -> None:
        column = next((self.columns[name] for name in names if name in self.columns), None)
        table.complain(position, Problem(column, message, message))

    def check_moment(self, table: Table, basket: Basket) -> None:
        if basket.first(self.column(table, "ordered_at")) is BLANK:
            self.demand(table, basket.positions[0], ("ordered_at",), _("请填写下单时间"))

    def check_customer(self, table: Table, basket: Basket) -> None:
        """A receipt belongs to one customer; two under one number are two receipts, and which lines are whose is not
        for us to guess. The surest thing that is stated of them decides."""
        for name in WHO:
            values = self.column(table, name)
            known = [p for p in basket.positions if values is not None and values[p] is not BLANK]
            if values is None or not known:
                continue
            other = next((p for p in known if values[p] != values[known[0]]), None)
            if other is not None:
                message = _("同一小票号里有两位客户")
                table.complain(other, Problem(self.columns[name], message, message))
            return

    def refuse_rest(self, table: Table, basket: Basket) -> None:
        message = _("同一张小票里有错误的行，整张没有导入")
        for position in basket.positions:
            if position not in table.problems:
                table.complain(position, Problem(None, message, message))

    def leave_out(self, table: Table, basket: Basket, reason: str, out: Outcome) -> None:
        if self.task.rehearsal and out.wants("skip"):
            position = basket.positions[0]
            cells = [cell_text(cell)[:60] for cell in table.cells(position)]
            out.sample("skip", {"row": table.row(position), "cells": cells, "reason": reason})
        out.leave_out(reason, len(basket.positions))

    def name_customers(self, table: Table, baskets: list[Basket]) -> dict[int, Found]:
        """{id(basket): its customer}; baskets that name nobody are left out. Number first, then phone, then name."""
        columns = [self.column(table, name) for name in WHO]
        self.customer_details.clear()
        named: list[tuple[Basket, References, str]] = []
        for basket in baskets:
            number, phone, name = (basket.first(values) for values in columns)
            text = number if number is not BLANK else phone if phone is not BLANK else name
            if text is BLANK:
                continue
            by = self.by_number if text is number else self.by_phone if text is phone else self.by_name
            details = {"name": name if name is not BLANK else shown_name(text, by is self.by_phone)}
            if phone is not BLANK:
                details["phone"] = phone
            self.customer_details.setdefault(text, details)
            named.append((basket, by, text))
        for references in (self.by_number, self.by_phone, self.by_name):
            references.resolve(text for _basket, by, text in named if by is references)
        return {id(basket): by.known[text] for basket, by, text in named}

    def products(self, table: Table, positions: list[int]) -> dict[int, Found]:
        """{position: its product}."""
        named: list[tuple[int, References, str]] = []
        numbers, names = self.column(table, "product_number"), self.column(table, "product")
        for position in positions:
            if numbers is not None and numbers[position] is not BLANK:
                named.append((position, self.product_numbers, numbers[position]))
            elif names is not None:
                named.append((position, self.product_names, names[position]))
        self.learn_products(table, named)
        for references in (self.product_numbers, self.product_names):
            references.resolve(text for _position, by, text in named if by is references)
        return {position: by.known[text] for position, by, text in named}

    def learn_products(self, table: Table, named: list[tuple[int, References, str]]) -> None:
        """What a product would be made of if it is missing: name and category as the first of its rows say."""
        self.product_details.clear()
        fresh: dict[str, int] = {}
        for position, by, text in named:
            if text not in by.known:
                fresh.setdefault(text, position)
        names, category = self.column(table, "product"), self.column(table, "category")
        groups = self.categories.resolve(
            category[p] for p in fresh.values() if category is not None and category[p] is not BLANK
        )
        for text, position in fresh.items():
            details: dict[str, Any] = {}
            if names is not None and names[position] is not BLANK:
                details["name"] = names[position]
            group = None if category is None or category[position] is BLANK else groups[category[position]]
            if isinstance(group, Ref):
                details["category"] = group
            self.product_details[text] = details

    def order(
        self,
        table: Table,
        basket: Basket,
        customer: Found,
        products: dict[int, Found],
        shops: dict[str, Found],
    ) -> NewOrder | None:
        """The order of a receipt; None, with the problems noted, where it names what cannot be found."""
        first = basket.positions[0]
        if isinstance(customer, Bad):
            column = next((self.columns[name] for name in WHO if name in self.columns), None)
            table.complain(first, Problem(column, customer.message, _("没有找到客户")))
        shop_name = basket.first(self.column(table, "shop"))
        shop = shops[shop_name] if shop_name is not BLANK else None
        if isinstance(shop, Bad):
            table.complain(first, Problem(self.columns.get("shop"), shop.message))
        lines = [self.line(table, position, products[position]) for position in basket.positions]
        if any(position in table.problems for position in basket.positions):
            self.refuse_rest(table, basket)
            return None
        moments = self.column(table, "ordered_at") or []
        at = min(moments[position] for position in basket.positions if moments[position] is not BLANK)
        channel = basket.first(self.column(table, "channel"))
        values: dict[str, Any] = {
            "customer": customer,
            "ordered_at": at,
            "number": self.number(table, basket, at, shop_name),
            "shop": shop,
            "channel": "store" if channel is BLANK else channel,
        }
        return NewOrder(values, [line for line in lines if line is not None])

    def line(self, table: Table, position: int, product: Found) -> Line | None:
        if isinstance(product, Bad):
            column = self.columns.get("product_number", self.columns.get("product"))
            table.complain(position, Problem(column, product.message))
            return None
        quantity: Any = self.value(table, "quantity", position, 1.0)
        price: Any = self.value(table, "price", position, None)
        amount: Any = self.value(table, "amount", position, None)
        if amount is None:
            amount = line_amount(quantity, price)
        kept = None if price is None else money.from_cents(money.to_cents(price))
        return Line(product.id, quantity, amount, kept)

    def value(self, table: Table, name: str, position: int, otherwise: object) -> object:
        values = self.column(table, name)
        return otherwise if values is None or values[position] is BLANK else values[position]

    def number(self, table: Table, basket: Basket, at: datetime, shop: Any) -> str:
        """The receipt's number; without one, a number that the same customer, moment and shop always give."""
        given = basket.first(self.column(table, "order_number"))
        if given is not BLANK:
            return str(given)
        who = [str(basket.first(self.column(table, name))) for name in WHO]
        digest = hashlib.sha256("|".join((*who, at.isoformat(), str(shop))).encode()).hexdigest()[:10]
        return f"T{at:%Y%m%d%H%M%S}-{digest}"

    def write(self, table: Table, orders: list[tuple[Basket, NewOrder]], out: Outcome) -> None:
        stored = by_key(get("order"), "number", [order.values["number"] for _basket, order in orders])
        fresh: list[tuple[Basket, NewOrder]] = []
        known: list[tuple[Basket, NewOrder, int]] = []
        for basket, order in orders:
            ids = stored.get(order.values["number"])
            if ids:
                known.append((basket, order, ids[0]))
            else:
                fresh.append((basket, order))
        self.write_new(table, fresh, out)
        self.write_known(table, known, out)

    def write_new(self, table: Table, fresh: list[tuple[Basket, NewOrder]], out: Outcome) -> None:
        out.create += len(fresh)
        out.lines += sum(len(basket.positions) for basket, _order in fresh)
        if self.task.rehearsal:
            for basket, order in fresh[:20]:
                out.sample("create", self.shown(table, basket, order))
        elif fresh:
            write_orders([order for _basket, order in fresh], by=self.task.by, changeset=self.task.change())

    def write_known(self, table: Table, known: list[tuple[Basket, NewOrder, int]], out: Outcome) -> None:
        if not known:
            return
        if not self.task.options.updates:
            for basket, _order, _key in known:
                self.leave_out(table, basket, _("已有这张小票"), out)
            return
        same = unchanged({key: order for _basket, order, key in known})
        ids = {key for _basket, _order, key in known} - same
        editable = set(
            access.scope(self.task.by, "order", "edit").filter(pk__in=ids).values_list("pk", flat=True)
        )
        changed: dict[int, NewOrder] = {}
        for basket, order, key in known:
            if key in same:
                self.leave_out(table, basket, _("内容没有变化"), out)
            elif key not in editable:
                message = _("已有这张小票，但您不能修改它")
                problem = Problem(self.columns.get("order_number"), message, message)
                out.refused += [Refusal(table.row(p), table.cells(p), (problem,)) for p in basket.positions]
            else:
                changed[key] = order
                out.lines += len(basket.positions)
                if self.task.rehearsal:
                    shown = self.shown(table, basket, order)
                    out.sample(
                        "update",
                        {"row": shown["row"], "changes": {k: ["", v] for k, v in shown["values"].items()}},
                    )
        out.update += len(changed)
        if not self.task.rehearsal:
            replace_orders(changed, by=self.task.by, changeset=self.task.change())

    def shown(self, table: Table, basket: Basket, order: NewOrder) -> dict[str, Any]:
        """An order as a rehearsal shows it: {column: text}."""
        texts: dict[str, str] = {}
        for name, place in self.places.items():
            if name in {"quantity", "price", "amount"}:
                continue
            value = basket.first(table.values[place])
            texts[name] = "" if value is BLANK else SPECS[name].type.text(value, SPECS[name])[:60]
        texts["quantity"] = SPECS["quantity"].type.text(order.quantity, SPECS["quantity"])
        texts["amount"] = SPECS["amount"].type.text(order.amount, SPECS["amount"])
        return {"row": table.row(basket.positions[0]), "values": texts, "lines": len(basket.positions)}


def stated(values: Sequence[Any] | None) -> list[Any]:
    return [] if values is None else [value for value in values if value is not BLANK]


def shown_name(text: str, is_phone: bool) -> str:
    return _("客户 %(number)s") % {"number": text[-4:] if is_phone else text}


TILL = register_shape(
    Shape(
        key="till",
        type_key="order",
        label=gettext_lazy("收银流水（每行一件商品）"),
        description=gettext_lazy(
            "从收银机或网店导出的明细：客户、时间、产品、数量、金额。同一小票的行合成一张订单，缺的客户、产品、品类和门店自动建立。"
        ),
        fields=fields,
        open=TillWork,
        check=check,
        modes=("create", "both"),
        matches=False,
        verbs=verbs,
        icon="receipt",
        creates=("customer", "product", "category", "shop"),
    )
)
