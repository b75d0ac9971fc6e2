"""Contracts."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kemai.platform.objects import Hooks, Numbering, Section, View, relate
from kemai.sales.actions.contracts import CONTRACT_ACTIONS
from kemai.sales.models import Contract
from kemai.sales.objects import currencies, deal  # noqa: F401 - these belong to its page
from kemai.sales.objects.document import document, in_state
from kemai.sales.panels.contracts import CONTRACT_PANELS
from kemai.sales.panels.lines import CONTRACT_LINES
from kemai.sales.services import contracts

EFFECTIVE = {"field": "state", "op": "in", "value": ["effective"]}

CONTRACT = document(
    key="contract",
    model=Contract,
    title="name",
    icon="file-certificate",
    nav_order=40,
    search=("name", "number"),
    columns=(
        "name", "number", "customer", "state", "amount", "currency", "received", "invoiced", "ends_on", "owner",
        "signed_on", "created_at",
    ),
    form=(
        Section(_("合同"), "name", "customer", "deal", "quote", "owner"),
        Section(_("金额与期限"), "amount", "currency", "signed_on", "starts_on", "ends_on"),
        Section(_("其他"), "note", "number"),
    ),
    sections=(
        Section(_("进展"), "state", "received", "invoiced", "amount_base", "rate", "gross", "uncosted",
                "effective_at", "amends"),
    ),
    views=(
        in_state("effective", _("执行中"), "effective", sort="ends_on"),
        in_state("review", _("待审批"), "review"),
        View("ending", _("60 天内到期"), {"all": [
            EFFECTIVE, {"field": "ends_on", "op": "next", "value": 60},
        ]}, "ends_on"),
    ),
    purpose=_("合同写明卖了什么、多少钱、到什么时候；生效以后才能收款和开票，到期前会提醒续约。"),
    date="ends_on",
    bare=("amount", "received", "invoiced"),
    exchange=currencies.kept(),
    numbering=Numbering("number", "CT"),
    hooks=Hooks(
        prepare=contracts.prepare_contract,
        check=contracts.check_contracts,
        after=contracts.after_contract,
        check_delete=contracts.check_delete,
    ),
    panels=[CONTRACT_LINES, *CONTRACT_PANELS],
    actions=list(CONTRACT_ACTIONS),
)  # fmt: skip
relate("customer", "contract", "customer")
relate("deal", "contract", "deal")
relate("contract", "contract", "amends", label=_("变更协议"))
