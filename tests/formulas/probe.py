"""An own type with a field of every kind that formulas read, records with awkward values, and formulas at random."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from random import Random
from typing import Any

from django.utils import timezone

from kemai.kit.formula import Type
from kemai.platform.models import FieldDef, ObjectDef, Record
from kemai.platform.models.extra import dump
from kemai.platform.objects import ObjectType, get, own

OPTIONS = [
    {"value": "a", "label": "重要", "label_en": "Key"}, {"value": "b", "label": "普通'\"", "label_en": "Normal"},
    {"value": "c", "label": "{低}%s", "label_en": "Low"},
]  # fmt: skip
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "price": ("money", {}), "cost": ("money", {}), "amount": ("number", {}), "ratio": ("percent", {}),
    "pieces": ("whole", {}), "stars": ("rating", {}), "note": ("text", {}), "memo": ("long_text", {}),
    "level": ("choice", {"options": OPTIONS}), "vip": ("boolean", {}), "due": ("date", {}), "begun": ("date", {}),
    "seen": ("datetime", {}), "buyer": ("reference", {"ref": "customer"}),
}  # fmt: skip
TEXTS = [
    "", "a", "客脉CRM", " 空 格　", "12.5", "-3", "+0.50", "12.5.1", "%s {0} ' \" \\", "ß É ı", "x" * 600, "b'b\"b",
    "0", "１２", "99999999999999999999",
]  # fmt: skip
DAYS = [
    "0001-01-01", "1899-12-31", "1990-01-01", "2000-02-29", "2024-02-29", "2025-10-01", "2026-01-31", "2026-02-14",
    "2026-11-30", "2099-12-31", "9999-12-31",
]  # fmt: skip


def define(type_key: str, fields: dict[str, tuple[str, dict[str, Any]]], **more: Any) -> None:
    for place, (key, (kind, settings)) in enumerate(fields.items()):
        FieldDef.objects.create(
            type_key=type_key, key=key, label=f"字段{key}", label_en=f"Field {key}", kind=kind, settings=settings,
            position=place, created_at=timezone.now(), **more,
        )  # fmt: skip
    own.meta_changed()


def probe() -> ObjectType:
    ObjectDef.objects.create(key="probe", label="试样", label_en="Probe", created_at=timezone.now())
    define("probe", KINDS)
    return get("probe")


def fill(object_type: ObjectType, count: int, rng: Random) -> None:
    now = timezone.now()
    Record.objects.bulk_create(
        Record(
            type_key=object_type.key, name=f"试样{n}", created_at=now, updated_at=now,
            extra={k: v for k in KINDS if (v := value(object_type, k, rng)) is not None},
        )
        for n in range(count)
    )  # fmt: skip


def value(object_type: ObjectType, key: str, rng: Random) -> Any:
    """A stored value; None for none, which one in five is."""
    spec = object_type.fields[key]
    assert spec.own is not None
    if rng.random() < 0.2:
        return None
    made = MAKERS[spec.type.key](rng)
    return dump(spec.own.letter, made) if made != "" else None


def money(rng: Random) -> Decimal:
    return Decimal(
        rng.choice([0, 1, -1, 5, 99, 1250, rng.randrange(-(10**7), 10**7), 10**17 - 1, 7 - 10**17])
    ).scaleb(-2)


def number(rng: Random) -> float:
    odd = [0.0, 1.0, -1.0, 0.1, 2.5, -2.5, 1e-9, 5e-11, 1 / 3, 123456789.123456, 1e17, 1e18, -1e20, 1e300]
    return rng.choice([*odd, rng.uniform(-1000, 1000), round(rng.uniform(-99, 99), 2)])


def moment(rng: Random) -> dt.datetime:
    return dt.datetime(1995, 1, 1, 15, 30, tzinfo=dt.UTC) + dt.timedelta(seconds=rng.randrange(2_000_000_000))


MAKERS: dict[str, Callable[[Random], Any]] = {
    "money": money,
    "number": number,
    "percent": lambda rng: rng.choice([0.0, 0.5, 0.125, 1.0, -0.07, 1 / 7]),
    "whole": lambda rng: rng.choice([0, 1, 2, 3, -7, 12, 100, 2**53 - 1]),
    "rating": lambda rng: rng.randrange(1, 6),
    "text": lambda rng: rng.choice(TEXTS),
    "long_text": lambda rng: rng.choice(TEXTS),
    "choice": lambda rng: rng.choice(["a", "b", "c", "gone"]),
    "boolean": lambda rng: rng.random() < 0.5,
    "date": lambda rng: dt.date.fromisoformat(rng.choice(DAYS)) if rng.random() < 0.6 else dt.date(
        rng.randrange(1985, 2105), rng.randrange(1, 13), rng.randrange(1, 29)
    ),
    "datetime": moment,
    "reference": lambda rng: rng.randrange(1, 5),
}  # fmt: skip

NAMES: dict[Type, list[str]] = {
    Type.NUMBER: ["{price}", "{cost}", "{amount}", "{ratio}", "{pieces}", "{stars}"],
    Type.TEXT: ["{note}", "{memo}", "{level}"],
    Type.BOOL: ["{vip}"],
    Type.DATE: ["{due}", "{begun}"],
    Type.MOMENT: ["{seen}", "NOW()"],
}
LITERALS: dict[Type, list[str]] = {
    Type.NUMBER: [
        "0",
        "1",
        "2",
        "3",
        "0.5",
        "10",
        "-1",
        "13%",
        "100000",
        "0.0000000001",
        "999999999999999999",
    ],
    Type.TEXT: ['"a"', '"客"', '"."', '" "', '"%s{0}\'"', '"12.5"'],
    Type.BOOL: ["TRUE", "FALSE"],
    Type.DATE: ["TODAY()", "DATE(2026, 2, 14)", "DATE(2024, 2, 30)", "DATE(2025, 10, 1)"],
    Type.MOMENT: ["NOW()"],
}
SHAPES: dict[Type | None, list[str]] = {
    None: ["IF(b, x, x)", "IF(b, x)", "CASE(b, x, b, x, x)", "CASE(b, x, b, x)", "COALESCE(x, x)"],
    Type.NUMBER: [
        "(n + n)", "(n - n)", "(n * n)", "(n / n)", "(n / n)", "ROUND(n, n)", "ROUND(n)", "FLOOR(n)", "CEIL(n)",
        "TRUNC(n)", "ABS(n)", "MOD(n, n)", "SUM(n, n, n)", "SUM(n)", "MIN(n, n)", "MAX(n, n, n)", "(-n)", "n%",
        "VALUE(t)", "LEN(t)", "DAYS(y, y)", "(y - y)", "HOURS(m, m)", "YEAR(y)", "MONTH(y)", "DAY(y)", "WEEKDAY(y)",
        "WORKDAYS(y, y)",
    ],
    Type.TEXT: [
        "CONCAT(j, j, j)", "(j & j & j)", "TEXT(j)", "UPPER(t)", "LOWER(t)", "TRIM(t)", "LEFT(t, n)", "RIGHT(t, n)",
        "MID(t, n, n)", "REPLACE(t, t, t)",
    ],
    Type.BOOL: [
        "(n = n)", "(n <> n)", "(n < n)", "(n <= n)", "(n > n)", "(n >= n)", "(y = y)", "(y <> y)", "(y < y)",
        "(y >= y)", "(t = t)", "(t <> t)", "(b = b)", "(b <> b)", "(b AND b)", "(b OR b OR b)", "NOT(b)", "(NOT b)",
        "AND(b, b, b)", "OR(b, b, b)", "ISBLANK(j)", "ISBLANK(b)", "CONTAINS(t, t)", "STARTS(t, t)", "(j = EMPTY)",
        "(j <> \"\")", '({level} = "重要")', '({level} <> "Normal")', "ISBLANK({buyer})",
    ],
    Type.DATE: [
        "DATE(n, n, n)", "(y + n)", "(y - n)", "(n + y)", "ADDDAYS(y, n)", "ADDMONTHS(y, n)", "ADDWORKDAYS(y, n)",
        "MIN(d, d)", "MAX(d, d, d)",
    ],
    Type.MOMENT: ["MIN(m, m)", "MAX(m, m)"],
}  # fmt: skip
"""How a formula of a type is built: n number, t text, b condition, d date, m moment, y date or moment, j anything that
can be joined to a text, x the type itself."""
PARTS = {
    "n": [Type.NUMBER], "t": [Type.TEXT], "b": [Type.BOOL], "d": [Type.DATE], "m": [Type.MOMENT],
    "y": [Type.DATE, Type.DATE, Type.MOMENT], "j": [Type.NUMBER, Type.TEXT, Type.DATE, Type.MOMENT],
}  # fmt: skip
PLACE = re.compile(r"(?<![A-Za-z{])[ntbdmyjx](?![a-zA-Z(])")
Choose = Callable[[Sequence[Any]], Any]


def formula(kind: Type, depth: int, choose: Choose) -> str:
    """A well-typed formula, put together from parts that `choose` picks."""
    if depth == 0 or choose(range(6)) == 0:
        return str(choose([*NAMES[kind], *NAMES[kind], *LITERALS[kind]]))
    shape = choose([*SHAPES[None], *SHAPES[kind], *SHAPES[kind], *SHAPES[kind]])

    def part(found: re.Match[str]) -> str:
        return formula(kind if found[0] == "x" else choose(PARTS[found[0]]), depth - 1, choose)

    return PLACE.sub(part, shape)
