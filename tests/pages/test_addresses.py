"""What an address shows of what somebody typed: nothing; and that it works all the same."""

from __future__ import annotations

import html
import json
import re
from typing import Any
from urllib.parse import unquote_plus, urlencode

import pytest
from django.http import QueryDict
from django.test import Client, override_settings

from kemai.platform.query import QueryError
from kemai.platform.ui import addresses
from tests.people import Person, browser, customer

NAME, PHONE = "欧阳娜娜", "13700137000"
FRAGMENT = {"HX-Request": "true"}
FORM = addresses.FORM
WHERE = {"field": "phone", "op": "eq", "value": PHONE}


def ask(client: Client, path: str, values: dict[str, str], how: str = "answer", **headers: str) -> Any:
    """As our pages ask: the query is the body."""
    return client.post(path, urlencode(values), content_type=FORM, headers={"X-Asks": how, **headers})


def links(text: str) -> list[str]:
    """Every address that a page leads to, or asks."""
    found = re.findall(r'(?:href|hx-get|hx-post|action|data-[a-z-]*url)="([^"]*)"', text)
    return [unquote_plus(html.unescape(one)) for one in found]


def test_what_is_typed_stands_in_no_address_of_a_list(people: dict[str, Person]) -> None:
    one = customer(people["alice"], name=NAME, phone=PHONE)
    customer(people["alice"], name="另一位", phone="13600136000")
    client = browser(people["alice"])
    asked = {"q": NAME, "where": json.dumps(WHERE), "sort": "-created_at"}
    answer = ask(client, "/o/customer/", asked, "push", **FRAGMENT)
    pushed = answer.headers["HX-Push-Url"]
    assert "sort=-created_at" in pushed, "what is nobody's secret can be read"
    body = client.get(pushed).content.decode()
    assert f'data-id="{one.pk}"' in body
    assert "另一位" not in body
    for address in (pushed, *links(body), *links(answer.content.decode())):
        assert NAME not in address, address
        assert PHONE not in address, address
        assert "where=" not in address, address
    for tail in ("count", "columns", "views/new"):
        query = pushed.partition("?")[2]
        assert client.get(f"/o/customer/{tail}?{query}", headers=FRAGMENT).status_code == 200, tail
    chosen = client.post("/o/customer/totals", {"all": "1", "query": pushed.partition("?")[2]})
    assert chosen.status_code == 200


def test_an_address_of_old_opens_and_is_written_anew(people: dict[str, Person]) -> None:
    one = customer(people["alice"], name=NAME, phone=PHONE)
    client = browser(people["alice"])
    body = client.get("/o/customer/", {"q": NAME, "view": "all"}).content.decode()
    assert f'data-id="{one.pk}"' in body
    written = html.unescape(re.search(r'<meta name="address" content="([^"]*)"', body)[1])  # type: ignore[index]
    assert NAME not in unquote_plus(written)
    again = client.get(written).content.decode()
    assert f'data-id="{one.pk}"' in again
    assert '<meta name="address"' not in again
    stranger = Client().get("/o/customer/", {"q": NAME})
    assert NAME not in unquote_plus(unquote_plus(stranger.headers["Location"])), (
        "nor does the log-in carry it"
    )


def test_a_form_of_the_kind_get_is_told_its_address(people: dict[str, Person]) -> None:
    client = browser(people["boss"])
    answer = ask(client, "/settings/users/", {"q": NAME, "state": "all"}, "address")
    assert answer.status_code == 204
    assert answer.headers["X-Address"].startswith("/settings/users/?state=all&asked=")
    assert NAME in client.get(answer.headers["X-Address"]).content.decode()


def test_who_may_see_is_judged_anew(people: dict[str, Person]) -> None:
    one = customer(people["alice"], name=NAME, phone=PHONE)
    answer = ask(browser(people["alice"]), "/o/customer/", {"q": NAME}, "push", **FRAGMENT)
    shared = browser(people["charlie"]).get(answer.headers["HX-Push-Url"])
    assert shared.status_code == 200
    assert f'data-id="{one.pk}"' not in shared.content.decode()


def test_what_only_asks_writes_nothing(people: dict[str, Person]) -> None:
    """A POST that says it is a question is a GET for all that follow: no door that writes opens to it."""
    one = customer(people["alice"], name=NAME)
    client = Client(enforce_csrf_checks=True)
    client.force_login(people["alice"].user)
    for path in (f"/o/customer/{one.pk}/delete", "/o/customer/bulk/delete", "/o/customer/new"):
        ask(client, path, {"ids": str(one.pk), "all": "1", "step": "run", "name": "写进来"})
    assert client.get(f"/o/customer/{one.pk}").status_code == 200
    assert "写进来" not in client.get("/o/customer/").content.decode()


def test_an_address_that_was_altered_opens_nothing(people: dict[str, Person]) -> None:
    """Above all it is not taken for "everything"."""
    client = browser(people["boss"])
    good = addresses.query({"q": NAME})
    for bad in ("asked=", "asked=%00", "asked=中", f"{good[:-3]}AAA", "asked=" + "A" * 40):
        assert client.get(f"/o/customer/?{bad}").status_code == 400, bad
        refused = client.post("/o/customer/bulk/delete", {"all": "1", "query": bad})
        assert refused.status_code == 422, bad


def test_a_changed_secret_leaves_bookmarks_whole() -> None:
    with override_settings(SECRET_KEY="the former one", SECRET_KEY_FALLBACKS=[]):
        kept = addresses.query({"q": NAME, "sort": "name"})
    with override_settings(SECRET_KEY_FALLBACKS=["the former one"]):
        assert addresses.opened(QueryDict(kept))[0]["q"] == NAME
    with pytest.raises(QueryError):
        addresses.plain(kept)


def test_what_was_typed_later_counts() -> None:
    kept = addresses.query({"q": "旧", "where": "{}", "sort": "name"})
    found, hidden = addresses.opened(QueryDict(f"{kept}&q=新"))
    assert found.getlist("q") == ["新"]
    assert found["where"] == "{}"
    assert hidden == {"q", "where"}
