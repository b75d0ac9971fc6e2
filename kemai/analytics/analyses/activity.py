"""Activity: 新, 活跃, 沉睡, 流失, 已挽回, by each customer's own rhythm.

The first that fits: never bought → 未成交; first purchase within `new_days` → 新; silent for longer than the own limit
(facts: three times the median gap, or 180 days where there is no rhythm yet) → 流失; a comeback within
`recovered_days` → 已挽回; silent for longer than half the limit (90 days without a rhythm) → 沉睡; else 活跃. Whoever
turned to us within `contact_days` is neither 沉睡 nor 流失. Days are local calendar days. The state follows from the
orders alone, not from the state of the day before, so that any past day can be computed again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kemai.analytics.analysis import Analysis, Chart, Column, Result, Table, Tables, gettext_noop, within
from kemai.analytics.lazy import ibis

STATES = ("new", "active", "dormant", "lost", "recovered", "prospect")


@dataclass(frozen=True)
class Params:
    new_days: int = 30
    dormant_share: float = 0.5
    """沉睡 begins after this share of the limit of silence."""
    contact_days: int = 90
    recovered_days: int = 90

    def __post_init__(self) -> None:
        within(self, "new_days", 1, 365)
        within(self, "dormant_share", 0.1, 1)
        within(self, "contact_days", 0, 365)
        within(self, "recovered_days", 1, 365)


def run(tables: Tables, params: Params) -> Result:
    stated = tables.stage(
        states(tables["fact"], tables, params).select(
            "customer_id",
            "activity",
            "comeback_on",
            "silence_days",
            "contact_days",
            "comeback_days",
            "age_days",
        )
    )
    table = sizes(tables, stated)
    return Result(
        tables={"states": table},
        metrics={f"size_{row[0]}": row[1] for row in table.rows},
        charts=[chart(table)],
        write_backs={"activity": stated},
        basis={name: getattr(params, name) for name in Params.__dataclass_fields__},
    )


def states(fact: Any, tables: Tables, params: Params) -> Any:
    today = ibis.literal(tables.today)
    fact = fact.mutate(
        silence_days=today.delta(fact.last_day, unit="day"),
        age_days=today.delta(fact.first_day, unit="day"),
        contact_days=today.delta(fact.last_inbound_day, unit="day"),
        comeback_days=today.delta(fact.latest_comeback, unit="day"),
    )
    recovered = (fact.comeback_days <= params.recovered_days).fill_null(False)
    in_touch = (fact.contact_days <= params.contact_days).fill_null(False)
    return fact.mutate(
        comeback_on=ibis.ifelse(recovered, fact.latest_comeback, ibis.null("date")),
        comeback_days=ibis.ifelse(recovered, fact.comeback_days, ibis.null("int64")),
        activity=ibis.cases(
            (fact.last_day.isnull(), "prospect"),
            (fact.age_days <= params.new_days, "new"),
            ((fact.silence_days > fact.silence_limit_days) & ~in_touch, "lost"),
            (recovered, "recovered"),
            ((fact.silence_days > fact.silence_limit_days * params.dormant_share) & ~in_touch, "dormant"),
            else_="active",
        ),
    )


def sizes(tables: Tables, stated: Any) -> Table:
    found = {
        row["activity"]: row["customers"]
        for row in tables.rows(stated.group_by("activity").aggregate(customers=stated.count()))
    }
    return Table(
        (
            Column("activity", gettext_noop("活跃状态"), "option:activity"),
            Column("customers", gettext_noop("客户数")),
        ),
        [[name, found.get(name, 0)] for name in STATES],
    )


def chart(table: Table) -> Chart:
    names = [row[0] for row in table.rows]
    return Chart(
        key="states",
        type="bar",
        title=gettext_noop("客户活跃状态"),
        unit=gettext_noop("人"),
        x={"label": gettext_noop("活跃状态"), "kind": "option:activity", "values": names},
        series=[
            {"key": "customers", "label": gettext_noop("客户数"), "values": [row[1] for row in table.rows]}
        ],
        drill={
            "type": "customer",
            "where": [{"field": "activity", "op": "eq", "value": name} for name in names],
        },
    )


ANALYSIS = Analysis(
    key="activity",
    title=gettext_noop("活跃状态"),
    purpose=gettext_noop("新、活跃、沉睡、流失、已挽回，按各人自己的购买节奏"),
    version="1",
    params=Params,
    run=run,
    needs=("fact",),
)
