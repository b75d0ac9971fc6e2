"""What pools add to the side bar."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kemai.platform.ui.nav import Page, administered, register_pages, seen
from kemai.sales.services.pools.kinds import KINDS


def register() -> None:
    """Called when the addresses are declared."""
    register_pages(
        Page(
            "pools", _("公海"), "users-group", "sales", "pools", order=12, allowed=seen(*KINDS),
            words=_("领取 退回 无负责人"),
        ),
        Page(
            "pool_desks", _("公海管理"), "settings", "settings:sales", "pool_desks", order=63,
            purpose=_("公海的范围、领取上限和自动退回规则"), allowed=administered,
            words=_("退回规则 预演 领取上限"),
        ),
        Page(
            "lead_routes", _("线索分配"), "arrows-exchange", "settings:sales", "lead_routes", order=64,
            purpose=_("新线索按条件、轮流或负荷分给谁"), allowed=administered,
            words=_("轮流 按比例 自动分配"),
        ),
    )  # fmt: skip
