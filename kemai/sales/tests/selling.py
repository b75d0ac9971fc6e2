"""What the tests from the quote to the cash do again and again."""

from __future__ import annotations

from typing import Any

from kemai.platform import records
from kemai.sales.models import Contract, Quote, Receipt
from kemai.sales.services import contracts, lines, prices

TODAY = prices.today


def quote_of(world: dict[str, Any], **row: Any) -> Quote:
    made: Quote = records.create(
        "quote", {"customer": world["customer"].pk, "deal": world["deal"].pk}, by=world["alice"].actor
    )
    lines.write_lines(
        "quote", made.pk, [{"product": world["pump"].pk, "quantity": 10, **row}], by=world["alice"].actor
    )
    made.refresh_from_db()
    return made


def contract_of(world: dict[str, Any], amount: str = "1000.00", **values: Any) -> Contract:
    alice = world["alice"].actor
    made = records.create(
        "contract",
        {"name": "年度合同", "customer": world["customer"].pk, "amount": amount, **values},
        by=alice,
    )
    contracts.submit(made.pk, "", by=alice)
    return contracts.decide(made.pk, yes=True, note="", by=world["boss"].actor)


def receive(world: dict[str, Any], contract: Contract, amount: str) -> Receipt:
    values = {"contract": contract.pk, "received_on": TODAY().isoformat(), "amount": amount}
    made: Receipt = records.create("receipt", values, by=world["alice"].actor)
    return made


def fresh(obj: Any) -> Any:
    obj.refresh_from_db()
    return obj
