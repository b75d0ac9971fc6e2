"""What the coming months may bring: sales of the company and demand of its products, from their own history.

The method of each series is chosen by back-testing and shown beside the seasonal naive one (`kemai.kit.series`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from kemai.analytics.analyses.frames import as_day, cents, paid
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
from kemai.kit import series

MONTH, FORECAST, ACTUAL = gettext_noop("月份"), gettext_noop("预测"), gettext_noop("实际")
NAIVE, LOW, HIGH = gettext_noop("去年同月"), gettext_noop("下限"), gettext_noop("上限")
NEXT = 3
"""Months that the demand of a product is summed up for."""


@dataclass(frozen=True)
class Params:
    history: int = 48
    ahead: int = 6
    products: int = 30
    """The best-selling products of the last twelve months."""

    def __post_init__(self) -> None:
        within(self, "history", 24, 96)
        within(self, "ahead", 1, 12)
        within(self, "products", 0, 200)


def run(tables: Tables, params: Params) -> Result:
    """Whole months only: the running one is forecast as well."""
    this = tables.today.replace(day=1)
    first = year_before(this, params.history)
    orders = paid(tables)
    late = orders.filter(orders.day >= first, orders.day < this)
    sold = late.mutate(month=late.day.truncate("month"))
    sums = sold.group_by("month").aggregate(amount=sold.amount.sum())
    found = {as_day(row["month"]): float(cents(row["amount"])) for row in tables.rows(sums)}
    history = filled(found, this)
    forecast = series.forecast([value for _month, value in history], params.ahead)
    ahead = [year_before(this, -step) for step in range(params.ahead)]
    demand = by_product(tables, late, this, params.products)
    return Result(
        tables={"sales": sales_table(history, forecast, ahead), "products": Table(PRODUCT_COLUMNS, demand)},
        metrics=measured(forecast),
        charts=[chart(history, forecast, ahead)] if history else [],
    )


def filled(found: dict[date, float], until: date) -> list[tuple[date, float]]:
    """Every month from the first whole one that sold to the one before `until`: months without sales are 0. The first
    month may have begun in its middle and is left out."""
    if not found:
        return []
    month, months = year_before(min(found), -1), []
    while month < until:
        months.append((month, found.get(month, 0.0)))
        month = year_before(month, -1)
    return months


def measured(forecast: series.Forecast | None) -> dict[str, object]:
    if forecast is None:
        return {}
    return {
        "method": forecast.method, "error": round(forecast.error), "naive_error": round(forecast.naive_error),
        "tried": forecast.tried, "covered": forecast.covered, "tested": forecast.tested, "level": series.SHARE,
    }  # fmt: skip


def whole(value: float | None) -> int | None:
    return None if value is None else round(value)


def sales_table(
    history: list[tuple[date, float]], forecast: series.Forecast | None, ahead: list[date]
) -> Table:
    columns = (
        Column("month", MONTH, "month"), Column("actual", ACTUAL, "money"), Column("forecast", FORECAST, "money"),
        Column("naive", NAIVE, "money"), Column("low", LOW, "money"), Column("high", HIGH, "money"),
    )  # fmt: skip
    rows: list[list[object]] = [
        [month.isoformat()[:7], round(value), None, None, None, None] for month, value in history
    ]
    if forecast is not None:
        for step, month in enumerate(ahead):
            parts = (forecast.values, forecast.naive, forecast.low, forecast.high)
            rows.append([month.isoformat()[:7], None, *(whole(part[step]) for part in parts)])
    return Table(columns, rows)


PRODUCT_COLUMNS = (
    Column("product", gettext_noop("产品"), "ref:product"), Column("name", gettext_noop("名称"), "text"),
    Column("year", gettext_noop("近 12 个月销量"), "number"), Column("next", gettext_noop("未来 3 个月"), "number"),
    Column("low", LOW, "number"), Column("high", HIGH, "number"), Column("naive", NAIVE, "number"),
    Column("method", gettext_noop("方法"), "text"), Column("gain", gettext_noop("误差比去年同月小"), "share"),
    Column("covered", gettext_noop("区间实测覆盖"), "share"),
)  # fmt: skip


def by_product(tables: Tables, late: Any, this: date, count: int) -> list[list[object]]:
    """The best sellers: what was sold in twelve months, what the next three may ask for. Low and high are the sums of
    the months' bounds: wider than needed, never narrower."""
    if not count:
        return []
    lines = tables["order_line"].select("order_id", "product_id", "quantity")
    months = late.select(order_id="id", month=late.day.truncate("month"))
    sold = lines.join(months, "order_id")
    monthly = tables.stage(sold.group_by("product_id", "month").aggregate(quantity=sold.quantity.sum()))
    recent = monthly.filter(monthly.month >= year_before(this))
    best = recent.group_by("product_id").aggregate(year=recent.quantity.sum())
    best = best.order_by(best.year.desc(), best.product_id).limit(count)
    names = tables["product"].select(product_id="id", name="name")
    shown = tables.rows(best.join(names, "product_id").select("product_id", "name", "year"))
    kept = monthly.semi_join(best, "product_id")
    by_key: dict[int, dict[date, float]] = {}
    for row in tables.rows(kept):
        by_key.setdefault(int(row["product_id"]), {})[as_day(row["month"])] = float(row["quantity"])
    rows = [product_row(row, filled(by_key[int(row["product_id"])], this)) for row in shown]
    return sorted(rows, key=lambda row: (-float(str(row[2])), int(str(row[0]))))


def product_row(row: dict[str, Any], history: list[tuple[date, float]]) -> list[object]:
    found = series.forecast([value for _month, value in history], NEXT)
    begun: list[object] = [int(row["product_id"]), str(row["name"]), round(float(row["year"]), 2)]
    if found is None:
        return [*begun, None, None, None, None, "", None, None]
    gain = 1 - found.error / found.naive_error if found.naive_error else 0.0
    return [
        *begun, total(found.values), total(found.low), total(found.high), total(found.naive), found.method,
        round(gain, 3), None if found.coverage is None else round(found.coverage, 3),
    ]  # fmt: skip


def total(values: tuple[float | None, ...]) -> float | None:
    known = [value for value in values if value is not None]
    return round(sum(known), 1) if len(known) == len(values) else None


def chart(history: list[tuple[date, float]], forecast: series.Forecast | None, ahead: list[date]) -> Chart:
    """The last three years and what may come; the lines of the future begin at the last known month."""
    shown = history[-36:]
    steps = ahead if forecast is not None else []
    gap: list[int | None] = [None] * (len(shown) - 1)
    last = round(shown[-1][1])

    def line(key: str, label: str, values: tuple[float | None, ...]) -> dict[str, object]:
        return {"key": key, "label": label, "values": [*gap, last, *(whole(one) for one in values)]}

    lines: list[dict[str, object]] = [
        {"key": "actual", "label": ACTUAL, "values": [*(round(v) for _m, v in shown), *(None for _ in steps)]}
    ]
    if forecast is not None:
        lines += [
            line("forecast", FORECAST, forecast.values), line("low", LOW, forecast.low),
            line("high", HIGH, forecast.high), line("naive", NAIVE, forecast.naive),
        ]  # fmt: skip
    return Chart(
        key="sales",
        type="line",
        title=gettext_noop("销售额预测"),
        unit="money",
        x={
            "label": MONTH,
            "kind": "month",
            "values": [m.isoformat()[:7] for m in (*(m for m, _ in shown), *steps)],
        },
        series=lines,
    )


ANALYSIS = Analysis(
    key="forecast",
    title=gettext_noop("销售与需求预测"),
    purpose=gettext_noop("由历史预测未来几个月的销售额和各产品的需求，方法由回测选出，并给出区间和实测覆盖"),
    version="1",
    params=Params,
    run=run,
    needs=("order", "order_line", "product"),
)
