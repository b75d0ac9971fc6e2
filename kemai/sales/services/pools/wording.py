"""Rules and returns as people read them."""

from __future__ import annotations

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from kemai.platform.fields import Saying
from kemai.platform.fields.saying import KEPT_IN
from kemai.sales.models import PoolRule


def plain_days(n: object) -> str:
    return ngettext("%(n)s 天", "%(n)s 天", int(str(n))) % {"n": n}


def working_days(n: object) -> str:
    return ngettext("%(n)s 个工作日", "%(n)s 个工作日", int(str(n))) % {"n": n}


def days_text(rule: PoolRule) -> str:
    """“30 天” or “60 个工作日”."""
    return working_days(rule.days) if rule.workdays else plain_days(rule.days)


def rule_text(rule: PoolRule) -> str:
    """“30 天没有跟进”, “合同到期 60 个工作日未续”."""
    days = days_text(rule)
    if rule.event == "contract":
        return _("合同到期 %(days)s未续") % {"days": days}
    return _("%(days)s%(event)s") % {"days": days, "event": rule.get_event_display()}


def kept_rule(rule: PoolRule) -> str:
    """The rule as it is written beside a record that it returned."""
    with translation.override(KEPT_IN):
        return rule_text(rule)


# What is kept as a reason, so that everybody reads it in his own language: the pieces of a rule first.
EVENTS = (
    gettext_noop("没有双向沟通"), gettext_noop("没有跟进"), gettext_noop("没有新商机"), gettext_noop("没有成交"),
)  # fmt: skip
for _event in EVENTS:
    Saying(_event)
Saying(gettext_noop("%(n)s 天"), plain_days, n=r"\d+")
Saying(gettext_noop("%(n)s 个工作日"), working_days, n=r"\d+")
Saying(gettext_noop("合同到期 %(days)s未续"), days=r"\d+ \w+")
Saying("%(days)s%(event)s", days=r"\d+ \w+?", event="|".join(EVENTS))
MADE_SO = Saying(gettext_noop("新建时没有负责人"))
RETURNED = Saying(gettext_noop("到期自动退回公海"))
RETURNED_BY = Saying(gettext_noop("公海“%(pool)s”退回规则：%(rule)s"))
ROUTED = Saying(gettext_noop("自动分配"))
ROUTED_BY = Saying(gettext_noop("线索分配规则“%(name)s”"))
PROTECTED = Saying(gettext_noop("保护"))
EXTENSION_ASKED = Saying(gettext_noop("申请延期 %(n)s 天：%(why)s"), n=r"\d+")
EXTENSION_REFUSED = Saying(gettext_noop("未同意延期：%(why)s"))
EXTENSION_GRANTED = Saying(gettext_noop("同意延期 %(n)s 天：%(why)s"), n=r"\d+")
EXTENDED_BY = Saying(gettext_noop("公海“%(pool)s”：延期"))
