"""What selling adds to the side bar besides its lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from kemai.customers.services.today_cards import TodayCard, register_card
from kemai.platform.access import Actor
from kemai.platform.ui.nav import Page, administered, register_pages, seen
from kemai.platform.ui.trail.naming import name_settings
from kemai.sales.models.target import MEASURES
from kemai.sales.services import ageing, targets


def goals(actor: Actor) -> Mapping[str, Any] | None:
    """This month's targets of the person, for the page of the day."""
    labels = {one.value: one.label for one in MEASURES}
    found = targets.mine(actor)
    lines = [
        {"goal": one, "label": labels[one.measure], "share": one.share, "passed": one.passed} for one in found
    ]
    return {"goals": lines} if lines else None


TERMS = {
    "discount_limit": _("不用审批的最大折扣"),
    "valid_days": _("报价默认有效天数"),
    "company": _("公司名称"),
    "tax_number": _("税号"),
    "address": _("地址"),
    "phone": _("电话"),
    "bank": _("开户行"),
    "account": _("账号"),
    "conditions": _("默认条款"),
}


def register() -> None:
    """Called when the addresses are declared."""
    name_settings(TERMS)
    register_card(TodayCard("targets", "sales/today_targets.html", goals, order=10))
    register_pages(
        Page(
            "analysis", _("销售分析"), "chart-bar", "sales", "sales_analysis", order=79, allowed=seen("deal"),
            words=_("漏斗 转化率 周期 输单原因 遗忘"),
        ),
        Page(
            "courses", _("销售流程"), "stairs-up", "settings:sales", "courses", order=59,
            purpose=_("管道和阶段：赢率、必填项、检查清单、最长停留"), allowed=seen("stage", verb="edit"),
            words=_("管道 阶段 赢率 必填 检查清单"),
        ),
        Page(
            "visits", _("我的拜访"), "route", "sales", "visits", order=74, allowed=seen("visit"),
            words=_("外勤 签到 拜访计划"),
        ),
        Page(
            "forecast", _("销售预测"), "crystal-ball", "sales", "forecast", order=80, allowed=seen("deal"),
            words=_("加权 承诺 准确率 需求预测"),
        ),
        Page(
            "targets", _("目标与业绩"), "target", "sales", "targets", order=81, allowed=seen("deal"),
            words=_("完成率 排名 业绩"),
        ),
        Page(
            "lead_chances", _("线索转化预测"), "chart-dots", "sales", "lead_chances", order=82, allowed=seen("lead"),
            words=_("预测 评分 转化率 概率 校准"),
        ),
        Page(
            "ageing", _("应收账龄"), "report-money", "sales", "ageing", order=46, allowed=seen("receipt_plan"),
            count=ageing.overdue_count, hot=True, words=_("逾期 欠款 应收 催款"),
        ),
        Page(
            "sales_terms", _("报价与合同"), "file-certificate", "settings:sales", "sales_terms", order=62,
            purpose=_("公司抬头、折扣审批线、打印条款"),
            allowed=administered, words=_("公司信息 折扣 打印 条款"),
        ),
    )  # fmt: skip
