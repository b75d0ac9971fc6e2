"""What these pages add to the side bar."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kemai.customers.services import duplicate_sources, duplicates, today
from kemai.customers.services.dashboards import sees_company
from kemai.platform.access import Actor
from kemai.platform.access.auditor import may_audit
from kemai.platform.ui.nav import Page, register_pages, seen

edits_customers = seen("customer", verb="edit")


def merges_something(actor: Actor) -> bool:
    return edits_customers(actor) or bool(duplicate_sources.mine(actor))


def register() -> None:
    """Called when the addresses are declared."""
    register_pages(
        Page(
            "today", _("今日"), "sun", "work", "today", order=1, count=today.due_count, hot=True, words=_("工作台"),
        ),
        Page(
            "chain", _("客户链管理表"), "link", "customers", "chain", order=12, allowed=seen("customer"),
            words=_("价值类别 策略 留存"),
        ),
        Page(
            "duplicates", _("查重"), "users-group", "customers", "duplicates", order=16, allowed=merges_something,
            count=duplicates.waiting, words=_("重复客户 合并 去重"),
        ),
        Page(
            "customer_check", _("录入前查重"), "search", "customers", "customer_check", order=17,
            words=_("是否已存在 撞单"),
        ),
        Page(
            "dashboard", _("经营看板"), "chart-bar", "insight", "dashboard", order=10, allowed=seen("customer"),
            words=_("报表 图表 销售额"),
        ),
        Page(
            "health", _("数据健康"), "heart", "insight", "health", order=15, allowed=seen("customer"),
            words=_("完整度 新鲜度 录入标准 核对"),
        ),
        Page(
            "privacy", _("个人信息保护"), "shield", "collab", "privacy", order=71, allowed=seen("privacy_request"),
            words=_("同意 撤回 删除 保存期限"),
        ),
        Page(
            "incidents", _("安全事件"), "alert-triangle", "collab", "incidents", order=72, allowed=may_audit,
            words=_("泄露 告知 个人信息"),
        ),
        Page(
            "runs", _("分析"), "chart-dots", "insight", "runs", order=20, allowed=sees_company,
            words=_("RFM 留存 运行记录"),
        ),
    )  # fmt: skip
