"""The messages of the protocol, without records: both generations of it, and what is not one of them."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from kemai.platform.mcp import protocol
from kemai.platform.mcp.protocol import CAPABILITIES_KEY, VERSION_KEY, Fault, Message, agreed, read

NOW = "2026-07-28"


def read_one(body: Any, **headers: str) -> Message:
    return read(orjson.dumps(body), {name.replace("_", "-"): value for name, value in headers.items()})


def request(method: str = "ping", version: str = "", **params: Any) -> dict[str, Any]:
    if version:
        params["_meta"] = {VERSION_KEY: version, CAPABILITIES_KEY: {}}
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


def fault(body: Any, **headers: str) -> int:
    with pytest.raises(Fault) as found:
        read_one(body, **headers)
    return found.value.code


def test_a_client_that_shakes_hands() -> None:
    for version in (None, "2025-11-25", "2025-06-18", "2025-03-26"):
        headers = {"mcp_protocol_version": version} if version else {}
        assert not read_one(request(), **headers).modern
    assert agreed({"protocolVersion": "2025-06-18"}) == "2025-06-18"
    assert agreed({"protocolVersion": "1999-01-01"}) == agreed({}) == "2025-11-25"
    assert fault(request(), mcp_protocol_version="1999-01-01") == protocol.UNSUPPORTED_VERSION


def test_a_client_whose_requests_say_their_version() -> None:
    headers = {"mcp_protocol_version": NOW, "mcp_method": "tools/call", "mcp_name": "search"}
    asked = request("tools/call", NOW, name="search", arguments={})
    assert read_one(asked, **headers).modern
    chinese = request("tools/call", NOW, name="搜索")
    assert read_one(chinese, **{**headers, "mcp_name": "=?base64?5pCc57Si?="}).modern
    for wrong in (
        {"mcp_name": "commit"}, {"mcp_method": "ping"}, {"mcp_protocol_version": "2025-11-25"},
        {"mcp_name": "=?base64?!?="},
    ):  # fmt: skip
        assert fault(asked, **{**headers, **wrong}) == protocol.HEADER_MISMATCH, wrong
    later = request("ping", "2099-01-01")
    assert fault(later, mcp_protocol_version="2099-01-01", mcp_method="ping") == protocol.UNSUPPORTED_VERSION
    bare = request("ping")
    assert fault(bare, mcp_protocol_version=NOW, mcp_method="ping") == protocol.INVALID_PARAMS


def test_what_wants_no_answer() -> None:
    for body in (
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 3, "result": {}},
        {"jsonrpc": "2.0", "id": 3, "error": {}},
    ):
        assert not read_one(body).wants_answer


@pytest.mark.parametrize(
    "body",
    [[], [request()], "x", 1, None, {}, {"jsonrpc": "2.0"}, {**request(), "jsonrpc": "1.0"}, {**request(), "id": None},
     {**request(), "id": True}, {**request(), "id": 1.5}, {**request(), "id": []}, {**request(), "method": 1},
     {**request(), "params": []}, {**request(), "params": None}],
)  # fmt: skip
def test_what_is_no_message(body: Any) -> None:
    assert fault(body) == protocol.INVALID_REQUEST


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"a": "\\ud800"}', b"[" * 100_000, b'{"a":NaN}'])
def test_what_is_no_json(body: bytes) -> None:
    with pytest.raises(Fault) as found:
        read(body, {})
    assert found.value.code == protocol.PARSE_ERROR
