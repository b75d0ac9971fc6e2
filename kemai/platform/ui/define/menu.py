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
            "define", _("对象与字段"), "database", "settings:data", "define_objects", order=20,
            purpose=_("自定义字段、对象、布局和编号"), allowed=administers,
            words=_("自定义 字段 布局 表单"),
        )
    )  # fmt: skip
    register_page(
        Page(
            "config", _("配置文件"), "file-code", "settings:data", "define_config", order=21,
            purpose=_("整套配置导出为一个文本文件，比较后导入"), allowed=administers,
            words=_("导出 导入 备份 历史 退回"),
        )
    )  # fmt: skip
