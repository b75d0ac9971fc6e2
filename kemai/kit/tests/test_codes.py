from __future__ import annotations

import datetime as dt
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kemai.kit import credit_code, id_number
from kemai.kit.credit_code import BadCreditCode, is_credit_code, parse_credit_code
from kemai.kit.id_number import BadIdNumber, mask_id_number, parse_id_number

KNOWN = "91350100M000100Y43"  # the worked example of GB 32100-2015


def test_known_code_and_written_forms() -> None:
    assert parse_credit_code(KNOWN) == KNOWN
    assert parse_credit_code(" 91350100m000100y43 ") == KNOWN
    assert parse_credit_code("９１３５０１００Ｍ０００１００Ｙ４３") == KNOWN
    assert parse_credit_code("91350100-M000100Y-43") == KNOWN


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "credit_code_empty"),
        ("9135", "credit_code_length"),
        (KNOWN[:-1] + "4", "credit_code_check"),
        ("9135010OM000100Y43", "credit_code_charset"),
        ("9A35A100M000100Y43", "credit_code_shape"),
        ("中" * 18, "credit_code_charset"),
    ],
)
def test_credit_code_refusals(text: str, code: str) -> None:
    with pytest.raises(BadCreditCode) as caught:
        parse_credit_code(text)
    assert caught.value.code == code


def test_a_letter_read_for_a_digit_is_suggested() -> None:
    with pytest.raises(BadCreditCode) as caught:
        parse_credit_code("9135O1OOMOOO1OOY43")
    assert caught.value.params["suggestion"] == KNOWN


@given(st.integers(), st.integers(0, 17), st.sampled_from(credit_code.ALPHABET))
def test_one_changed_character_is_always_noticed(seed: int, place: int, char: str) -> None:
    code = credit_code.make_valid(random.Random(seed))
    assert is_credit_code(code)
    changed = code[:place] + char + code[place + 1 :]
    assert is_credit_code(changed) == (changed == code)


def test_id_number() -> None:
    found = parse_id_number("11010519491231002x")
    assert found == ("11010519491231002X", "110105", dt.date(1949, 12, 31), "female")
    assert mask_id_number(found.number) == "1101**********002X"
    assert mask_id_number("123") == "***"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "id_number_empty"),
        ("110105491231002", "id_number_length"),
        ("110105194912310021", "id_number_check"),
        ("110105194902300021", "id_number_birthday"),
        ("110105299912310021", "id_number_birthday"),
        ("990105194912310021", "id_number_region"),
        ("11010519491231002Y", "id_number_format"),
    ],
)
def test_id_number_refusals(text: str, code: str) -> None:
    with pytest.raises(BadIdNumber) as caught:
        parse_id_number(text, today=dt.date(2026, 11, 20))
    assert caught.value.code == code


@given(st.integers(), st.dates(dt.date(1920, 1, 1), dt.date(2020, 1, 1)), st.booleans())
def test_made_id_numbers_are_valid(seed: int, birthday: dt.date, female: bool) -> None:
    found = parse_id_number(id_number.make_valid(random.Random(seed), birthday=birthday, female=female))
    assert found.birthday == birthday
    assert found.gender == ("female" if female else "male")
