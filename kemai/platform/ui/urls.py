"""Addresses of the generic pages."""

from __future__ import annotations

from importlib.util import find_spec

from django.urls import URLPattern, URLResolver, include, path

from kemai.platform.ui import nav_counts, palette, settings_home

PARTS = (
    "kemai.platform.ui.lists.urls",
    "kemai.platform.ui.merging.urls",
    "kemai.platform.ui.reports.urls",
    "kemai.platform.ui.records.urls",
    "kemai.platform.ui.imports.urls",
    "kemai.platform.ui.define.urls",
    "kemai.platform.ui.trail.urls",
    "kemai.platform.ui.formulas.urls",
    "kemai.platform.ui.backups.urls",
)


def exists(part: str) -> bool:
    return find_spec(part.rpartition(".")[0]) is not None and find_spec(part) is not None


urlpatterns: list[URLPattern | URLResolver] = [
    path("palette.json", palette.index, name="palette"),
    path("nav/counts", nav_counts.index, name="nav_counts"),
    path("settings/", settings_home.index, name="settings"),
]
urlpatterns += [path("", include(part)) for part in PARTS if exists(part)]
