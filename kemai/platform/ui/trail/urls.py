"""Addresses of the pages of what was done."""

from __future__ import annotations

from django.urls import path

from kemai.platform.ui.trail import audit, changes, keeping, owners, pages

pages.register()
urlpatterns = [
    path("changes/", changes.index, name="changes"),
    path("changes/<int:pk>/", changes.detail, name="change"),
    path("changes/<int:pk>/preview", changes.preview, name="change_preview"),
    path("changes/<int:pk>/records", changes.touched, name="change_records"),
    path("changes/<int:pk>/undo", changes.undo, name="change_undo"),
    path("changes/<int:pk>/done", changes.done, name="change_done"),
    path("audit/", audit.index, name="audit"),
    path("audit/verify", audit.check, name="audit_verify"),
    path("audit/export.csv", audit.export, name="audit_export"),
    path("audit/<int:seq>", audit.entry, name="audit_entry"),
    path("settings/keeping/", keeping.page, name="keeping"),
    path("settings/keeping/purge", keeping.now, name="keeping_purge"),
    path("o/<slug:type_key>/<int:pk>/owners", owners.owners, name="owners"),
    path("o/<slug:type_key>/<int:pk>/transfer", owners.transfer, name="transfer"),
]
