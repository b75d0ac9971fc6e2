"""Addresses of reports."""

from __future__ import annotations

from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _

from kemai.platform.ui import nav
from kemai.platform.ui.reports import board, building, export, later, views

nav.register_pages(
    nav.Page(
        "reports", _("报表"), "chart-pie", "insight", "reports", order=12, many=True,
        words=_("统计 汇总 透视表 交叉表"),
    ),
    nav.Page("report_board", _("我的看板"), "layout-dashboard", "insight", "report_board", order=13),
)  # fmt: skip

urlpatterns: list[URLPattern] = [
    path("reports/", views.index, name="reports"),
    path("reports/new", building.new, name="report_new"),
    path("reports/result", views.result, name="report_result"),
    path("reports/drill", views.drill, name="report_drill"),
    path("reports/save", building.save, name="report_save"),
    path("reports/export", export.export, name="report_export"),
    path("reports/print", views.printed, name="report_print"),
    path("reports/later", later.ask, name="report_later"),
    path("reports/later/<int:pk>", later.show, name="report_later_result"),
    path("reports/mine", board.index, name="report_board"),
    path("reports/<int:pk>/panel", board.add, name="report_panel"),
    path("reports/<int:pk>/panel/remove", board.remove, name="report_panel_remove"),
    path("reports/<int:pk>/panel/move", board.move, name="report_panel_move"),
    path("reports/<int:pk>", views.show, name="report"),
    path("reports/<int:pk>/edit", building.edit, name="report_edit"),
    path("reports/<int:pk>/copy", building.copy, name="report_copy"),
    path("reports/<int:pk>/delete", building.delete, name="report_delete"),
    path("reports/<int:pk>/restore", building.restore, name="report_restore"),
]
