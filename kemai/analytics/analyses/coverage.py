"""How well we know our customers: completeness, reachability, and how fresh the knowledge is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from kemai.analytics.analyses.frames import attach
from kemai.analytics.analysis import Analysis, Chart, Column, Result, Table, Tables, gettext_noop, within
from kemai.analytics.lazy import ibis


@dataclass(frozen=True)
class Params:
    fresh_days: int = 180
    """Knowledge counts as fresh for so long after the record was changed or the customer bought or got in touch."""

    def __post_init__(self) -> None:
        within(self, "fresh_days", 7, 1000)


def run(tables: Tables, params: Params) -> Result:
    facts = attach(tables["facts"], tables["customer"].select(customer_id="id", reachable="reachable", seen="day",
                                                             valid="validity"), "customer_id")  # fmt: skip
    since = ibis.literal(tables.today - timedelta(days=params.fresh_days))
    fresh = ibis.greatest(facts.seen, facts.last_day, facts.last_inbound_day) >= since
    known = facts.mutate(
        step=ibis.least((facts.completeness / 10).floor().cast("int64"), 9),
        fresh=fresh.fill_null(False).cast("int64"),
        reachable=facts.reachable.cast("int64"),
        is_valid=(facts.valid == "valid").cast("int64"),
    )
    row = tables.rows(
        known.aggregate(
            customers=known.count(),
            completeness=known.completeness.mean(),
            fresh=known.fresh.sum(),
            reachable=known.reachable.sum(),
            valid=known.is_valid.sum(),
        )
    )[0]
    total = int(row["customers"])
    share = {
        name: round(int(row[name] or 0) / total, 4) if total else 0.0
        for name in ("fresh", "reachable", "valid")
    }
    counted = tables.rows(known.group_by("step").aggregate(customers=known.count()))
    found = {one["step"]: int(one["customers"]) for one in counted}
    steps = [[f"{step * 10}–{step * 10 + 9 if step < 9 else 100}", found.get(step, 0)] for step in range(10)]
    return Result(
        tables={
            "completeness": Table(
                (Column("step", gettext_noop("完整度"), "text"), Column("customers", gettext_noop("客户数"))),
                steps,
            )
        },
        metrics={"customers": total, "completeness": round(float(row["completeness"] or 0), 1), **share},
        charts=[
            Chart(
                key="completeness",
                type="bar",
                title=gettext_noop("资料完整度分布"),
                unit=gettext_noop("人"),
                x={"label": gettext_noop("完整度"), "kind": "text", "values": [step[0] for step in steps]},
                series=[
                    {
                        "key": "customers",
                        "label": gettext_noop("客户数"),
                        "values": [step[1] for step in steps],
                    }
                ],
                drill={
                    "type": "customer",
                    "where": [
                        {
                            "field": "completeness",
                            "op": "between",
                            "value": [n * 10, n * 10 + 9 if n < 9 else 100],
                        }
                        for n in range(10)
                    ],
                },
            )
        ],
        basis={"fresh_days": params.fresh_days},
    )


ANALYSIS = Analysis(
    key="coverage",
    title=gettext_noop("资料质量"),
    purpose=gettext_noop("资料完整度、可联系比例、新鲜度"),
    version="1",
    params=Params,
    run=run,
    needs=("customer", "facts"),
)
