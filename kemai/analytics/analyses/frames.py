"""Expressions that several analyses share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from kemai.analytics.analysis import Tables
from kemai.analytics.lazy import ibis

PAID = "paid"


def paid(tables: Tables) -> Any:
    """The orders that count: paid, neither refunded nor cancelled nor still open."""
    orders = tables["order"]
    return orders.filter(orders.state == PAID)


def attach(left: Any, right: Any, key: str) -> Any:
    """`left` with the columns of `right`, empty where it has no such key."""
    joined = left.left_join(right, key)
    return joined.drop(f"{key}_right") if f"{key}_right" in joined.columns else joined


def first_by(table: Any, key: str, order: Sequence[Any]) -> Any:
    """The first row of each key in this order."""
    ranked = table.mutate(rank_=ibis.row_number().over(group_by=table[key], order_by=list(order)))
    return ranked.filter(ranked.rank_ == 0).drop("rank_")


def cents(value: object) -> int:
    """A sum of cents as Python's whole number (engines may answer with wider types)."""
    return int(value) if isinstance(value, int | float) else int(str(value or 0))


def as_day(value: date) -> date:
    """A truncated date: engines answer with a date or with its midnight."""
    return value.date() if isinstance(value, datetime) else value
