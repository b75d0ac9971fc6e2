"""Leads: scored with reasons, turned into customers with everything that was said."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from kemai.customers.models import Contact, Customer, Interaction
from kemai.platform import records
from kemai.platform.objects import get
from kemai.platform.records import FieldErrors, Refused
from kemai.sales.models import Deal, Lead
from kemai.sales.services import leads
from kemai.sales.services.leads import Conversion
from tests.people import Person

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(people: dict[str, Person]) -> Lead:
    values = {
        "name": "张伟", "company": "杭州云帆科技有限公司", "title": "采购经理", "phone": "13800138000",
        "source": "referral",
        "budget": "50000", "need": "100 套",
    }  # fmt: skip
    made: Lead = records.create("lead", values, by=people["alice"].actor)
    return made


def touch(lead: Lead, people: dict[str, Person], outcome: str = "reached") -> None:
    values = {
        "lead": lead.pk,
        "channel": "call",
        "outcome": outcome,
        "at": timezone.now(),
        "body": "聊了需求",
    }
    records.create("lead_follow_up", values, by=people["alice"].actor)


@pytest.mark.row(43)
def test_the_score_says_why(lead: Lead, people: dict[str, Person]) -> None:
    lead.refresh_from_db()
    before = lead.score
    touch(lead, people)
    lead.refresh_from_db()
    assert lead.score == before + 10
    assert lead.state == "working"
    explain = get("lead").explain
    assert explain is not None
    told = explain(people["alice"].actor, lead.pk, "score")
    assert told is not None
    assert sum(float(one.text.split()[0]) for one in told.inputs) == pytest.approx(lead.score, abs=0.5)
    assert explain(people["charlie"].actor, lead.pk, "score") is None


@pytest.mark.row(43)
def test_interest_fades(lead: Lead, people: dict[str, Person]) -> None:
    touch(lead, people)
    lead.refresh_from_db()
    fresh = lead.score
    leads.rescore_all(now=timezone.now() + dt.timedelta(days=60))
    lead.refresh_from_db()
    assert lead.score < fresh


@pytest.mark.row(36)
def test_a_converted_lead_brings_everything_along(lead: Lead, people: dict[str, Person]) -> None:
    touch(lead, people)
    touch(lead, people, "later")
    customer = leads.convert_lead(lead.pk, Conversion(deal={"name": "100 套"}), by=people["alice"].actor)
    assert customer.name == "杭州云帆科技有限公司"
    assert Contact.objects.get(customer=customer).name == "张伟"
    assert Interaction.objects.filter(customer=customer, body="聊了需求").count() == 2
    deal = Deal.objects.get(customer=customer)
    assert (str(deal.amount), deal.owner_id, deal.lead_id) == ("50000.00", lead.owner_id, lead.pk)
    lead.refresh_from_db()
    assert (lead.state, lead.customer_id) == ("converted", customer.pk)
    with pytest.raises(Refused):
        leads.convert_lead(lead.pk, Conversion(), by=people["alice"].actor)


def test_a_lead_tells_what_was_said_with_it(lead: Lead, people: dict[str, Person], client: Client) -> None:
    touch(lead, people)
    client.force_login(people["alice"].user)
    told = client.get(f"/o/lead/{lead.pk}").content.decode()
    timeline = told[told.index('id="timeline"') :]
    assert timeline.index("聊了需求") < timeline.index("创建了记录"), "newest first"
    assert "已接通" in timeline
    only = client.get(f"/o/lead/{lead.pk}/timeline?kind=follow_up").content.decode()
    assert "聊了需求" in only
    assert "创建了记录" not in only


@pytest.mark.row(36)
def test_into_an_existing_customer(lead: Lead, people: dict[str, Person]) -> None:
    known = records.create("customer", {"name": "云帆", "kind": "company"}, by=people["alice"].actor)
    assert leads.convert_lead(lead.pk, Conversion(customer=known.pk), by=people["alice"].actor).pk == known.pk
    assert Customer.objects.count() == 1


@pytest.mark.row(36)
def test_somebody_elses_lead_is_not_there(lead: Lead, people: dict[str, Person], client: Client) -> None:
    client.force_login(people["charlie"].user)
    assert client.get(f"/leads/{lead.pk}/convert").status_code == 404
    assert client.post(f"/leads/{lead.pk}/disqualify", {"reason": "no_need"}).status_code == 404
    lead.refresh_from_db()
    assert lead.state == "new"


@pytest.mark.row(36)
def test_setting_aside_needs_a_reason(lead: Lead, people: dict[str, Person]) -> None:
    with pytest.raises(FieldErrors):
        leads.disqualify_lead(lead.pk, "", by=people["alice"].actor)
    leads.disqualify_lead(lead.pk, "no_budget", by=people["alice"].actor)


@pytest.mark.row(36)
def test_conversion_on_screen(lead: Lead, people: dict[str, Person], client: Client) -> None:
    client.force_login(people["alice"].user)
    page = client.get(f"/o/lead/{lead.pk}").content.decode()
    assert "转为客户" in page
    form = client.get(f"/leads/{lead.pk}/convert", headers={"HX-Request": "true"}).content.decode()
    assert "100 套" not in form
    assert "杭州云帆科技有限公司" in form
    bad = client.post(f"/leads/{lead.pk}/convert", {"with_deal": "1", "deal_name": ""})
    assert bad.status_code == 422
    done = client.post(
        f"/leads/{lead.pk}/convert", {"with_deal": "1", "deal_name": "云帆 100 套", "amount": "5万"}
    )
    assert done.status_code == 302
    assert str(Deal.objects.get().amount) == "50000.00"
    logged = client.post(f"/leads/{lead.pk}/log", {"body": "x"}, headers={"HX-Request": "true"})
    assert logged.status_code == 403
