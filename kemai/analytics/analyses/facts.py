"""What is known of each customer from the orders themselves: first and last purchase, totals, rhythm, preferences.

Gaps are counted between purchase *days* (several receipts of one day are one visit). A customer with at least
`min_gaps` gaps has a rhythm of their own: the limit of silence is then `factor` times the median gap, between
`floor_days` and `cap_days`; everybody else has the calendar's `lost_days`. The own rhythm wins in both directions:
a weekly buyer is missed after a month, a once-a-year buyer is not given up after six. A *comeback* is a purchase
after a silence beyond the limit as it stood before that silence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from kemai.analytics.analyses.frames import attach, first_by, paid
from kemai.analytics.analysis import Analysis, Result, Tables, gettext_noop, within
from kemai.analytics.lazy import ibis

KEYS = 2**20
"""More than there are categories."""
SECONDS = 2**33
"""More than the seconds from 1970 to any order."""


@dataclass(frozen=True)
class Params:
    min_gaps: int = 3
    factor: float = 3.0
    lost_days: int = 180
    floor_days: int = 30
    cap_days: int = 365
    comeback_days: int = 90
    """How long a comeback is remembered."""

    def __post_init__(self) -> None:
        within(self, "min_gaps", 1, 20)
        within(self, "factor", 1, 10)
        within(self, "lost_days", 7, 1000)
        within(self, "floor_days", 1, 365)
        within(self, "cap_days", self.floor_days, 2000)
        within(self, "comeback_days", 7, 365)


def run(tables: Tables, params: Params) -> Result:
    orders = paid(tables)
    gaps = tables.stage(gaps_of(orders))
    facts = tables["customer"].select(
        customer_id="id", completeness="completeness", kind="kind", joined="created_at"
    )
    parts = (
        totals(orders),
        rhythm(gaps),
        comebacks(gaps, tables, params),
        favourites(tables, orders),
        channels(orders),
        hours(orders),
        inbound(tables),
    )
    for part in parts:
        # one after the other: together they would not fit into the engine's memory
        facts = attach(facts, tables.stage(part), "customer_id")
    own = facts.gaps >= params.min_gaps
    bounded = ibis.least(
        ibis.greatest(facts.gap_median_days * params.factor, params.floor_days), params.cap_days
    )
    facts = facts.mutate(
        orders_total=facts.orders_total.fill_null(0),
        amount_total=facts.amount_total.fill_null(0),
        preferred_channel=facts.preferred_channel.fill_null(""),
        gaps=facts.gaps.fill_null(0),
        silence_limit_days=ibis.ifelse(own.fill_null(False), bounded, float(params.lost_days)),
    )
    basis = {name: getattr(params, name) for name in Params.__dataclass_fields__}
    return Result(write_backs={"facts": facts}, basis=basis)


def totals(orders: Any) -> Any:
    return orders.group_by("customer_id").aggregate(
        first_order_at=orders.ordered_at.min(),
        last_order_at=orders.ordered_at.max(),
        first_day=orders.day.min(),
        last_day=orders.day.max(),
        orders_total=orders.count(),
        amount_total=orders.amount.sum().cast("int64"),
    )


def gaps_of(orders: Any) -> Any:
    """(customer_id, day, seq, gap): each purchase day but the first, with the days since the one before."""
    days = orders.select("customer_id", "day").distinct()
    order = ibis.window(group_by=days.customer_id, order_by=days.day)
    gaps = days.mutate(
        seq=ibis.row_number().over(order), gap=days.day.delta(days.day.lag().over(order), unit="day")
    )
    return gaps.filter(gaps.gap.notnull())


def rhythm(gaps: Any) -> Any:
    return gaps.group_by("customer_id").aggregate(
        gap_median_days=gaps.gap.median().cast("float64"), gaps=gaps.count()
    )


def comebacks(gaps: Any, tables: Tables, params: Params) -> Any:
    """(customer_id, latest_comeback): the latest comeback that is still remembered."""
    since = tables.today - timedelta(days=params.comeback_days)
    late = gaps.filter(gaps.day >= since, gaps.gap > min(params.floor_days, params.lost_days))
    earlier = gaps.select(earlier_id="customer_id", earlier_seq="seq", earlier_gap="gap")
    joined = late.left_join(earlier, [late.customer_id == earlier.earlier_id, earlier.earlier_seq < late.seq])
    before = joined.group_by("customer_id", "day", "gap").aggregate(
        known=joined.earlier_gap.count(), median=joined.earlier_gap.median()
    )
    bounded = ibis.least(ibis.greatest(before.median * params.factor, params.floor_days), params.cap_days)
    limit = ibis.ifelse(before.known >= params.min_gaps, bounded, float(params.lost_days))
    back = before.filter(before.gap > limit)
    return back.group_by("customer_id").aggregate(latest_comeback=back.day.max())


def favourites(tables: Tables, orders: Any) -> Any:
    """The category with the most money spent; the smaller key where two are equal."""
    products = tables["product"]
    known = products.filter(products.category_id.notnull()).select(
        product_id="id", favourite_category_id="category_id"
    )
    lines = tables["order_line"].select("order_id", "product_id", "amount")
    owners = orders.select(order_id="id", customer_id="customer_id")
    sold = lines.join(known, "product_id").join(owners, "order_id")
    spent = sold.group_by("customer_id", "favourite_category_id").aggregate(spent=sold.amount.sum())
    # the greatest of one number a row is far cheaper to find than the first of a sort; money leads, the key decides
    rank = spent.spent.cast("decimal(38, 0)") * KEYS - spent.favourite_category_id
    return spent.group_by("customer_id").aggregate(
        favourite_category_id=spent.favourite_category_id.argmax(rank)
    )


def channels(orders: Any) -> Any:
    """The channel of most orders; the one used last where two are equal."""
    used = orders.group_by("customer_id", preferred_channel="channel").aggregate(
        orders=orders.count(), latest=orders.ordered_at.max()
    )
    best = first_by(used, "customer_id", [used.orders.desc(), used.latest.desc(), used.preferred_channel])
    return best.select("customer_id", "preferred_channel")


def hours(orders: Any) -> Any:
    """The local hour of most orders; the latest used where two are equal."""
    used = orders.group_by("customer_id", preferred_hour="hour").aggregate(
        orders=orders.count(), latest=orders.ordered_at.max()
    )
    rank = used.orders * SECONDS + used.latest.epoch_seconds().cast("int64")
    return used.group_by("customer_id").aggregate(preferred_hour=used.preferred_hour.argmax(rank))


def inbound(tables: Tables) -> Any:
    """When the customer last turned to us, and we to them: what the system sent by itself is no turn."""
    touches = tables["interaction"]
    theirs = touches.direction == "in"
    ours = (touches.direction == "out") & (touches.channel != "system")
    return touches.group_by("customer_id").aggregate(
        last_inbound_at=touches.at.max(where=theirs), last_inbound_day=touches.day.max(where=theirs),
        last_outbound_at=touches.at.max(where=ours),
    )  # fmt: skip


ANALYSIS = Analysis(
    key="facts",
    title=gettext_noop("客户事实"),
    purpose=gettext_noop("首末次购买、累计、购买节奏、偏好品类、渠道和时段、资料完整度"),
    version="1",
    params=Params,
    run=run,
    needs=("customer", "order", "order_line", "product", "interaction"),
    per_subject=True,
)
