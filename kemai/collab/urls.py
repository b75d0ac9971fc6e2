"""Addresses of this app."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from kemai.collab.views import notices

urlpatterns: list[URLPattern | URLResolver] = [
    path("notices/", notices.page, name="notices"),
    path("notices/drawer/", notices.drawer, name="notices_drawer"),
    path("notices/unread/", notices.unread, name="notices_unread"),
    path("notices/read/", notices.read, name="notices_read"),
]
