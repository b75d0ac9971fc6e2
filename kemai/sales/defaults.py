"""The course and the rights that every installation begins with. Plain data: migrations read it as well."""

from __future__ import annotations

from typing import NamedTuple

from django.utils.translation import gettext_noop as _


class NewStage(NamedTuple):
    key: str
    name: str
    state: str
    win_rate: float
    color: str
    max_days: int | None = None
    required: tuple[str, ...] = ()
    checklist: tuple[str, ...] = ()


PIPELINES: dict[str, tuple[str, tuple[NewStage, ...]]] = {
    "standard": (
        _("标准销售"),
        (
            NewStage("initial", _("初步接触"), "open", 0.1, "azure", 14),
            NewStage(
                "needs", _("需求确认"), "open", 0.2, "blue", 21,
                ("amount",), (_("需求已和客户确认"), _("知道谁做决定")),
            ),
            NewStage("proposal", _("方案报价"), "open", 0.5, "indigo", 21, ("amount", "expected_on")),
            NewStage(
                "negotiation", _("商务谈判"), "open", 0.8, "orange", 14,
                ("amount", "expected_on"), (_("价格和付款方式已谈妥"),),
            ),
            NewStage("won", _("赢单"), "won", 1.0, "green"),
            NewStage("lost", _("输单"), "lost", 0.0, "red"),
            NewStage("invalid", _("无效"), "invalid", 0.0, "blue"),
        ),
    ),
    "renewal": (
        _("续约与复购"),
        (
            NewStage("renewal_due", _("待续约"), "open", 0.5, "teal", 30),
            NewStage("renewal_talk", _("续约沟通"), "open", 0.7, "azure", 21, ("amount",)),
            NewStage("renewal_won", _("已续约"), "won", 1.0, "green"),
            NewStage("renewal_lost", _("未续约"), "lost", 0.0, "red"),
        ),
    ),
}  # fmt: skip
LOST_REASONS = (
    _("价格太高"), _("输给竞争对手"), _("需求取消或推迟"), _("没有预算"), _("产品不合适"),
    _("跟进不及时"), _("联系不上"),
)  # fmt: skip
OWN = "lead lead_follow_up deal quote contract receipt_plan receipt invoice_title invoice"
CATALOGUE = "pipeline stage lost_reason competitor price_list price exchange_rate"
GRANTS: tuple[tuple[str, str, str, str], ...] = (
    ("sales", "create edit bulk reveal", "own", OWN),
    ("sales", "view", "all", CATALOGUE),
    ("sales_manager", "create edit delete bulk reveal export import", "below", OWN),
    ("sales_manager", "view", "all", CATALOGUE),
    ("sales_manager", "create edit", "all", "competitor lost_reason"),
    ("marketing", "create edit import bulk", "all", "lead lead_follow_up"),
)
"""(role, verbs, scope, object types) that the built-in roles get besides what they have."""
FIELD_WORK: tuple[tuple[str, str, str, str], ...] = (
    ("sales", "create edit bulk", "own", "visit"),
    ("sales_manager", "create edit delete bulk export", "below", "visit"),
)
"""The same for visits, which came later. Targets have no grants: their page lets managers set those of their people."""
POOLS: tuple[tuple[str, str, str, str], ...] = tuple(
    (role, "view", "all", "pool pool_rule lead_route") for role in ("sales", "sales_manager", "marketing")
)
"""The same for pools: what a pool allows is said by the pool."""
UNTOLD: tuple[tuple[str, str], ...] = (
    ("product", "cost"), ("contract", "gross"), ("contract", "uncosted"),
)  # fmt: skip
UNTOLD_ROLES = ("sales", "service", "marketing", "readonly")
"""What our goods cost us is not told to everybody: the roles page says to whom else."""
