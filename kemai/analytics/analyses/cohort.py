"""Cohort retention: of those who first bought in a month, what share bought again so many months later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

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


@dataclass(frozen=True)
class Params:
    cohorts: int = 18
    months: int = 12

    def __post_init__(self) -> None:
        within(self, "cohorts", 2, 60)
        within(self, "months", 1, 36)


def run(tables: Tables, params: Params) -> Result:
    """Rows: cohort month, its size, then the share that bought in month +1 … +n; empty where that lies ahead.

    The running month counts as a cohort but its follow-up months have not come; a month that is not over yet shows
    what it has so far."""
    first = year_before(tables.today.replace(day=1), params.cohorts - 1)
    facts = tables["facts"]
    started = facts.filter(facts.first_day >= first).select(
        "customer_id", start=facts.first_day.truncate("month")
    )
    orders = paid(tables)
    active = (
        orders.filter(orders.day >= first)
        .select("customer_id", month=orders.day.truncate("month"))
        .distinct()
    )
    joined = attach(active, started, "customer_id")
    joined = joined.filter(joined.start.notnull())
    counted = joined.group_by("start", "month").aggregate(customers=joined.count())
    found: dict[tuple[date, int], int] = {}
    for row in tables.rows(counted):
        start = as_day(row["start"])
        found[start, months_between(start, row["month"])] = int(row["customers"])
    this_month = tables.today.replace(day=1)
    rows: list[list[object]] = []
    for index in range(params.cohorts):
        start = year_before(this_month, params.cohorts - 1 - index)
        size = found.get((start, 0), 0)
        shares: list[object] = []
        for ahead in range(1, params.months + 1):
            reached = ahead <= months_between(start, this_month)
            shares.append(round(found.get((start, ahead), 0) / size, 4) if reached and size else None)
        rows.append([start.isoformat()[:7], size, *shares])
    while rows and rows[0][1] == 0:
        rows.pop(0)
    return Result(tables={"retention": table(rows, params.months)}, charts=[chart(rows, params.months)])


def months_between(first: date, later: date) -> int:
    return (later.year - first.year) * 12 + later.month - first.month


def table(rows: list[list[object]], months: int) -> Table:
    ahead = tuple(Column(f"m{n}", f"+{n}", "share") for n in range(1, months + 1))
    return Table(
        (Column("month", gettext_noop("首购月份"), "month"), Column("size", gettext_noop("新客户")), *ahead),
        rows,
    )


def chart(rows: list[list[object]], months: int) -> Chart:
    return Chart(
        key="retention",
        type="heat",
        title=gettext_noop("按首购月份的留存率"),
        unit="share",
        x={"label": gettext_noop("第几个月"), "kind": "whole", "values": list(range(1, months + 1))},
        series=[
            {"key": str(row[0]), "label": str(row[0]), "size": row[1], "values": row[2:]} for row in rows
        ],
    )


ANALYSIS = Analysis(
    key="cohort",
    title=gettext_noop("留存分析"),
    purpose=gettext_noop("每月新客户在之后各月的回购比例"),
    version="1",
    params=Params,
    run=run,
    needs=("order", "facts"),
)
