"""From the quote to the cash: what a seller, a manager and the customer can do, and what is refused with figures."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from kemai.collab.models import Task
from kemai.platform import records
from kemai.platform.access import SYSTEM, Denied, TooMany
from kemai.platform.events.delivery import drain_all
from kemai.platform.models import ChangeSet
from kemai.platform.records import FieldErrors, Refused
from kemai.sales.models import Allocation, Contract, Deal, Quote, Receipt, ReceiptPlan
from kemai.sales.services import (
    ageing,
    contracts,
    invoices,
    lines,
    prices,
    quote_answers,
    quotes,
    receipts,
    renewals,
    stages,
)
from tests.people import crowd

pytestmark = pytest.mark.django_db
TODAY = prices.today


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


# contracts


@pytest.mark.row(55)
def test_a_contract_comes_into_force_and_wins_its_deal(world: dict[str, Any]) -> None:
    alice = world["alice"].actor
    made = records.create(
        "contract",
        {"name": "合同", "customer": world["customer"].pk, "deal": world["deal"].pk, "amount": "500"},
        by=alice,
    )
    contracts.submit(made.pk, "", by=alice)
    with pytest.raises(Denied):
        contracts.decide(made.pk, yes=True, note="", by=alice)
    contracts.decide(made.pk, yes=True, note="", by=world["dora"].actor)
    assert (fresh(made).state, Deal.objects.get(pk=world["deal"].pk).state) == ("effective", "won")
    for values in ({"amount": "1"}, {"customer": world["customer"].pk + 1}):
        with pytest.raises((FieldErrors, Refused)):
            records.update("contract", made.pk, values, by=alice)
    records.update("contract", made.pk, {"note": "可以改备注"}, by=alice)
    with pytest.raises(Refused) as refused:
        contracts.complete(made.pk, by=alice)
    assert "500.00" in refused.value.message


@pytest.mark.row(55)
def test_an_amendment_is_written_into_the_contract(world: dict[str, Any]) -> None:
    alice, boss = world["alice"].actor, world["boss"].actor
    contract = contract_of(world)
    receive(world, contract, "400")
    small = contracts.amend(contract.pk, by=alice)
    records.update("contract", small.pk, {"amount": "300"}, by=alice)
    with pytest.raises(Refused) as refused:
        contracts.submit(small.pk, "", by=alice)
    assert "400.00" in refused.value.message
    records.update("contract", small.pk, {"amount": "1500", "ends_on": "2030-12-31"}, by=alice)
    contracts.submit(small.pk, "加量", by=alice)
    contracts.decide(small.pk, yes=True, note="", by=boss)
    assert (str(fresh(contract).amount), contract.ends_on, contract.state) == (
        "1500.00", dt.date(2030, 12, 31), "effective",
    )  # fmt: skip
    assert fresh(small).state == "completed"


@pytest.mark.row(55)
def test_the_owner_is_reminded_once_a_step_and_the_end_is_noted(world: dict[str, Any]) -> None:
    today = TODAY()
    ends = today + dt.timedelta(days=50)
    contract = contract_of(world, ends_on=ends.isoformat(), starts_on=today.isoformat())
    assert [renewals.remind(), renewals.remind()] == [1, 0]
    assert renewals.remind(ends - dt.timedelta(days=25)) == 1
    assert renewals.remind(ends - dt.timedelta(days=3)) == 1
    assert Task.objects.filter(type_key="contract", object_id=contract.pk, owner=contract.owner).count() == 3
    assert contracts.expire_contracts(ends) == 0
    assert contracts.expire_contracts(ends + dt.timedelta(days=1)) == 1
    assert fresh(contract).state == "expired"


# money


@pytest.mark.row(57)
def test_receipts_pay_the_earliest_plans_and_never_more_than_the_contract(world: dict[str, Any]) -> None:
    alice = world["alice"].actor
    contract = contract_of(world)
    receipts.plan_receipts(contract.pk, {"kind": "shares", "shares": "30% 0\n60% 30\n10% 365"}, by=alice)
    receive(world, contract, "500")
    plans = list(ReceiptPlan.objects.filter(contract=contract).order_by("number"))
    assert [str(one.amount) for one in plans] == ["300.00", "600.00", "100.00"]
    assert [str(one.open) for one in plans] == ["0.00", "400.00", "100.00"]
    with pytest.raises(FieldErrors) as refused:
        receive(world, contract, "500.01")
    assert "500.00" in refused.value.errors["amount"]
    with pytest.raises(Refused):
        receipts.plan_receipts(contract.pk, {"kind": "months", "count": "2"}, by=alice)
    receive(world, contract, "500")
    assert fresh(contract).received == contract.amount
    assert contracts.complete(contract.pk, by=alice).state == "completed"


@pytest.mark.row(57)
def test_a_reversal_opens_the_plan_again_and_nothing_is_deleted(world: dict[str, Any]) -> None:
    alice = world["alice"].actor
    contract = contract_of(world)
    receipts.plan_receipts(contract.pk, {"kind": "months", "count": "2", "first": "2026-01-31"}, by=alice)
    receipt = receive(world, contract, "600")
    created = ChangeSet.objects.filter(kind="create", type_key="receipt").latest("pk")
    with pytest.raises(Refused):
        records.delete("receipt", [receipt.pk], by=world["boss"].actor)
    assert records.undo(created.pk, by=world["boss"].actor).kept_count == 1
    with pytest.raises(FieldErrors):
        records.update("receipt", receipt.pk, {"amount": "1"}, by=alice)
    counter = receipts.reverse(receipt.pk, "记错合同", by=alice)
    assert (counter.amount, counter.reverses_id) == (-receipt.amount, receipt.pk)
    assert fresh(contract).received == 0
    assert [str(one.open) for one in ReceiptPlan.objects.filter(contract=contract)] == ["500.00", "500.00"]
    for again in (receipt.pk, counter.pk):
        with pytest.raises(Refused):
            receipts.reverse(again, "再来一次", by=alice)


@pytest.mark.row(57)
def test_allocation_by_hand_stays_within_plan_and_receipt(world: dict[str, Any]) -> None:
    alice = world["alice"].actor
    contract = contract_of(world)
    receipts.plan_receipts(contract.pk, {"kind": "months", "count": "2"}, by=alice)
    receipt = receive(world, contract, "300")
    first, second = ReceiptPlan.objects.filter(contract=contract).order_by("number")
    for wanted, field in (
        ({second.pk: Decimal(501)}, f"plan-{second.pk}"),
        ({first.pk: Decimal(200), second.pk: Decimal(101)}, ""),
    ):
        with pytest.raises(FieldErrors) as refused:
            receipts.allocate_by_hand(receipt.pk, wanted, by=alice)
        assert field in refused.value.errors
    receipts.allocate_by_hand(receipt.pk, {second.pk: Decimal(300)}, by=alice)
    assert [str(fresh(one).received) for one in (first, second)] == ["0.00", "300.00"]


@pytest.mark.row(58)
def test_invoices_stay_within_the_contract_and_are_taken_back_by_red_ones(world: dict[str, Any]) -> None:
    alice = world["alice"].actor
    contract = contract_of(world)
    title = {"customer": world["customer"].pk, "name": "云帆", "tax_number": "91330100MA27XXXX01"}
    heading = records.create("invoice_title", title, by=alice)
    asked = {"contract": contract.pk, "title": heading.pk}
    one = records.create("invoice", {**asked, "amount": "700"}, by=alice)
    with pytest.raises(FieldErrors) as refused:
        records.create("invoice", {**asked, "amount": "300.01"}, by=alice)
    assert "300.00" in refused.value.errors["amount"]
    invoices.issue(one.pk, "25332000000012345678", None, by=alice)
    assert str(fresh(contract).invoiced) == "700.00"
    with pytest.raises(Refused):
        records.delete("invoice", [one.pk], by=world["boss"].actor)
    red = invoices.red(one.pk, "25332000000012345679", "税号错了", by=alice)
    assert (fresh(one).state, str(red.amount), str(fresh(contract).invoiced)) == ("red", "-700.00", "0.00")
    two = records.create("invoice", {**asked, "amount": "1000"}, by=alice)
    invoices.reject(two.pk, "抬头不全", by=alice)
    records.create("invoice", {**asked, "amount": "1000"}, by=alice)
    other = records.create("customer", {"name": "别家"}, by=alice)
    foreign = records.create("invoice_title", {**title, "customer": other.pk}, by=alice)
    with pytest.raises(FieldErrors):
        records.create("invoice", {"contract": contract.pk, "title": foreign.pk, "amount": "1"}, by=alice)


def test_the_ageing_adds_up_and_leads_to_the_plans(world: dict[str, Any], client: Client) -> None:
    alice = world["alice"].actor
    contract = contract_of(world, "1000.05")
    today = TODAY()
    for n, late in enumerate((-5, 0, 1, 30, 31, 60, 61, 90, 91, 400), 1):
        due = (today - dt.timedelta(days=late)).isoformat()
        records.create(
            "receipt_plan",
            {"contract": contract.pk, "number": n, "due_on": due, "amount": f"{n}.01"},
            by=alice,
        )
    (table,) = ageing.tables(alice)
    assert [str(cell.amount) for cell in table.whole.cells] == ["3.02", "7.02", "11.02", "15.02", "19.02"]
    client.force_login(world["alice"].user)
    assert client.get("/ageing").status_code == 200
    for cell in table.whole.cells:
        listed = client.get(cell.url.replace("/o/", "/api/v1/").replace("/?", "?")).json()["rows"]
        assert sum(Decimal(row["open"]) for row in listed) == cell.amount
        assert {row["state"] for row in listed} <= ({"due"} if cell is table.whole.cells[0] else {"overdue"})
    assert ageing.tables(world["charlie"].actor) == []


def test_money_imported_in_bulk_is_booked_like_one_by_one(world: dict[str, Any]) -> None:
    contract = contract_of(world)
    boss = world["boss"].actor
    receipts.plan_receipts(contract.pk, {"kind": "months", "count": "2"}, by=boss)
    row = {"contract": contract.pk, "received_on": TODAY().isoformat()}
    with pytest.raises(FieldErrors):
        records.bulk_create("receipt", [{**row, "amount": "600"}, {**row, "amount": "401"}], by=boss)
    records.bulk_create("receipt", [{**row, "amount": "600"}, {**row, "amount": "400"}], by=boss)
    drain_all()
    assert str(fresh(contract).received) == "1000.00"
    assert {str(one.open) for one in ReceiptPlan.objects.filter(contract=contract)} == {"0.00"}
    assert sum(Allocation.objects.values_list("amount", flat=True)) == Decimal(1000)


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
