"""Records for tests, made from the registry: a new object type needs no factory of its own."""

from __future__ import annotations

import datetime as dt
from itertools import count
from random import Random
from typing import Any

from kemai.platform import records
from kemai.platform.access import SYSTEM, Actor
from kemai.platform.objects import ObjectType, get

RNG = Random(7)
TURNS = count()
"""For what may be there once only: drawn at random, days and months meet sooner than one thinks."""


def values_for(object_type: ObjectType, *, full: bool = False, rng: Random = RNG) -> dict[str, Any]:
    """Values that the write door takes: the required fields, or (`full`) something in most fields."""
    found: dict[str, Any] = {}
    for spec in object_type.fields.values():
        if (
            spec.readonly
            or spec.compute
            or spec.private
            or spec.type.key in {"tags", "file", "image", "user", "computed"}
        ):
            continue
        if spec.ref:
            if spec.required:
                found[spec.key] = make(spec.ref).pk
        elif spec.required or (full and rng.random() < 0.7):
            patterned = spec.own is not None and "pattern" in spec.own.settings
            value = f"AB{rng.randrange(10**9)}" if patterned else spec.type.fake(spec, rng)
            if value not in (None, ""):
                found[spec.key] = value
    return fitting(object_type.key, found, rng)


def fitting(key: str, found: dict[str, Any], rng: Random) -> dict[str, Any]:
    """What random values of some types need to make sense together."""
    if found.get("validity") == "invalid" or found.get("invalid_reason"):
        found |= {"validity": "invalid", "invalid_reason": "closed_down"}
    if key == "task":
        found = {name: value for name, value in found.items() if name not in {"repeat", "remind_minutes"}}
    if key == "identifier":
        found |= {"kind": "member", "raw": f"M{rng.randrange(10**9)}"}
    if key == "retention_rule":
        found |= {"act": "bin", "days": 365}
    if key == "entry_standard":
        found["target"] = 90
    found = selling(key, found, rng)
    if key == "lead":
        found |= {"state": "working", "reason": ""}
    if key == "stage":
        found |= {"tasks": "寄样品 | 3", "next": [], "win_rate": 0.3}
    if key == "target":  # one for each month and measure
        year, month = divmod(next(TURNS) % (90 * 12), 12)
        found |= {"month": f"{2000 + year}-{month + 1:02}-01", "amount": "1000"}
    if key == "deal":  # the stage names its pipeline; losing would need a reason
        found.pop("pipeline", None)
        found["stage"] = rng.choice(("initial", "needs", "proposal", "won"))
    return found


ALONE = ("starts_on", "ends_on", "quoted_on", "valid_until", "currency")
"""Dates that must follow each other, and money that needs a rate: left to what the type begins with."""


def selling(key: str, found: dict[str, Any], rng: Random) -> dict[str, Any]:
    """Money makes sense together: receipts and invoices are against a contract in force."""
    if key in {"price_list", "contract", "quote"}:
        found = {name: value for name, value in found.items() if name not in ALONE}
    fixed: dict[str, dict[str, Any]] = {
        "contract": {"amount": "99999.00"},
        "exchange_rate": {"currency": "USD", "rate": 1 + rng.random()},
        "price": {"from_quantity": rng.randrange(10**6), "floor": rng.random()},
        "invoice_title": {"kind": "company", "tax_number": f"91330100MA{rng.randrange(10**8):08d}"},
        "receipt_plan": {"amount": "100.00", "void": False},
        "receipt": {"received_on": "2026-01-05", "amount": "100.00"},
        "invoice": {"amount": "100.00"},
    }
    found |= fixed.get(key, {})
    if key == "exchange_rate":  # one for each day
        found["on"] = (dt.date(2000, 1, 1) + dt.timedelta(days=next(TURNS) % 9000)).isoformat()
    if key in {"receipt", "invoice"}:
        found["contract"] = in_force(found["contract"])
    if key == "invoice":
        customer = records.row_of(get("contract"), found["contract"], by=SYSTEM)["customer"].id
        found["title"] = make("invoice_title", customer=customer).pk
    return found


def in_force(contract: int) -> int:
    """The contract, effective: money may be received for it."""
    from kemai.sales.services import contracts

    contracts.submit(contract, "", by=SYSTEM)
    contracts.decide(contract, yes=True, note="", by=SYSTEM)
    return contract


def parent_of(object_type: ObjectType) -> dict[str, Any]:
    """One record for many to belong to, where they belong to one."""
    if not object_type.parent:
        return {}
    return {object_type.parent: make(object_type.fields[object_type.parent].ref).pk}


def make(type_key: str, *, by: Actor = SYSTEM, full: bool = False, rng: Random = RNG, **values: Any) -> Any:
    """A stored record of any type."""
    return records.create(type_key, {**values_for(get(type_key), full=full, rng=rng), **values}, by=by)
