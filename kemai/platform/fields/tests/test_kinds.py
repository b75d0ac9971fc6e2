"""Every kind of field: anything may come in, only values or sentences come out."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from django.utils.translation import gettext_lazy, override
from hypothesis import given, settings
from hypothesis import strategies as st

from kemai.platform.fields import KINDS, FieldSpec, Invalid
from kemai.platform.models import Option

OPTIONS = (Option("a", "甲"), Option("b", "乙"))
KEYS = [key for key in KINDS if key not in {"computed", "broken"}]
ANYTHING = st.one_of(
    st.text(max_size=60),
    st.text(alphabet="0123456789.,-+eE/:%￥¥年月日 万亿²½", max_size=24),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.none(),
    st.sampled_from(
        ["²", "\ud800", "1e999", "0" * 5000, "9" * 400, "NaN", "-inf", "2026-02-30", "=1+1", "\x00"]
    ),
)


def spec_of(key: str) -> FieldSpec:
    return FieldSpec("x", "x", "X", KINDS[key], nullable=True, options=OPTIONS, max_length=200)


@pytest.mark.parametrize("key", KEYS)
@settings(deadline=None)
@given(raw=ANYTHING)
def test_whatever_comes_in_is_a_value_or_a_sentence(key: str, raw: Any) -> None:
    spec = spec_of(key)
    try:
        value = spec.type.parse(raw, spec)
    except Invalid:
        return
    spec.type.text(value, spec).encode("utf-8")
    spec.type.json(value)
    spec.type.mask(value)


@pytest.mark.parametrize("key", KEYS)
def test_values_survive_the_way_out_and_in(key: str) -> None:
    """Through JSON (the API and the change log) and, where text says it all, through text (spreadsheets)."""
    spec, rng = spec_of(key), Random(1)
    for _ in range(30):
        value = spec.type.parse(spec.type.fake(spec, rng), spec)
        assert spec.type.parse(spec.type.json(value), spec) == value
        if key not in {"reference", "user", "file", "region"}:
            assert spec.type.parse(spec.type.text(value, spec), spec) == value


@pytest.mark.parametrize(
    ("key", "raw", "masked"),
    [
        ("phone", "13812345678", "138****5678"),
        ("email", "zhang@example.com", "z***@example.com"),
        ("text", "secret", "s***"),
    ],
)
def test_masks_show_what_people_recognise_and_no_more(key: str, raw: str, masked: str) -> None:
    spec = spec_of(key)
    assert spec.type.mask(spec.type.parse(raw, spec)) == masked


def test_a_choice_is_known_by_its_label_in_any_language() -> None:
    """A file that a colleague exported in Chinese comes back through somebody who works in English."""
    spec = FieldSpec(
        "state", "state", "", KINDS["choice"], options=(Option("valid", gettext_lazy("有效"), "green"),)
    )
    for reader in ("zh-hans", "en"):
        with override(reader):
            assert {spec.type.parse(text, spec) for text in ("有效", "Valid", "VALID", "valid")} == {"valid"}
            with pytest.raises(Invalid):
                spec.type.parse("Gültig", spec)
