"""Addresses of the page about backups."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path
from django.utils.translation import gettext_lazy as _

from kemai.platform.access import Actor
from kemai.platform.ui.backups import views
from kemai.platform.ui.nav import Page, register_page


def administers(actor: Actor) -> bool:
    return actor.is_admin


register_page(
    Page(
        "backups",
        _("备份"),
        "database",
        "settings:system",
        "backups",
        order=62,
        purpose=_("自动备份、保留份数，校验与恢复"),
        allowed=administers,
        words=_("恢复 加密 校验"),
    )
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("settings/backups/", views.page, name="backups"),
    path("settings/backups/run/", views.run, name="backup_run"),
    path("settings/backups/<int:pk>/verify/", views.check, name="backup_verify"),
]
