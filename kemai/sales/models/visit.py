"""Field work: visits to customers, planned, made and reported."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from kemai.customers.models import Contact, Customer
from kemai.customers.models.trade import Interaction
from kemai.platform.models import ChoiceColumn, Option, OwnedRecord
from kemai.sales.models.deal import Deal


class Visit(OwnedRecord):
    """A visit to a customer. Where somebody checked in is what their device said, with its own accuracy: the place is
    told in words by the person, and no distance is worked out."""

    STATES = (
        Option("planned", _("计划中"), "blue"),
        Option("here", _("已签到"), "orange"),
        Option("done", _("已完成"), "green"),
        Option("cancelled", _("已取消"), "gray"),
    )
    purpose = models.CharField(_("拜访目的"), max_length=160)
    customer = models.ForeignKey(
        Customer, models.PROTECT, related_name="visits", verbose_name=_("客户"), db_index=False
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
        Deal,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="visits",
        verbose_name=_("商机"),
        db_index=False,
    )
    starts_at = models.DateTimeField(_("计划时间"))
    state = ChoiceColumn(_("状态"), options=STATES, default="planned", editable=False)
    checked_in_at = models.DateTimeField(_("签到时间"), null=True, editable=False)
    place = models.CharField(_("签到地点"), max_length=200, blank=True, default="", editable=False)
    latitude = models.FloatField(_("纬度"), null=True, editable=False)
    longitude = models.FloatField(_("经度"), null=True, editable=False)
    accuracy = models.FloatField(_("定位精度（米）"), null=True, editable=False)
    outcome = ChoiceColumn(_("结果"), options=Interaction.OUTCOMES, blank=True, default="", editable=False)
    report = models.TextField(_("拜访小结"), blank=True, default="", editable=False)
    reported_at = models.DateTimeField(_("提交时间"), null=True, editable=False)

    class Meta:
        verbose_name = _("拜访")
        indexes = (
            models.Index(fields=("owner", "starts_at", "id"), name="visit_owner"),
            models.Index(fields=("customer", "starts_at"), name="visit_customer"),
            models.Index(fields=("deal", "id"), name="visit_deal"),
            models.Index(fields=("starts_at", "id"), name="visit_starts"),
            models.Index(fields=("checked_in_at", "id"), name="visit_checked"),
            models.Index(fields=("created_at", "id"), name="visit_created"),
        )

    def __str__(self) -> str:
        return self.purpose
