"""A small shop with hand-made orders, and a folder for its store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from kemai.customers.models import (
    Category,
    Customer,
    Interaction,
    Order,
    OrderLine,
    Product,
    Shop,
)
from kemai.platform.objects import get
from kemai.platform.records.bulk import insert_parts

SHANGHAI = ZoneInfo("Asia/Shanghai")
TODAY = date(2026, 6, 30)
NOW = datetime.combine(TODAY, time(20), SHANGHAI)


def moment(days_ago: float, hour: int = 10) -> datetime:
    return datetime.combine(TODAY - timedelta(days=days_ago), time(hour), SHANGHAI)


class Till:
    """Makes customers and orders the way the write door leaves them."""

    def __init__(self) -> None:
        self.stamp = datetime(2026, 6, 1, tzinfo=UTC)
        self.numbers = 0
        self.food = self._make(Category, name="食品")
        self.toys = self._make(Category, name="玩具")
        self.rice = self._make(Product, name="大米", number="P1", category=self.food)
        self.bear = self._make(Product, name="小熊", number="P2", category=self.toys)
        self.shop = self._make(Shop, name="南京路店")

    def _make(self, model: type[Any], **values: object) -> Any:
        return model.objects.create(created_at=self.stamp, updated_at=self.stamp, **values)

    def customer(self, name: str = "张伟", **values: object) -> Customer:
        self.numbers += 1
        made: Customer = self._make(Customer, name=name, number=f"C{self.numbers}", **values)
        insert_parts(get("customer"), [made.pk])
        return made

    def order(
        self,
        customer: Customer,
        days_ago: float,
        yuan: int = 100,
        *,
        hour: int = 10,
        channel: str = "store",
        product: Product | None = None,
        state: str = "paid",
    ) -> Order:
        self.numbers += 1
        made: Order = self._make(
            Order, number=f"SO{self.numbers}", customer=customer, ordered_at=moment(days_ago, hour), amount=yuan,
            channel=channel, shop=self.shop, state=state,
        )  # fmt: skip
        OrderLine.objects.create(order=made, product=product or self.rice, quantity=1, amount=yuan)
        return made

    def touch(self, customer: Customer, days_ago: float, direction: str = "in") -> Interaction:
        made: Interaction = self._make(
            Interaction, customer=customer, at=moment(days_ago), direction=direction, channel="call"
        )
        return made


@pytest.fixture
def till(db: None) -> Till:
    return Till()


@pytest.fixture
def nightly(tmp_path: Path) -> Callable[..., Any]:
    """Run the nightly analyses over the test's database into the test's own folder."""
    from kemai.analytics.run import run
    from kemai.platform.access import SYSTEM

    def go(as_of: datetime = NOW, **values: Any) -> Any:
        return run("nightly", by=SYSTEM, as_of=as_of, folder=tmp_path, **{"quick": True, **values})

    return go
