"""What can be done with contracts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kemai.platform.access import Actor
from kemai.platform.objects import Action
from kemai.sales.actions.quotes import elsewhere, while_
from kemai.sales.rules.cash import IN_FORCE
from kemai.sales.services import contracts

Row = Mapping[str, Any]


def complete(actor: Actor, ids: Sequence[int], **params: object) -> str:
    for key in ids:
        contracts.complete(key, by=actor)
    return _("合同已完成")


def owed(row: Row) -> str | None:
    """In force; with nothing left to receive the button says so."""
    if row.get("state") not in IN_FORCE or row.get("amends") is not None:
        return None
    amount, received = row.get("amount"), row.get("received")
    if amount is None or received is None or received < amount:
        return ""
    return _("合同的钱都已经到账")


def billed(row: Row) -> str | None:
    if row.get("state") not in IN_FORCE or row.get("amends") is not None:
        return None
    amount, invoiced = row.get("amount"), row.get("invoiced")
    return "" if amount is None or invoiced is None or invoiced < amount else _("合同金额都已经开票")


def amendable(row: Row) -> str | None:
    return "" if row.get("state") in IN_FORCE and row.get("amends") is None else None


def unended(row: Row) -> str | None:
    return None if row.get("state") == "terminated" or row.get("amends") is not None else ""


CONTRACT_ACTIONS = (
    Action(
        "submit", gettext_lazy("提交审批"), "user-check", elsewhere, bulk=False, ready=while_("draft"),
        form="contract_submit", main=True,
    ),
    Action(
        "decide", gettext_lazy("审批"), "checkbox", elsewhere, bulk=False, ready=while_("review"),
        form="contract_decide", main=True,
    ),
    Action(
        "receive", gettext_lazy("登记回款"), "cash", elsewhere, verb="view", bulk=False, ready=owed,
        form="contract_receive", main=True,
    ),
    Action(
        "invoice", gettext_lazy("申请开票"), "file-invoice", elsewhere, verb="view", bulk=False, ready=billed,
        form="contract_invoice",
    ),
    Action(
        "plan", gettext_lazy("排回款计划"), "calendar-dollar", elsewhere, verb="view", bulk=False, ready=unended,
        form="contract_plan",
    ),
    Action(
        "amend", gettext_lazy("变更协议"), "file-plus", elsewhere, bulk=False, ready=amendable, form="contract_amend"
    ),
    Action(
        "complete", gettext_lazy("完成合同"), "circle-check", complete, bulk=False,
        ready=while_("effective", "expired"),
    ),
    Action(
        "terminate", gettext_lazy("终止合同"), "ban", elsewhere, bulk=False, ready=while_("effective"),
        form="contract_terminate",
    ),
)  # fmt: skip
