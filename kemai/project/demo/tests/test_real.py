"""The real shop comes in through the product's own import, whole."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.db.models import Sum

from kemai.customers.models import Customer, CustomerFacts, Interaction, Order, OrderLine, Product
from kemai.platform.models import ImportRun, Tagging
from kemai.platform.records import Refused
from kemai.project.demo import journey, services
from kemai.project.demo.real import MARK, load_real

pytest.importorskip(journey.PACKAGE)
pytestmark = pytest.mark.django_db


def test_households_and_till_rows_become_customers_and_orders() -> None:
    done = load_real(households=25, until=dt.date(2026, 11, 20))
    assert {run.state for run in ImportRun.objects.all()} == {"done"}
    assert all(counts["refuse"] == 0 for counts in done.counts.values())
    source = journey.frame("transactions")
    source = source[source["household_id"] <= 25]
    bought = source[(source["quantity"] > 0) | (source["sales_value"] > 0)]
    assert Customer.objects.count() == source["household_id"].nunique()
    assert Order.objects.count() == bought["basket_id"].nunique()
    assert OrderLine.objects.count() == len(bought)
    assert Product.objects.count() == bought["product_id"].nunique()
    paid = Order.objects.aggregate(sum=Sum("amount"))["sum"]
    assert paid == Decimal(str(round(float(bought["sales_value"].sum()), 2)))
    first = Customer.objects.get(number="H0001")
    tags = {str(one.tag) for one in Tagging.objects.filter(object_id=first.pk).select_related("tag")}
    assert {"年龄段·65+", "婚姻·已婚"} <= tags
    assert Interaction.objects.filter(customer=first, channel="mail").exists()
    assert CustomerFacts.objects.filter(orders_total__gt=0).count() == Customer.objects.count()
    assert load_real().counts == {}


def test_an_import_that_was_cut_off_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    def fall(*_args: object) -> None:
        raise OSError("disk full")

    until = dt.date(2026, 11, 20)
    with monkeypatch.context() as patch:
        patch.setattr("kemai.project.demo.real.Watch.__call__", fall)
        with pytest.raises(OSError, match="disk full"):
            load_real(households=10, until=until)
    begun = ImportRun.objects.get()
    assert begun.state == "running"
    load_real(households=10, until=until)
    assert ImportRun.objects.count() == 3
    assert {run.state for run in ImportRun.objects.all()} == {"done"}
    source = journey.frame("transactions")
    assert Customer.objects.count() == source[source["household_id"] <= 10]["household_id"].nunique()


def test_a_real_import_is_not_mixed_with_other_data() -> None:
    now = dt.datetime.now(dt.UTC)
    Customer.objects.create(name="张三", created_at=now, updated_at=now)
    with pytest.raises(Refused):
        load_real(households=1)
    assert services.mark(MARK) is None
