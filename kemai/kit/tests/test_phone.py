from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kemai.kit.phone import BadPhone, Phone, display_phone, is_mobile, mask_phone, parse_phone, phone_tail

MOBILE = Phone("+8613812345678", "mobile")


@pytest.mark.parametrize(
    "text",
    [
        "13812345678",
        "138 1234 5678",
        "138-1234-5678",
        "+86 138 1234 5678",
        "+8613812345678",
        "008613812345678",
        "86-13812345678",
        "８６１３８１２３４５６７８",
        "１３８１２３４５６７８",
        "(+86)13812345678",
        "（86）138.1234.5678",
        "013812345678",
        " 13812345678\u200b",
        "138—1234—5678",
        "手机：13812345678",
        "电话:138 1234 5678",
        "+86(138)12345678",
        "\u202d13812345678\u202c",
    ],
)
def test_every_written_form_of_a_mobile_is_one_number(text: str) -> None:
    assert parse_phone(text) == MOBILE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0571-88888888", Phone("+8657188888888", "landline")),
        ("0571-88888888转801", Phone("+8657188888888", "landline", "801")),
        ("0571-88888888-801", Phone("+8657188888888", "landline", "801")),
        ("(0571) 8888 8888 分机 801", Phone("+8657188888888", "landline", "801")),
        ("010-62345678 ext. 12", Phone("+861062345678", "landline", "12")),
        ("+86 10 6234 5678", Phone("+861062345678", "landline")),
        ("400-812-3123", Phone("+864008123123", "other")),
        ("4008123123,2", Phone("+864008123123", "other", "2")),
        ("95588", Phone("+8695588", "other")),
        ("+1 415-555-2671", Phone("+14155552671", "other")),
        ("+852 5123 4567", Phone("+85251234567", "mobile")),
        ("00852 51234567", Phone("+85251234567", "mobile")),
    ],
)
def test_other_numbers(text: str, expected: Phone) -> None:
    assert parse_phone(text) == expected


def test_region_decides_what_a_bare_number_means() -> None:
    assert parse_phone("51234567", "HK") == Phone("+85251234567", "mobile")
    assert parse_phone("+8613812345678", "HK") == MOBILE


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "phone_empty"),
        (" - ", "phone_empty"),
        ("1381234567", "phone_short"),
        ("138123456789", "phone_long"),
        ("88888888", "phone_area_missing"),
        ("13812345678/13912345678", "phone_many"),
        ("13812345678、13912345678", "phone_many"),
        ("无", "phone_format"),
        ("张三13812345678", "phone_format"),
        ("00000000000", "phone_invalid"),
        ("1" * 40, "phone_long"),
        ("99999999999999", "phone_long"),
    ],
)
def test_refusals_name_the_reason(text: str, code: str) -> None:
    with pytest.raises(BadPhone) as caught:
        parse_phone(text)
    assert caught.value.code == code


@given(st.text(max_size=25))
def test_any_text_is_a_number_or_a_refusal(text: str) -> None:
    try:
        phone = parse_phone(text)
    except BadPhone:
        return
    assert phone.e164.startswith("+")
    assert phone.e164[1:].isascii()
    assert phone.e164[1:].isdigit()


@given(st.integers(13 * 10**9, 2 * 10**10 - 1).map("+86{}".format))
def test_display_reads_back(e164: str) -> None:
    assert parse_phone(display_phone(e164)).e164 == e164
    assert is_mobile(e164)


def test_display_mask_tail() -> None:
    assert display_phone("+8613812345678") == "138 1234 5678"
    assert display_phone("+8657188888888", "801") == "0571-88888888-801"
    assert display_phone("+861062345678") == "010-62345678"
    assert display_phone("+864008123123") == "400-812-3123"
    assert display_phone("+8695588") == "95588"
    assert display_phone("+14155552671") == "+1 415-555-2671"
    assert mask_phone("+8613812341234") == "138****1234"
    assert mask_phone("+8657188888888") == "0571-****8888"
    assert mask_phone("13812341234") == "138****1234"
    assert mask_phone("12345") == "*****"
    assert phone_tail("138 1234-5678") == "5678"
