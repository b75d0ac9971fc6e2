"""Dealing out: everybody gets his share, evenly spread."""

from __future__ import annotations

from collections import Counter
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kemai.staff.rules import deal

pytestmark = pytest.mark.row(45)
PEOPLE = st.lists(st.integers(1, 50), min_size=1, max_size=6, unique=True)


@given(people=PEOPLE, count=st.integers(0, 200))
def test_in_turn_nobody_gets_two_more_than_another(people: list[int], count: int) -> None:
    got = Counter(islice(deal("rotation", people, {}, {}), count))
    assert sum(got.values()) == count
    assert max(got[one] for one in people) - min(got[one] for one in people) <= 1


@given(people=PEOPLE, data=st.data())
def test_by_weight_every_round_is_exact(people: list[int], data: st.DataObject) -> None:
    weights = {one: data.draw(st.integers(0, 5)) for one in people}
    total = sum(weights.values())
    got = Counter(islice(deal("weights", people, weights, {}), total * 3))
    assert got == Counter({one: weight * 3 for one, weight in weights.items() if weight and total})


@given(people=PEOPLE, data=st.data(), count=st.integers(0, 100))
def test_by_load_the_fewest_get_more(people: list[int], data: st.DataObject, count: int) -> None:
    loads = {one: data.draw(st.integers(0, 30)) for one in people}
    slow = dict(loads)
    for one in islice(deal("load", people, {}, loads), count):
        assert slow[one] == min(slow.values()), "the slow way: look at everybody each time"
        slow[one] += 1


def test_three_to_one_is_spread() -> None:
    assert list(islice(deal("weights", [1, 2], {1: 3, 2: 1}, {}), 8)) == [1, 1, 2, 1, 1, 1, 2, 1]


def test_nobody_receives_nothing() -> None:
    assert list(deal("rotation", [], {}, {})) == []
    assert list(deal("weights", [1], {1: 0}, {})) == []
