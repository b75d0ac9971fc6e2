"""JSON-RPC as the Model Context Protocol has it, without knowing what a record is.

Two generations of the protocol are spoken: with a handshake (`initialize`, until 2025-11-25), and without, where each
request says its version itself (2026-07-28). Nothing is kept between requests in either."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

HANDSHAKE = ("2025-11-25", "2025-06-18", "2025-03-26")
MODERN = ("2026-07-28",)
SUPPORTED = (*MODERN, *HANDSHAKE)
VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
CAPABILITIES_KEY = "io.modelcontextprotocol/clientCapabilities"
SERVER_KEY = "io.modelcontextprotocol/serverInfo"
NAMED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
"""Methods whose subject stands in a header as well."""

PARSE_ERROR, INVALID_REQUEST, NOT_FOUND, INVALID_PARAMS = -32700, -32600, -32601, -32602
HEADER_MISMATCH, UNSUPPORTED_VERSION = -32020, -32022
STATUS = {
    PARSE_ERROR: 400, INVALID_REQUEST: 400, INVALID_PARAMS: 400, HEADER_MISMATCH: 400, UNSUPPORTED_VERSION: 400,
    NOT_FOUND: 404,
}  # fmt: skip
Id = str | int | None


class Fault(Exception):
    """The request itself is wrong; what goes wrong within a tool is a result of the tool."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data

    @property
    def body(self) -> dict[str, Any]:
        found = {"code": self.code, "message": self.message}
        return found if self.data is None else {**found, "data": self.data}


@dataclass(frozen=True)
class Message:
    method: str
    id: Id
    params: Mapping[str, Any]
    modern: bool = False
    wants_answer: bool = True
    """False for notifications, and for answers to what we never asked."""


def read(body: bytes, headers: Mapping[str, str]) -> Message:
    """Raises Fault."""
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Fault(PARSE_ERROR, "not JSON") from None
    if not isinstance(told, dict) or told.get("jsonrpc") != "2.0":
        raise Fault(INVALID_REQUEST, "one JSON-RPC 2.0 message is expected; there are no batches")
    method, number, params = told.get("method"), told.get("id"), told.get("params", {})
    if "method" not in told and ("result" in told or "error" in told):
        return Message("", None, {}, wants_answer=False)
    if not isinstance(method, str) or not isinstance(params, dict):
        raise Fault(INVALID_REQUEST, "method must be text and params an object")
    if "id" not in told:
        return Message(method, None, params, wants_answer=False)
    if isinstance(number, bool) or not isinstance(number, str | int):
        raise Fault(INVALID_REQUEST, "id must be text or an integer")
    return Message(method, number, params, modern=is_modern(method, params, headers))


def is_modern(method: str, params: Mapping[str, Any], headers: Mapping[str, str]) -> bool:
    """Does the request say its version itself? Then its headers must say the same. Raises Fault."""
    meta = params.get("_meta")
    version = meta.get(VERSION_KEY) if isinstance(meta, dict) else None
    told = headers.get("mcp-protocol-version")
    if version is None and told not in MODERN:
        if told is not None and told not in HANDSHAKE:
            raise unsupported(told)
        return False
    if version is None or not isinstance(meta, dict) or CAPABILITIES_KEY not in meta:
        raise Fault(INVALID_PARAMS, f"params._meta must carry {VERSION_KEY} and {CAPABILITIES_KEY}")
    subject = params.get(NAMED[method]) if method in NAMED else None
    named = headers.get("mcp-name")
    if told != version or headers.get("mcp-method") != method or (subject and plain(named) != subject):
        raise Fault(HEADER_MISMATCH, "MCP-Protocol-Version, Mcp-Method or Mcp-Name differ from the message")
    if version not in MODERN:
        raise unsupported(version)
    return True


def unsupported(version: object) -> Fault:
    data = {"supported": list(SUPPORTED), "requested": str(version)[:40]}
    return Fault(UNSUPPORTED_VERSION, "Unsupported protocol version", data)


def plain(value: str | None) -> str | None:
    """A header's value; what is not ASCII comes as =?base64?…?=."""
    if value is None or not (value.startswith("=?base64?") and value.endswith("?=")):
        return value
    try:
        return base64.b64decode(value[9:-2], validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None


def agreed(params: Mapping[str, Any]) -> str:
    """The version for a client that shakes hands: its own where we speak it, else our newest of that kind."""
    asked = params.get("protocolVersion")
    return asked if isinstance(asked, str) and asked in HANDSHAKE else HANDSHAKE[0]
