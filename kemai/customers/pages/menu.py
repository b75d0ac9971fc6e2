"""What these pages add to the side bar."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kemai.customers.services import duplicate_sources, duplicates, today
from kemai.customers.services.dashboards import sees_company
from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.objects import get
from kemai.platform.ui.nav import Page, register_page


def sees_customers(actor: Actor) -> bool:
    return access.may(actor, get("customer"), "view")


def merges_something(actor: Actor) -> bool:
    return access.may(actor, get("customer"), "edit") or bool(duplicate_sources.mine(actor))


def sees_requests(actor: Actor) -> bool:
    return access.may(actor, get("privacy_request"), "view")


def register() -> None:
    """Called when the addresses are declared."""
    register_page(
        Page(
            "today",
            _("今日"),
            "sun",
            "work",
            "today",
            order=1,
            count=today.due_count,
            hot=True,
            words=_("工作台"),
        )
    )
    register_page(
        Page(
            "chain", _("客户链管理表"), "link", "customers", "chain", order=12, allowed=sees_customers,
            words=_("价值类别 策略 留存"),
        )
    )  # fmt: skip
    register_page(
        Page(
            "duplicates", _("查重"), "users-group", "customers", "duplicates", order=16, allowed=merges_something,
            count=duplicates.waiting, words=_("重复客户 合并 去重"),
        )
    )  # fmt: skip
    register_page(
        Page(
            "customer_check", _("录入前查重"), "search", "customers", "customer_check", order=17,
            words=_("是否已存在 撞单"),
        )
    )  # fmt: skip
    register_page(
        Page(
            "dashboard", _("经营看板"), "chart-bar", "insight", "dashboard", order=10, allowed=sees_customers,
            words=_("报表 图表 销售额"),
        )
    )  # fmt: skip
    register_page(
        Page(
            "health", _("数据健康"), "heart", "insight", "health", order=15, allowed=sees_customers,
            words=_("完整度 新鲜度 录入标准 核对"),
        )
    )  # fmt: skip
    register_page(
        Page(
            "privacy", _("个人信息保护"), "shield", "settings", "privacy", order=71, allowed=sees_requests,
            words=_("同意 撤回 删除 保存期限"),
        )
    )  # fmt: skip
    register_page(
        Page(
            "runs", _("分析"), "chart-dots", "insight", "runs", order=20, allowed=sees_company,
            words=_("RFM 留存 运行记录"),
        )
    )  # fmt: skip
