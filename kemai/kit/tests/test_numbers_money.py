from __future__ import annotations

import pickle
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kemai.kit.errors import KitError
from kemai.kit.money import BadMoney, format_compact, format_money, from_cents, parse_money, to_cents
from kemai.kit.numbers import BadNumber, format_number, format_percent, parse_int, parse_number, parse_percent

amounts = st.decimals(min_value=-(10**14), max_value=10**14, places=2, allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("１，２３４．５", "1234.5"),
        ("12.5%", "0.125"),
        ("３‰", "0.003"),
        ("-5", "-5"),
        ("(5)", "-5"),
        ("（5）", "-5"),
        ("1,234,567.89", "1234567.89"),
        (".5", "0.5"),
        ("5.", "5"),
        ("1e3", "1000"),
        (" 7 ", "7"),
        ("＋7", "7"),
    ],
)
def test_numbers_people_write(text: str, expected: str) -> None:
    assert parse_number(text) == Decimal(expected)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "²",
        "½",
        "1e999",
        "1e-999",
        "NaN",
        "inf",
        "Infinity",
        "1.234,5",
        "1,23",
        "12,34,567",
        ".",
        "-",
        "--5",
        "5-",
        "1 2",
        "0x10",
        "٣",
        "1_000",
        "五",
        "9" * 200,
        "1e9999999999",
    ],
)
def test_numbers_refused(text: str) -> None:
    with pytest.raises(BadNumber):
        parse_number(text)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal("NaN"), True])
def test_number_objects_refused(value: float) -> None:
    with pytest.raises(BadNumber):
        parse_number(value)


def test_float_cells_keep_what_was_seen() -> None:
    assert parse_number(0.1) == Decimal("0.1")
    assert str(parse_number(13812345678.0)) == "13812345678"
    assert parse_int("12.0") == 12
    assert parse_percent("12.5") == parse_percent("12.5%") == parse_percent(12.5) == Decimal("0.125")
    with pytest.raises(BadNumber, match="number_not_whole"):
        parse_int("12.5")
    assert format_number(Decimal("1234.565"), 2) == "1,234.57"
    assert format_percent(Decimal("0.1234")) == "12.3%"


@given(st.text(max_size=30))
def test_any_text_is_a_number_or_a_typed_refusal(text: str) -> None:
    for parse in (parse_number, parse_money):
        try:
            number = parse(text)
        except KitError:
            continue
        assert number.is_finite()


@given(amounts)
def test_money_round_trips(amount: Decimal) -> None:
    assert parse_money(format_money(amount)) == amount
    assert parse_money(format_money(amount, symbol=True)) == amount
    assert from_cents(to_cents(amount)) == amount


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,234.50", "1234.50"),
        ("¥1234.5", "1234.5"),
        ("￥１，２３４．５", "1234.5"),
        ("12.8万", "128000"),
        ("1.2亿", "120000000"),
        ("-300", "-300"),
        ("(300)", "-300"),
        ("（1,000.00）", "-1000"),
        ("-¥5", "-5"),
        ("¥-5", "-5"),
        ("3千万元", "30000000"),
        ("RMB 100", "100"),
        ("100 元整", "100"),
        ("128K", "128000"),
        ("人民币5元", "5"),
        ("1万亿", "1000000000000"),
        ("0", "0"),
    ],
)
def test_money_people_write(text: str, expected: str) -> None:
    assert parse_money(text) == Decimal(expected)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "money_empty"),
        ("abc", "money_format"),
        ("NaN", "money_format"),
        ("inf", "money_format"),
        ("12%", "money_format"),
        ("1e5", "money_format"),
        ("$5", "money_currency"),
        ("100美元", "money_currency"),
        ("1000000000000001", "money_too_large"),
        ("2000万亿", "money_too_large"),
        ("9" * 90, "money_too_large"),
        ("一万", "money_format"),
        ("1.2.3", "money_format"),
        ("--5", "money_format"),
    ],
)
def test_money_refused_with_reason(text: str, code: str) -> None:
    with pytest.raises(BadMoney) as caught:
        parse_money(text)
    assert caught.value.code == code
    assert isinstance(caught.value, ValueError)


def test_cents_round_half_up() -> None:
    assert [to_cents(Decimal(x)) for x in ("0.005", "-0.005", "1.004", "2.675")] == [1, -1, 100, 268]


@pytest.mark.parametrize(
    ("amount", "zh", "en"),
    [
        ("128000", "12.8万", "128K"),
        ("120000000", "1.2亿", "120M"),
        ("999", "999", "999"),
        ("9999.96", "1万", "10K"),
        ("99999999", "1亿", "100M"),
        ("-128000", "-12.8万", "-128K"),
        ("0", "0", "0"),
        ("-0.01", "0", "0"),
        ("999.99", "1,000", "1K"),
        ("1500000000000", "1.5万亿", "1.5T"),
        ("12.34", "12.3", "12.3"),
    ],
)
def test_compact(amount: str, zh: str, en: str) -> None:
    assert format_compact(Decimal(amount), "zh") == zh
    assert format_compact(Decimal(amount), "en") == en


def test_symbols() -> None:
    assert format_money(Decimal(-128000), "zh", symbol=True) == "-¥128,000.00"
    assert format_money(Decimal(128000), "en", symbol=True) == "CNY 128,000.00"


def test_errors_travel_between_processes() -> None:
    error = pickle.loads(pickle.dumps(BadMoney("money_format", text="x")))
    assert isinstance(error, BadMoney)
    assert (error.code, error.params) == ("money_format", {"text": "x"})
