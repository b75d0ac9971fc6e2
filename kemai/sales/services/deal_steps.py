"""How deals follow what happens to their quotes and contracts, as far as their gates let them."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from kemai.kit.money import from_cents, to_cents
from kemai.platform import records
from kemai.platform.access import SYSTEM
from kemai.platform.records import FieldErrors, Refused
from kemai.sales.models import Contract, Deal, Quote
from kemai.sales.rules.amounts import converted
from kemai.sales.services import lines, prices, stages
from kemai.sales.services.rates import rates_on


def quote_accepted(quote: Quote) -> None:
    """The deal's amount is what was agreed, and it moves to the last stage before the end. What its gate still misses
    is left to its owner: an acceptance never fails for it."""
    deal = Deal.objects.filter(pk=quote.deal_id or 0, state="open", deleted_at=None).first()
    if deal is None:
        return
    if not lines.lines_of("deal", deal.pk):
        rate = rates_on([(quote.currency, prices.today())]).get((quote.currency, prices.today()))
        if rate is not None:
            attempt(deal, {"amount": from_cents(converted(to_cents(quote.amount), rate))})
    going = [row.step.key for row in stages.of_pipeline(deal.pipeline) if row.step.state == "open"]
    if going and deal.stage in going[:-1]:
        attempt(deal, {"stage": going[-1]})


def contract_effective(contract: Contract) -> None:
    """A contract in force wins its deal."""
    deal = Deal.objects.filter(pk=contract.deal_id or 0, state="open", deleted_at=None).first()
    won = stages.ends(deal.pipeline, "won") if deal is not None else None
    if deal is not None and won is not None:
        attempt(deal, {"stage": won.step.key})


def attempt(deal: Deal, values: dict[str, Any]) -> bool:
    try:
        with transaction.atomic():
            records.update("deal", deal.pk, values, by=SYSTEM)
    except (FieldErrors, Refused):
        return False
    return True
