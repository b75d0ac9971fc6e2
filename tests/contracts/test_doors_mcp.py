"""The attack matrix at the assistants' door: every object type × every tool × everybody, reading and writing."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from django.test import Client

from kemai.platform.models import ChangeSet, WritePreview
from tests.contracts import mcp
from tests.contracts.matrix import KEYS, Report, digits, state
from tests.contracts.test_doors import AS_MASKED
from tests.contracts.world import PEOPLE, PHONE, World

FEW = {"timeline": {*PEOPLE} - AS_MASKED, "describe_object": {"alice", "masked", "nobody"}}
"""Tools that are not asked by people who see the same as somebody else here."""
pytestmark = [pytest.mark.django_db, pytest.mark.row(139)]


@pytest.mark.parametrize("key", KEYS)
def test_reading_as_everybody(key: str, world: World) -> None:
    one, report = world.records[key], Report(f"mcp {key}")
    title = one.type.fields[one.type.title]
    op = "eq" if "eq" in title.type.operators else "contains"
    where = {"field": one.type.title, "op": op, "value": one.marker}
    for who in PEOPLE:
        report.who, token, sees = who, world.people[who].key, world.sees(who, key)
        for tool, arguments in (
            ("list_records", {"type": key}),
            ("list_records", {"type": key, "where": where}),
            ("read_record", {"type": key, "id": one.id}),
            ("timeline", {"type": key, "id": one.id}),
            ("describe_object", {"type": key}),
        ):  # fmt: skip
            if tool in FEW and who not in FEW[tool]:
                continue
            done, told = mcp.call(token, tool, **arguments)
            text = orjson.dumps(told).decode()
            echo = not done and "where" in arguments  # a refusal repeats what was asked
            report.check(sees or echo or one.marker[:20] not in text, f"{tool} tells")
            report.hides_phone(text, tool)
            if tool in {"read_record", "timeline"}:
                report.check(done is sees, f"{tool} {told}")
            if tool == "list_records" and done:
                found = one.id in [row["id"] for row in told["rows"]]
                searched = "where" in arguments
                if one.titled or not (sees and searched):
                    report.check(found is sees, f"{tool} {arguments}")
                report.check(sees or not searched or not told["count"], f"{tool} counts it")
    report.done()


@pytest.mark.parametrize("who", PEOPLE)
def test_searching_as_everybody(who: str, world: World) -> None:
    report, token = Report("mcp search"), world.people[who].key
    report.who = who
    for text in ("暗号", "暗号customer甲子", PHONE):
        _done, told = mcp.call(token, "search", text=text, limit=50)
        for hit in told["found"]:
            one = world.records.get(hit["type"])
            mine = one is not None and one.id == hit["id"]
            report.check(not mine or world.sees(who, hit["type"]), f"found a {hit['type']} by {text}")
        found = {(hit["type"], hit["id"]) for hit in told["found"]}
        asked = ("customer", world.records["customer"].id)
        report.check(text == "暗号" or world.sees(who, "customer") or asked not in found, f"found by {text}")
    report.done()


@pytest.mark.parametrize("key", KEYS)
def test_writing_as_everybody(key: str, world: World) -> None:
    one, report = world.records[key], Report(f"mcp {key}")
    before = state(world, key)
    for who in PEOPLE:
        report.who, token = who, world.people[who].key
        for values in ({one.text: "hacked"} if one.text else {}, {"owner": world.people[who].user.pk}):
            if world.edits(who, key) or not values:
                continue
            done, told = mcp.call(token, "preview_update", type=key, id=one.id, values=values)
            report.check(not done, f"previewed {values}")
            report.check(world.sees(who, key) or one.marker[:20] not in str(told), "tells")
            report.check(state(world, key) == before, "wrote")
    report.check(not WritePreview.objects.exists(), "kept a refused preview")
    report.done()


def test_the_owner_writes_in_two_steps_and_nobody_else_can_finish_it(world: World) -> None:
    """The positive control, and theft of previews: by another person, by another token of the same person."""
    report = Report("mcp")
    for key, one in world.records.items():
        if not one.text:
            continue
        report.who = "alice"
        token = world.people["alice"].key
        before = state(world, key)
        done, told = mcp.call(token, "preview_update", type=key, id=one.id, values={one.text: "好"})
        report.check(done, f"{key} preview {told}")
        report.check(state(world, key) == before, f"{key}: a preview wrote")
        if not done:
            continue
        for who in PEOPLE[1:] if key == "customer" else ("charlie",):
            report.who = who
            other, _said = mcp.call(world.people[who].key, "commit", preview_id=told["preview_id"])
            report.check(not other and state(world, key) == before, f"{key}: carried out alice's preview")
        report.who = "alice"
        done, said = mcp.call(token, "commit", preview_id=told["preview_id"])
        report.check(done and state(world, key) != before, f"{key} commit {said}")
        report.check(ChangeSet.objects.latest("pk").source == "mcp", "the door is in the audit")
    report.done()


def test_tools_are_made_for_the_person(world: World) -> None:
    report = Report("mcp")
    for who in PEOPLE:
        report.who, token = who, world.people[who].key
        told = mcp.ask(token, "tools/list")["tools"]
        types = next(tool for tool in told if tool["name"] == "read_record")["inputSchema"]["properties"][
            "type"
        ]
        for key in KEYS:
            report.check((key in types["enum"]) is (who not in {"admin", "nobody"}), key)
        _done, objects = mcp.call(token, "list_objects")
        report.check({one["type"] for one in objects["objects"]} == set(types["enum"]), "list_objects")
    report.done()


def test_strangers_and_browsers_get_nowhere(world: World) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    for key in ("", "kemai_nobody", "kemai_" + "x" * 43):
        assert mcp.post(key, body).status_code == 401
    browser = Client()
    browser.force_login(world.people["alice"].user)
    asked: Any = browser.post("/api/mcp", orjson.dumps(body), content_type="application/json")
    assert asked.status_code == 401, "a browser's session is of no use"
    assert mcp.post(world.people["alice"].key, body, Origin="https://evil.example").status_code == 403
    assert browser.get("/api/mcp").status_code == 405
    assert PHONE not in digits(asked.content.decode())
