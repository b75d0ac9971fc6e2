"""The attack matrix, one record at a time: every object type × every address below a record × everybody, reading and
writing. Lists and the API are in `test_doors_lists.py`, all other addresses in `test_doors_around.py`.

A new object type is covered by being registered (or defined on screen), a new address below a record's or a list's by
being there; any other has to be named in `doors.py`. After every refused write the record is read again."""

from __future__ import annotations

import re
from typing import Any

import orjson
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client

from kemai.collab.live import gate
from kemai.platform import access
from tests.contracts.matrix import (
    CLOSED,
    FRAGMENT,
    KEYS,
    Report,
    Writes,
    leads_somewhere,
    record_addresses,
    state,
    text_of,
    whose_own_act,
)
from tests.contracts.world import PEOPLE, World

pytestmark = [pytest.mark.django_db, pytest.mark.row(139)]
AS_MASKED = {"bob", "noexport"}
"""They see the record like `masked`, by another way: what is closed or open to that one is not all asked again."""
OTHERS = re.compile(r"/(related|panel|timeline|peek|links|export|print)\b")
PROGRAM = Client()
"""Who shows a token with each request, and keeps nothing."""
PARTS = tuple({**FRAGMENT, "X-Part": part} for part in ("head", "facts", "body"))


@pytest.mark.parametrize("key", KEYS)
def test_reading_one_record(key: str, world: World) -> None:
    one, report = world.records[key], Report(key)
    addresses = record_addresses(world, key)
    lost = [address for address in addresses if not leads_somewhere(address)]
    assert not lost, f"these lead nowhere and would prove nothing: {lost}"
    for who in PEOPLE:  # alice first: what nobody may GET, she may not either
        report.who, client, sees = who, world.client(who), world.sees(who, key)
        for address in list(addresses):
            if who in AS_MASKED and not OTHERS.search(address):
                continue
            answer = client.get(address, headers=FRAGMENT)
            if answer.status_code == 405:
                addresses.remove(address)
            body = report.page(answer, f"GET {address}")
            if not sees:
                report.check(answer.status_code in CLOSED, f"GET {address} {answer.status_code}")
                report.check(one.marker[:20] not in body, f"GET {address} tells")
            report.hides_phone(body, f"GET {address}")
        page = f"/o/{key}/{one.id}"
        for headers in ({}, *PARTS) if sees else ({},):
            body = report.page(client.get(page, headers=headers), f"GET {page} {headers}")
            report.check(sees or one.marker[:20] not in body, f"GET {page} tells")
            report.hides_phone(body, f"GET {page} {headers}")
            if not headers:
                told = one.marker[:12] in body
                report.check(told if sees and one.text else sees or not told, "the record page")
        # the line of live updates opens, and stays open, for those only who see the record
        actor = access.actor_for(world.people[who].user)
        report.check(gate.sees(actor, (key, one.id)) is sees, "live updates")
    report.done()


@pytest.mark.parametrize("key", KEYS)
def test_refused_writes_leave_no_trace(key: str, world: World) -> None:
    report = Report(key)
    refused = [who for who in PEOPLE if not world.edits(who, key)]
    read_only: set[str] = set()
    before = state(world, key)
    for who in refused:
        report.who = who
        for method, address, data, headers in tries(world, key, who):
            if address in read_only:
                continue
            with transaction.atomic():
                with connection.execute_wrapper(writes := Writes()):
                    answer = send(world, who, method, address, data, headers)
                if answer.status_code == 405:
                    read_only.add(address)
                report.check(answer.status_code < 500, f"{method} {address} {answer.status_code}")
                wrote = writes.count > 0 and state(world, key) != before
                allowed = whose_own_act(address, who) and world.sees(who, key)
                report.check(allowed or not wrote, f"{method} {address} {answer.status_code} wrote")
                transaction.set_rollback(True)
    report.done()


def send(world: World, who: str, method: str, address: str, data: Any, headers: Any) -> Any:
    if not address.startswith("/api"):
        return getattr(world.client(who), method)(address, data, headers=headers)
    return getattr(PROGRAM, method)(address, data, headers=headers, content_type="application/json")


def tries(world: World, key: str, who: str) -> list[tuple[str, str, Any, Any]]:
    """(method, address, what is sent, headers) of everything that might change the record."""
    one, user = world.records[key], world.people[who].user.pk
    api = {"Authorization": f"Bearer {world.people[who].key}"}
    values = {one.text: "hacked"} if one.text else {}
    everything = {
        **values, "owner": user, "who": f"user:{user}", "level": "edit",
        "_base": "{}", "_version": "1", "step": "run", "ids": str(one.id),
        "field": one.text, "tags": "x", "id": str(one.id), "value": "x", "to": "x", "body": "hacked", "text": "hacked",
    }  # fmt: skip
    posts = [
        *record_addresses(world, key),
        *(f"/o/{key}/bulk/{act}" for act in ("edit", "assign", "tag", "untag", "delete")),
        f"/o/{key}/board/move",
        f"/bin/{key}/restore",
    ]
    upload = {"file": SimpleUploadedFile("a.txt", b"hacked")}
    return [
        ("patch", f"/api/v1/{key}/{one.id}", orjson.dumps(values), api),
        ("patch", f"/api/v1/{key}/{one.id}", orjson.dumps({"owner": user}), api),
        ("delete", f"/api/v1/{key}/{one.id}", None, api),
        ("patch", f"/api/v1/{key}/bulk", orjson.dumps([{"id": one.id, **values}]), api),
        *(("post", address, everything, FRAGMENT) for address in posts),
        ("post", f"/o/{key}/{one.id}/files", upload, {}),
    ]


def test_the_owner_gets_everywhere(world: World) -> None:
    """The positive control: what is closed to others is open to alice."""
    report = Report()
    report.who = "alice"
    api = {"Authorization": f"Bearer {world.people['alice'].key}"}
    for key, one in world.records.items():
        if one.text:
            before = state(world, key)
            answer = send(
                world, "alice", "patch", f"/api/v1/{key}/{one.id}", orjson.dumps({one.text: "好"}), api
            )
            said = f"patch {key} {answer.status_code} {text_of(answer)[:200]}"
            report.check(answer.status_code == 200 and state(world, key) != before, said)
    report.done()
