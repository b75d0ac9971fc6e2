"""A person who is erased is nowhere in selling either; the books stay, and so does what the law says."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from kemai.collab.models import Notice, Task
from kemai.customers.services import privacy
from kemai.platform import records
from kemai.platform.access import SYSTEM
from kemai.platform.audit.verify import verify
from kemai.platform.events.delivery import drain_all
from kemai.platform.models import Change, OutboxEvent
from kemai.platform.records import Refused
from kemai.sales.models import Contract, Deal, FollowUp, InvoiceTitle, Lead, Quote, Receipt, Visit
from kemai.sales.services import erasing, invoices, leads, lines, quote_answers, quotes
from kemai.sales.tests.selling import TODAY, contract_of, fresh, receive

pytestmark = pytest.mark.django_db
SECRETS = ("李伟明", "13912345678", "西湖边", "112.10.8.20", "朝阳路")


@pytest.fixture
def person(world: dict[str, Any]) -> dict[str, Any]:
    """Somebody who came as a lead, bought, was visited, and has two headings: one on an issued invoice."""
    alice = world["alice"].actor
    lead = records.create("lead", {"name": "李伟明", "phone": "13912345678", "need": "住在西湖边"}, by=alice)
    touch = {"lead": lead.pk, "channel": "call", "at": timezone.now(), "body": "李伟明说他搬家了"}
    records.create("lead_follow_up", touch, by=alice)
    customer = leads.convert_lead(
        lead.pk, leads.Conversion(None, "", {"name": "李伟明 的需求", "amount": "1000"}), by=alice
    )
    deal = Deal.objects.get(customer=customer)
    lines.write_lines("deal", deal.pk, [{"product": world["pump"].pk, "quantity": 5}], by=alice)
    quote = records.create("quote", {"customer": customer.pk, "deal": deal.pk}, by=alice)
    quotes.send(quote.pk, by=alice)
    key = quote_answers.public_key(fresh(quote))
    quote_answers.answer_public(key, yes=True, name="李伟明", note="送到西湖边", address="112.10.8.20")
    contract = contract_of({**world, "customer": customer}, "1000.00", name="李伟明 合同")
    receive({**world, "customer": customer}, contract, "400")
    Receipt.objects.update(payer="李伟明")
    visit = {"purpose": "见李伟明", "customer": customer.pk, "starts_at": timezone.now()}
    seen = records.create("visit", visit, by=alice)
    Visit.objects.filter(pk=seen.pk).update(place="西湖边", report="李伟明很满意", latitude=30.2)
    title = {"customer": customer.pk, "kind": "person", "name": "李伟明", "address": "朝阳路 1 号"}
    on_paper, unused = (records.create("invoice_title", title, by=alice) for _n in range(2))
    records.update("invoice_title", unused.pk, {"name": "李伟明（旧）"}, by=alice)
    asked = {"contract": contract.pk, "title": on_paper.pk, "amount": "400"}
    invoice = records.create("invoice", asked, by=alice)
    invoices.issue(invoice.pk, "25332000000012345678", dt.date(2026, 2, 28), by=alice)
    drain_all()
    request = records.create("privacy_request", {"customer": customer.pk, "kind": "erase"}, by=SYSTEM)
    privacy.verify(request.pk, "回拨登记电话", by=world["boss"].actor)
    return {
        "customer": customer, "lead": lead, "quote": quote, "key": key, "contract": contract, "on_paper": on_paper,
        "unused": unused, "invoice": invoice, "request": request,
    }  # fmt: skip


@pytest.mark.row(141)
def test_nothing_of_the_person_stays_in_selling_but_what_the_law_asks_for(
    world: dict[str, Any], person: dict[str, Any], client: Client
) -> None:
    done = privacy.fulfil(person["request"].pk, by=world["boss"].actor, answer="已按要求办理")
    told: dict[str, list[Any]] = {
        model.__name__: list(model._default_manager.values())
        for model in (Lead, FollowUp, Deal, Quote, Contract, Receipt, Visit, Notice, Task)
    }
    told["events"] = list(OutboxEvent.objects.values_list("payload", flat=True))
    told["log"] = list(Change.objects.values_list("type_key", "diff"))
    told["titles"] = list(InvoiceTitle.objects.exclude(pk=person["on_paper"].pk).values())
    for name, rows in told.items():
        text = json.dumps(rows, ensure_ascii=False, default=str)
        assert {secret for secret in SECRETS if secret in text} == set(), name
    assert client.get(f"/q/{person['key']}").status_code == 404
    kept = fresh(person["on_paper"])
    assert (kept.name, kept.address, kept.keep_until) == ("李伟明", "", dt.date(2056, 2, 28))
    assert "2056-02-28" in done.answer
    assert done.answer.startswith("已按要求办理")
    assert str(fresh(person["contract"]).received) == "400.00"  # the books stay
    assert verify().ok  # and so does the chain


@pytest.mark.row(141)
def test_a_heading_that_is_only_stored_cannot_be_used_again_and_goes_when_its_time_is_over(
    world: dict[str, Any], person: dict[str, Any]
) -> None:
    boss = world["boss"].actor
    privacy.fulfil(person["request"].pk, by=boss)
    with pytest.raises(Refused) as refused:
        records.restore("invoice_title", [person["on_paper"].pk], by=boss)
    assert "依法保留" in refused.value.message
    assert erasing.end_titles(TODAY()) == 0
    assert erasing.end_titles(dt.date(2056, 3, 1)) == 1
    kept = fresh(person["on_paper"])
    assert "李" not in kept.name
    assert kept.keep_until is None
