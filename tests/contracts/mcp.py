"""A client of the assistants' door for tests: the protocol by hand, as any program would speak it."""

from __future__ import annotations

from itertools import count
from typing import Any

import orjson
from django.test import Client

NUMBERS = count(1)


def post(key: str, body: Any, **headers: str) -> Any:
    sent = {"Accept": "application/json, text/event-stream", **headers}
    if key:
        sent["Authorization"] = f"Bearer {key}"
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    return Client().post("/api/mcp", data, content_type="application/json", headers=sent)


def ask(key: str, method: str, params: Any = None, **headers: str) -> Any:
    """The result of a request, or its error as {"error": …}."""
    body = {"jsonrpc": "2.0", "id": next(NUMBERS), "method": method, "params": params or {}}
    told = post(key, body, **headers).json()
    return told.get("result", {"error": told.get("error")})


def call(key: str, tool: str, **arguments: Any) -> tuple[bool, Any]:
    """(did it work, what the tool said)."""
    told = ask(key, "tools/call", {"name": tool, "arguments": arguments})
    if "error" in told:
        return False, told["error"]
    return not told["isError"], orjson.loads(told["content"][-1]["text"])
