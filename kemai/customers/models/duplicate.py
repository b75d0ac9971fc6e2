"""Pairs of records that may be one, customers above all, and the runs that found them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from kemai.platform.models import ChoiceColumn, Option


class DuplicateRun(models.Model):
    """One look through the records of a type. `weights` is what it learnt: of customers by kind of party
    ({"company": …, "person": …}), of others under the type's key; under "=" which fields were compared."""

    STATES = (
        Option("running", _("进行中"), "blue"),
        Option("done", _("完成"), "green"),
        Option("failed", _("失败"), "red"),
    )

    type_key = models.CharField(max_length=40, default="customer")
    state = ChoiceColumn(options=STATES, default="running")
    full = models.BooleanField(default=True)
    weights = models.JSONField(default=dict)
    customers = models.PositiveIntegerField(default=0)
    found = models.PositiveIntegerField(default=0)
    seconds = models.FloatField(default=0)
    watermark = models.DateTimeField(null=True)
    """Records changed before this moment have been looked at."""
    decisions = models.PositiveIntegerField(default=0)
    """People's decisions that the weights have learnt from."""
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True, default="")


class DuplicatePair(models.Model):
    """Two records of a type that may be one; `first` is the older. Plain keys, not references: a merge moves what
    refers to a record, and a pair is about the two as they were."""

    merge_keeps = True
    STATES = (
        Option("open", _("待处理"), "blue"),
        Option("merged", _("已合并"), "green"),
        Option("distinct", _("不是重复"), "gray"),
        Option("later", _("以后再看"), "yellow"),
    )

    type_key = models.CharField(max_length=40, default="customer")
    first = models.BigIntegerField()
    second = models.BigIntegerField()
    kind = ChoiceColumn(options=(Option("person", _("个人")), Option("company", _("企业"))), blank=True)
    """Of customers."""
    p = models.FloatField()
    group = models.BigIntegerField(default=0)
    """The smallest key among the records that hang together at 0.95 and above."""
    levels = models.JSONField(default=dict)
    """{field: [level, evidence in bits]}: how the two agree, and what that says."""
    state = ChoiceColumn(options=STATES, default="open")
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    changeset_id = models.BigIntegerField(null=True)
    """The merge, where there was one."""
    run = models.ForeignKey(DuplicateRun, models.SET_NULL, null=True, related_name="+")
    found_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("type_key", "first", "second"), name="duplicate_pair_once"),
        )
        indexes = (
            models.Index(fields=("type_key", "state", "-p", "id"), name="duplicate_queue"),
            models.Index(fields=("type_key", "second"), name="duplicate_second"),
        )
