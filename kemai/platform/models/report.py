"""Reports that people keep, and the page of those that somebody has chosen for himself."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from kemai.platform.models.columns import ChoiceColumn
from kemai.platform.models.sealed import SealedJSON
from kemai.platform.models.work import SavedView


class Report(models.Model):
    """Records of a type, counted and summed up by some of their fields; shared as a saved list is."""

    type_key = models.CharField(max_length=40, db_index=True)
    name = models.CharField(_("名称"), max_length=80)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="+")
    share = ChoiceColumn(options=SavedView.SHARES, default="mine")
    state = SealedJSON(default=dict)
    """{"where": condition tree, "rows": [["stage", ""], …], "column": ["signed_on", "month"], "measures":
    [["sum", "amount"], …], "look": "bar"} (platform.reports.definition)"""
    changed_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True)


class ReportPanel(models.Model):
    """A report on somebody's own page of reports."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    report = models.ForeignKey(Report, models.CASCADE, related_name="+")
    position = models.IntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("user", "report"), name="report_panel_once"),)
