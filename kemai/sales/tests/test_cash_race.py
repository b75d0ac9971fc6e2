"""Two people who book money at the same moment: together they never go beyond the contract."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import pytest
from django.db import OperationalError

from kemai.platform import records
from kemai.platform.access import SYSTEM
from kemai.platform.records import FieldErrors
from kemai.sales.models import Contract, Invoice, Receipt
from kemai.sales.services import contracts, prices
from tests.gate import PATIENCE, together

pytestmark = pytest.mark.django_db(transaction=True)


def patiently(act: Callable[[], object]) -> str:
    """SQLite in memory refuses a second writer instead of letting it wait."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            act()
        except FieldErrors:
            return "refused"
        except OperationalError:
            time.sleep(0.02)
        else:
            return "booked"
    return "busy"


@pytest.mark.row(57)
def test_receipts_and_invoices_at_the_same_time_stay_within_the_contract() -> None:
    customer = records.create("customer", {"name": "同时到账"}, by=SYSTEM)
    values = {"name": "合同", "customer": customer.pk, "amount": "1000"}
    contract: Contract = records.create("contract", values, by=SYSTEM)
    contracts.submit(contract.pk, "", by=SYSTEM)
    contracts.decide(contract.pk, yes=True, note="", by=SYSTEM)
    heading = {"customer": customer.pk, "name": "同时", "kind": "person"}
    title = records.create("invoice_title", heading, by=SYSTEM)
    day = prices.today().isoformat()

    def receive() -> None:
        records.create("receipt", {"contract": contract.pk, "received_on": day, "amount": "600"}, by=SYSTEM)

    def invoice() -> None:
        records.create("invoice", {"contract": contract.pk, "title": title.pk, "amount": "600"}, by=SYSTEM)

    for act, model in ((receive, Receipt), (invoice, Invoice)):
        said = together([partial(patiently, act)] * 4)
        assert sorted(map(str, said)) == ["booked", *["refused"] * 3]
        assert model._default_manager.filter(contract=contract).count() == 1
    contract.refresh_from_db()
    assert str(contract.received) == "600.00"
