"""Deals."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kemai.platform.objects import Hooks, Lanes, Numbering, ObjectType, Section, View, register, relate
from kemai.sales.actions import DEAL_ACTIONS
from kemai.sales.models import Deal
from kemai.sales.panels import DEAL_PANELS
from kemai.sales.services import board, deals, lines, stages, timeline

OPEN = {"field": "state", "op": "in", "value": ["open"]}

DEAL = register(
    ObjectType(
        key="deal",
        model=Deal,
        title="name",
        icon="briefcase",
        nav="sales",
        nav_order=20,
        search=("name", "number"),
        columns=(
            "name", "customer", "stage", "amount", "weighted", "expected_on", "category", "owner", "stage_since",
            "next_step", "created_at",
        ),
        form=(
            Section(_("商机"), "name", "customer", "contact", "pipeline", "stage", "owner"),
            Section(_("预测"), "amount", "expected_on", "category", "next_step"),
            Section(_("背景"), "source", "competitor", "lost_reason", "call_back_on", "note", "number"),
        ),
        sections=(
            Section(_("进展"), "state", "win_rate", "weighted", "wanted_stage", "stage_since", "closed_at",
                    "last_follow_at"),
        ),
        badges=("stage", "state", "category"),
        views=(
            View("open", _("进行中"), OPEN, "expected_on"),
            View("board", _("销售看板"), OPEN, "-amount", display="board"),
            View("month", _("本月预计成交"), {"all": [OPEN, {"field": "expected_on", "op": "this", "value": "month"}]},
                 "expected_on"),
            View("waiting", _("等待审批"), {"field": "wanted_stage", "op": "not_empty", "value": None}, "-amount"),
            View("won", _("已赢单"), {"field": "state", "op": "in", "value": ["won"]}, "-closed_at"),
        ),
        purpose=_("商机是一次可能的成交：在标准阶段里一步步推进，金额、赢率和预计日期汇成预测。"),
        board="stage",
        card=("customer", "amount", "expected_on", "category", "owner"),
        lanes=Lanes("pipeline", board.lane_of, "weighted", board.late, board.asks),
        date="expected_on",
        choices={"pipeline": stages.PIPELINES, "stage": stages.STAGES, "last_stage": stages.STAGES,
                 "wanted_stage": stages.STAGES},
        sort="-created_at",
        timeline=True,
        sources=list(timeline.SOURCES),
        tags=True,
        unique=("number",),
        numbering=Numbering("number", "D"),
        hooks=Hooks(prepare=deals.prepare_deal, check=lines.check_deal, after=deals.after_deal),
        panels=list(DEAL_PANELS),
        actions=list(DEAL_ACTIONS),
    )
)  # fmt: skip
relate("customer", "deal", "customer")
