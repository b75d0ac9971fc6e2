"""What can be done with leads and deals: buttons, bulk acts and API calls in one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kemai.platform.access import Actor
from kemai.platform.objects import Action
from kemai.sales.models.lead import OVER
from kemai.sales.services import deals, gates

Row = Mapping[str, Any]


def lead_open(row: Row) -> str | None:
    return None if row.get("state") in OVER else ""


def deal_open(row: Row) -> str | None:
    return "" if row.get("state") == "open" else None


def deal_waits(row: Row) -> str | None:
    return "" if row.get("wanted_stage") else None


def withdraw_entry(actor: Actor, ids: Sequence[int], **params: object) -> str:
    for key in ids:
        gates.withdraw(key, by=actor)
    return _("已撤回审批申请")


def visit_open(row: Row) -> str | None:
    return "" if row.get("state") in {"planned", "here"} else None


def win(actor: Actor, ids: Sequence[int], **params: object) -> str:
    for key in ids:
        deals.win_deal(key, by=actor)
    return _("恭喜赢单！") if len(ids) == 1 else _("已赢单 %(n)s 个商机") % {"n": len(ids)}


def elsewhere(actor: Actor, ids: Sequence[int], **params: object) -> str:
    """Acts that need to be asked something first are done by their own form."""
    return ""


LEAD_ACTIONS = (
    Action(
        "convert", gettext_lazy("转为客户"), "user-check", elsewhere, bulk=False, ready=lead_open, form="lead_convert",
        main=True,
    ),
    Action(
        "disqualify", gettext_lazy("放下线索"), "user-x", elsewhere, bulk=False, ready=lead_open, form="lead_disqualify"
    ),
)  # fmt: skip
DEAL_ACTIONS = (
    Action(
        "decide_entry", gettext_lazy("审批"), "checkbox", elsewhere, bulk=False, ready=deal_waits, form="deal_decide"
    ),
    Action("withdraw_entry", gettext_lazy("撤回审批"), "arrow-back-up", withdraw_entry, bulk=False, ready=deal_waits),
    Action("win", gettext_lazy("赢单"), "trophy", win, ready=deal_open, main=True, form="deal_win"),
    Action(
        "lose", gettext_lazy("输单"), "mood-sad", elsewhere, bulk=False, ready=deal_open, form="deal_lose"
    ),
)  # fmt: skip
VISIT_ACTIONS = (
    Action(
        "field",
        gettext_lazy("签到与小结"),
        "map-pin",
        elsewhere,
        bulk=False,
        ready=visit_open,
        form="visit_field",
        main=True,
    ),
)
