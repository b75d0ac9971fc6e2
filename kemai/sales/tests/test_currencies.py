"""Amounts in several currencies are converted before they are added up, wherever records are summed up; what has no
rate is told apart and never mixed in."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from django.utils import timezone

from kemai.kit.money import from_cents, to_cents
from kemai.platform import records, reports
from kemai.platform.access import SYSTEM, Masked
from kemai.platform.objects import get
from kemai.platform.query.cube import beside, figure
from kemai.platform.reports import Definition, Line
from kemai.platform.ui.lists.table import totals_of
from kemai.sales.models import Contract, ExchangeRate, Quote
from kemai.sales.rules.amounts import converted
from kemai.sales.services import achieved, prices
from kemai.sales.services.rates import rates_on
from kemai.sales.tests.selling import contract_of, receive
from tests.people import browser

pytestmark = pytest.mark.django_db
RATES = (("USD", "2026-01-01", 7.005), ("USD", "2026-06-01", 7.1275), ("EUR", "2026-01-01", 8.5))


@pytest.fixture
def traded(world: dict[str, Any]) -> dict[str, Any]:
    """Contracts and quotes in three currencies on many days; the euro has lost its rate since."""
    rng = Random(3)
    for currency, on, rate in RATES:
        records.create("exchange_rate", {"currency": currency, "on": on, "rate": rate}, by=SYSTEM)
    for number in range(12):
        day = f"2026-{rng.randrange(1, 12):02}-{rng.randrange(1, 28):02}"
        money = {"currency": rng.choice(["CNY", "USD", "EUR"]), "customer": world["customer"].pk}
        amount = f"{rng.randrange(1, 10**6) / 100:.2f}"
        records.create(
            "contract",
            {"name": f"合同{number}", "amount": amount, "signed_on": day, **money},
            by=world["alice"].actor,
        )
        quote = records.create("quote", {"quoted_on": day, **money}, by=world["alice"].actor)
        Quote.objects.filter(pk=quote.pk).update(amount=Decimal(amount))
    ExchangeRate.objects.filter(currency="EUR").update(deleted_at=timezone.now())
    return world


def slowly(quotes: Iterable[Quote]) -> tuple[Decimal, Decimal]:
    """What quotes come to in yuan, and in euros that nothing is known of."""
    yuan, euros = 0, Decimal(0)
    for one in quotes:
        key = one.currency, one.quoted_on or prices.today()
        rate = rates_on([key]).get(key)
        if rate is None:
            euros += one.amount
        else:
            yuan += converted(to_cents(one.amount), rate)
    return from_cents(yuan), euros


def lines_of(type_key: str, row: str, aggregate: str = "sum") -> tuple[Any, list[Line]]:
    plan = reports.resolve(SYSTEM, Definition(type_key, rows=((row, ""),), measures=((aggregate, "amount"),)))
    found = reports.run(SYSTEM, plan)
    return found.plan.measures[0], [*found.total.lines, found.total]


def test_a_report_converts_as_the_product_does(traded: dict[str, Any]) -> None:
    measure, lines = lines_of("contract", "currency")
    for line in lines:
        signed = Contract.objects.filter(**({"currency": line.keys[0]} if line.keys else {}))
        assert figure(measure, line.total) == sum(one.amount_base for one in signed), line.keys
        assert beside(measure, line.total) == {}, "a contract keeps its rate"
    measure, lines = lines_of("quote", "currency")
    for line in lines:
        mine = Quote.objects.filter(**({"currency": line.keys[0]} if line.keys else {}))
        yuan, euros = slowly(mine)
        assert (figure(measure, line.total) or 0, beside(measure, line.total).get("EUR", 0)) == (yuan, euros)
    measure, lines = lines_of("quote", "currency", "avg")
    known = Quote.objects.exclude(currency="EUR")
    assert figure(measure, lines[-1].total) == slowly(known)[0] / known.count()


def test_receipts_count_towards_targets_in_yuan(traded: dict[str, Any]) -> None:
    contract = contract_of(traded, "1000.00", currency="USD", signed_on="2026-02-01")
    receipt = receive(traded, contract, "100.00")
    found = achieved.monthly("receipt", receipt.received_on.year)
    assert sum(found[traded["alice"].user.pk]) == 70_050, "a hundred dollars at 7.005"


def test_pages_say_how_amounts_were_added_up(traded: dict[str, Any]) -> None:
    client = browser(traded["boss"])
    yuan, euros = slowly(Quote.objects.all())
    told = f"¥ {yuan:,.2f} + {euros:,.2f} 欧元"
    page = client.get("/reports/result?type=quote&row1=owner&measure=sum:amount").content.decode()
    assert told in page
    assert "已折算成人民币：按报价日期的汇率" in page
    assert "没有登记汇率的外币没有折算" in page
    assert told in client.get("/o/quote/?view=all").content.decode(), "the sums below the list"
    ids = ",".join(str(pk) for pk in Quote.objects.values_list("pk", flat=True))
    assert told in client.post("/o/quote/totals", {"ids": ids}).content.decode(), "the sum of what is chosen"
    base = sum(one.amount_base for one in Contract.objects.all())
    assert f"¥ {base:,.2f}" in client.get("/o/contract/?view=all").content.decode()
    board = client.get("/o/quote/?view=all&display=board").content.decode()
    assert f"（{Quote.objects.filter(currency='EUR').count()} 条外币没有汇率）" in board
    chart = client.get("/o/quote/?view=all&display=chart&measure=sum:amount").content.decode()
    assert "没有登记汇率的外币没有折算" in chart
    assert get("quote").fields["amount"].exchange is not None


def test_a_masked_amount_is_not_in_the_sum_of_a_page(traded: dict[str, Any]) -> None:
    spec = get("contract").fields["amount"]
    mine = [
        contract_of(traded, amount, currency="USD", signed_on="2026-02-01") for amount in ("100.00", "10.00")
    ]
    rows = [{"id": one.pk, "amount": one.amount} for one in mine]
    assert totals_of(get("contract"), [spec], rows) == ["¥ 770.55"]
    rows[1]["amount"] = Masked("***")
    assert totals_of(get("contract"), [spec], rows) == ["¥ 700.50"]
