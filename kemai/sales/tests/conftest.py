"""A small company that sells, for the tests from the quote to the cash."""

from __future__ import annotations

from typing import Any

import pytest

from kemai.platform import records
from kemai.platform.access import SYSTEM
from kemai.sales.services import stages
from tests.people import crowd


@pytest.fixture
def world() -> dict[str, Any]:
    """A customer and a deal of alice's, and two products, one of them on a price list with breaks at two and ten."""
    stages.forget()
    people = crowd()
    alice = people["alice"].actor
    customer = records.create(
        "customer",
        {"name": "杭州云帆科技有限公司", "kind": "company", "owner": people["alice"].user.pk},
        by=SYSTEM,
    )
    pump = records.create("product", {"name": "水泵 A", "price": "100.00", "unit": "台"}, by=SYSTEM)
    valve = records.create("product", {"name": "阀门 B", "price": "33.33", "unit": "个"}, by=SYSTEM)
    listed = records.create("price_list", {"name": "标准价"}, by=SYSTEM)
    for least, price in ((2, "98.00"), (10, "90.00")):
        records.create(
            "price",
            {"price_list": listed.pk, "product": pump.pk, "from_quantity": least, "price": price},
            by=SYSTEM,
        )
    deal = records.create("deal", {"name": "云帆 100 套", "customer": customer.pk}, by=alice)
    return {"customer": customer, "pump": pump, "valve": valve, "list": listed, "deal": deal, **people}
