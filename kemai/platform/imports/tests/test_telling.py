"""What a rehearsal tells of rows: all that is wrong at once, and what was rounded because somebody said so."""

from __future__ import annotations

import pytest

from kemai.platform import imports
from kemai.platform.access import SYSTEM
from kemai.platform.define import fields
from kemai.platform.imports.tests.conftest import Load, counts, customers, rehearsed

HEADER = ["客户编号", "名称", "电话", "邮箱", "城市", "生日"]


def test_a_row_is_told_all_that_is_wrong_with_it(load: Load) -> None:
    header = [*HEADER, "有效性"]
    run = load(header, [["M1", "", "12", "", "杭州", "", ""], ["M2", "甲", "12", "", "杭州", "", "无效"]])
    assert rehearsed(run) == (0, 0, 0, 2)
    first, second = (
        {problem[1] for problem in one["problems"]} for one in run.rehearsal["samples"]["refuse"]
    )
    assert "请填写名称" in first
    assert len(first) == 2
    assert "请选择客户无效的原因" in second
    assert len(second) == 2


@pytest.mark.parametrize(("cents", "expected"), [(False, (1, 0, 0, 3)), (True, (4, 0, 0, 0))])
def test_finer_amounts_are_refused_unless_somebody_says_round(
    load: Load, cents: bool, expected: tuple[int, ...]
) -> None:
    fields.create_field("customer", "money", {"label": "预算"}, by=SYSTEM, key="budget")
    rows = [["乙", "1234.565"], ["丙", "88.50"], ["丁", "0.0000005万"], ["戊", "-0.005"]]
    run = load(["名称", "预算"], rows, "customer", cents=cents)
    assert rehearsed(run) == expected
    assert run.rehearsal["counts"]["rounded"] == (3 if cents else 0)
    imports.execute(run)
    assert (counts(run), run.counts["rounded"]) == (expected, 3 if cents else 0)
    if cents:
        found = [extra["budget"] for (extra,) in customers("extra")]
        assert found == [123457, 8850, 1, -1]
