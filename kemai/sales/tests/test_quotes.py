"""Lines, price lists and quotes: what is worked out, refused with figures, frozen and accepted."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from kemai.platform import records
from kemai.platform.access import SYSTEM, Denied, TooMany
from kemai.platform.models import ChangeSet
from kemai.platform.records import FieldErrors, Refused
from kemai.sales.models import Contract, Deal, Quote
from kemai.sales.services import (
    lines,
    prices,
    quote_answers,
    quotes,
)
from kemai.sales.tests.selling import TODAY, fresh, quote_of

pytestmark = pytest.mark.django_db


# lines


@pytest.mark.row(53)
def test_lines_make_the_amount_and_prices_come_from_the_list(world: dict[str, Any]) -> None:
    alice, deal = world["alice"].actor, world["deal"]
    rows = [
        {"product": world["pump"].pk, "quantity": "12"},
        {"product": world["valve"].pk, "quantity": "3", "price": "33.33", "discount": "5"},
        {"product": "上门安装", "quantity": "1", "price": "500", "tax_rate": "6"},
    ]
    lines.write_lines("deal", deal.pk, rows, by=alice)
    assert [str(one.amount) for one in lines.lines_of("deal", deal.pk)] == ["1080.00", "94.99", "500.00"]
    assert str(fresh(deal).amount) == "1674.99"
    assert str(deal.weighted) == "167.50"
    with pytest.raises(FieldErrors) as refused:
        records.update("deal", deal.pk, {"amount": "1"}, by=alice)
    assert "1,674.99" in refused.value.errors["amount"]


@pytest.mark.row(53)
def test_gaps_of_a_price_list_are_told_with_figures(world: dict[str, Any]) -> None:
    later = records.create("price_list", {"name": "下季", "starts_on": "2027-04-01"}, by=SYSTEM)
    records.create("price", {"price_list": later.pk, "product": world["pump"].pk, "price": "95"}, by=SYSTEM)
    records.update("price_list", world["list"].pk, {"ends_on": "2027-03-21"}, by=SYSTEM)
    found = [gap.text for gap in prices.gaps_of(fresh(world["list"]))]
    assert found == ["少于 2 时没有价格", "2027-03-22 至 2027-03-31 没有价格（10 天）"]
    (one,) = prices.find_prices([(world["pump"].pk, 1)], prices.Basis(on=dt.date(2027, 1, 1)))
    assert one.price == 10000
    assert "从 2 起" in one.note


def test_bad_lines_are_refused_each_at_its_place(world: dict[str, Any]) -> None:
    rows = [
        {"product": world["pump"].pk, "quantity": "-2"},
        {"product": "", "price": "-5", "discount": "120"},
    ]
    with pytest.raises(FieldErrors) as refused:
        lines.write_lines("deal", world["deal"].pk, rows, by=world["alice"].actor)
    assert set(refused.value.errors) == {"0.quantity", "1.product", "1.price", "1.discount"}
    with pytest.raises(LookupError):
        lines.write_lines("deal", world["deal"].pk, [], by=world["charlie"].actor)


def test_saving_lines_can_be_undone_unless_they_changed_since(world: dict[str, Any]) -> None:
    alice, deal = world["alice"].actor, world["deal"]
    one = {"product": world["valve"].pk, "quantity": 1, "price": "10"}
    lines.write_lines("deal", deal.pk, [one], by=alice)
    first = ChangeSet.objects.filter(kind="lines").latest("pk")
    lines.write_lines("deal", deal.pk, [one, one], by=alice)
    second = ChangeSet.objects.filter(kind="lines").latest("pk")
    assert records.undo(first.pk, by=alice).kept_count == 1
    assert records.undo(second.pk, by=alice).undone == 1
    assert str(fresh(deal).amount) == "10.00"
    assert len(lines.lines_of("deal", deal.pk)) == 1
    with pytest.raises(Refused):
        lines.write_lines("deal", deal.pk, [], by=alice, seen="somebody else saved")


# quotes


@pytest.mark.row(54)
@pytest.mark.row(59)
def test_a_discount_beyond_the_limit_needs_somebody_elses_yes(world: dict[str, Any]) -> None:
    alice, dora = world["alice"].actor, world["dora"].actor
    quote = quote_of(world, discount="25")
    with pytest.raises(Refused) as refused:
        quotes.send(quote.pk, by=alice)
    assert "25%" in refused.value.message
    assert "10%" in refused.value.message
    quotes.ask_approval(quote.pk, "老客户", by=alice)
    with pytest.raises(Denied):
        quotes.decide(quote.pk, yes=True, note="", by=alice)
    with pytest.raises(FieldErrors):
        quotes.decide(quote.pk, yes=False, note="", by=dora)
    quotes.decide(quote.pk, yes=False, note="最多 20%", by=dora)
    assert (fresh(quote).state, quote.approval["note"]) == ("draft", "最多 20%")
    quotes.ask_approval(quote.pk, "再请示", by=alice)
    quotes.decide(quote.pk, yes=True, note="", by=dora)
    assert quotes.send(quote.pk, by=alice).state == "sent"


@pytest.mark.row(54)
def test_a_sent_version_is_frozen_and_the_next_one_replaces_it(world: dict[str, Any]) -> None:
    alice = world["alice"].actor
    quote = quotes.send(quote_of(world).pk, by=alice)
    sent = ChangeSet.objects.filter(kind="step").latest("pk")
    for change in (
        lambda: records.update("quote", quote.pk, {"terms": "别的"}, by=alice),
        lambda: lines.write_lines("quote", quote.pk, [], by=alice),
        lambda: records.delete("quote", [quote.pk], by=world["boss"].actor),
        lambda: records.undo(sent.pk, by=alice),
    ):
        with pytest.raises((FieldErrors, Refused)):
            change()
    nxt = quotes.new_version(quote.pk, by=alice)
    assert (nxt.number, nxt.revision, nxt.state) == (quote.number, 2, "draft")
    assert lines.lines_of("quote", nxt.pk) == lines.lines_of("quote", quote.pk)
    with pytest.raises(Refused):
        quotes.new_version(quote.pk, by=alice)
    quotes.send(nxt.pk, by=alice)
    assert fresh(quote).state == "replaced"


def test_lines_in_other_money_are_at_the_days_rate(world: dict[str, Any]) -> None:
    alice = world["alice"].actor
    lines.write_lines("deal", world["deal"].pk, [{"product": world["valve"].pk, "quantity": 3}], by=alice)
    values = {
        "customer": world["customer"].pk,
        "deal": world["deal"].pk,
        "currency": "USD",
        "quoted_on": "2026-06-15",
    }
    with pytest.raises(FieldErrors) as refused:
        records.create("quote", values, by=alice)
    assert "2026-06-15" in refused.value.errors["currency"]
    for on, rate in (("2026-01-01", 7.0), ("2026-06-01", 7.2), ("2026-07-01", 9.9)):
        records.create("exchange_rate", {"currency": "USD", "on": on, "rate": rate}, by=SYSTEM)
    quote = records.create("quote", values, by=alice)
    assert str(fresh(quote).amount) == "13.89"  # 33.33 / 7.2 = 4.629… → 4.63, three of them
    contract = records.create(
        "contract", {"name": "出口", "customer": world["customer"].pk, "currency": "USD", "amount": "100",
                     "signed_on": "2026-05-01"}, by=alice,
    )  # fmt: skip
    assert (contract.rate, str(contract.amount_base)) == (7.0, "700.00")
    with pytest.raises(FieldErrors):
        records.create("quote", {**values, "price_list": world["list"].pk}, by=alice)


@pytest.mark.row(54)
def test_the_customer_accepts_on_the_public_page(world: dict[str, Any], client: Client) -> None:
    alice = world["alice"].actor
    quote = quotes.send(quote_of(world).pk, by=alice)
    address = f"/q/{quote_answers.public_key(quote)}"
    page = client.get(address)
    assert page.status_code == 200
    assert "水泵 A" in page.content.decode()
    assert page.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert "unsafe-inline" not in page.headers["Content-Security-Policy"]
    assert client.post(address, {"answer": "yes"}).status_code == 422
    assert client.post(address, {"answer": "yes", "name": "王经理", "note": "尽快发货"}).status_code == 302
    assert "王经理" in client.get(address).content.decode()
    assert client.post(address, {"answer": "no", "name": "王经理"}).status_code == 409
    assert fresh(quote).state == "accepted"
    assert quote.answer == {"name": "王经理", "note": "尽快发货", "address": "127.0.0.1"}
    contract = Contract.objects.get(quote=quote)
    assert (contract.state, contract.amount, contract.owner) == ("draft", quote.amount, quote.owner)
    assert Deal.objects.get(pk=world["deal"].pk).amount == quote.amount
    client.force_login(world["alice"].user)
    told = client.get(f"/o/customer/{world['customer'].pk}/timeline").content.decode()
    assert "接受了报价" in told


def test_wrong_keys_find_nothing_and_end_the_trying(world: dict[str, Any], client: Client) -> None:
    quote = quotes.send(quote_of(world).pk, by=world["alice"].actor)
    key = quote_answers.public_key(quote)
    for wrong in (quote.token, f"{key}x", f"{'A' * 43}.{key.partition('.')[2]}", "1"):
        assert client.get(f"/q/{wrong}").status_code == 404
    for _try in range(quote_answers.WRONG_KEYS_HOUR):
        client.get("/q/x")
    assert client.get("/q/x").status_code == 429
    with pytest.raises(TooMany):
        quote_answers.find_public(key, "127.0.0.1")
    Quote.objects.filter(pk=quote.pk).update(valid_until=TODAY() - dt.timedelta(days=1))
    elsewhere = client.get(f"/q/{key}", REMOTE_ADDR="10.0.0.9").content.decode()
    assert "已经过期" in elsewhere
    assert "水泵 A" not in elsewhere
    assert quotes.expire_quotes() == 1
    assert quotes.expire_quotes() == 0


@pytest.mark.row(60)
def test_documents_are_pdf_for_those_who_may_see_them(world: dict[str, Any], client: Client) -> None:
    quote = quote_of(world)
    client.force_login(world["alice"].user)
    answer = client.get(f"/quotes/{quote.pk}/pdf")
    assert answer.content.startswith(b"%PDF")
    assert quote.number in answer.headers["Content-Disposition"]
    client.force_login(world["charlie"].user)
    assert client.get(f"/quotes/{quote.pk}/pdf").status_code == 404


def test_lines_over_the_api(world: dict[str, Any]) -> None:
    address = f"/api/v1/deal/{world['deal'].pk}/lines"

    def put(body: Any) -> Any:
        headers = {"Authorization": f"Bearer {world['alice'].key}"}
        return Client().put(address, body, content_type="application/json", headers=headers)

    answer = put([{"product": world["pump"].pk, "quantity": 2, "discount": 0.05}])
    assert answer.status_code == 200
    assert answer.json()["amount"] == "186.20"
    assert put([{"name": "x", "quantity": 0}]).status_code == 422
    stranger = {"Authorization": f"Bearer {world['charlie'].key}"}
    assert Client().get(address, headers=stranger).status_code == 404
