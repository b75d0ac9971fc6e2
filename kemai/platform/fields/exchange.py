"""Amounts that stand in the currency which another field names, and how they become the company's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

HOME = "CNY"


@dataclass(frozen=True)
class Exchange:
    """`currency` is the ORM path of the code; `rate()` an expression for what one unit is worth in the company's own
    currency, NULL where nobody has said so."""

    currency: str
    rate: Callable[[], Any]
    names: Mapping[str, Any]
    """The currencies in words."""
    told: Any
    """By which rate, in words."""
    kept: bool = True
    """The record itself keeps its rate, so there always is one."""
