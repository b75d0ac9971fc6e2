"""The one address of the Model Context Protocol."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from kemai.platform.mcp import views

urlpatterns: list[URLPattern | URLResolver] = [path("mcp", views.endpoint, name="mcp")]
