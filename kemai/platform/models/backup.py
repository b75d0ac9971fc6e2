"""Backups that were made or tried."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from kemai.platform.models.columns import ChoiceColumn, Option


class BackupRun(models.Model):
    """One try at a backup. The archive lies in the backups' folder under `name`; this row only tells of it."""

    STATES = (
        Option("running", _("进行中"), "blue"),
        Option("done", _("完成"), "green"),
        Option("failed", _("失败"), "red"),
    )
    started_at = models.DateTimeField(db_index=True)
    finished_at = models.DateTimeField(null=True)
    state = ChoiceColumn(options=STATES, default="running")
    vendor = models.CharField(max_length=16)
    name = models.CharField(max_length=80, blank=True, default="")
    size = models.BigIntegerField(default=0)
    rows = models.BigIntegerField(default=0)
    files = models.BigIntegerField(default=0)
    sealed = models.BooleanField(default=False)
    """Encrypted."""
    actor_name = models.CharField(max_length=120, blank=True, default="")
    error = models.CharField(max_length=400, blank=True, default="")
    verified_at = models.DateTimeField(null=True)
    verified = models.CharField(max_length=4, blank=True, default="")
    """'' not yet, "good" or "bad"; `problem` is then the verdict's code and place."""
    problem = models.CharField(max_length=200, blank=True, default="")
    removed = models.BooleanField(default=False)
    """The archive is gone: let go by the rule of how many are kept."""


class ApiReceipt(models.Model):
    """What became of a write that a program sent with an Idempotency-Key, so that sending it again does nothing twice.
    Only what was written is noted, no values: nothing here has to be erased with a person."""

    user_id = models.BigIntegerField()
    key = models.CharField(max_length=200)
    body = models.CharField(max_length=64)
    """SHA-256 of method, address and content: the same key with another request is a mistake."""
    status = models.PositiveSmallIntegerField(default=0)
    result = models.JSONField(default=dict)
    """{"type": …, "id": …} for one record, else the answer itself (numbers of records or change sets)."""
    at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("user_id", "key"), name="api_receipt_once"),)
