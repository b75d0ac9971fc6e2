"""Addresses of the import wizard."""

from __future__ import annotations

from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _

from kemai.platform import imports
from kemai.platform.access import Actor
from kemai.platform.objects import all_types
from kemai.platform.ui import nav
from kemai.platform.ui.imports import acts, views

urlpatterns: list[URLPattern] = [
    path("imports/", views.history, name="imports"),
    path("imports/new", views.start, name="import_start"),
    path("imports/new/<slug:key>", views.start, name="import_new"),
    path("imports/template/<slug:key>", views.template, name="import_template"),
    path("imports/<int:pk>", views.show, name="import"),
    path("imports/<int:pk>/column", views.column, name="import_column"),
    path("imports/<int:pk>/records", views.records, name="import_records"),
    path("imports/<int:pk>/errors", views.errors, name="import_errors"),
    path("imports/<int:pk>/progress.json", views.progress, name="import_progress"),
    path("imports/<int:pk>/ended", views.ended, name="import_ended"),
    path("imports/<int:pk>/map", acts.configure, name="import_map"),
    path("imports/<int:pk>/back", acts.back, name="import_back"),
    path("imports/<int:pk>/sheet", acts.sheet, name="import_sheet"),
    path("imports/<int:pk>/run", acts.run, name="import_run"),
    path("imports/<int:pk>/pause", acts.pause, name="import_pause"),
    path("imports/<int:pk>/resume", acts.resume, name="import_resume"),
    path("imports/<int:pk>/cancel", acts.cancel, name="import_cancel"),
    path("imports/<int:pk>/undo", acts.undo, name="import_undo"),
]


def may_import_something(actor: Actor) -> bool:
    return any(imports.may_import(actor, one) for one in all_types())


nav.register_page(
    nav.Page(
        "imports", _("导入"), "upload", "customers", "imports", order=95, allowed=may_import_something,
        words=_("导入 上传 Excel CSV 收银流水"),
    )
)  # fmt: skip
