"""Merging by programs."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from django.test import Client

from tests.factory import make
from tests.people import Person

pytestmark = [pytest.mark.django_db, pytest.mark.row(12), pytest.mark.row(13)]


def call(person: Person, method: str, path: str, body: Any = None) -> Any:
    extra = {} if body is None else {"data": orjson.dumps(body), "content_type": "application/json"}
    headers = {"Authorization": f"Bearer {person.key}"}
    return getattr(Client(), method)(f"/api/v1/{path}", headers=headers, **extra)


def test_merge_follow_and_part(people: dict[str, Person]) -> None:
    boss, alice, charlie = people["boss"], people["alice"], people["charlie"]
    one = make("customer", name="甲公司", kind="company", owner=alice.user.pk)
    two = make("customer", name="甲公司（老）", kind="company", owner=alice.user.pk)
    versions = {str(one.pk): one.version, str(two.pk): two.version}
    asked = {"keep": one.pk, "gone": [two.pk], "choices": {"name": two.pk}, "versions": versions}
    assert call(charlie, "post", "customer/merge", asked).status_code == 404
    merged = call(alice, "post", "customer/merge", asked)
    assert merged.status_code == 200, merged.content
    moved = call(alice, "get", f"customer/{two.pk}")
    assert (moved.status_code, moved.json()["id"]) == (301, one.pk)
    assert moved["Location"] == f"/api/v1/customer/{one.pk}"
    assert call(charlie, "get", f"customer/{two.pk}").status_code == 404
    assert call(alice, "get", f"customer/{one.pk}").json()["name"] == "甲公司（老）"
    assert call(boss, "get", f"customer?q={two.number}").json()["rows"][0]["id"] == one.pk
    undone = call(alice, "post", f"changesets/{merged.json()['changeset']}/undo", {})
    assert undone.status_code == 200, undone.content
    assert call(alice, "get", f"customer/{two.pk}").json()["name"] == "甲公司（老）"
    assert call(alice, "get", f"customer/{one.pk}").json()["name"] == "甲公司"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"keep": "1", "gone": [2]}, 422),
        ({"keep": 1, "gone": "2"}, 422),
        ({"keep": 1, "gone": [True]}, 422),
        ({"keep": 1, "gone": [2], "choices": []}, 404),
        ({"keep": 1, "gone": [2], "choices": {"name": "x"}}, 422),
        ({"keep": 1, "gone": [1]}, 409),
        ({"keep": 1, "gone": []}, 409),
        ({"keep": 2**63, "gone": [2]}, 422),
    ],
)
def test_bad_requests_are_told_what_is_wrong(people: dict[str, Person], body: Any, status: int) -> None:
    answer = call(people["boss"], "post", "customer/merge", body)
    assert answer.status_code == status, answer.content
    assert answer.json()["message"]


def test_types_that_cannot_be_merged_say_so(people: dict[str, Person]) -> None:
    answer = call(people["boss"], "post", "user/merge", {"keep": 1, "gone": [2]})
    assert (answer.status_code, answer.json()["code"]) == (409, "not_mergeable")
