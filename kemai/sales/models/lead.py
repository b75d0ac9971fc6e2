"""Leads: somebody who may become a customer, before we know whether they will."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from kemai.customers.models import Customer
from kemai.customers.models.customer import SOURCES
from kemai.customers.models.trade import Interaction
from kemai.platform.models import (
    ChoiceColumn,
    EmailColumn,
    MoneyColumn,
    Option,
    OwnedRecord,
    PercentColumn,
    PhoneColumn,
    RecordBase,
    RegionColumn,
)

OVER = frozenset({"converted", "disqualified"})
"""The states in which a lead is no lead any more."""


class Lead(OwnedRecord):
    """Captured by hand, form, import or API; ends as a customer (with contact and deal) or with a reason."""

    STATES = (
        Option("new", _("待跟进"), "azure"),
        Option("working", _("跟进中"), "blue"),
        Option("qualified", _("已确认"), "teal"),
        Option("converted", _("已转化"), "green"),
        Option("disqualified", _("无效"), "gray"),
    )
    REASONS = (
        Option("dead_number", _("空号或停机")),
        Option("no_need", _("没有需求")),
        Option("no_budget", _("没有预算")),
        Option("competitor", _("同行或竞争对手")),
        Option("duplicate", _("重复线索")),
        Option("unreachable", _("多次联系不上")),
        Option("refused", _("拒绝联系")),
        Option("other", _("其他")),
    )
    GRADES = (
        Option("a", "A", "red"),
        Option("b", "B", "orange"),
        Option("c", "C", "yellow"),
        Option("d", "D", "gray"),
    )

    number = models.CharField(_("线索编号"), max_length=40, blank=True)
    name = models.CharField(_("姓名或公司"), max_length=120)
    name_sort = models.CharField(max_length=60, editable=False, default="")
    company = models.CharField(_("公司"), max_length=120, blank=True, default="")
    title = models.CharField(_("职务"), max_length=80, blank=True, default="")
    phone = PhoneColumn(_("电话"))
    email = EmailColumn(_("邮箱"), max_length=200, blank=True, default="")
    wecom_id = models.CharField(_("企业微信 ID"), max_length=64, blank=True, default="")
    region = RegionColumn(_("地区"))
    address = models.CharField(_("详细地址"), max_length=200, blank=True, default="")
    industry = models.CharField(_("行业"), max_length=60, blank=True, default="")
    source = ChoiceColumn(_("来源"), options=SOURCES, default="other")
    need = models.TextField(_("需求"), blank=True, default="")
    budget = MoneyColumn(_("预算"), null=True, blank=True)
    state = ChoiceColumn(_("状态"), options=STATES, default="new")
    reason = ChoiceColumn(_("无效原因"), options=REASONS, blank=True, default="")
    score = models.SmallIntegerField(_("评分"), default=0, editable=False)
    grade = ChoiceColumn(_("等级"), options=GRADES, blank=True, default="", editable=False)
    score_basis = models.JSONField(default=dict, editable=False)
    """Why the score is what it is: {"version", "at", "fit": [[rule, points]], "engagement": [...]}."""
    chance = PercentColumn(_("预测转化率"), null=True, editable=False)
    """Learnt from this company's own leads (docs/adr/050); nothing while that cannot be told, or the lead is over."""
    chance_basis = models.JSONField(default=dict, editable=False)
    """Why the chance is what it is: {"model", "at", "parts": [[group, fact, share of the chance]]}."""
    next_contact_at = models.DateTimeField(_("下次联系"), null=True, blank=True)
    last_contact_at = models.DateTimeField(_("最近联系"), null=True, editable=False)
    converted_at = models.DateTimeField(_("转化时间"), null=True, editable=False)
    ended_at = models.DateTimeField(_("结束时间"), null=True, editable=False)
    """When it was converted or set aside."""
    customer = models.ForeignKey(
        Customer, models.SET_NULL, null=True, editable=False, related_name="leads", verbose_name=_("客户")
    )
    note = models.TextField(_("备注"), blank=True, default="")

    class Meta:
        verbose_name = _("线索")
        constraints = (
            models.UniqueConstraint(
                fields=("number",), condition=models.Q(deleted_at=None), name="lead_number_once",
                violation_error_message=_("这个线索编号已经有人用了"),
            ),
        )  # fmt: skip
        indexes = (
            models.Index(fields=("owner", "state", "id"), name="lead_owner"),
            models.Index(fields=("name_sort", "id"), name="lead_name_sort"),
            models.Index(fields=("created_at", "id"), name="lead_created"),
            models.Index(fields=("score", "id"), name="lead_score"),
            models.Index(fields=("chance", "id"), name="lead_chance"),
            models.Index(fields=("next_contact_at", "id"), name="lead_next"),
            models.Index(fields=("last_contact_at", "id"), name="lead_last"),
            models.Index(fields=("state", "id"), name="lead_state"),
            models.Index(fields=("phone",), condition=~models.Q(phone=""), name="lead_phone"),
            models.Index(fields=("email",), condition=~models.Q(email=""), name="lead_email"),
        )

    def __str__(self) -> str:
        return self.name


class FollowUp(RecordBase):
    """One touch with a lead; when the lead becomes a customer, its touches stand on the customer's timeline."""

    lead = models.ForeignKey(
        Lead, models.CASCADE, related_name="follow_ups", verbose_name=_("线索"), db_index=False
    )
    channel = ChoiceColumn(_("渠道"), options=Interaction.CHANNELS, default="call")
    outcome = ChoiceColumn(_("结果"), options=Interaction.OUTCOMES, blank=True, default="")
    at = models.DateTimeField(_("时间"))
    body = models.TextField(_("内容"))

    class Meta:
        verbose_name = _("线索跟进")
        indexes = (models.Index(fields=("lead", "at"), name="follow_up_lead"),)

    def __str__(self) -> str:
        return self.body[:40]


class LeadChances(models.Model):
    """What was learnt of this company's own leads at a moment, whether it may be shown, and how good it proved on
    leads that came later than those it was learnt from (docs/adr/050). Rows are only added."""

    at = models.DateTimeField()
    shown = models.BooleanField(default=False)
    model = models.JSONField(default=dict)
    """See rules.chances.Scorecard."""
    report = models.JSONField(default=dict)
    """See rules.chances.Report."""
