"""What a price list leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy

from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.objects import Panel
from kemai.sales.services import prices


def gaps(actor: Actor, row: Mapping[str, Any]) -> Mapping[str, Any] | None:
    price_list = access.scope(actor, "price_list").filter(pk=row["id"]).first()
    if price_list is None or not access.may(actor, "price", "view"):
        return None
    found = prices.gaps_of(price_list)
    by_text: dict[str, list[prices.Gap]] = {}
    for gap in found:
        by_text.setdefault(gap.text, []).append(gap)
    return {"gaps": found, "by_text": by_text, "most": prices.MOST_GAPS}


LIST_PANELS = (
    Panel("gaps", gettext_lazy("缺口检查"), "sales/price_gaps.html", gaps, place="side", order=10),
)
