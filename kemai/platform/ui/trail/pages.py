"""What these pages add to the side bar."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kemai.platform.access import Actor
from kemai.platform.access.auditor import may_audit
from kemai.platform.ui.nav import Page, register_page


def administers(actor: Actor) -> bool:
    return actor.is_admin


def register() -> None:
    """Called when the addresses are declared."""
    register_page(
        Page(
            "changes",
            _("变更"),
            "history",
            "collab",
            "changes",
            order=2,
            words=_("撤销 批量修改 导入 恢复"),
        )
    )
    register_page(Page("bin", _("回收站"), "recycle", "collab", "bin_all", order=3, words=_("已删除 恢复")))
    register_page(
        Page(
            "audit", _("审计"), "shield-check", "settings:system", "audit", order=60,
            purpose=_("谁在什么时候改了什么；校验日志没有被动过"), allowed=may_audit,
            words=_("日志 登录 导出 查看记录"),
        )
    )  # fmt: skip
    register_page(
        Page(
            "keeping", _("数据保留"), "archive", "settings:system", "keeping", order=61,
            purpose=_("撤销、回收站和审计记录保留多久"), allowed=administers,
            words=_("撤销期限 回收站期限 审计保留"),
        )
    )  # fmt: skip
