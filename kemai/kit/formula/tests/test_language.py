"""The formula language: what it reads, what it refuses, what it comes to."""

from __future__ import annotations

import contextlib
import datetime as dt
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kemai.kit.formula import FUNCTIONS, Clock, Field, FormulaError, Function, Type, check, names
from kemai.kit.formula.operations import divide, multiply, number_text

ZONE = ZoneInfo("Asia/Shanghai")
CLOCK = Clock(dt.datetime(2026, 11, 29, 17, 30, tzinfo=dt.UTC), ZONE)  # 01:30 on the 30th in Shanghai
FIELDS = {
    one.key: one
    for one in (
        Field("n_price", ("单价", "Price"), Type.NUMBER, "money"),
        Field("n_count", ("数量", "Quantity"), Type.NUMBER, "whole"),
        Field("n_rate", ("折扣", "Discount"), Type.NUMBER, "percent"),
        Field("t_name", ("名称", "Name"), Type.TEXT),
        Field("t_twice", ("名称", "Other name"), Type.TEXT),
        Field(
            "c_level", ("等级", "Level"), Type.TEXT, "", (("a", ("重要", "Key")), ("b", ("普通", "Normal")))
        ),
        Field("b_vip", ("大客户", "VIP"), Type.BOOL),
        Field("d_due", ("到期日", "Due"), Type.DATE),
        Field("m_seen", ("最近联系", "Last seen"), Type.MOMENT),
        Field("r_owner", ("负责人", "Owner"), Type.REF),
    )
}
ROW = {
    "n_price": Decimal("12.50"), "n_count": 3, "n_rate": 0.1, "t_name": "客脉CRM", "t_twice": "", "c_level": "a",
    "b_vip": True, "d_due": dt.date(2026, 12, 31), "m_seen": dt.datetime(2026, 11, 28, 16, 30, tzinfo=dt.UTC),
    "r_owner": object(),
}  # fmt: skip


def shown(value: object) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, Decimal):
        return number_text(value)
    return "" if value is None else str(value)


def result(text: str, **row: object) -> str:
    return shown(check(text, FIELDS).value({**ROW, **row}, CLOCK))


@pytest.mark.row(117)
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[单价] * [数量]", "37.5"),
        ("Price * Quantity", "37.5"),
        ("{n_price}*{n_count}*(1-{n_rate})", "33.75"),
        ("１２＋３×（２－１）", "15"),
        ("2 + 3 * 4 - 6 / 2", "11"),
        ("-2 * -3", "6"),
        ("50% + 1", "1.5"),
        ("0.1 + 0.2 = 0.3", "TRUE"),
        ("1 / 3", "0.3333333333"),
        ("2 / 3 * 3", "2.0000000001"),
        ("1 / 0", ""),
        ("[单价] / ([数量] - 3)", ""),
        ('"a" & 1 & "b"', "a1b"),
        ('“引号” & \'x\' & "say ""hi"""', '引号xsay "hi"'),
        ("IF([大客户], 1, 2)", "1"),
        ("[数量] >= 3 且 非 [数量] > 5", "TRUE"),
        ("1 > 2 or 2 ≥ 2 and not 1 != 1", "TRUE"),
        ("[数量] = 3 AND (1 > 2 OR 2 > 1)", "TRUE"),
        ("1 > 2 或 (2 > 1 且 非(3 > 4))", "TRUE"),
        ('[等级] = "重要"', "TRUE"),
        ('[等级] = "Key"', "TRUE"),
        ('{c_level} <> "b"', "TRUE"),
        ('"等级：" & [等级]', "等级：重要"),
        ('{t_twice} = ""', "TRUE"),
        ("{t_twice} = 空", "TRUE"),
        ("[折扣] <> EMPTY", "TRUE"),
        ("ISBLANK([负责人])", "FALSE"),
        ("[到期日] - 31", "2026-11-30"),
        ("[到期日] - TODAY()", "31"),
        ("TODAY() = [最近联系]", "FALSE"),
        ("DAYS(TODAY(), [最近联系])", "1"),
        ("DAY([最近联系])", "29"),
        ("TEXT([最近联系])", "2026-11-29 00:30"),
        ("HOURS(NOW(), [最近联系])", "25"),
        ("ADDMONTHS([到期日], 2)", "2027-02-28"),
        ("DATE(2024, 2, 29.9)", "2024-02-29"),
        ("ADDDAYS(DATE(9999, 12, 31), 1)", ""),
        ("MAX([到期日], DATE(2030, 1, 1))", "2030-01-01"),
        ("LEFT({t_twice}, 2)", ""),
        ("LEFT({t_name}, 0) = 空", "TRUE"),
        ("ROUND(1 / 3, 20)", "0.3333333333"),
        ("ROUND([单价], 0)", "13"),
        ("MID({t_name}, -5, 2)", "客脉"),
    ],
)
def test_values(text: str, expected: str) -> None:
    assert result(text) == expected


@pytest.mark.row(117)
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[数量] + 1", ""),
        ("SUM([数量], 1)", "1"),
        ("[数量] > 1", ""),
        ("NOT([数量] > 1)", ""),
        ("[数量] > 1 AND 1 = 2", "FALSE"),
        ("[数量] > 1 OR 1 = 1", "TRUE"),
        ("IF([数量] > 1, 5, 6)", "6"),
        ("MIN([数量], 4)", "4"),
        ("SUM([数量])", ""),
        ('"x" & [数量]', "x"),
        ("COALESCE([数量], 0)", "0"),
        ("ISBLANK([数量])", "TRUE"),
        ("ROUND(5.5, [数量])", ""),
    ],
)
def test_what_is_computed_from_nothing_is_nothing(text: str, expected: str) -> None:
    assert result(text, n_count=None) == expected


@pytest.mark.row(117)
@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("", "empty_formula", 0),
        ("1 +", "expected_value", 3),
        ("(1", "unclosed_bracket", 0),
        ("[单价", "unclosed_field", 0),
        ('1 & "x', "unclosed_text", 4),
        ("[单价] [数量]", "expected_operator", 5),
        ("1 ? 2", "unknown_mark", 2),
        ("[单介] * 2", "unknown_field", 0),
        ("2 * {n_gone}", "gone_field", 4),
        ("[名称]", "ambiguous_field", 0),
        ("FOO(1)", "unknown_function", 0),
        ("ROUND()", "too_few_arguments", 0),
        ("ROUND(1, 2, 3)", "too_many_arguments", 0),
        ("[单价] * [到期日]", "wrong_type", 7),
        ("UPPER(5)", "wrong_type", 6),
        ("IF(1, 2, 3)", "wrong_type", 3),
        ('IF(1 > 2, 2, "x")', "mixed_types", 13),
        ('1 = "1"', "mixed_types", 4),
        ('{t_name} < "b"', "no_order", 9),
        ("[负责人] = [负责人]", "no_comparison", 6),
        ("[大客户] & 1", "not_as_text", 0),
        ('{t_name} + "x"', "join_texts", 9),
        ("1 < 2 < 3", "chained_comparison", 6),
        ("1 < 空", "order_of_empty", 2),
        ('[等级] = "最高"', "unknown_option", 7),
        ("1234567890123456789", "number_too_long", 0),
        ("(" * 60 + "1" + ")" * 60, "too_deep", 40),
        ("+".join(["1"] * 100), "too_deep", 0),
        ("&".join(["1"] * 300), "too_complex", 0),
        ("1" + " " * 4000, "too_long", 4000),
    ],
)
def test_refusals_say_what_and_where(text: str, code: str, place: int) -> None:
    with pytest.raises(FormulaError) as refused:
        check(text, FIELDS)
    assert refused.value.code == code
    if code not in {"too_deep", "too_complex"}:
        assert refused.value.start == place


def test_a_wrong_name_is_answered_with_the_right_one() -> None:
    with pytest.raises(FormulaError) as refused:
        check("[单介] * 2", FIELDS)
    assert refused.value.params["close"] == ["单价"]


@pytest.mark.row(117)
def test_a_renamed_label_breaks_nothing() -> None:
    formula = check('IF([等级] = "重要", [单价] * 2, 0)', FIELDS)
    assert formula.stored == 'IF({c_level} = "a", {n_price} * 2, 0)'
    renamed = {
        **FIELDS,
        "n_price": Field("n_price", ("标准价",), Type.NUMBER, "money"),
        "c_level": Field("c_level", ("客户级别",), Type.TEXT, "", (("a", ("核心",)),)),
    }
    again = check(formula.stored, renamed)
    assert again.shown == 'IF([客户级别] = "核心", [标准价] * 2, 0)'
    assert again.stored == formula.stored
    assert again.tree == formula.tree
    assert names(formula.stored) == {"c_level", "n_price"}


def test_two_fields_of_one_label_are_shown_by_their_keys() -> None:
    assert check("{t_name} & {t_twice}", FIELDS).shown == "{t_name} & {t_twice}"


@pytest.mark.parametrize(
    ("text", "kind", "unit"),
    [
        ("[单价] * [数量]", Type.NUMBER, "money"),
        ("[单价] / [单价]", Type.NUMBER, ""),
        ("[单价] / 2", Type.NUMBER, "money"),
        ("ROUND([单价] * 3, 0)", Type.NUMBER, "money"),
        ("5%", Type.NUMBER, "percent"),
        ("[到期日] - TODAY()", Type.NUMBER, "whole"),
        ("[到期日] + 5", Type.DATE, ""),
        ("NOW()", Type.MOMENT, ""),
        ("[单价] > 5", Type.BOOL, ""),
        ('IF([大客户], 空, "x")', Type.TEXT, ""),
    ],
)
def test_types_and_units(text: str, kind: Type, unit: str) -> None:
    formula = check(text, FIELDS)
    assert (formula.type, formula.unit) == (kind, unit)


def test_only_formulas_over_the_clock_change_by_themselves() -> None:
    assert check("TODAY() > [到期日]", FIELDS).clocked
    assert not check("DAY([最近联系])", FIELDS).clocked


@pytest.mark.row(117)
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda one: one.name)
def test_every_example_comes_to_what_it_says(function: Function) -> None:
    for text, expected in function.examples:
        assert shown(check(text, {}).value({}, CLOCK)) == expected, text


def test_names_are_given_once() -> None:
    words = [name for one in FUNCTIONS for name in (one.name, one.zh)]
    assert len(words) == len(set(words))


@given(st.text(alphabet="[]{}()\"“”+-*/&=<>%,. 1a单价数量IFAND且如果空'！、\n", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(FormulaError):
        check(text, FIELDS).value(ROW, CLOCK)


decimals = st.decimals(-(10**17), 10**17, places=10, allow_nan=False)


def tenth_place(exact: Fraction) -> Decimal:
    with localcontext() as context:
        context.prec = 80
        scaled = abs(exact) * 10**10
        up = int(scaled * 2 + 1) // 2
        return Decimal(up if exact >= 0 else -up).scaleb(-10)


@given(decimals, decimals)
def test_products_and_quotients_are_rounded_once(a: Decimal, b: Decimal) -> None:
    assert multiply(a, b) == tenth_place(Fraction(a) * Fraction(b))
    if b:
        assert divide(a, b) == tenth_place(Fraction(a) / Fraction(b))
    assert Decimal("2.5").quantize(Decimal(1), ROUND_HALF_UP) == 3
