"""Requests that nobody in their senses sends, at every address: none may be a fault of ours, none may take long.

What is sent comes from a fixed seed, so that a run is the same each time. `KEMAI_FUZZ=30000 KEMAI_FUZZ_SEED=2` tries
more and others: `./run check --long` does."""

from __future__ import annotations

import os
import time
from random import Random
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from django.db import transaction
from django.test import Client

from kemai.platform.objects import all_types
from tests.contracts import mcp
from tests.contracts.matrix import FRAGMENT, ROUTES, fill
from tests.people import Person, browser, customer

pytestmark = [pytest.mark.django_db, pytest.mark.row(139)]
TRIES = int(os.environ.get("KEMAI_FUZZ", "300"))
SEED = int(os.environ.get("KEMAI_FUZZ_SEED", "1"))
SLOWEST = 5.0
ODD: tuple[Any, ...] = (
    "", " ", "²", "١٢", "0x1f", "1e999", "NaN", "-1", "9" * 25, "9" * 400, "1.5", "\x00", "a\x00b", "\ufffd", "𠮷㐱",
    "'", '"', "`", "' or 1=1 --", "%", "%00", "%s", "%(x)s", "{0}", "{{7*7}}", "${7*7}", "../../etc/passwd", "\\",
    "//x", "javascript:x", "<x>", "null", "true", "[]", "{}", "[[[[", "{", '{"field":"name"}', '{"all":[]}',
    '{"not":{}}',
    '{"field":"owner__password","op":"eq","value":"x"}', '{"any":[{"field":"name","op":"contains","value":["x"]}]}',
    '{"field":"created_at","op":"lt","value":"9999-99-99"}', '{"related":"contact","op":"gt","value":"x"}',
    '{"all":' * 60 + "{}" + "}" * 60, "2026-13-45", "9999-12-31T23:59:60Z", "0000-00-00", "a" * 5000, "，" * 3000,
    "customer", "name", "-name", "id", "pk", "owner", "all", "mine", "user:1", "user:x", "1,2,x", "customer/1", "+1",
    "\u202e\u2066", "\r\nX: y", "o99999999999999999999", "eyJ4IjoxfQ", "W10", "A" * 64, "2026-11", "2026-W01", "1/0",
)  # fmt: skip
NAMES = (
    "q", "where", "sort", "cursor", "size", "fields", "display", "view", "kind", "part", "page", "month", "day",
    "from", "to", "ids", "id", "value", "field", "type_key", "name", "columns", "by", "group", "act", "owner", "tags",
    "customer", "text", "body", "version", "_version", "_base", "next", "level", "who", "state", "count", "step",
    "category", "phone",
)  # fmt: skip


class Fuzz:
    def __init__(self, chance: Random, keys: dict[str, int]) -> None:
        self.chance = chance
        self.keys = keys
        self.kinds = list(all_types())
        self.types = [one.key for one in self.kinds]

    def odd(self) -> Any:
        return self.chance.choice(ODD)

    def address(self) -> str:
        path, _name = self.chance.choice(ROUTES)
        key = self.chance.choice([*self.types, "customer", "customer"])
        values: dict[str, Any] = {"type_key": key, "key": key, "pk": self.number()}
        if self.chance.random() < 0.4:
            values |= {
                name: quote(str(self.odd())[:60], safe="") or "x" for name in ("name", "act", "child", "code")
            }
        address = fill(path, **values)
        names = self.chance.sample(NAMES, self.chance.randrange(0, 4))
        return address + "?" + "&".join(f"{name}={quote(str(self.odd()))}" for name in names)

    def number(self) -> int:
        return self.chance.choice((self.keys["customer"], 1, 0, 2**31, 2**63, 10**30))

    def form(self) -> dict[str, Any]:
        kind = self.chance.choice(self.kinds)
        names = [*NAMES, *kind.fields]
        return {name: str(self.odd()) for name in self.chance.sample(names, min(len(names), 6))}

    def json(self, depth: int = 0) -> Any:
        shape = self.chance.randrange(7 if depth < 3 else 4)
        if shape < 3:
            return self.odd()
        if shape == 3:
            return self.chance.choice((None, True, 0, -1, 2**53, 1.5, 10**18))
        if shape == 4:
            return [self.json(depth + 1) for _one in range(self.chance.randrange(3))]
        kind = self.chance.choice(self.kinds)
        names = self.chance.sample([*NAMES, *kind.fields], 3)
        return {name: self.json(depth + 1) for name in names}


def send(fuzz: Fuzz, client: Client, key: str) -> tuple[str, Any]:
    """What was sent, in words, and the answer."""
    way = fuzz.chance.random()
    if way < 0.1:
        tool = fuzz.chance.choice(
            ("list_records", "search", "timeline", "preview_create", "preview_update", "commit")
        )
        names = ("type", "where", "text", "sort", "fields", "cursor", "size", "id", "values", "preview_id")
        arguments = {name: fuzz.json() for name in fuzz.chance.sample(names, 3)} | {"type": "customer"}
        body = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {"name": tool, "arguments": arguments},
        }
        return f"mcp {tool} {arguments}"[:600], mcp.post(key, body)
    if way < 0.25:
        method = fuzz.chance.choice(("POST", "PATCH", "GET", "DELETE"))
        kind = fuzz.chance.choice([*fuzz.types, "customer"])
        path = f"/api/v1/{kind}" + fuzz.chance.choice(("", f"/{fuzz.number()}", "/bulk", "/merge"))
        headers = {
            "Authorization": f"Bearer {key}",
            "Idempotency-Key": fuzz.chance.choice(("", "a", "a b", "é")),
        }
        sent = orjson.dumps(fuzz.json())
        program = Client(raise_request_exception=False)
        given = {name: value for name, value in headers.items() if value}
        answer = program.generic(method, path, sent, content_type="application/json", headers=given)
        return f"{method} {path} {sent[:400]!r}", answer
    address = fuzz.address()
    headers = FRAGMENT if fuzz.chance.random() < 0.5 else {}
    if way < 0.6:
        return f"GET {address}", client.get(address, headers=headers)
    form = fuzz.form()
    return f"POST {address} {form}", client.post(address, form, headers=headers)


def test_no_request_is_a_fault_of_ours(people: dict[str, Person]) -> None:
    boss, chance = people["boss"], Random(SEED)
    client = browser(boss)
    client.raise_request_exception = False
    fuzz = Fuzz(chance, {"customer": customer(boss).pk})
    wrong = []
    for _number in range(TRIES):
        began = time.process_time()
        with transaction.atomic():
            sent, answer = send(fuzz, client, boss.key)
            if answer.streaming:
                b"".join(answer.streaming_content)
            transaction.set_rollback(True)
        seconds = time.process_time() - began
        if answer.status_code >= 500 or b"Traceback" in getattr(answer, "content", b""):
            wrong.append(f"{answer.status_code} {sent}")
        elif seconds > SLOWEST:
            wrong.append(f"{seconds:.1f} s {sent}")
        if answer.status_code == 302 and "/login/" in answer.headers.get("Location", ""):
            client.force_login(boss.user)  # it ended its own session
    assert not wrong, f"{len(wrong)} of {TRIES}:\n" + "\n".join(wrong[:25])
