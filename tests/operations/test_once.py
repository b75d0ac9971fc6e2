"""Idempotency-Key: what a program sends twice is done once, for whoever sent it, and never more is told than may be."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from kemai.customers.models import Customer
from kemai.platform.jobs.housekeeping import KEEP_RECEIPTS
from kemai.platform.models import ApiReceipt, ChangeSet
from tests.people import Person, crowd

URL = "/api/v1/customer"


def send(person: Person, method: str, path: str, body: Any, key: str) -> Any:
    headers = {"Authorization": f"Bearer {person.key}", "Idempotency-Key": key}
    client = Client(raise_request_exception=False)
    return getattr(client, method)(path, data=body, content_type="application/json", headers=headers)


@pytest.mark.django_db
def test_a_write_sent_twice_is_done_once(people: dict[str, Person]) -> None:
    boss = people["boss"]
    first = send(boss, "post", URL, {"name": "一次"}, "order-1")
    again = send(boss, "post", URL, {"name": "一次"}, "order-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert Customer.objects.filter(name="一次").count() == 1

    key = first.json()["id"]
    change = {"name": "改过", "version": first.json()["version"]}
    assert send(boss, "patch", f"{URL}/{key}", change, "edit-1").status_code == 200
    assert send(boss, "patch", f"{URL}/{key}", change, "edit-1").json()["name"] == "改过"
    stale = send(boss, "patch", f"{URL}/{key}", change | {"name": "别的"}, "edit-2")
    assert stale.status_code == 409, "the version is out of date, the key does not change that"

    many = [{"name": f"批{n}"} for n in range(3)]
    ids = send(boss, "post", f"{URL}/bulk", many, "bulk-1").json()["ids"]
    assert send(boss, "post", f"{URL}/bulk", many, "bulk-1").json()["ids"] == ids
    removed = send(boss, "delete", f"{URL}/{key}", None, "gone-1").json()
    assert send(boss, "delete", f"{URL}/{key}", None, "gone-1").json() == removed
    assert ChangeSet.objects.filter(kind="delete").count() == 1


@pytest.mark.django_db
def test_a_key_is_of_one_person_and_one_request(people: dict[str, Person]) -> None:
    boss, alice = people["boss"], people["alice"]
    assert send(boss, "post", URL, {"name": "甲"}, "k").status_code == 201
    other = send(boss, "post", URL, {"name": "乙"}, "k")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")
    assert send(alice, "post", URL, {"name": "丙"}, "k").status_code == 201
    assert send(boss, "post", URL, {"name": "丁"}, "空").json()["code"] == "bad_key"
    assert not Customer.objects.filter(name__in=("乙", "丁")).exists()


@pytest.mark.django_db
def test_a_refused_write_may_be_mended_and_an_old_key_used_again(people: dict[str, Person]) -> None:
    boss = people["boss"]
    assert send(boss, "post", URL, {"name": ""}, "k").status_code == 422
    assert send(boss, "post", URL, {"name": "好了"}, "k").status_code == 201
    receipt = ApiReceipt.objects.get()
    assert "好了" not in str(receipt.result)
    ApiReceipt.objects.update(at=receipt.at - KEEP_RECEIPTS - timedelta(minutes=1))
    assert send(boss, "post", URL, {"name": "两天后"}, "k").status_code == 201


@pytest.mark.django_db
def test_who_may_no_longer_see_the_record_is_not_told_it_again(people: dict[str, Person]) -> None:
    alice = people["alice"]
    made = send(alice, "post", URL, {"name": "交出去"}, "k").json()
    Customer.objects.filter(pk=made["id"]).update(owner=people["charlie"].user)
    again = send(alice, "post", URL, {"name": "交出去"}, "k")
    assert again.status_code == 404
    assert Customer.objects.filter(name="交出去").count() == 1


@pytest.mark.django_db(transaction=True)
def test_ten_at_the_same_moment_make_one() -> None:
    if connection.vendor == "sqlite":
        pytest.skip(
            "threads of a test share one SQLite memory; tests/operations/test_killing.py races on a file"
        )
    boss = crowd()["boss"]

    def shoot(_n: int) -> tuple[int, int]:
        try:
            answer = send(boss, "post", URL, {"name": "同时"}, "race")
            return answer.status_code, answer.json().get("id", 0)
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(shoot, range(10)))
    assert len(set(answers)) == 1
    assert answers[0][0] == 201
    assert Customer.objects.filter(name="同时").count() == 1
