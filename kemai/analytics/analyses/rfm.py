"""RFM: scores from 1 to 5 by cut points that are stored with the run, and eight named cells.

The active base are the customers with an order in the last twelve months. The cut points are the 20, 40, 60 and 80 %
quantiles (linear, as numpy's and pandas' default) of their recency in days, orders and money of twelve months; the
score is one more than the number of cut points exceeded (for recency: not exceeded), so equal values have equal
scores and a run can be repeated. Customers outside the base are measured by the same cut points. A score of
`high_score` or better is high; the cell is named by which of the three are high."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kemai.analytics.analysis import Analysis, Chart, Column, Result, Table, Tables, gettext_noop, within
from kemai.analytics.lazy import ibis

SHARES = (0.2, 0.4, 0.6, 0.8)
CELLS = {
    (True, True, True): "champion",
    (True, False, True): "develop",
    (False, True, True): "keep",
    (False, False, True): "rescue",
    (True, True, False): "g_value",
    (True, False, False): "g_develop",
    (False, True, False): "g_keep",
    (False, False, False): "g_rescue",
}
"""(R high, F high, M high) → cell."""


@dataclass(frozen=True)
class Params:
    high_score: int = 4

    def __post_init__(self) -> None:
        within(self, "high_score", 2, 5)


def run(tables: Tables, params: Params) -> Result:
    fact = tables["fact"]
    known = fact.filter(fact.last_day.notnull())
    known = known.mutate(days=ibis.literal(tables.today).delta(known.last_day, unit="day"))
    base = known.filter(known.orders_12m > 0)
    cuts = cut_points(tables, base)
    scored = score(known, cuts)
    scored = scored.mutate(rfm_cell=cell(scored, params.high_score))
    output = scored.select("customer_id", "r_score", "f_score", "m_score", "rfm_cell")
    if not cuts["base"]:
        output = output.filter(ibis.literal(False))
    scored = tables.stage(scored.select("customer_id", "days", "orders_12m", "amount_12m", "rfm_cell"))
    table = cells(tables, scored if cuts["base"] else scored.filter(ibis.literal(False)))
    return Result(
        tables={"cells": table},
        metrics={"base": cuts["base"]},
        charts=[chart(table)],
        write_backs={"rfm": output},
        basis={**cuts, "high_score": params.high_score},
    )


def cut_points(tables: Tables, base: Any) -> dict[str, Any]:
    """{"r", "f", "m": four cut points each, "base": number of customers}; r in days, m in cents."""
    wanted = {
        f"{letter}{index}": base[column].quantile(share)
        for letter, column in (("r", "days"), ("f", "orders_12m"), ("m", "amount_12m"))
        for index, share in enumerate(SHARES)
    }
    found = tables.rows(base.aggregate(base=base.count(), **wanted))[0]
    if not found["base"]:
        return {"r": [], "f": [], "m": [], "base": 0}
    cuts = {letter: [float(found[f"{letter}{index}"]) for index in range(len(SHARES))] for letter in "rfm"}
    return {**cuts, "base": int(found["base"])}


def score(known: Any, cuts: dict[str, Any]) -> Any:
    def exceeded(column: Any, points: list[float]) -> Any:
        total: Any = ibis.literal(0)
        for point in points:
            total = total + (column > point).cast("int64")
        return total

    return known.mutate(
        r_score=(5 - exceeded(known.days, cuts["r"])).cast("int64"),
        f_score=(1 + exceeded(known.orders_12m, cuts["f"])).cast("int64"),
        m_score=(1 + exceeded(known.amount_12m, cuts["m"])).cast("int64"),
    )


def cell(scored: Any, high: int) -> Any:
    highs = (scored.r_score >= high, scored.f_score >= high, scored.m_score >= high)
    branches = []
    for wanted, name in CELLS.items():
        tests = [test if want else ~test for test, want in zip(highs, wanted, strict=True)]
        branches.append((tests[0] & tests[1] & tests[2], name))
    return ibis.cases(*branches, else_="")


def cells(tables: Tables, scored: Any) -> Table:
    found = {
        row["rfm_cell"]: row
        for row in tables.rows(
            scored.group_by("rfm_cell").aggregate(
                customers=scored.count(),
                amount=scored.amount_12m.sum().cast("int64"),
                orders=scored.orders_12m.sum().cast("int64"),
                days=scored.days.mean(),
            )
        )
    }
    rows = []
    for name in CELLS.values():
        row = found.get(name, {"customers": 0, "amount": 0, "orders": 0, "days": None})
        days = None if row["days"] is None else round(float(row["days"]), 1)
        rows.append([name, row["customers"], row["amount"], row["orders"], days])
    return Table(
        (
            Column("cell", gettext_noop("RFM 分类"), "option:rfm_cell"),
            Column("customers", gettext_noop("客户数")),
            Column("amount", gettext_noop("近 12 个月金额"), "money"),
            Column("orders", gettext_noop("近 12 个月订单数")),
            Column("days", gettext_noop("平均距今天数"), "days"),
        ),
        rows,
    )


def chart(table: Table) -> Chart:
    names = [row[0] for row in table.rows]
    return Chart(
        key="cells",
        type="bar",
        title=gettext_noop("RFM 八类客户"),
        unit=gettext_noop("人"),
        x={"label": gettext_noop("RFM 分类"), "kind": "option:rfm_cell", "values": names},
        series=[
            {"key": "customers", "label": gettext_noop("客户数"), "values": [row[1] for row in table.rows]}
        ],
        drill={
            "type": "customer",
            "where": [{"field": "rfm_cell", "op": "eq", "value": name} for name in names],
        },
    )


ANALYSIS = Analysis(
    key="rfm",
    title=gettext_noop("RFM 分析"),
    purpose=gettext_noop("按最近购买、频次、金额给客户打分，分成八类"),
    version="1",
    params=Params,
    run=run,
    needs=("fact",),
)
