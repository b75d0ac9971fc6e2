"""What a company calls its customers: important ones marked by hand, and classes of its own making."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

from kemai.platform.access import SYSTEM
from kemai.platform.define import fields
from tests.pages.test_record import browser, customer_of, url_of
from tests.people import Person


def listed(person: Person, where: object) -> str:
    return browser(person).get(f"/o/customer/?where={quote(json.dumps(where))}").content.decode()


@pytest.mark.row(34)
def test_an_important_customer_is_marked_shown_and_found(people: dict[str, Person]) -> None:
    marked = customer_of(people["alice"], name="要紧的客户")
    customer_of(people["alice"], name="平常的客户", phone="13700137000")
    alice = browser(people["alice"])
    assert "重要客户</span>" not in alice.get(url_of(marked)).content.decode().split('id="rec-body"')[0]
    assert alice.post(url_of(marked, tail="/field/important"), {"important": "1"}).status_code == 200
    marked.refresh_from_db()
    assert marked.important
    assert "重要客户" in alice.get(url_of(marked)).content.decode().split('id="rec-body"')[0]
    found = listed(people["alice"], {"field": "important", "op": "eq", "value": True})
    assert "要紧的客户" in found
    assert "平常的客户" not in found
    told = alice.get(url_of(marked, tail="/history")).content.decode()
    assert "重要客户" in told, "who marked it and when stands in the history"
    assert browser(people["bob"]).post(url_of(marked, tail="/field/important"), {}).status_code == 403


@pytest.mark.row(32)
def test_a_company_classifies_by_a_field_of_its_own(people: dict[str, Person]) -> None:
    options = [{"value": "key", "label": "战略客户", "color": "red"}, {"value": "walk_in", "label": "散客"}]
    values = {"label": "客户层级", "options": options, "indexed": True}
    fields.create_field("customer", "choice", values, by=SYSTEM, key="tier")
    first = customer_of(people["alice"], name="头一家", tier="key")
    customer_of(people["alice"], name="第二家", phone="13700137000", tier="walk_in")
    assert "战略客户" in browser(people["alice"]).get(url_of(first)).content.decode()
    found = listed(people["alice"], {"field": "tier", "op": "in", "value": ["key"]})
    assert "头一家" in found
    assert "第二家" not in found
    chart = browser(people["alice"]).get("/o/customer/?display=chart&by=tier").content.decode()
    assert "战略客户" in chart
    assert "散客" in chart
    renamed = {**values, "options": [{**options[0], "label": "核心客户"}, options[1]]}
    fields.change_field("customer", "tier", renamed, by=SYSTEM)
    assert "核心客户" in browser(people["alice"]).get(url_of(first)).content.decode(), "renamed, not lost"
