"""Runs of analyses and what they found."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from kemai.platform.models import ChoiceColumn, Option


class AnalysisRun(models.Model):
    """One run of one analysis: its parameters, code version, result and what it wrote back.

    `result` holds {"metrics": {...}, "tables": {name: {"columns": [...], "rows": [...]}}, "charts": [...]} of
    bounded size; `basis` holds what later explanations need (cut points, thresholds, as-of time)."""

    STATES = (
        Option("running", _("进行中"), "blue"),
        Option("done", _("完成"), "green"),
        Option("failed", _("失败"), "red"),
    )
    analysis = models.CharField(max_length=40)
    version = models.CharField(max_length=20)
    params = models.JSONField(default=dict)
    basis = models.JSONField(default=dict)
    result = models.JSONField(default=dict)
    state = ChoiceColumn(options=STATES, default="running")
    error = models.TextField(blank=True, default="")
    as_of = models.DateTimeField()
    rows_read = models.BigIntegerField(default=0)
    rows_written = models.BigIntegerField(default=0)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (models.Index(fields=("analysis", "-id"), name="run_latest"),)
