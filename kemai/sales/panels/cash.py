"""Which plans a receipt pays."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy

from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.objects import Panel, get
from kemai.sales.models import Receipt


def allocations(actor: Actor, row: Mapping[str, Any]) -> Mapping[str, Any] | None:
    receipt = access.scope(actor, "receipt").filter(pk=row["id"]).select_related("reverses").first()
    plain = access.field_levels(actor, get("receipt")).get("amount") in {"read", "edit"}
    if not isinstance(receipt, Receipt) or not plain:
        return None
    parts = list(receipt.allocations.select_related("plan").order_by("plan__due_on", "pk"))
    given = sum((one.amount for one in parts), Decimal("0.00"))
    return {
        "receipt": receipt,
        "parts": parts,
        "rest": receipt.amount - given,
        "reversal": Receipt.objects.filter(reverses=receipt).first(),
    }


RECEIPT_PANELS = (
    Panel(
        "allocations",
        gettext_lazy("核销的计划"),
        "sales/receipt_side.html",
        allocations,
        place="side",
        order=10,
    ),
)
