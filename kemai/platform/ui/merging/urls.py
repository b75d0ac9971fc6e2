"""Addresses of merging."""

from __future__ import annotations

from django.urls import URLPattern, path

from kemai.platform.ui.merging import views

urlpatterns: list[URLPattern] = [path("o/<slug:key>/merge", views.merge, name="merge")]
