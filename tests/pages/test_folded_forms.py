"""A long form folds what need not be seen at once: what was not drawn is not touched, what is wrong stands open."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kemai.customers.models import Customer
from kemai.platform.access import SYSTEM
from kemai.platform.define import fields
from tests.pages.test_record import FRAGMENT, browser, customer_of, url_of
from tests.pages.test_record_forms import hidden
from tests.people import Person

HIDDEN = "note_29"


@pytest.fixture
def many() -> str:
    """Some fifty own fields of customers, in the last section of the form; the key of that section's place."""
    for number in range(45):
        fields.create_field("customer", "text", {"label": f"说明{number}"}, by=SYSTEM, key=f"note_{number}")
    options = {
        "label": "爱好",
        "options": [{"value": "tea", "label": "茶"}, {"value": "go", "label": "围棋"}],
    }
    fields.create_field("customer", "multi_choice", options, by=SYSTEM, key="likes")
    fields.create_field("customer", "boolean", {"label": "回访"}, by=SYSTEM, key="called")
    fields.create_field("customer", "text", {"label": "必填项", "required": True}, by=SYSTEM, key="needed")
    where = {"field": "note_28", "op": "eq", "value": "要"}
    more = {"label": "有条件", "require_if": where}
    fields.create_field("customer", "text", more, by=SYSTEM, key="perhaps")
    rule = {"label": "校验项", "rule": 'address <> "坏"'}
    fields.create_field("customer", "text", rule, by=SYSTEM, key="ruled")
    return "rest-4"


def rest_of(page: str) -> list[str]:
    return hidden_rest(page).split()


def hidden_rest(page: str) -> str:
    return page.split('data-rest="')[1].split('"', maxsplit=1)[0] if 'data-rest="' in page else ""


def place_of(page: str) -> str:
    return page.split('{"X-Part": "')[1].split('"', maxsplit=1)[0]


def sent(page: str, **typed: Any) -> dict[str, Any]:
    """What a browser sends of a form as it stands."""
    base = json.loads(hidden(page, "_base"))
    values = {key: pair[0] for key, pair in base.items()}
    values |= {"_base": json.dumps(base), "_version": hidden(page, "_version")}
    if 'name="_drawn"' in page:
        values["_drawn"] = hidden(page, "_drawn")
    return {**values, **typed}


def test_what_is_folded_is_drawn_on_request_and_saved(people: dict[str, Person], many: str) -> None:
    customer = customer_of(people["boss"], needed="有", likes=["tea"], called=True, **{HIDDEN: "原来"})
    boss, url = browser(people["boss"]), url_of(customer, tail="/edit")
    page = boss.get(url).content.decode()
    folded = rest_of(page)
    assert {"note_19", HIDDEN, "likes", "called"} <= set(folded)
    assert 'name="needed"' in page, "what must be filled in stands there"
    assert 'name="perhaps"' in page, "and what depends on others"
    assert f'name="{HIDDEN}"' not in page
    assert boss.post(url, sent(page, name="改名")).status_code == 302
    customer.refresh_from_db()
    assert customer.name == "改名"
    assert customer.extra["likes"] == ["tea"], "nothing that was not drawn is emptied"
    assert customer.extra["called"] is True
    assert customer.extra[HIDDEN] == "原来"
    page = boss.get(url).content.decode()
    rest = boss.get(url, headers={**FRAGMENT, "X-Part": place_of(page)}).content.decode()
    assert all(f'name="{key}"' in rest for key in folded)
    both = sent(page) | {HIDDEN: "新的", "_base": [hidden(page, "_base"), hidden(rest, "_base")]}
    both["_drawn"] = [hidden(page, "_drawn"), hidden(rest, "_drawn")]
    assert boss.post(url, both).status_code == 302
    customer.refresh_from_db()
    assert customer.extra[HIDDEN] == "新的"
    assert "likes" not in customer.extra, "a drawn list without a choice is an empty list"
    assert boss.get(url, headers={**FRAGMENT, "X-Part": "rest-99"}).status_code == 404


def test_what_is_wrong_opens_the_section_with_everything_typed(people: dict[str, Person], many: str) -> None:
    boss = browser(people["boss"])
    page = boss.get("/o/customer/new").content.decode()
    assert "_drawn" in page
    rest = boss.get("/o/customer/new", headers={**FRAGMENT, "X-Part": place_of(page)}).content.decode()
    drawn = [hidden(page, "_drawn"), hidden(rest, "_drawn")]
    typed = {"name": "新客户", "needed": "", "note_20": "很长的话", "_drawn": drawn}
    answer = boss.post("/o/customer/new", typed)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="很长的话"' in page, "the opened section is drawn again"
    assert not rest_of(page)
    assert 'href="#f-needed"' in page
    assert boss.post("/o/customer/new", {**typed, "needed": "有"}).status_code == 302
    customer = Customer.objects.get(name="新客户")
    assert customer.extra["note_20"] == "很长的话"


def test_an_error_in_a_folded_field_is_seen(people: dict[str, Person], many: str) -> None:
    """A check formula may be about a field that nobody had drawn."""
    customer = customer_of(people["boss"], needed="有", ruled="x", **{HIDDEN: "好"})
    boss, url = browser(people["boss"]), url_of(customer, tail="/edit")
    page = boss.get(url).content.decode()
    assert "ruled" in rest_of(page)
    answer = boss.post(url, sent(page, address="坏", note="说来话长"))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'href="#f-ruled"' in page
    assert 'id="f-ruled"' in page
    assert "说来话长" in page
    assert boss.post(url, sent(page, address="好", note="说来话长")).status_code == 302
    customer.refresh_from_db()
    assert (customer.note, customer.extra[HIDDEN]) == ("说来话长", "好")


def test_an_address_that_fills_a_folded_field_in_opens_it(people: dict[str, Person], many: str) -> None:
    page = browser(people["boss"]).get(f"/o/customer/new?{HIDDEN}=预填").content.decode()
    assert 'value="预填"' in page
    assert not rest_of(page)
