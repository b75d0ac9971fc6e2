"""The attack matrix: pages that draw on many records, acts without a record in the address, what belongs to one
person, the settings, and strangers. Every address of the product is in it."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from tests.contracts import doors
from tests.contracts.matrix import (
    BELOW_LIST,
    BELOW_RECORD,
    BY_NAME,
    CLOSED,
    FRAGMENT,
    ROUTES,
    Report,
    Writes,
    fill,
    leads_somewhere,
    state,
    text_of,
)
from tests.contracts.world import PEOPLE, PHONE, World

pytestmark = [pytest.mark.django_db, pytest.mark.row(139)]
METHODS = ("get", "post")
ASSETS = ("static/", "media/")


def test_every_address_has_its_place_in_the_matrix() -> None:
    named = (
        doors.WITH_CUSTOMER | doors.MAY_SHOW_RECORDS | doors.ACTS_ON_MANY | set(doors.OF_A_PERSON) | doors.API
        | set(doors.WITH_RECORD) | doors.ONES_OWN | set(doors.HANGS_ON)
    )  # fmt: skip
    covered = {*BELOW_RECORD, *BELOW_LIST}
    unknown = [
        f"{path} ({name})"
        for path, name in ROUTES
        if path not in covered
        and name not in named
        and not path.startswith(doors.SETTINGS_PREFIXES)
        and not path.startswith(ASSETS)
    ]
    assert not unknown, f"say in tests/contracts/doors.py what these are: {unknown}"
    gone = sorted(name for name in named if name not in BY_NAME)
    assert not gone, f"tests/contracts/doors.py names addresses that are no more: {gone}"
    lost = [path for path, _name in ROUTES if not path.startswith(ASSETS) and not leads_somewhere(fill(path))]
    assert not lost, f"say in doors.ARGS what to fill in: {lost}"


@pytest.mark.parametrize("who", PEOPLE)
def test_pages_that_draw_on_many_records(who: str, world: World) -> None:
    report, client = Report(), world.client(who)
    report.who = who
    hidden = [(one.marker[:14], key) for key, one in world.records.items()] + world.secrets
    hidden = [(text, key) for text, key in hidden if not world.sees(who, key)]
    for name in sorted(doors.MAY_SHOW_RECORDS):
        plain = fill(BY_NAME[name], type_key="customer")
        for address in (plain, f"{plain}?q=暗号&name=暗号customer甲子&phone={PHONE}"):
            answer = client.get(address)
            if answer.status_code == 405:
                break
            body = report.page(answer, f"GET {address}")
            # a page repeats what was asked of it
            body = body.replace("暗号customer甲子&amp;", "") if address != plain else body
            for text, key in hidden:
                leak = text in body and text not in address
                report.check(not leak, f"GET {address} tells of a {key}")
            report.hides_phone(body.replace(f"phone={PHONE}", ""), f"GET {address}")
    report.done()


@pytest.mark.parametrize("who", PEOPLE)
def test_acts_without_a_record_in_the_address(who: str, world: World) -> None:
    report, client = Report(), world.client(who)
    report.who = who
    before = {key: state(world, key) for key in world.records if not world.edits(who, key)}
    wish = {
        "customers": "all", "class": "high", "value_class": "high", "customer": str(world.records["customer"].id),
        "where": "{}", "name": "x", "title": "x",
    }  # fmt: skip
    for name in sorted(doors.ACTS_ON_MANY):
        with transaction.atomic():
            with connection.execute_wrapper(writes := Writes()):
                answer = client.post(fill(BY_NAME[name], key="customer"), wish, headers=FRAGMENT)
                body = text_of(answer)
            report.check(answer.status_code < 500, f"POST {name} {answer.status_code}")
            for key, was in before.items():
                kept = not writes.count or state(world, key) == was
                report.check(kept, f"POST {name} changed a {key}")
                tells = not world.sees(who, key) and world.records[key].marker in body
                report.check(not tells, f"POST {name} tells")
            transaction.set_rollback(True)
    report.done()


@pytest.mark.parametrize("who", [name for name in PEOPLE if name != "alice"])
def test_what_belongs_to_one_person(who: str, world: World) -> None:
    report, client = Report(), world.client(who)
    report.who = who
    before = state(world, "customer")
    undoes = world.edits(who, "customer") and who == "masked"  # who may change in bulk may take back
    for name, kind in doors.OF_A_PERSON.items():
        # who administers sees to jobs, and takes back without seeing
        keeper = who == "admin" and kind in {"changeset", "job"}
        if keeper or (kind == "changeset" and undoes):
            continue
        thing = world.things[kind]
        address = fill(BY_NAME[name], pk=thing, key=thing, changeset=thing)
        for method in METHODS:
            with transaction.atomic():
                headers = {"Authorization": f"Bearer {world.people[who].key}"} if name == "api_undo" else {}
                answer = getattr(client, method)(address, headers=headers)
                report.check(answer.status_code in CLOSED, f"{method} {address} {answer.status_code}")
                report.check("暗号" not in text_of(answer), f"{method} {address} tells")
                report.check(state(world, "customer") == before, f"{method} {address} wrote")
                transaction.set_rollback(True)
    report.done()


@pytest.mark.parametrize("who", PEOPLE)
def test_what_hangs_on_a_record(who: str, world: World) -> None:
    """A comment of alice's on her customer, and her change of it: as closed as the customer."""
    report, client, customer = Report(), world.client(who), world.records["customer"]
    report.who = who
    before, sees = state(world, "customer"), world.sees(who, "customer")
    for name, kind in doors.HANGS_ON.items():
        file = customer.places["file_id"]
        address = fill(BY_NAME[name], pk=world.things[kind], file_id=file)
        keeper = kind == "changeset" and who == "admin"  # takes back without seeing what was in it
        for method in METHODS:
            with transaction.atomic():
                answer = getattr(client, method)(address, {"body": "hacked"}, headers=FRAGMENT)
                body = text_of(answer)
                report.check(answer.status_code < 500, f"{method} {address} {answer.status_code}")
                if not sees:
                    report.check(
                        keeper or answer.status_code in CLOSED, f"{method} {address} {answer.status_code}"
                    )
                    report.check(customer.marker not in body, f"{method} {address} tells")
                may = keeper or who == "alice" or (kind != "comment" and world.edits(who, "customer"))
                report.check(
                    may or state(world, "customer")[:4] == before[:4] or "reply" in name, f"{name} wrote"
                )
                transaction.set_rollback(True)
    report.done()


@pytest.mark.parametrize("who", PEOPLE)
def test_addresses_with_a_key_of_another_kind(who: str, world: World) -> None:
    report, client = Report(), world.client(who)
    report.who = who
    wanted = {**dict.fromkeys(doors.WITH_CUSTOMER, "customer"), **doors.WITH_RECORD}
    for name, key in wanted.items():
        one = world.records.get(key)
        pk = one.id if one else 10**12
        address = fill(
            BY_NAME[name], pk=pk, key=key or "customer", job=pk, customer=world.records["customer"].id
        )
        before = state(world, key) if one else ()
        sees = one is not None and world.sees(who, key)
        for method in METHODS:
            with transaction.atomic():
                sent = {"text": "hacked", "body": "hacked"}
                with connection.execute_wrapper(writes := Writes()):
                    answer = getattr(client, method)(address, sent, headers=FRAGMENT)
                report.check(answer.status_code < 500, f"{method} {address} {answer.status_code}")
                if one and not sees:
                    report.check(answer.status_code in CLOSED, f"{method} {address} {answer.status_code}")
                    report.check(one.marker not in text_of(answer), f"{method} {address} tells")
                if one and not world.edits(who, key) and not (sees and name in doors.DERIVES):
                    kept = not writes.count or state(world, key) == before
                    report.check(kept, f"{method} {address} wrote")
                transaction.set_rollback(True)
    report.done()


def test_settings_are_for_administrators(world: World) -> None:
    report = Report()
    closed = [path for path, name in ROUTES if name not in doors.MAY_SHOW_RECORDS]
    places = [fill(path, key=1, type_key="customer", act="lock") for path in closed]
    places = [address for address in places if address[1:].startswith(doors.SETTINGS_PREFIXES)]
    for who in (name for name in PEOPLE if name != "admin"):
        report.who = who
        for address in places:
            for method in METHODS:
                answer = getattr(world.client(who), method)(address)
                report.check(answer.status_code in CLOSED, f"{method} {address} {answer.status_code}")
    report.who = "admin"
    for address in places:  # the pages themselves carry the policy, and nothing inline
        report.page(world.client("admin").get(address), f"GET {address}")
    report.done()


def test_strangers_get_nowhere(world: World) -> None:
    report, client = Report(), Client()
    report.who = "stranger"
    for path, name in ROUTES:
        if path.startswith(ASSETS):
            continue
        address = fill(
            path, key="customer", type_key="customer", pk=world.records["customer"].id, changeset=1
        )
        for method in METHODS:
            answer = getattr(client, method)(address)
            body = report.page(answer, f"{method} {address}")
            report.check("暗号" not in body, f"{method} {address} tells")
            if name not in doors.ONES_OWN:
                report.check(goes_in(answer), f"{method} {address} {answer.status_code}")
    report.done()


def goes_in(answer: Any) -> bool:
    """The answer to a stranger: come in first, or no."""
    if answer.status_code == 302:
        return "/login/" in answer.headers["Location"]
    return answer.status_code in {401, 403, 404, 405}


@pytest.mark.parametrize("who", ["alice", "admin"])
def test_ones_own_pages_carry_the_policy(who: str, world: World) -> None:
    report = Report()
    report.who = who
    for name in sorted(doors.ONES_OWN - {"account_logout"}):
        report.page(world.client(who).get(fill(BY_NAME[name])), name)
    report.done()
