"""Addresses of this app."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from kemai.sales.views import deal, lead

urlpatterns: list[URLPattern | URLResolver] = [
    path("leads/<int:pk>/log", lead.log, name="lead_log"),
    path("leads/<int:pk>/convert", lead.convert, name="lead_convert"),
    path("leads/<int:pk>/disqualify", lead.disqualify, name="lead_disqualify"),
    path("deals/<int:pk>/move", deal.move, name="deal_move"),
    path("deals/<int:pk>/tick", deal.tick, name="deal_tick"),
    path("deals/<int:pk>/lose", deal.lose, name="deal_lose"),
]
