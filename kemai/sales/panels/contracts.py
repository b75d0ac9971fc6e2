"""A contract's money: what it comes to, what was received and invoiced, what is planned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy

from kemai.kit.money import from_cents, to_cents
from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.objects import Panel, get
from kemai.sales.models import Contract
from kemai.sales.panels.lines import SIGNS
from kemai.sales.panels.quotes import approval_of
from kemai.sales.rules.cash import IN_FORCE, plan_state
from kemai.sales.services import prices, receipts

MOST_PLANS = 12


def money(actor: Actor, row: Mapping[str, Any]) -> Mapping[str, Any] | None:
    contract = access.scope(actor, "contract").filter(pk=row["id"]).select_related("owner").first()
    plain = access.field_levels(actor, get("contract")).get("amount") in {"read", "edit"}
    if not isinstance(contract, Contract) or not plain:
        return None
    planned = from_cents(receipts.planned(contract))
    options = {option.value: option for option in get("receipt_plan").fields["state"].options}
    return {
        "contract": contract,
        "sign": SIGNS.get(contract.currency, contract.currency),
        "open": contract.amount - contract.received,
        "unbilled": contract.amount - contract.invoiced,
        "planned": planned,
        "unplanned": contract.amount - planned,
        "plans": [(plan, options[state]) for plan, state in plans_of(actor, contract)],
        "pdf_url": reverse("contract_pdf", args=[contract.pk]),
        "approval": approval_of(contract, "contract", actor),
        "amendment": contract.amends,
    }


def plans_of(actor: Actor, contract: Contract) -> list[tuple[Any, str]]:
    rows = access.scope(actor, "receipt_plan").filter(contract=contract).order_by("due_on", "pk")
    today = prices.today()
    return [
        (
            plan,
            plan_state(
                amount=to_cents(plan.amount), received=to_cents(plan.received), due_on=plan.due_on, today=today,
                effective=contract.state in IN_FORCE, void=plan.void,
            ),
        )
        for plan in rows[:MOST_PLANS]
    ]  # fmt: skip


CONTRACT_PANELS = (
    Panel("money", gettext_lazy("款项"), "sales/contract_side.html", money, place="side", order=10),
)
