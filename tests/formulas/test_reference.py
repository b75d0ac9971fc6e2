"""docs/formulas.md says of every function what the function says of itself, in both languages, and every example in it
comes to what the page says. KEMAI_WRITE_BASELINES=1 writes the reference part anew."""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from kemai.kit.formula import FUNCTIONS, GROUPS, Clock, Function, check
from kemai.kit.formula.operations import number_text

PAGE = Path(__file__).resolve().parents[2] / "docs" / "formulas.md"
MARK = "<!-- the reference, written by tests/formulas/test_reference.py -->"
CLOCK = Clock(dt.datetime(2026, 11, 29, 4, 0, tzinfo=dt.UTC), ZoneInfo("Asia/Shanghai"))
EMPTY = "（空 empty）"


def shown(value: object) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, Decimal):
        return number_text(value)
    return EMPTY if value is None else str(value)


def entry(one: Function) -> Iterator[str]:
    yield f"#### {one.zh} · {one.name}"
    yield f"`{one.signature('zh')}` · `{one.signature('en')}`"
    yield f"{one.help_zh}  \n{one.help_en}"
    yield "\n".join(f"- `{text}` → {result or EMPTY}" for text, result in one.examples)


def reference() -> str:
    parts = []
    for key, zh, en in GROUPS:
        parts.append(f"### {zh} · {en}")
        for one in FUNCTIONS:
            if one.group == key:
                parts += entry(one)
    return "\n\n".join(parts) + "\n"


@pytest.mark.row(117)
def test_the_reference_is_what_the_functions_say() -> None:
    head, _mark, tail = PAGE.read_text("utf-8").partition(MARK)
    if os.environ.get("KEMAI_WRITE_BASELINES"):
        PAGE.write_text(f"{head}{MARK}\n\n{reference()}", "utf-8")
        return
    assert tail.strip() == reference().strip()


@pytest.mark.row(117)
def test_every_example_on_the_page_is_true() -> None:
    examples = re.findall(
        r"^[-|] *`([^`]+)` *(?:→|\|) *([^|\n]+?) *\|?$", PAGE.read_text("utf-8"), re.MULTILINE
    )
    assert len(examples) > 2 * len(FUNCTIONS)
    for text, expected in examples:
        assert shown(check(text, {}).value({}, CLOCK)) == expected, text
