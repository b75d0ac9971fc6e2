"""Segments and the living customer chain sheet 客户链管理表."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from kemai.customers.models.customer import Customer, CustomerFacts
from kemai.platform.models import ChoiceColumn, Option, OwnedRecord, RecordBase, SealedJSON


class Segment(OwnedRecord):
    """Customers by a rule: a condition tree over attributes, tags, facts and events, kept up to date."""

    name = models.CharField(_("名称"), max_length=80)
    description = models.TextField(_("说明"), blank=True, default="")
    where = SealedJSON(_("条件"), default=dict)
    rule_version = models.PositiveIntegerField(default=1, editable=False)
    size = models.IntegerField(_("人数（全部）"), default=0, editable=False)
    refreshed_at = models.DateTimeField(_("更新于"), null=True, editable=False)

    class Meta:
        verbose_name = _("分群")

    def __str__(self) -> str:
        return self.name


class SegmentMember(models.Model):
    segment = models.ForeignKey(Segment, models.CASCADE, related_name="members")
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="segments")
    since = models.DateTimeField()

    class Meta:
        verbose_name = _("分群")
        constraints = (models.UniqueConstraint(fields=("segment", "customer"), name="segment_member_once"),)


class SegmentMove(models.Model):
    """A customer came into or left a segment, under which version of its rule."""

    MOVES = (Option("in", _("进入"), "green"), Option("out", _("离开"), "gray"))

    segment = models.ForeignKey(Segment, models.CASCADE, related_name="moves")
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="+")
    move = ChoiceColumn(options=MOVES)
    rule_version = models.PositiveIntegerField()
    at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=("segment", "at"), name="segment_moves"),)


class ChainStrategy(RecordBase):
    """What the company means to do with one value class: a row of the chain sheet."""

    value_class = ChoiceColumn(_("价值类别"), options=CustomerFacts.CLASSES, unique=True)
    objective = models.CharField(_("目标"), max_length=200, blank=True, default="")
    strategy = models.TextField(_("策略"), blank=True, default="")
    metric = models.CharField(_("衡量指标"), max_length=120, blank=True, default="")
    contact_every_days = models.PositiveIntegerField(_("联系间隔（天）"), null=True, blank=True)
    play = models.JSONField(_("动作"), default=list, blank=True)
    """The steps of a play: [{"title", "kind", "after_days"}]; starting it makes one task a step and customer."""
    review_on = models.DateField(_("复盘日期"), null=True, blank=True)

    class Meta:
        verbose_name = _("客户链策略")


class ChainPlay(models.Model):
    """A play that was started from the sheet."""

    value_class = ChoiceColumn(options=CustomerFacts.CLASSES)
    steps = models.JSONField(default=list)
    where = SealedJSON(default=dict)
    customers = models.IntegerField(default=0)
    tasks = models.IntegerField(default=0)
    changeset_id = models.BigIntegerField(null=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()


class ChainMonth(models.Model):
    """The sheet as it stood at the end of a month; frozen."""

    month = models.DateField(unique=True)
    rows = models.JSONField()
    frozen_at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
