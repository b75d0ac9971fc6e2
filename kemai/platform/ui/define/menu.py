"""What these pages add to the side bar."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kemai.platform.access import Actor
from kemai.platform.ui.nav import Page, register_page


def administers(actor: Actor) -> bool:
    return actor.is_admin


def register() -> None:
    """Called when the addresses are declared."""
    register_page(
        Page(
            "define", _("对象与字段"), "database", "settings", "define_objects", order=20, allowed=administers,
            words=_("自定义 字段 布局 表单"),
        )
    )  # fmt: skip
    register_page(
        Page(
            "config", _("配置文件"), "file-code", "settings", "define_config", order=21, allowed=administers,
            words=_("导出 导入 备份 历史 退回"),
        )
    )  # fmt: skip
