"""What pools add to the side bar."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.objects import get
from kemai.platform.ui.nav import Page, register_page
from kemai.sales.services.pools.kinds import KINDS


def sees_any(actor: Actor) -> bool:
    return any(access.may(actor, get(kind), "view") for kind in KINDS)


def administers(actor: Actor) -> bool:
    return actor.is_admin


def register() -> None:
    """Called when the addresses are declared."""
    register_page(
        Page(
            "pools",
            _("公海"),
            "users-group",
            "sales",
            "pools",
            order=12,
            allowed=sees_any,
            words=_("领取 退回 无负责人"),
        )
    )
    register_page(
        Page(
            "pool_desks", _("公海管理"), "settings", "settings", "pool_desks", order=63, allowed=administers,
            words=_("退回规则 预演 领取上限"),
        )
    )  # fmt: skip
    register_page(
        Page(
            "lead_routes", _("线索分配"), "arrows-exchange", "settings", "lead_routes", order=64, allowed=administers,
            words=_("轮流 按比例 自动分配"),
        )
    )  # fmt: skip
