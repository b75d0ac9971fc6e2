"""Addresses of this app."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from kemai.customers.pages import analyses, chain, chain_acts, dashboard, duplicates, menu, segments, today
from kemai.customers.services import dates

urlpatterns: list[URLPattern | URLResolver] = [
    path("", today.index, name="today"),
    path("", include("kemai.customers.record_urls")),
    path("today/due", today.due, name="today_due"),
    path("today/people", today.people, name="today_people"),
    path("today/numbers", today.numbers, name="today_numbers"),
    path("today/changes", today.changes, name="today_changes"),
    path("today/task/new", today.task_new, name="today_task_new"),
    path("today/task/<int:pk>/done", today.task_done, name="today_task_done"),
    path("today/task/<int:pk>/later", today.task_later, name="today_task_later"),
    path("chain", chain.index, name="chain"),
    path("chain/export", chain.export, name="chain_export"),
    path("chain/play", chain_acts.play, name="chain_play"),
    path("chain/plays", chain_acts.plays, name="chain_plays"),
    path("chain/plays/<int:pk>/undo", chain_acts.take_back, name="chain_take_back"),
    path("chain/months", chain_acts.months, name="chain_months"),
    path("chain/freeze", chain_acts.freeze, name="chain_freeze"),
    path("customers/duplicates", duplicates.index, name="duplicates"),
    path("customers/duplicates/sure", duplicates.sure, name="duplicates_sure"),
    path("customers/duplicates/start", duplicates.start, name="duplicates_start"),
    path("customers/duplicates/finished", duplicates.finished, name="duplicates_finished"),
    path("customers/duplicates/<int:pk>/merge", duplicates.merge, name="duplicates_merge"),
    path("customers/duplicates/<int:pk>/<slug:state>", duplicates.decide, name="duplicates_decide"),
    path("customers/check", duplicates.check, name="customer_check"),
    path("dashboard", dashboard.index, name="dashboard"),
    path("dashboard/recalculate", dashboard.recalculate, name="recalculate"),
    path("dashboard/recalculated", dashboard.recalculated, name="recalculated"),
    path("insight/runs", analyses.index, name="runs"),
    path("insight/runs/<int:pk>", analyses.one, name="run"),
    path("insight/runs/start/<slug:key>", analyses.start, name="run_start"),
    path("insight/runs/finished/<int:job>", analyses.finished, name="run_finished"),
    path("o/segment/<int:pk>", segments.index, name="segment"),
    path("o/segment/<int:pk>/rule", segments.save, name="segment_save"),
    path("o/segment/<int:pk>/refresh", segments.refresh, name="segment_refresh"),
    path("o/segment/<int:pk>/why-in/<int:customer>", segments.why, name="segment_why"),
    path("o/segment/preview", segments.preview, name="segment_preview"),
]

menu.register()
dates.register()
