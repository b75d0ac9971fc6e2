"""Quotes 报价: versions that stay as they were once the customer has them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from kemai.customers.models import Contact, Customer
from kemai.platform.models import ChoiceColumn, MoneyColumn, Option, OwnedRecord, PercentColumn
from kemai.sales.models.deal import Deal
from kemai.sales.models.price import CURRENCIES, PricedLine, PriceList


class Quote(OwnedRecord):
    """One version of an offer. A sent one is never edited: a new version follows it (`follows`)."""

    STATES = (
        Option("draft", _("草稿"), "gray"),
        Option("review", _("待审批"), "yellow"),
        Option("approved", _("已审批"), "teal"),
        Option("sent", _("已发送"), "blue"),
        Option("accepted", _("已接受"), "green"),
        Option("declined", _("已拒绝"), "red"),
        Option("expired", _("已过期"), "orange"),
        Option("replaced", _("已有新版"), "gray"),
    )
    number = models.CharField(_("报价编号"), max_length=40, blank=True)
    revision = models.PositiveIntegerField(_("版次"), default=1, editable=False)
    follows = models.ForeignKey("self", models.SET_NULL, null=True, editable=False, related_name="+")
    customer = models.ForeignKey(
        Customer, models.PROTECT, related_name="quotes", verbose_name=_("客户"), db_index=False
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
    deal = models.ForeignKey(
        Deal, models.SET_NULL, null=True, blank=True, related_name="quotes", verbose_name=_("商机")
    )
    price_list = models.ForeignKey(
        PriceList,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("价格表"),
        db_index=False,
    )
    state = ChoiceColumn(_("状态"), options=STATES, default="draft", editable=False)
    currency = ChoiceColumn(_("币种"), options=CURRENCIES, default="CNY")
    quoted_on = models.DateField(_("报价日期"), null=True, blank=True)
    valid_until = models.DateField(_("有效期至"), null=True, blank=True)
    terms = models.TextField(_("条款"), blank=True, default="")
    amount = MoneyColumn(_("金额"), default=0, editable=False)
    tax = MoneyColumn(_("其中税额"), default=0, editable=False)
    most_discount = PercentColumn(_("最大折扣"), default=0, editable=False)
    sent_at = models.DateTimeField(_("发送时间"), null=True, editable=False)
    approval = models.JSONField(default=dict, editable=False)
    """{"asked_by", "asked_at", "reason", "decided_by", "decided_at", "answer", "note"}"""
    token = models.CharField(max_length=64, blank=True, default="", editable=False, db_index=True)
    """Of the public page where the customer may accept; empty until sent."""
    answered_at = models.DateTimeField(_("答复时间"), null=True, editable=False)
    answer = models.JSONField(default=dict, editable=False)
    """{"name", "address", "note"} of who accepted or declined on the public page."""

    class Meta:
        verbose_name = _("报价")
        constraints = (
            models.UniqueConstraint(
                fields=("number", "revision"), condition=models.Q(deleted_at=None), name="quote_number_once",
                violation_error_message=_("这个报价编号已经有人用了"),
            ),
        )  # fmt: skip
        indexes = (
            models.Index(fields=("owner", "state", "id"), name="quote_owner"),
            models.Index(fields=("customer", "id"), name="quote_customer"),
            models.Index(fields=("created_at", "id"), name="quote_created"),
            models.Index(fields=("amount", "id"), name="quote_amount"),
            models.Index(fields=("valid_until", "id"), name="quote_valid"),
        )

    def __str__(self) -> str:
        return f"{self.number} v{self.revision}"


class QuoteLine(PricedLine):
    quote = models.ForeignKey(Quote, models.CASCADE, related_name="lines")
