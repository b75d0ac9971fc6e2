"""Sales over time: by day, week and month, by channel, category and shop; new customers a month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from kemai.analytics.analyses.frames import as_day, attach, paid
from kemai.analytics.analysis import (
    Analysis,
    Chart,
    Column,
    Result,
    Table,
    Tables,
    gettext_noop,
    within,
    year_before,
)

MONTH, ORDERS, AMOUNT = gettext_noop("月份"), gettext_noop("订单数"), gettext_noop("销售额")


@dataclass(frozen=True)
class Params:
    months: int = 24
    weeks: int = 53
    days: int = 92
    top: int = 15
    """The number of categories and shops that are named; the rest is summed up."""

    def __post_init__(self) -> None:
        within(self, "months", 1, 60)
        within(self, "weeks", 1, 160)
        within(self, "days", 1, 400)
        within(self, "top", 1, 100)


def run(tables: Tables, params: Params) -> Result:
    first_month = year_before(tables.today.replace(day=1), params.months - 1)
    orders = paid(tables)
    late = orders.filter(orders.day >= min(first_month, tables.today - timedelta(days=7 * params.weeks + 7)))
    daily = tables.stage(
        late.group_by("day", "channel", "shop_id").aggregate(
            orders=late.count(), amount=late.amount.sum().cast("int64")
        )
    )
    months = month_list(first_month, tables.today)
    by_month = monthly(tables, daily, months)
    channels = by_channel(tables, daily, months)
    new = new_customers(tables, months)
    weeks = by_week(tables, daily, params.weeks)
    days = by_day(tables, daily, params.days)
    year = year_before(tables.today)
    found = {
        "month": Table((Column("month", MONTH, "month"), *FIGURES), by_month),
        "week": Table((Column("week", gettext_noop("周一日期"), "day"), *FIGURES), weeks),
        "day": Table((Column("day", gettext_noop("日期"), "day"), *FIGURES), days),
        "channel": channels,
        "shop": by_shop(tables, daily, year, params.top),
        "category": by_category(tables, year, params.top),
        "new": Table((Column("month", MONTH, "month"), Column("customers", gettext_noop("新客户"))), new),
    }
    return Result(
        tables=found,
        metrics=metrics(tables, daily, new),
        charts=[
            line("month", gettext_noop("每月销售额"), MONTH, "month", by_month, drill=True),
            line("week", gettext_noop("每周销售额"), gettext_noop("周一日期"), "day", weeks),
            line("day", gettext_noop("每日销售额"), gettext_noop("日期"), "day", days),
            channel_chart(channels, months),
            ranking("category", gettext_noop("近 12 个月品类销售额"), found["category"]),
            ranking("shop", gettext_noop("近 12 个月门店销售额"), found["shop"]),
            new_chart(new),
        ],
        basis={"since": first_month.isoformat()},
    )


FIGURES = (Column("orders", ORDERS), Column("amount", AMOUNT, "money"))


def month_list(first: date, last: date) -> list[str]:
    found, current = [], first.replace(day=1)
    while current <= last:
        found.append(current.isoformat()[:7])
        current = (current + timedelta(days=32)).replace(day=1)
    return found


def sums(table: Any, *keys: str) -> Any:
    return table.group_by(*keys).aggregate(
        orders=table.orders.sum().cast("int64"), amount=table.amount.sum().cast("int64")
    )


def monthly(tables: Tables, daily: Any, months: list[str]) -> list[list[object]]:
    found = {
        row["month"].isoformat()[:7]: [row["orders"], row["amount"]]
        for row in tables.rows(sums(daily.mutate(month=daily.day.truncate("month")), "month"))
    }
    return [[month, *found.get(month, [0, 0])] for month in months]


def by_week(tables: Tables, daily: Any, count: int) -> list[list[object]]:
    monday = tables.today - timedelta(days=tables.today.weekday())
    weeks = [monday - timedelta(days=7 * index) for index in range(count - 1, -1, -1)]
    late = daily.filter(daily.day >= weeks[0])
    found = {
        as_day(row["week"]): [row["orders"], row["amount"]]
        for row in tables.rows(sums(late.mutate(week=late.day.truncate("week")), "week"))
    }
    return [[week.isoformat(), *found.get(week, [0, 0])] for week in weeks]


def by_day(tables: Tables, daily: Any, count: int) -> list[list[object]]:
    days = [tables.today - timedelta(days=index) for index in range(count - 1, -1, -1)]
    late = daily.filter(daily.day >= days[0])
    found = {row["day"]: [row["orders"], row["amount"]] for row in tables.rows(sums(late, "day"))}
    return [[day.isoformat(), *found.get(day, [0, 0])] for day in days]


def by_channel(tables: Tables, daily: Any, months: list[str]) -> Table:
    rows = tables.rows(sums(daily.mutate(month=daily.day.truncate("month")), "month", "channel"))
    found = {(row["month"].isoformat()[:7], row["channel"]): row for row in rows}
    names = sorted({row["channel"] for row in rows if row["month"].isoformat()[:7] in months})
    shown = [
        [month, name, found[month, name]["orders"], found[month, name]["amount"]]
        for month in months
        for name in names
        if (month, name) in found
    ]
    channel = Column("channel", gettext_noop("渠道"), "option:channel")
    return Table((Column("month", MONTH, "month"), channel, *FIGURES), shown)


def by_shop(tables: Tables, daily: Any, since: date, top: int) -> Table:
    late = daily.filter(daily.day > since, daily.shop_id.notnull())
    figures = sums(late, "shop_id")
    shops = tables["shop"].select(shop_id="id", name="name")
    named = attach(figures, shops, "shop_id")
    rows = top_rows(tables, named.select("shop_id", "name", "orders", "amount"), top)
    columns = (Column("shop", gettext_noop("门店"), "ref:shop"), Column("name", gettext_noop("名称"), "text"))
    return Table((*columns, *FIGURES), rows)


def by_category(tables: Tables, since: date, top: int) -> Table:
    orders = paid(tables)
    late = orders.filter(orders.day > since).select(order_id="id")
    products = tables["product"].select(product_id="id", category_id="category_id")
    lines = tables["order_line"].select("order_id", "product_id", "amount").join(late, "order_id")
    sold = lines.group_by("product_id").aggregate(orders=lines.order_id.nunique(), amount=lines.amount.sum())
    sold = sold.join(products, "product_id")
    figures = sums(sold.filter(sold.category_id.notnull()), "category_id")
    named = attach(figures, tables["category"].select(category_id="id", name="name"), "category_id")
    rows = top_rows(tables, named.select("category_id", "name", "orders", "amount"), top)
    columns = (
        Column("category", gettext_noop("品类"), "ref:category"),
        Column("name", gettext_noop("名称"), "text"),
    )
    # an order with two products of a category counts once for each of them
    return Table((*columns, Column("orders", gettext_noop("购买次数")), FIGURES[1]), rows)


def top_rows(tables: Tables, named: Any, top: int) -> list[list[object]]:
    rows = tables.rows(named.order_by(named.amount.desc(), named[named.columns[0]]).limit(1000))
    shown: list[list[object]] = [list(row.values()) for row in rows[:top]]
    rest = rows[top:]
    if rest:
        shown.append([None, "", sum(row["orders"] for row in rest), sum(row["amount"] for row in rest)])
    return shown


def new_customers(tables: Tables, months: list[str]) -> list[list[object]]:
    facts = tables["facts"]
    first = facts.filter(facts.first_day.notnull()).select(month=facts.first_day.truncate("month"))
    counted = first.group_by("month").aggregate(customers=first.count())
    found = {row["month"].isoformat()[:7]: int(row["customers"]) for row in tables.rows(counted)}
    return [[month, found.get(month, 0)] for month in months]


def metrics(tables: Tables, daily: Any, new: list[list[object]]) -> dict[str, object]:
    """Sales of the last 30 days and the 30 before them, cents; new customers of the running month."""
    today = tables.today
    found: dict[str, object] = {
        "new_this_month": new[-1][1],
        "new_last_month": new[-2][1] if len(new) > 1 else 0,
    }
    for name, start, end in (("30d", 30, 0), ("30d_before", 60, 30)):
        part = daily.filter(
            daily.day > today - timedelta(days=start), daily.day <= today - timedelta(days=end)
        )
        row = tables.rows(part.aggregate(orders=part.orders.sum(), amount=part.amount.sum()))[0]
        found[f"orders_{name}"] = int(row["orders"] or 0)
        found[f"amount_{name}"] = int(row["amount"] or 0)
    return found


def line(
    key: str, title: str, label: str, kind: str, rows: list[list[object]], *, drill: bool = False
) -> Chart:
    return Chart(
        key=key,
        type="line" if key != "month" else "bar",
        title=title,
        unit="money",
        x={"label": label, "kind": kind, "values": [row[0] for row in rows]},
        series=[{"key": "amount", "label": AMOUNT, "values": [row[2] for row in rows]}],
        drill={"type": "order", "where": [month_where(str(row[0]), "ordered_at") for row in rows]}
        if drill
        else None,
    )


def month_where(month: str, field: str) -> dict[str, object]:
    """The condition tree of "in this month"."""
    first = date.fromisoformat(f"{month}-01")
    behind = (first + timedelta(days=32)).replace(day=1)
    return {
        "all": [
            {"not": {"field": field, "op": "before", "value": first.isoformat()}},
            {"field": field, "op": "before", "value": behind.isoformat()},
        ]
    }


def channel_chart(table: Table, months: list[str]) -> Chart:
    found = {(row[0], row[1]): row[3] for row in table.rows}
    names = sorted({str(row[1]) for row in table.rows})
    return Chart(
        key="channel",
        type="stack",
        title=gettext_noop("各渠道每月销售额"),
        unit="money",
        x={"label": MONTH, "kind": "month", "values": months},
        series=[
            {
                "key": name,
                "label": name,
                "kind": "option:channel",
                "values": [found.get((m, name), 0) for m in months],
            }
            for name in names
        ],
    )


def ranking(key: str, title: str, table: Table) -> Chart:
    return Chart(
        key=key,
        type="rank",
        title=title,
        unit="money",
        x={"label": table.columns[0].label, "kind": "text", "values": [row[1] for row in table.rows]},
        series=[{"key": "amount", "label": AMOUNT, "values": [row[3] for row in table.rows]}],
    )


def new_chart(rows: list[list[object]]) -> Chart:
    return Chart(
        key="new",
        type="bar",
        title=gettext_noop("每月新客户"),
        unit=gettext_noop("人"),
        x={"label": MONTH, "kind": "month", "values": [row[0] for row in rows]},
        series=[{"key": "customers", "label": gettext_noop("新客户"), "values": [row[1] for row in rows]}],
        drill={"type": "customer", "where": [month_where(str(row[0]), "first_order_at") for row in rows]},
    )


ANALYSIS = Analysis(
    key="sales",
    title=gettext_noop("销售分析"),
    purpose=gettext_noop("按日、周、月看销售额，按渠道、品类、门店拆分"),
    version="1",
    params=Params,
    run=run,
    needs=("order", "order_line", "product", "category", "shop", "facts"),
)
