"""Addresses that the customer's page uses besides those of every record."""

from __future__ import annotations

from django.urls import path

from kemai.customers.views import conflicts, incidents, privacy, record
from kemai.platform.ui.records import choice_views

urlpatterns = [
    path("customers/similar", choice_views.similar, {"type_key": "customer"}, name="customers_similar"),
    path("customers/<int:pk>/consent", privacy.consent, name="customer_consent"),
    path("customers/conflicts/<int:pk>/take", conflicts.take, name="conflict_take"),
    path("customers/conflicts/<int:pk>/keep", conflicts.keep, name="conflict_keep"),
    path("customers/conflicts/<int:pk>/reopen", conflicts.reopen, name="conflict_reopen"),
    path("customers/<int:pk>/recheck", privacy.recheck_answer, name="customer_recheck"),
    path("privacy/<int:pk>/verify", privacy.verify, name="privacy_verify"),
    path("privacy/<int:pk>/fulfil", privacy.fulfil, name="privacy_fulfil"),
    path("privacy/<int:pk>/refuse", privacy.refuse, name="privacy_refuse"),
    path("privacy/rules/<int:pk>", privacy.rule, name="retention_rule"),
    path("privacy/rules/<int:pk>/switch", privacy.rule_switch, name="retention_switch"),
    path("privacy", privacy.index, name="privacy"),
    path("privacy/incidents", incidents.index, name="incidents"),
    path("privacy/incidents/<int:pk>", incidents.one, name="incident"),
    path("privacy/incidents/<int:pk>/notice", incidents.save, name="incident_notice"),
    path("privacy/incidents/<int:pk>/revoke", incidents.revoke, name="incident_revoke"),
    path("privacy/incidents/<int:pk>/export", incidents.export, name="incident_export"),
    path("insight/health", privacy.health_page, name="health"),
    path("insight/health/count", privacy.health_count, name="health_count"),
    path("insight/health/progress", privacy.health_progress, name="health_progress"),
    path("insight/health/recheck/rehearse", privacy.recheck_rehearse, name="recheck_rehearse"),
    path("insight/health/recheck", privacy.recheck_save, name="recheck_save"),
    path("insight/health/standards/<int:pk>", privacy.standard_save, name="standard_save"),
    path("customers/<int:pk>/composer", record.composer, name="customer_composer"),
    path("customers/<int:pk>/log", record.log, name="customer_log"),
    path("customers/<int:pk>/step/<slug:code>", record.step, name="customer_step"),
]
