"""From the contract to the cash: what a seller and a manager can do, and what is refused with figures."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from kemai.collab.models import Task
from kemai.platform import records
from kemai.platform.access import Denied
from kemai.platform.events.delivery import drain_all
from kemai.platform.models import ChangeSet
from kemai.platform.records import FieldErrors, Refused
from kemai.platform.ui import addresses
from kemai.sales.models import Allocation, Deal, ReceiptPlan
from kemai.sales.services import (
    ageing,
    contracts,
    invoices,
    receipts,
    renewals,
)
from kemai.sales.tests.selling import TODAY, contract_of, fresh, receive
from tests.people import browser

pytestmark = pytest.mark.django_db


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
    page = browser(world["alice"]).get(f"/o/receipt/{receipt.pk}").content.decode()
    assert page.count(f"已由 {counter.number} 红冲") >= 2  # neither act is offered, and both say why
    assert f"/receipts/{receipt.pk}/reverse" not in page


@pytest.mark.row(57)
def test_a_plan_out_of_the_bin_stays_within_the_contract(world: dict[str, Any]) -> None:
    alice, boss = world["alice"].actor, world["boss"].actor
    contract = contract_of(world)
    receipts.plan_receipts(contract.pk, {"kind": "months", "count": "2"}, by=alice)
    first = ReceiptPlan.objects.filter(contract=contract).earliest("number")
    gone = records.delete("receipt_plan", [first.pk], by=boss)
    receipts.plan_receipts(contract.pk, {"kind": "months", "count": "1"}, by=alice)
    with pytest.raises(Refused) as refused:
        records.restore("receipt_plan", [first.pk], by=boss)
    for figure in ("1,500.00", "1,000.00", "500.00"):
        assert figure in refused.value.message
    told = records.undo(gone.pk, by=boss)
    assert (told.undone, told.kept_count) == (0, 1)
    assert "1,500.00" in told.kept[0].why
    made = ReceiptPlan.objects.filter(contract=contract).latest("pk")
    records.update("receipt_plan", made.pk, {"void": True}, by=alice)
    records.restore("receipt_plan", [first.pk], by=boss)
    receive(world, contract, "400")
    assert str(fresh(first).open) == "100.00"


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


@pytest.mark.row(58)
def test_a_request_out_of_the_bin_stays_within_the_contract(world: dict[str, Any]) -> None:
    alice, boss = world["alice"].actor, world["boss"].actor
    contract = contract_of(world)
    title = {"customer": world["customer"].pk, "name": "云帆", "tax_number": "91330100MA27XXXX01"}
    asked = {"contract": contract.pk, "title": records.create("invoice_title", title, by=alice).pk}
    one = records.create("invoice", {**asked, "amount": "700"}, by=alice)
    records.delete("invoice", [one.pk], by=boss)
    two = records.create("invoice", {**asked, "amount": "600"}, by=alice)
    with pytest.raises(Refused) as refused:
        records.restore("invoice", [one.pk], by=boss)
    assert "1,300.00" in refused.value.message
    assert "300.00" in refused.value.message
    invoices.reject(two.pk, "重复申请", by=alice)
    records.restore("invoice", [one.pk], by=boss)
    assert fresh(one).deleted_at is None


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
        asked = addresses.plain(cell.url.partition("?")[2])
        listed = client.get(f"/api/v1/receipt_plan?{asked}").json()["rows"]
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
