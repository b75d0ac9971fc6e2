"""Why a record returns when it does, in whose hands it is, and why it was given to them: out of what is stored."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any, NamedTuple

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kemai.customers import at_work
from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.objects import Evidence, Explanation
from kemai.sales.models import PoolRule
from kemai.sales.rules.pools.returns import Due, ReturnRule, Standing, due_of
from kemai.sales.services.pools.due import add_days
from kemai.sales.services.pools.keeping import planned
from kemai.sales.services.pools.kinds import KINDS, Kind, today
from kemai.sales.services.pools.wording import days_text, rule_text

LABELS = {
    "two_way_on": gettext_lazy("最近双向沟通"), "follow_up_on": gettext_lazy("最近跟进日期"),
    "deal_on": gettext_lazy("最近商机日期"), "won_on": gettext_lazy("最近成交日期"),
    "contract_until": gettext_lazy("合同到期日"),
}  # fmt: skip
BASES = {
    "received": gettext_lazy("接手那天"),
    "event": gettext_lazy("最近一次的那天"),
    "since": gettext_lazy("规则开始计算那天"),
}
SOURCES = {
    "pool": gettext_lazy("没有负责人的记录放在公海里，等人领取。"),
    "pooled_at": gettext_lazy("它失去负责人、进入公海的时间。"),
    "pool_reason": gettext_lazy("它进入公海时写下的原因，或让它退回的规则。"),
    "former_owner": gettext_lazy("进入公海之前，或换人之前的负责人。"),
    "received_on": gettext_lazy(
        "现在的负责人接手的日期：领取、分配、转移、批量修改、导入和接口都从那天起算。"
    ),
    "two_way_on": gettext_lazy("客户主动联系我方，或电话接通的最近一天。"),
    "follow_up_on": gettext_lazy("我方主动联系的最近一天。"),
    "deal_on": gettext_lazy("最近一个商机建立的日期。"),
    "won_on": gettext_lazy("最近赢单或付款的日期。"),
    "contract_until": gettext_lazy("有效、完成或到期的合同里最晚的结束日期。"),
    "open_deals": gettext_lazy("还没有结束的商机个数。"),
    "protected_until": gettext_lazy("负责人要求在这一天之前不退回。"),
    "extended_until": gettext_lazy("公海管理员同意延期，到这一天为止不退回。"),
    "work_until": gettext_lazy("最近三十天内安排的任务和拜访里最晚的一天。"),
    "open_work": gettext_lazy("还没有审批完的报价、合同和延期申请。"),
}
"""Where each fact of a keeping comes from."""


class Told(NamedTuple):
    """A return as it was decided, with the days left (negative: overdue, goes in the next run)."""

    due: Due
    rule: PoolRule
    left: int


def keeping_of(kind: Kind, key: int) -> Any:
    return kind.keepings.select_related("return_rule__pool", "pool", "former_owner").filter(pk=key).first()


def standing_of(kind: Kind, keeping: Any) -> Standing:
    events: dict[str, dt.date | None] = {
        event: getattr(keeping, column) for event, column in kind.events.items()
    }
    return Standing(
        keeping.received_on, events, keeping.protected_until, getattr(keeping, "open_deals", 0), keeping.extended_until,
        keeping.work_until, keeping.open_work,
    )  # fmt: skip


def told(kind: Kind, keeping: Any) -> Told | None:
    """The stored return with its arithmetic; None where none is stored."""
    rule = keeping.return_rule
    if keeping.return_due_on is None or rule is None or rule.since is None:
        return None
    pool = rule.pool
    plain = ReturnRule(
        rule.pk, rule.event, rule.days, rule.since, rule.workdays, pool.spare_deals, pool.spare_contracts,
        pool.spare_work,
    )  # fmt: skip
    due = due_of(plain, standing_of(kind, keeping), add_days)
    if due is None:
        return None
    return Told(replace(due, on=keeping.return_due_on), rule, (keeping.return_due_on - today()).days)


def explain(kind_key: str, actor: Actor, pk: int, name: str) -> Explanation | None:
    """Visibility has been checked by the caller."""
    kind = KINDS[kind_key]
    if name != "return_due_on" and name not in SOURCES:
        return None
    keeping = keeping_of(kind, pk)
    if keeping is None:
        return None
    if name == "return_due_on":
        return explain_due(kind, keeping)
    spec = kind.type.fields[name]
    value = getattr(keeping, name)
    text = str(value) if spec.refers or name == "open_deals" else spec.type.text(value, spec)
    given = keeping.given_basis if name == "received_on" else {}
    return Explanation(value=text, reason=str(SOURCES[name]), steps=basis_steps(given))


def explain_due(kind: Kind, keeping: Any) -> Explanation | None:
    found = told(kind, keeping)
    if found is None:
        return None
    due, rule = found.due, found.rule
    inputs = [Evidence(_("接手日期"), keeping.received_on.isoformat())]
    for column in kind.events.values():
        value = getattr(keeping, column)
        inputs.append(Evidence(LABELS[column], value.isoformat() if value else _("从来没有")))
    inputs.append(Evidence(_("规则从哪天起算"), due.rule.since.isoformat()))
    if keeping.protected_until:
        inputs.append(Evidence(_("保护到"), keeping.protected_until.isoformat()))
    if keeping.extended_until:
        inputs.append(Evidence(_("延期到"), keeping.extended_until.isoformat()))
    if rule.pool.spare_work:
        inputs += [Evidence(label, text) for label, text in work_of(kind, keeping.pk)]
    return Explanation(
        value=due.on.isoformat(),
        reason=_("%(days)s 天后的清晨退回公海“%(pool)s”")
        % {"days": max(found.left, 0), "pool": rule.pool.name},
        rule=_("退回规则：%(rule)s（第 %(version)s 版）")
        % {"rule": rule_text(rule), "version": rule.version},
        inputs=inputs,
        steps=steps(due, rule),
    )


def steps(due: Due, rule: PoolRule) -> list[str]:
    found = [
        _("从 %(day)s（%(what)s）起算") % {"day": due.base.isoformat(), "what": BASES[due.why]},
        _("加上 %(days)s：%(on)s")
        % {
            "days": days_text(rule),
            "on": add_days(due.base, rule.days, rule.workdays).isoformat(),
        },
    ]
    if due.held == "contract":
        found.append(_("合同期内不退回，推迟到 %(on)s") % {"on": due.on.isoformat()})
    if due.held == "protected":
        found.append(_("受保护，推迟到 %(on)s") % {"on": due.on.isoformat()})
    if due.held == "extended":
        found.append(_("同意了延期，推迟到 %(on)s") % {"on": due.on.isoformat()})
    if due.held == "work":
        found.append(_("安排了任务或拜访，推迟到 %(on)s") % {"on": due.on.isoformat()})
    return found


def work_of(kind: Kind, key: int, *, planned_too: bool = True) -> list[tuple[str, str]]:
    """What says that somebody is still at work for a record: (what, until when or how many)."""
    found = []
    for one in at_work.about(kind.key):
        if one.day:
            day = planned(one, key) if planned_too else None
            if day is not None:
                found.append((str(one.label), day.isoformat()))
        elif number := one.rows().filter(**{one.link: key}).count():
            found.append((str(one.label), str(number)))
    return found


METHODS = {
    "rotation": gettext_lazy("轮流：%(who)s 等得最久（已分到 %(n)s 条）"),
    "weighted": gettext_lazy("按比例：%(who)s 离自己的份额最远（已分到 %(n)s 条）"),
    "least_load": gettext_lazy("谁手上少给谁：%(who)s 手上 %(n)s 条"),
    "company": gettext_lazy("%(who)s 已经负责同一家公司"),
    "region": gettext_lazy("%(who)s 已经负责这个地区"),
    "leave": gettext_lazy("跳过 %(who)s：休假"),
    "away": gettext_lazy("跳过 %(who)s：不在岗"),
    "full": gettext_lazy("跳过 %(who)s：手上已有 %(n)s 条，满了"),
    "inactive": gettext_lazy("跳过 %(who)s：停用或比例为 0"),
}


def basis_steps(basis: dict[str, Any]) -> list[str]:
    """Why a route gave a lead to its owner, line by line; nothing where no route did."""
    if not basis:
        return []
    at = parse_datetime(str(basis.get("at", "")))
    head = _("规则“%(name)s”（第 %(version)s 版）") % {
        "name": basis.get("route", ""),
        "version": basis.get("version", ""),
    }
    lines = [
        str(METHODS[what]) % {"who": who, "n": number}
        for what, who, number in basis.get("steps", [])
        if what in METHODS
    ]
    return [head, *lines] if at else []


def seen(actor: Actor, kind: Kind, key: int) -> Any:
    """The keeping of a record that the actor may see. Raises access.NotVisible."""
    access.one(actor, kind.type, key)
    return keeping_of(kind, key)
