"""Value classes: 高价值 = money at or above P80 and orders at or above P60; 潜在 = money at or above P80 but orders
below P60; 普通 = the other buyers; none for those who never bought.

Money and orders are those of twelve months, the percentiles those of the active base (customers with an order in
that time). Hysteresis: who is in a class by a threshold leaves it only when falling a share (10 %) below it, so that
nobody flips from day to day. kemai/customers/rules.py states the same rule for one customer, in plain Python."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kemai.analytics.analysis import Analysis, Chart, Column, Result, Table, Tables, gettext_noop, within
from kemai.analytics.lazy import ibis

CLASSES = ("high", "potential", "regular", "none")


@dataclass(frozen=True)
class Params:
    amount_share: float = 0.8
    orders_share: float = 0.6
    hysteresis: float = 0.1

    def __post_init__(self) -> None:
        within(self, "amount_share", 0.5, 0.99)
        within(self, "orders_share", 0.05, 0.99)
        within(self, "hysteresis", 0, 0.5)


def run(tables: Tables, params: Params) -> Result:
    fact = tables["fact"]
    base = fact.filter(fact.orders_12m > 0)
    found = tables.rows(
        base.aggregate(
            base=base.count(),
            amount=base.amount_12m.quantile(params.amount_share),
            orders=base.orders_12m.quantile(params.orders_share),
        )
    )[0]
    amount = None if found["amount"] is None else float(found["amount"])
    orders = None if found["orders"] is None else float(found["orders"])
    basis = {
        "base": int(found["base"]),
        "amount": amount,
        "orders": orders,
        "amount_share": params.amount_share,
        "orders_share": params.orders_share,
        "hysteresis": params.hysteresis,
    }
    classed = tables.stage(
        classify(fact, amount, orders, params.hysteresis).select(
            "customer_id", "value_class", "amount_12m", "orders_12m", "amount_total"
        )
    )
    table = sizes(tables, classed)
    return Result(
        tables={"classes": table},
        metrics={"base": basis["base"], **{f"size_{row[0]}": row[1] for row in table.rows}},
        charts=[chart(table)],
        write_backs={"value_class": classed.select("customer_id", "value_class")},
        basis=basis,
    )


def classify(fact: Any, amount: float | None, orders: float | None, hysteresis: float) -> Any:
    """`fact` has customer_id, orders_total, amount_12m, orders_12m and previous_class (may be null)."""
    if amount is None or orders is None:
        return fact.mutate(value_class=ibis.ifelse(fact.orders_total > 0, "regular", "none"))
    keeps_amount = fact.previous_class.isin(["high", "potential"]).fill_null(False)
    keeps_orders = (fact.previous_class == "high").fill_null(False)
    lower = 1.0 - hysteresis
    amount_high = fact.amount_12m >= ibis.ifelse(keeps_amount, amount * lower, amount)
    orders_high = fact.orders_12m >= ibis.ifelse(keeps_orders, orders * lower, orders)
    return fact.mutate(
        value_class=ibis.cases(
            (fact.orders_total == 0, "none"),
            (fact.orders_12m == 0, "regular"),
            (amount_high & orders_high, "high"),
            (amount_high, "potential"),
            else_="regular",
        )
    )


def sizes(tables: Tables, classed: Any) -> Table:
    found = {
        row["value_class"]: row
        for row in tables.rows(
            classed.group_by("value_class").aggregate(
                customers=classed.count(),
                amount=classed.amount_12m.sum().cast("int64"),
                orders=classed.orders_12m.sum().cast("int64"),
            )
        )
    }
    total = sum(int(row["amount"] or 0) for row in found.values())
    rows = []
    for name in CLASSES:
        row = found.get(name, {"customers": 0, "amount": 0, "orders": 0})
        share = int(row["amount"]) / total if total else 0.0
        rows.append([name, row["customers"], row["amount"], row["orders"], round(share, 4)])
    return Table(
        (
            Column("value_class", gettext_noop("价值类别"), "option:value_class"),
            Column("customers", gettext_noop("客户数")),
            Column("amount", gettext_noop("近 12 个月金额"), "money"),
            Column("orders", gettext_noop("近 12 个月订单数")),
            Column("share", gettext_noop("金额占比"), "share"),
        ),
        rows,
    )


def chart(table: Table) -> Chart:
    names = [row[0] for row in table.rows]
    return Chart(
        key="classes",
        type="pie",
        title=gettext_noop("客户价值类别"),
        unit=gettext_noop("人"),
        x={"label": gettext_noop("价值类别"), "kind": "option:value_class", "values": names},
        series=[
            {"key": "customers", "label": gettext_noop("客户数"), "values": [row[1] for row in table.rows]}
        ],
        drill={
            "type": "customer",
            "where": [{"field": "value_class", "op": "eq", "value": name} for name in names],
        },
    )


ANALYSIS = Analysis(
    key="value_class",
    title=gettext_noop("价值分类"),
    purpose=gettext_noop("高价值、潜在、普通客户及其门槛"),
    version="1",
    params=Params,
    run=run,
    needs=("fact",),
)
