"""Rules and returns as people read them."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kemai.sales.models import PoolRule


def days_text(rule: PoolRule) -> str:
    """“30 天” or “60 个工作日”."""
    if rule.workdays:
        return ngettext("%(n)s 个工作日", "%(n)s 个工作日", rule.days) % {"n": rule.days}
    return ngettext("%(n)s 天", "%(n)s 天", rule.days) % {"n": rule.days}


def rule_text(rule: PoolRule) -> str:
    """“30 天没有跟进”, “合同到期 60 个工作日未续”."""
    days = days_text(rule)
    if rule.event == "contract":
        return _("合同到期 %(days)s未续") % {"days": days}
    return _("%(days)s%(event)s") % {"days": days, "event": rule.get_event_display()}
