"""Addresses of the REST API."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from kemai.platform.api import access_views, merging, reports, views

urlpatterns: list[URLPattern | URLResolver] = [
    path("v1/openapi.json", views.openapi, name="api_openapi"),
    path("v1/changesets/<int:key>/undo", views.undo, name="api_undo"),
    path("v1/reports", reports.listing, name="api_reports"),
    path("v1/reports/<int:key>", reports.result, name="api_report"),
    path("v1/<slug:type_key>", views.collection, name="api_collection"),
    path("v1/<slug:type_key>/search", views.find, name="api_search"),
    path("v1/<slug:type_key>/bulk", views.bulk, name="api_bulk"),
    path("v1/<slug:type_key>/merge", merging.merge, name="api_merge"),
    path("v1/<slug:type_key>/<int:key>", views.record, name="api_record"),
    path("v1/<slug:type_key>/<int:key>/access", access_views.record_access, name="api_access"),
    path("v1/<slug:type_key>/<int:key>/history", views.history, name="api_history"),
]
