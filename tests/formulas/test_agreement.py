"""A formula comes to the same in memory (forms, imports) and in the database (everything else): on every record, for
any well-typed formula. Run on both databases, all three agree."""

from __future__ import annotations

import datetime as dt
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from kemai.kit.formula import Clock, Formula, FormulaError, Type
from kemai.platform import query
from kemai.platform.fields import KINDS as FIELD_KINDS
from kemai.platform.fields import FieldSpec, Own
from kemai.platform.models.extra import dump
from kemai.platform.objects import ObjectType
from kemai.platform.query import formula as formulas_of
from tests.formulas import probe

ZONE = ZoneInfo("Asia/Shanghai")
REFUSED = {"too_deep", "too_complex", "too_long", "order_of_empty", "mixed_types", "unknown_option"}
CLOCK = Clock(dt.datetime(2026, 11, 29, 17, 30, 12, 345678, tzinfo=dt.UTC), ZONE)
LETTERS = {
    "money": "c",
    "number": "n",
    "percent": "n",
    "whole": "i",
    "text": "t",
    "boolean": "b",
    "date": "d",
    "datetime": "s",
}
RESULTS = {
    Type.NUMBER: ["money", "number", "percent", "whole"], Type.TEXT: ["text"], Type.BOOL: ["boolean"],
    Type.DATE: ["date"], Type.MOMENT: ["datetime"],
}  # fmt: skip


@pytest.fixture
def probes(db: None) -> ObjectType:
    object_type = probe.probe()
    probe.fill(object_type, 60, Random(117))
    return object_type


def holder(kind: str, places: int | None = None) -> FieldSpec:
    given = {} if places is None else {"places": places}
    return FieldSpec(
        "result", "", "", FIELD_KINDS[kind], own=Own("formula", LETTERS[kind], given, computed=True)
    )


def rows_of(object_type: ObjectType) -> list[query.Row]:
    specs = [spec for spec in object_type.fields.values() if formulas_of.field_of(spec) is not None]
    return query.fetch(object_type.records().order_by("pk"), object_type, specs)


def read(text: str, object_type: ObjectType) -> Formula | None:
    """None for a formula that is too large, or compares a choice with a word that is none of its options."""
    try:
        return formulas_of.checked(text, object_type)
    except FormulaError as error:
        if error.code in REFUSED:
            return None
        raise


def agree(text: str, spec: FieldSpec, object_type: ObjectType, rows: list[query.Row]) -> None:
    formula = read(text, object_type)
    if formula is None:
        assume(False)
        raise AssertionError
    expression = formulas_of.stored(formula, spec, object_type, CLOCK)
    found = dict(object_type.records().annotate(found=expression).values_list("pk", "found"))
    letter = spec.own.letter if spec.own else ""
    for row in rows:
        expected = formulas_of.settled(formula.value(row, CLOCK), spec)
        assert dump(letter, found[row["id"]]) == dump(letter, expected), (text, row)
        assert type(found[row["id"]]) is type(expected)


@pytest.mark.row(117)
@pytest.mark.parametrize("kind", list(RESULTS))
def test_all_evaluators_agree(kind: Type, probes: ObjectType) -> None:
    rows = rows_of(probes)

    @settings(
        max_examples=150,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(st.data())
    def check(data: Any) -> None:
        text = probe.formula(
            kind, data.draw(st.integers(0, 3)), lambda some: data.draw(st.sampled_from(some))
        )
        spec = holder(data.draw(st.sampled_from(RESULTS[kind])), data.draw(st.sampled_from([None, 0, 2])))
        agree(text, spec, probes, rows)

    check()


@pytest.mark.row(117)
def test_what_another_kind_left_under_a_key_is_nothing(probes: ObjectType) -> None:
    left = [7, 7.5, "x", "2026-02-14", "2026-02-14T08:00:00Z"]
    for pk, junk in zip(probes.records().values_list("pk", flat=True), left, strict=False):
        probes.records().filter(pk=pk).update(extra=dict.fromkeys(probe.KINDS, junk))
    rows = rows_of(probes)[: len(left)]
    for text, kind in (
        ("{price} + {amount}", "money"), ("{pieces} * 2", "whole"), ("{note} & {level}", "text"),
        ("{due} + 1", "date"),  ("ISBLANK({amount})", "boolean"),
    ):  # fmt: skip
        agree(text, holder(kind), probes, rows)
