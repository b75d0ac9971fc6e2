"""Frozen monthly copies of the chain sheet: what it looked like, who froze it, and what changed between two of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kemai.analytics.services import runs
from kemai.customers.models import ChainMonth, CustomerFacts
from kemai.customers.services import chain
from kemai.platform import access
from kemai.platform.access import SYSTEM, Actor
from kemai.platform.jobs import Progress, schedule
from kemai.platform.models import Option
from kemai.platform.objects import get
from kemai.platform.records import Refused


@dataclass(frozen=True)
class FrozenRow:
    """One class of a frozen copy, beside the same class of the copy it is compared with."""

    option: Option
    values: dict[str, Any]
    before: dict[str, Any]

    def change(self, key: str) -> float | None:
        """How much more than in the other copy; None where there is none."""
        if key not in self.before or self.before[key] is None or self.values.get(key) is None:
            return None
        return float(self.values[key]) - float(self.before[key])


def may_freeze(actor: Actor) -> bool:
    """Whoever may change the strategies of the company."""
    return access.verb_scope(actor, get("chain_strategy"), "edit") == "all"


def months(actor: Actor) -> list[ChainMonth]:
    """The frozen copies, the newest first. They are the company's, so they are for those who see all customers."""
    if not chain.sees_all(actor):
        raise access.Denied(_("月度留存是全公司的数字，只有能查看全部客户的人可以打开"))
    return list(ChainMonth.objects.select_related("by").order_by("-month"))


def freeze(actor: Actor, month: date | None = None) -> ChainMonth:
    """Keeps the sheet as it stands now, as the copy of a month (the running one). The copy of a month that is over is
    never written again: Refused. Raises access.Denied."""
    if not may_freeze(actor):
        raise access.Denied
    now = timezone.now()
    month = (month or timezone.localdate()).replace(day=1)
    if month > timezone.localdate():
        raise Refused("not_yet", _("这个月还没有开始"))
    existing = ChainMonth.objects.filter(month=month).first()
    if existing is not None and timezone.localtime(existing.frozen_at).date() >= next_month(month):
        raise Refused("frozen", _("%(month)s 已经留存，不能再改") % {"month": f"{month:%Y-%m}"})
    values = {"rows": rows(), "frozen_at": now, "by_id": actor.user_id}
    copy, _created = ChainMonth.objects.update_or_create(month=month, defaults=values)
    return copy


def next_month(month: date) -> date:
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1)


def rows() -> list[dict[str, object]]:
    """The company's sheet in plain values: counts, yuan as text, shares."""
    sheet = chain.sheet(SYSTEM)
    found: list[dict[str, object]] = []
    for row in sheet.rows:
        figures, strategy = row.figures, row.strategy
        found.append(
            {
                "value_class": row.option.value,
                "customers": figures.customers,
                "share": row.share,
                "amount": str(figures.amount),
                "amount_share": row.amount_share,
                "orders": figures.orders,
                "average": None if figures.average is None else f"{figures.average:.2f}",
                "active": figures.active,
                "active_share": figures.active_share,
                "repeat_share": figures.repeat_share,
                "came": row.moves.came,
                "left": row.moves.left,
                "states": dict(figures.states),
                "objective": strategy.objective if strategy else "",
                "strategy": strategy.strategy if strategy else "",
                "metric": strategy.metric if strategy else "",
                "contact_every_days": strategy.contact_every_days if strategy else None,
                "as_of": sheet.as_of.isoformat() if sheet.as_of else None,
            }
        )
    return found


def compared(copy: ChainMonth, other: ChainMonth | None) -> list[FrozenRow]:
    """The rows of a copy in the order of the classes, each with the other copy's."""
    mine = {row["value_class"]: read(row) for row in copy.rows}
    theirs = {row["value_class"]: read(row) for row in other.rows} if other else {}
    return [
        FrozenRow(option, mine[option.value], theirs.get(option.value, {}))
        for option in CustomerFacts.CLASSES
        if option.value in mine
    ]


def read(row: dict[str, Any]) -> dict[str, Any]:
    money = {key: Decimal(row[key]) if row.get(key) is not None else None for key in ("amount", "average")}
    return {**row, **money}


def previous(copies: Sequence[ChainMonth], copy: ChainMonth) -> ChainMonth | None:
    return next((one for one in copies if one.month < copy.month), None)


def freeze_due(today: date) -> ChainMonth | None:
    """Last month's copy if it is missing (or was taken before that month was over) and the figures are of today."""
    month = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
    run = runs.standing()
    if run is None or timezone.localtime(run.as_of).date() < today.replace(day=1):
        return None
    existing = ChainMonth.objects.filter(month=month).first()
    if existing is not None and timezone.localtime(existing.frozen_at).date() >= next_month(month):
        return None
    return freeze(SYSTEM, month)


@schedule("chain.freeze", at="04:40", title=gettext_noop("留存客户链管理表"))
def freeze_month(progress: Progress) -> dict[str, object]:
    """Looks every night whether the month that has ended still lacks its copy."""
    copy = freeze_due(timezone.localdate())
    return {"month": copy.month.isoformat() if copy else ""}
