"""Values and documents encrypted by a key: what is written is read again, and nothing else is taken for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kemai.kit.columnseal import MARK, BadKey, Seal, Unreadable, is_sealed, make_key, read_key

SEAL = Seal([bytes(range(32))])
OTHER = Seal([bytes(32)])


@given(st.text(alphabet=st.characters()))
def test_any_text_is_read_as_it_was_written(text: str) -> None:
    stored = SEAL.value(text)
    assert SEAL.open_value(stored) == text
    assert SEAL.value(text) == stored, "it can be looked up"
    assert not text or is_sealed(stored)


@given(st.binary())
def test_any_document_is_read_as_it_was_written(content: bytes) -> None:
    stored = SEAL.document(content)
    assert SEAL.open_document(stored) == content
    assert SEAL.document(content) != stored, "nobody sees that two are the same"


def test_what_was_never_encrypted_comes_back_as_it_is() -> None:
    assert SEAL.open_value("+8613800138000") == "+8613800138000"


@pytest.mark.parametrize("place", [len(MARK) + 9, len(MARK) + 20, -5])
def test_a_letter_changed_is_found_out(place: int) -> None:
    stored = SEAL.value("110101199003071234")
    letter = "A" if stored[place] != "A" else "B"
    spoilt = stored[:place] + letter + stored[place:][1:]
    with pytest.raises(Unreadable) as caught:
        SEAL.open_value(spoilt)
    assert not caught.value.other


def test_another_key_is_told_apart_from_a_changed_value() -> None:
    with pytest.raises(Unreadable) as caught:
        OTHER.open_value(SEAL.value("+8613800138000"))
    assert caught.value.other


def test_a_value_does_not_pass_for_a_document() -> None:
    with pytest.raises(Unreadable):
        SEAL.open_document(SEAL.value("x" * 40))


def test_an_older_key_still_reads() -> None:
    both = Seal([bytes(32), bytes(range(32))])
    old = SEAL.value("+8613800138000")
    assert both.open_value(old) == "+8613800138000"
    assert not both.is_current(old)
    assert both.is_current(both.value("+8613800138000"))


@pytest.mark.parametrize("text", ["", "short", "Z" * 44, "密钥" * 20])
def test_what_is_no_key_is_refused(text: str) -> None:
    if text == "Z" * 44:
        text = text[:-4]
    with pytest.raises(BadKey):
        read_key(text)


def test_a_made_key_is_one() -> None:
    assert len(read_key(make_key())) == 32
