"""The lines of deals, quotes and contracts on their pages."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy

from kemai.kit.money import from_cents
from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.objects import Panel, get
from kemai.sales.services import lines
from kemai.sales.services.rates import HOME

SIGNS = {"CNY": "¥", "USD": "$", "EUR": "€", "HKD": "HK$", "JPY": "JP¥", "GBP": "£"}


def shown(actor: Actor, row: Mapping[str, Any], *, type_key: str) -> Mapping[str, Any] | None:
    """None for whoever may not know what the document comes to."""
    object_type = get(type_key)
    if access.field_levels(actor, object_type).get("amount") not in {"read", "edit"}:
        return None
    pk = row["id"]
    found = lines.lines_of(type_key, pk)
    sums = lines.sums_of(found)
    editable = type_key == "deal" or row.get("state") == "draft"
    may = editable and "edit" in access.abilities(actor, object_type, pk, ("edit",))
    return {
        "type_key": type_key,
        "pk": pk,
        "lines": [(n + 1, one) for n, one in enumerate(found)],
        "amount": from_cents(sums.amount),
        "tax": from_cents(sums.tax),
        "most_discount": sums.most_discount,
        "sign": SIGNS.get(row.get("currency") or HOME, row.get("currency") or ""),
        "may": may,
        "draft": f"lines-{type_key}-{pk}",
        "show_url": reverse("lines", args=[type_key, pk]),
        "edit_url": reverse("lines_edit", args=[type_key, pk]),
    }


def panel(type_key: str, place: str) -> Panel:
    render = partial(shown, type_key=type_key)
    return Panel("lines", gettext_lazy("产品明细"), "sales/lines.html", render, place=place, order=5)


DEAL_LINES = panel("deal", "top")
QUOTE_LINES = panel("quote", "top")
CONTRACT_LINES = panel("contract", "top")
