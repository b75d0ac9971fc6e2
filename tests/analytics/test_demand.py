"""What history says of the demand for each product."""

from __future__ import annotations

from pathlib import Path

import pytest

from kemai.analytics.results import latest_result
from kemai.analytics.run import run
from kemai.platform.access import SYSTEM
from tests.analytics.conftest import NOW, Till


@pytest.mark.row(63)
def test_the_demand_for_a_product_follows_its_own_season(till: Till, tmp_path: Path) -> None:
    """Rice sells ten times as much from July on, the bear one a month: each gets what its own months say."""
    buyer = till.customer()
    for months_ago in range(1, 37):
        summer = (6 - months_ago) % 12 in {6, 7, 8}  # July to September, counted from June 2026
        for n in range(10 if summer else 1):
            till.order(buyer, months_ago * 30.4, 10, hour=n + 1)
        till.order(buyer, months_ago * 30.4, 10, hour=20, product=till.bear)
    run("forecast", {"products": 5}, by=SYSTEM, as_of=NOW, folder=tmp_path)
    told = latest_result("forecast")
    assert told is not None
    rows = {row[1]: row for row in told["tables"]["products"]["rows"]}
    assert set(rows) == {"大米", "小熊"}
    for name, least, most in (("大米", 15, 35), ("小熊", 2, 4)):
        _pk, _name, year, ahead, low, high, *_rest = rows[name]
        assert least <= ahead <= most, name
        assert low <= ahead <= high
        assert year > 0
