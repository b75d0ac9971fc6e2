"""The rules about one customer, by properties and against slow references."""

from __future__ import annotations

import statistics
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kemai.customers import rules
from kemai.customers.rules import ClassRule, RhythmRule

amounts = st.integers(0, 10_000_000)
counts = st.integers(1, 500)
lines = st.floats(1, 10_000_000)
present = st.sampled_from([None, "none", "regular", "potential", "high"])
day_lists = st.lists(st.integers(0, 2000), min_size=1, max_size=25, unique=True).map(sorted)


def slow_class(amount: int, orders: int, p80: float, p60: float) -> str:
    """The definition's own words, without hysteresis."""
    if amount >= p80 and orders >= p60:
        return "high"
    if amount >= p80 and orders < p60:
        return "potential"
    return "regular"


@given(amounts, counts, lines, st.floats(1, 500), st.sampled_from([None, "none", "regular"]))
def test_newcomers_are_classed_by_the_definition(
    amount: int, orders: int, p80: float, p60: float, present: str | None
) -> None:
    verdict = rules.value_class(
        ClassRule(p80, p60), amount_12m=amount, orders_12m=orders, orders_total=orders, present=present
    )
    assert verdict.value == slow_class(amount, orders, p80, p60)


@given(amounts, counts, lines, st.floats(1, 500), present)
def test_hysteresis_settles_at_once(
    amount: int, orders: int, p80: float, p60: float, present: str | None
) -> None:
    """Judged again with the class just given, nobody moves: no flipping while nothing changes."""
    rule = ClassRule(p80, p60)
    first = rules.value_class(
        rule, amount_12m=amount, orders_12m=orders, orders_total=orders, present=present
    )
    again = rules.value_class(
        rule, amount_12m=amount, orders_12m=orders, orders_total=orders, present=first.value
    )
    assert again.value == first.value


@given(amounts, counts, lines, st.floats(1, 500), present)
def test_hysteresis_only_keeps_and_only_within_its_band(
    amount: int, orders: int, p80: float, p60: float, present: str | None
) -> None:
    order = {"regular": 0, "potential": 1, "high": 2}
    plain = slow_class(amount, orders, p80, p60)
    kept = rules.value_class(
        ClassRule(p80, p60), amount_12m=amount, orders_12m=orders, orders_total=orders, present=present
    ).value
    assert order[kept] >= order[plain]
    if amount < 0.9 * p80:
        assert kept == "regular"
    if kept == "high":
        assert orders >= 0.9 * p60


@given(amounts, st.integers(0, 500), st.integers(1, 500))
def test_no_orders_lately_and_none_at_all(amount: int, orders: int, total: int) -> None:
    rule = ClassRule(100.0, 1.0)
    never = rules.value_class(rule, amount_12m=0, orders_12m=0, orders_total=0, present="high")
    assert never.value == "none"
    quiet = rules.value_class(rule, amount_12m=0, orders_12m=0, orders_total=total, present="high")
    assert quiet.value == "regular"


@given(day_lists)
def test_the_limit_of_silence(days: list[int]) -> None:
    gaps = [later - before for before, later in pairwise(days)]
    limit = rules.silence_limit(RhythmRule(), gaps)
    if len(gaps) < 3:
        assert limit == 180
    else:
        assert limit == min(max(3 * statistics.median(gaps), 30), 365)


@given(day_lists, st.integers(0, 400))
def test_a_comeback_ends_a_silence_that_would_have_meant_lost(days: list[int], later: int) -> None:
    rule, today = RhythmRule(), days[-1] + later
    found = rules.comeback(rule, days, today)
    expected = None
    for index, day in enumerate(days):
        if index and day >= today - 90:
            before = days[:index]
            gaps = [b - a for a, b in pairwise(before)]
            eve = rules.activity(
                rule, silence=day - before[-1], age=9999, limit=rules.silence_limit(rule, gaps)
            )
            if eve.value == "lost":
                expected = day
    assert found == expected


@given(
    st.one_of(st.none(), st.integers(0, 1500)),
    st.integers(0, 3000),
    st.floats(30, 365),
    st.one_of(st.none(), st.integers(0, 500)),
)
def test_activity_states_cover_everyone_and_silence_only_makes_worse(
    silence: int | None, older: int, limit: float, contact: int | None
) -> None:
    rule = RhythmRule()
    age = None if silence is None else silence + older
    state = rules.activity(rule, silence=silence, age=age, limit=limit, contact=contact).value
    assert state in {"prospect", "new", "active", "dormant", "lost"}
    if silence is not None and state == "lost":
        longer = rules.activity(rule, silence=silence + 1, age=(age or 0) + 1, limit=limit, contact=contact)
        assert longer.value == "lost"
    if contact is not None and contact <= 90:
        assert state not in {"dormant", "lost"}


@given(
    st.lists(st.integers(0, 300), min_size=4, max_size=4).map(sorted),
    st.integers(0, 400),
    st.integers(0, 400),
)
def test_equal_values_have_equal_scores_and_more_never_scores_less(
    cuts: list[int], one: int, two: int
) -> None:
    points = {"r": cuts, "f": cuts, "m": cuts}
    first = rules.rfm_scores(points, days=one, orders=one, amount=one)
    second = rules.rfm_scores(points, days=two, orders=two, amount=two)
    if one == two:
        assert first == second
    if one < two:
        assert first[0] >= second[0]
        assert first[1] <= second[1]
    assert all(1 <= score <= 5 for score in first)


def test_the_eight_cells() -> None:
    assert rules.rfm_cell((5, 5, 5)) == "champion"
    assert rules.rfm_cell((1, 1, 5)) == "rescue"
    assert rules.rfm_cell((4, 3, 3)) == "g_develop"
    assert len(set(rules.RFM_CELLS.values())) == 8


@pytest.mark.parametrize("kind", ["person", "company"])
def test_completeness_goes_from_0_to_100(kind: str) -> None:
    weights = rules.COMPLETENESS[kind]
    assert rules.completeness(kind, {"source": "other"}) == 0
    assert rules.completeness(kind, dict.fromkeys(weights, "x")) == 100
    assert rules.completeness(kind, {"phone": "+86"}) == weights["phone"]
    assert rules.missing_facts(kind, {})[0] == max(weights, key=lambda name: weights[name])
