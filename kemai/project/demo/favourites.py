"""The segments, saved lists and reports that the demo company's people would have made for themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

Where = dict[str, Any]


def leaf(field: str, op: str, value: object = None) -> Where:
    """One comparison."""
    return {"field": field, "op": op} if value is None else {"field": field, "op": op, "value": value}


def every(*parts: Where) -> Where:
    """All of them."""
    return {"all": list(parts)}


class SegmentPlan(NamedTuple):
    name: str
    description: str
    owner: str
    where: Where


class ViewPlan(NamedTuple):
    """`share` all needs an administrator as owner."""

    type_key: str
    name: str
    owner: str
    share: str
    state: Mapping[str, object]


class ReportPlan(NamedTuple):
    """Shared with everybody, and on the page of reports of whoever made it."""

    type_key: str
    name: str
    owner: str
    state: Mapping[str, object]


EAST = ["310000", "320000", "330000", "340000", "350000"]


def segments(tags: Mapping[str, int]) -> list[SegmentPlan]:
    """`tags` gives the key of each tag by "组·名"."""
    babies = [tags["生活阶段·0–1 岁宝宝"], tags["生活阶段·1–3 岁宝宝"], tags["生活阶段·孕期"]]
    return [
        SegmentPlan(
            "高价值，30 天未联系", "贡献最大却被冷落的客户，本周内由负责人联系", "demo",
            every(leaf("value_class", "in", ["high"]), leaf("last_contact_at", "older", 30)),
        ),
        SegmentPlan(
            "正在沉睡的老客", "买过四单以上，最近安静下来，适合发补货提醒", "demo",
            every(leaf("activity", "in", ["dormant"]), leaf("orders_total", "gte", 4)),
        ),
        SegmentPlan(
            "华东高潜客户", "华东五省市，买得多但次数少", "shenjiahe",
            every(leaf("value_class", "in", ["potential"]), leaf("region", "within", EAST)),
        ),
        SegmentPlan(
            "母婴家庭", "孕期到三岁，按月龄推荐", "marketing", every(leaf("tags", "has_any", babies)),
        ),
        SegmentPlan(
            "只在大促买的人", "平时不打扰，618 和双十一前一周集中触达", "marketing",
            every(leaf("tags", "has_any", [tags["价格敏感·只在大促买"]]), leaf("orders_12m", "gte", 1)),
        ),
        SegmentPlan(
            "节礼采购企业", "近一年采购两万元以上的企业，中秋、春节前 40 天报价", "demo",
            every(leaf("kind", "in", ["company"]), leaf("amount_12m", "gte", 20000)),
        ),
        SegmentPlan(
            "近 30 天首购新客", "首单后一周内回访，两周内促二单", "marketing", every(leaf("first_order_at", "last", 30)),
        ),
        SegmentPlan(
            "可挽回的流失客户", "累计消费满两千元、号码有效、已流失", "marketing",
            every(leaf("activity", "in", ["lost"]), leaf("amount_total", "gte", 2000), leaf("validity", "in", ["valid"])),
        ),
        SegmentPlan(
            "近 90 天三单以上", "正在兴头上的客户，邀请做体验官", "marketing",
            every({"related": "order.customer", "where": every(leaf("ordered_at", "last", 90)), "agg": "count",
                   "op": "gte", "value": 3}),
        ),
    ]  # fmt: skip


VIEWS = (
    ViewPlan(
        "customer", "高价值按最近联系", "demo", "all",
        {"where": every(leaf("value_class", "in", ["high"])), "sort": "last_contact_at"},
    ),
    ViewPlan("customer", "本月新客", "demo", "all", {"where": every(leaf("created_at", "last", 30)), "sort": "-created_at"}),
    ViewPlan(
        "customer", "沉睡企业客户", "demo", "all",
        {"where": every(leaf("kind", "in", ["company"]), leaf("activity", "in", ["dormant", "lost"])), "sort": "-amount_12m"},
    ),
    ViewPlan(
        "customer", "我的企业客户", "alice", "mine",
        {"where": every(leaf("owner", "in", ["me"]), leaf("kind", "in", ["company"])), "sort": "-amount_12m"},
    ),
    ViewPlan(
        "customer", "两周没联系的", "alice", "mine",
        {"where": every(leaf("owner", "in", ["me"]), leaf("last_contact_at", "older", 14)), "sort": "last_contact_at"},
    ),
    ViewPlan("order", "五千元以上", "demo", "all", {"where": every(leaf("amount", "gte", 5000)), "sort": "-ordered_at"}),
    ViewPlan(
        "order", "近 30 天退款", "demo", "all",
        {"where": every(leaf("state", "in", ["refunded"]), leaf("ordered_at", "last", 30)), "sort": "-ordered_at"},
    ),
    ViewPlan(
        "interaction", "近 30 天投诉", "demo", "all",
        {"where": every(leaf("subject", "contains", "投诉"), leaf("at", "last", 30)), "sort": "-at"},
    ),
)  # fmt: skip


REPORTS = (
    ReportPlan(
        "deal", "各人手上的商机", "demo",
        {
            "where": every(leaf("state", "in", ["open"])), "rows": [["owner", ""]], "column": ["stage", ""],
            "measures": [["count", ""], ["sum", "amount"]], "look": "stacked",
        },
    ),
    ReportPlan(
        "order", "每月订单", "demo",
        {
            "rows": [["ordered_at", "month"]], "column": ["channel", ""],
            "measures": [["sum", "amount"], ["count", ""], ["avg", "amount"]], "look": "stacked",
        },
    ),
    ReportPlan(
        "customer", "各省的客户和价值", "demo",
        {
            "rows": [["region", "province"]], "column": ["value_class", ""],
            "measures": [["count", ""], ["sum", "amount_12m"]], "look": "stacked",
        },
    ),
    ReportPlan(
        "receipt", "每月回款", "demo",
        {"rows": [["received_on", "month"]], "measures": [["sum", "amount"], ["count", ""]], "look": "line"},
    ),
)  # fmt: skip
