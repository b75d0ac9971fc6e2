"""Addresses that the customer's page uses besides those of every record."""

from __future__ import annotations

from django.urls import path

from kemai.customers.views import record
from kemai.platform.ui.records import choice_views

urlpatterns = [
    path("customers/similar", choice_views.similar, {"type_key": "customer"}, name="customers_similar"),
    path("customers/<int:pk>/composer", record.composer, name="customer_composer"),
    path("customers/<int:pk>/log", record.log, name="customer_log"),
    path("customers/<int:pk>/step/<slug:code>", record.step, name="customer_step"),
]
