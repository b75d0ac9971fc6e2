"""The map of addresses: each app says its own."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("", include("kemai.customers.urls")),
    path("", include("kemai.sales.urls")),
    path("", include("kemai.staff.urls")),
    path("", include("kemai.collab.urls")),
    path("", include("kemai.analytics.urls")),
    path("", include("kemai.platform.ui.urls")),
    path("api/", include("kemai.platform.api.urls")),
    path("api/", include("kemai.platform.mcp.urls")),
]
handler400 = "kemai.platform.ui.faults.bad_request"
handler404 = "kemai.platform.ui.faults.not_found"
handler500 = "kemai.platform.ui.faults.server_error"
