"""Templates of people's own: what they may say, and that nothing in them runs, escapes or lasts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kemai.kit.sandbox import Limits, TemplateRefused, check, render

LINES = [
    {"name": "水泵", "price": Decimal("12.50"), "count": 2},
    {"name": "<电机>", "price": Decimal(3), "count": 1},
]


def test_a_quote_is_written() -> None:
    source = (
        "{% for one in lines %}{{ loop.index }}. {{ one.name }} {{ one.price * one.count }}\n{% endfor %}"
        "{{ note or '—' }}"
    )
    assert render(source, {"lines": LINES, "note": ""}, html=False) == "1. 水泵 25.00\n2. <电机> 3\n—"
    assert "&lt;电机&gt;" in render(source, {"lines": LINES, "note": ""}, html=True)


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("{{ ''.__class__.__mro__ }}", "unknown"), ("{{ x['__class__'] }}", "unknown"),
        ("{{ x.items() }}", "forbidden"),
        ("{{ range(10) }}", "forbidden"), ("{{ cycler }}", "unknown"), ("{{ self }}", "forbidden"),
        ("{% import 'os' as os %}", "forbidden"), ("{% include '/etc/passwd' %}", "forbidden"),
        ("{% macro a() %}{% endmacro %}", "forbidden"), ("{{ x|attr('__class__') }}", "forbidden"),
        ("{{ x|map('upper')|list }}", "forbidden"), ("{{ '%s' % x }}", "forbidden"), ("{{ 9 ** 9 ** 9 }}", "forbidden"),
        ("{{ 'a' * 1000000000 }}", "failed"), ("{{ x|pprint }}", "forbidden"),
        ("{% for a in 'abc' %}{% endfor %}", "failed"),
        ("{{ x|counted(1) }}", "forbidden"), ("{{ 1 / 0 }}", "failed"), ("{{ y }}", "unknown"), ("{{ ", "syntax"),
        ("{{ __meter__.limits }}", "forbidden"), ("{{ loop.__init__ }}", "unknown"), ("{{ x|format }}", "forbidden"),
        ("{% set a %}{% endset %}", "forbidden"), ("{{ ('a'|replace('a', 'aaaaaaaaaa'))() }}", "forbidden"),
    ],
)  # fmt: skip
def test_what_is_no_text_is_refused(source: str, code: str) -> None:
    with pytest.raises(TemplateRefused) as refused:
        render(source, {"x": {"a": 1}}, html=True)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("source", "code"),
    [
        (
            "{% for a in x %}{% for b in x %}{% for c in x %}{% endfor %}{% endfor %}{% endfor %}",
            "too_many_steps",
        ),
        ("{% for a in x %}{{ text }}{% endfor %}", "too_long"),
        ("{{ text|replace('a', text) }}", "too_long"),
        ("{% set b = text ~ text %}{% set c = b ~ b %}{% set d = c ~ c %}{{ d }}", "too_long"),
        ("x" * 300_000, "too_long"),
        ("{{ " + "(" * 5000 + ")" * 5000 + " }}", "too_long"),
    ],
)
def test_what_is_endless_is_cut(source: str, code: str) -> None:
    with pytest.raises(TemplateRefused) as refused:
        render(source, {"x": list(range(300)), "text": "a" * 300_000}, html=False)
    assert refused.value.code == code


def test_time_is_limited() -> None:
    source = "{% for a in x %}{% for b in x %}{{ a }}{% endfor %}{% endfor %}"
    with pytest.raises(TemplateRefused) as refused:
        render(
            source,
            {"x": list(range(2000))},
            html=False,
            limits=Limits(seconds=0.01, steps=10**9, output=10**9),
        )
    assert refused.value.code == "too_slow"


def test_only_plain_values_come_in() -> None:
    with pytest.raises(TemplateRefused) as refused:
        render("{{ x }}", {"x": object()}, html=False)
    assert refused.value.code == "bad_value"
    check("{{ customer.name }}", html=True)


@given(
    st.recursive(
        st.text(max_size=8) | st.integers(),
        lambda inner: st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=6,
    )
)
def test_markup_in_values_stays_text(value: Any) -> None:
    told = render("{{ x }}", {"x": value}, html=True)
    assert "<" not in told
    assert '"' not in told
