"""Orders and money of each customer in the last twelve months: what slides with the calendar."""

from __future__ import annotations

from dataclasses import dataclass

from kemai.analytics.analyses.frames import paid
from kemai.analytics.analysis import Analysis, Result, Tables, gettext_noop, within, year_before


@dataclass(frozen=True)
class Params:
    months: int = 12

    def __post_init__(self) -> None:
        within(self, "months", 1, 60)


def run(tables: Tables, params: Params) -> Result:
    since = year_before(tables.today, params.months)
    orders = paid(tables)
    late = orders.filter(orders.day > since)
    recent = late.group_by("customer_id").aggregate(
        orders_12m=late.count(), amount_12m=late.amount.sum().cast("int64")
    )
    return Result(write_backs={"recent": recent}, basis={"since": since.isoformat(), "months": params.months})


ANALYSIS = Analysis(
    key="recent",
    title=gettext_noop("近 12 个月"),
    purpose=gettext_noop("每位客户近 12 个月的订单数和金额"),
    version="1",
    params=Params,
    run=run,
    needs=("order",),
)
