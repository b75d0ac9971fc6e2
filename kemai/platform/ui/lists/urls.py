"""Addresses of lists and what is done with them."""

from __future__ import annotations

from django.urls import URLPattern, path

from kemai.platform.ui.lists import (
    asking,
    board,
    bulk,
    export_views,
    jobs,
    print_views,
    recycle,
    release_views,
    saved,
    views,
)

release_views.register()

urlpatterns: list[URLPattern] = [
    path("o/<slug:key>/", views.index, name="list"),
    path("o/<slug:key>/count", views.count, name="count"),
    path("o/<slug:key>/totals", views.totals, name="totals"),
    path("o/<slug:key>/columns", views.columns, name="columns"),
    path("o/<slug:key>/board/more", board.more, name="board_more"),
    path("o/<slug:key>/board/sums", board.sums, name="board_sums"),
    path("o/<slug:key>/board/move", board.move, name="board_move"),
    path("o/<slug:key>/bulk/widget", bulk.widget, name="bulk_widget"),
    path("o/<slug:key>/bulk/<slug:act>", bulk.index, name="bulk"),
    path("o/<slug:key>/export", export_views.ask, name="export"),
    path("o/<slug:key>/print", print_views.listing, name="print_list"),
    path("o/<slug:type_key>/<int:pk>/print", print_views.record, name="print_record"),
    path("o/<slug:key>/views/new", saved.create, name="view_new"),
    path("o/<slug:key>/views/update", saved.update, name="view_update"),
    path("views/<int:pk>", saved.edit, name="view_edit"),
    path("views/<int:pk>/delete", saved.delete, name="view_delete"),
    path("bin/", recycle.everything, name="bin_all"),
    path("bin/<slug:key>", recycle.index, name="bin"),
    path("bin/<slug:key>/restore", recycle.restore, name="bin_restore"),
    path("ask/people.json", asking.people, name="ask_people"),
    path("ask/fields/<slug:type_key>.json", asking.fields, name="filter_fields"),
    path("ask/regions.json", asking.find_region, name="find_region"),
    path("exports/<int:pk>", export_views.download, name="export_file"),
    path("exports/requests/", release_views.index, name="export_requests"),
    path("exports/requests/<int:pk>/decide", release_views.decide, name="export_decide"),
    path("exports/requests/<int:pk>/run", release_views.run, name="export_run"),
    path("jobs/", jobs.index, name="jobs"),
    path("jobs/<int:pk>", jobs.result, name="job"),
    path("jobs/<int:pk>/progress.json", jobs.progress, name="job_progress"),
    path("jobs/<int:pk>/cancel", jobs.cancel, name="job_cancel"),
]
