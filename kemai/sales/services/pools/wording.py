"""Rules and returns as people read them."""

from __future__ import annotations

from django.utils.translation import gettext as _

from kemai.sales.models import PoolRule


def rule_text(rule: PoolRule) -> str:
    """“30 天没有跟进”, “合同到期 60 个工作日未续”."""
    unit = _("%(n)s 个工作日") if rule.workdays else _("%(n)s 天")
    days = unit % {"n": rule.days}
    if rule.event == "contract":
        return _("合同到期 %(days)s未续") % {"days": days}
    return _("%(days)s%(event)s") % {"days": days, "event": rule.get_event_display()}
