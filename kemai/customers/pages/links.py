"""Addresses of lists with a filter: what a number on a page opens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from django.urls import reverse

from kemai.platform.ui import addresses


def leaf(field: str, op: str, value: object = None) -> dict[str, Any]:
    """One comparison of a condition tree."""
    return {"field": field, "op": op} if value is None else {"field": field, "op": op, "value": value}


def list_url(
    type_key: str, where: Sequence[Mapping[str, Any]] | Mapping[str, Any] | None = None, *, sort: str = ""
) -> str:
    """The list of a type; several conditions must all hold."""
    params = {}
    if where:
        tree = where if isinstance(where, Mapping) else where[0] if len(where) == 1 else {"all": list(where)}
        params["where"] = orjson.dumps(tree).decode()
    if sort:
        params["sort"] = sort
    return addresses.at(reverse("list", args=(type_key,)), params)
