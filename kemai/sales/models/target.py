"""Targets, and what was forecast when."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from kemai.platform.models import ChoiceColumn, MoneyColumn, MonthColumn, Option, RecordBase

MEASURES = (
    Option("won", _("赢单金额")),
    Option("contract", _("合同金额")),
    Option("receipt", _("回款金额")),
    Option("gross", _("毛利")),
    Option("customers", _("新成交客户数")),
)


class Target(RecordBase):
    """What the company, a department or a person is to reach in a month. Neither person nor department: the company.
    Amounts in yuan; for numbers of customers `amount` holds the number."""

    measure = ChoiceColumn(_("指标"), options=MEASURES, default="won")
    department = models.ForeignKey(
        "staff.Department", models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("部门")
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("员工"),
    )
    month = MonthColumn(_("月份"))
    """The first day of the month."""
    amount = MoneyColumn(_("目标"))

    class Meta:
        verbose_name = _("目标")
        indexes = (models.Index(fields=("month", "measure"), name="target_month"),)
        constraints = (
            models.UniqueConstraint(
                fields=("measure", "month"), name="target_company_once",
                condition=models.Q(deleted_at=None, department=None, person=None),
            ),
            models.UniqueConstraint(
                fields=("measure", "month", "department"), name="target_department_once",
                condition=models.Q(deleted_at=None, person=None, department__isnull=False),
            ),
            models.UniqueConstraint(
                fields=("measure", "month", "person"), name="target_person_once",
                condition=models.Q(deleted_at=None, person__isnull=False),
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.measure}"


class ForecastOverride(models.Model):
    """A manager's own figure for a person's month and category, with the reason; the latest counts."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    month = models.DateField()
    category = models.CharField(max_length=24)
    amount = MoneyColumn()
    note = models.CharField(max_length=300)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=("month", "person", "category"), name="override_month"),)


class ForecastSnapshot(models.Model):
    """What stood in the forecast on a day: so that forecast and result can be compared later."""

    taken_on = models.DateField()
    month = models.DateField()
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    category = models.CharField(max_length=24)
    amount = MoneyColumn()
    weighted = MoneyColumn()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("taken_on", "month", "person", "category"), name="snapshot_once"),
        )
