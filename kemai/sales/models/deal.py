"""Deals 商机 on their way through the stages of a pipeline."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from kemai.customers.models import Contact, Customer
from kemai.customers.models.customer import SOURCES
from kemai.platform.models import ChoiceColumn, MoneyColumn, Option, OwnedRecord, PercentColumn
from kemai.sales.models.pipeline import STATES, Competitor, LostReason
from kemai.sales.models.price import PricedLine


class Deal(OwnedRecord):
    """A possible sale. `stage` and `pipeline` are keys of rows of those tables; what follows from the stage (state,
    win rate, moments) is set with it and never typed."""

    CATEGORIES = (
        Option("pipeline", _("管道"), "gray"),
        Option("best", _("最好情况"), "blue"),
        Option("commit", _("承诺"), "orange"),
        Option("closed", _("已赢单"), "green"),
        Option("omitted", _("不计入"), "gray"),
    )

    number = models.CharField(_("商机编号"), max_length=40, blank=True)
    name = models.CharField(_("名称"), max_length=160)
    customer = models.ForeignKey(
        Customer, models.PROTECT, related_name="deals", verbose_name=_("客户"), db_index=False
    )
    contact = models.ForeignKey(
        Contact,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("联系人"),
        db_index=False,
    )
    pipeline = ChoiceColumn(_("销售管道"), max_length=40, blank=True, default="")
    stage = ChoiceColumn(_("阶段"), max_length=40, blank=True, default="")
    last_stage = ChoiceColumn(_("走到的阶段"), max_length=40, blank=True, default="", editable=False)
    """The open stage in which the deal stands, or stood when it ended: how far it came."""
    state = ChoiceColumn(_("结果"), options=STATES, default="open", editable=False)
    amount = MoneyColumn(_("金额"), default=0)
    win_rate = PercentColumn(_("赢率"), default=0, editable=False)
    weighted = MoneyColumn(_("加权金额"), default=0, editable=False)
    category = ChoiceColumn(_("预测类别"), options=CATEGORIES, default="pipeline")
    expected_on = models.DateField(_("预计成交日期"), null=True, blank=True)
    source = ChoiceColumn(_("来源"), options=SOURCES, default="other")
    next_step = models.CharField(_("下一步"), max_length=200, blank=True, default="")
    competitor = models.ForeignKey(
        Competitor, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("竞争对手"),
        db_index=False,
    )  # fmt: skip
    lost_reason = models.ForeignKey(
        LostReason,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("输单原因"),
        db_index=False,
    )
    call_back_on = models.DateField(_("再联系日期"), null=True, blank=True)
    stage_since = models.DateTimeField(_("进入阶段时间"), null=True, editable=False)
    closed_at = models.DateTimeField(_("结束时间"), null=True, editable=False)
    last_follow_at = models.DateTimeField(_("最近跟进"), null=True, editable=False)
    ticked = models.JSONField(default=dict, editable=False)
    """{stage key: [ticked items of its list]}"""
    wanted_stage = ChoiceColumn(_("等待批准进入"), max_length=40, blank=True, default="", editable=False)
    """The stage that somebody asked leave to enter; empty when nobody waits for an answer."""
    approval = models.JSONField(default=dict, editable=False)
    """What was asked and answered last (services.approvals), with the key of its "stage"."""
    lead_id = models.BigIntegerField(null=True, editable=False)
    note = models.TextField(_("备注"), blank=True, default="")

    class Meta:
        verbose_name = _("商机")
        constraints = (
            models.UniqueConstraint(
                fields=("number",), condition=models.Q(deleted_at=None), name="deal_number_once",
                violation_error_message=_("这个商机编号已经有人用了"),
            ),
        )  # fmt: skip
        indexes = (
            models.Index(fields=("owner", "state", "id"), name="deal_owner"),
            models.Index(fields=("customer", "id"), name="deal_customer"),
            models.Index(fields=("pipeline", "stage", "id"), name="deal_pipeline"),
            models.Index(fields=("stage", "amount", "id"), name="deal_stage"),
            models.Index(fields=("state", "closed_at", "id"), name="deal_closed"),
            models.Index(fields=("expected_on", "id"), name="deal_expected"),
            models.Index(fields=("amount", "id"), name="deal_amount"),
            models.Index(fields=("created_at", "id"), name="deal_created"),
            models.Index(fields=("stage_since", "id"), name="deal_since"),
            # figures over many deals are read from these alone, in the order in which they are grouped; with
            # `deleted_at`, without which SQLite would look each of them up (docs/adr/030, 046)
            models.Index(
                fields=("pipeline", "last_stage", "state", "created_at", "owner", "amount", "deleted_at"),
                name="deal_funnel",
            ),
            models.Index(
                fields=("owner", "state", "closed_at", "amount", "created_at", "pipeline", "deleted_at"),
                name="deal_ended",
                condition=models.Q(closed_at__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return self.name


class DealLine(PricedLine):
    deal = models.ForeignKey(Deal, models.CASCADE, related_name="lines")


class StageEvent(models.Model):
    """A deal came into a stage: from day one, so that time in stage, speed and cycle can be counted."""

    deal = models.ForeignKey(Deal, models.CASCADE, related_name="stage_events")
    old = models.CharField(max_length=40, blank=True)
    new = models.CharField(max_length=40)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    seconds = models.BigIntegerField(null=True)
    """How long the deal had stood in `old`."""

    class Meta:
        indexes = (
            models.Index(fields=("deal", "at"), name="stage_event_deal"),
            models.Index(fields=("new", "at"), name="stage_event_new"),
            models.Index(fields=("old", "at", "seconds", "deal"), name="stage_event_spent"),
        )
