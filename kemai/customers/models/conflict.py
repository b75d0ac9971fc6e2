"""What was brought about a customer and not taken over."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from kemai.customers.models.customer import Customer
from kemai.platform.models import ChangeSet, ChoiceColumn, Option, SealedJSON


class ValueConflict(models.Model):
    """A value that an import or an integration brought, and that differs from a verified one: a person decides
    (docs/adr/054). `value` is in JSON form; `decided_set` the change set by which it was taken over."""

    STATES = (
        Option("open", _("待处理"), "yellow"),
        Option("taken", _("已采用"), "green"),
        Option("kept", _("已保留原值"), "gray"),
        Option("withdrawn", _("导入已撤销"), "gray"),
    )

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="value_conflicts")
    field = models.CharField(max_length=40)
    value = SealedJSON()
    source = models.CharField(max_length=24)
    by_name = models.CharField(max_length=120)
    changeset = models.ForeignKey(ChangeSet, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()
    state = ChoiceColumn(options=STATES, default="open")
    decided_by = models.CharField(max_length=120, blank=True, default="")
    decided_at = models.DateTimeField(null=True)
    decided_set = models.BigIntegerField(null=True)
