"""Forecasts of monthly series: nothing looks ahead, nothing shown is worse than the naive one."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kemai.kit import series

MONTHS = st.lists(st.floats(0, 1e6, allow_nan=False, width=32), min_size=16, max_size=40)


def retailer(months: int, growth: float = 0.01, noise: float = 0.08, seed: int = 4) -> list[float]:
    """A level that grows, a season, and chance."""
    rng = random.Random(seed)
    return [
        100 * (1 + growth) ** m * (1 + 0.4 * math.sin(m / 12 * 2 * math.pi)) * rng.lognormvariate(0, noise)
        for m in range(months)
    ]


@given(MONTHS, st.integers(1, 6), st.data())
@settings(max_examples=25, deadline=None)
def test_no_forecast_of_the_back_test_knows_what_came_later(
    values: list[float], ahead: int, data: st.DataObject
) -> None:
    origin = data.draw(st.integers(series.FIRST_ORIGIN, len(values) - 1))
    other = [*values[:origin], *(one + 777 for one in values[origin:])]
    before = {(t.method, t.step): t.forecast for t in series.back_test(values, ahead) if t.origin == origin}
    after = {(t.method, t.step): t.forecast for t in series.back_test(other, ahead) if t.origin == origin}
    assert before == after


@given(MONTHS, st.integers(1, 6))
@settings(max_examples=25, deadline=None)
def test_what_is_shown_is_never_worse_than_the_seasonal_naive(values: list[float], ahead: int) -> None:
    found = series.forecast(values, ahead)
    if found is None:
        assert not any(values)
        return
    assert found.error <= found.naive_error
    assert 0 <= found.covered <= found.tested
    for value, low, high in zip(found.values, found.low, found.high, strict=True):
        assert value >= 0
        assert (low is None) == (high is None)
        if low is not None and high is not None:
            assert 0 <= low <= value <= high


def test_a_season_that_repeats_exactly_is_forecast_exactly() -> None:
    year = [80.0, 60, 70, 75, 90, 110, 95, 90, 130, 120, 160, 140]
    found = series.forecast(year * 3, 12)
    assert found is not None
    assert found.method == series.NAIVE
    assert list(found.values) == pytest.approx(year)
    assert found.error == pytest.approx(0)
    assert series.indices(year * 2) == pytest.approx([one * 12 / sum(year) for one in year])


def test_growth_is_followed_where_the_naive_method_lags_behind() -> None:
    values = retailer(36, growth=0.03)
    found = series.forecast(values, 3)
    truth = retailer(39, growth=0.03, noise=0)[36:]
    assert found is not None
    assert found.method != series.NAIVE
    assert found.error < 0.7 * found.naive_error
    off = sum(abs(a - b) for a, b in zip(found.values, truth, strict=True))
    assert off < sum(abs(a - b) for a, b in zip(found.naive, truth, strict=True))


def test_intervals_hold_about_what_they_promise() -> None:
    """Over many shops: each interval is judged by a month that it did not know."""
    inside = shown = 0
    for seed in range(40):
        values = retailer(40, seed=seed)
        found = series.forecast(values[:-1], 1)
        assert found is not None
        if found.low[0] is not None and found.high[0] is not None:
            shown += 1
            inside += found.low[0] <= values[-1] <= found.high[0]
    assert shown == 40
    assert 0.6 <= inside / shown <= 0.97


def test_too_little_history_says_nothing() -> None:
    assert series.forecast([5.0] * 14, 3) is None
    assert series.forecast([0.0] * 30, 3) is None
    short = series.forecast([float(n) for n in range(1, 17)], 3)
    assert short is not None
    assert short.method == series.NAIVE
    assert short.low == (None, None, None)


def test_theta_of_a_straight_line_goes_on_with_half_its_slope() -> None:
    """After Hyndman & Billah (2003): Theta is smoothing with a drift of half the slope."""
    values = [10.0 + n for n in range(24)]
    plain = [one / 1.0 for one in values]
    level, alpha = series.smoothed(plain)
    start = (1 - (1 - alpha) ** 24) / alpha
    flat = [1.0] * series.SEASON
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(series, "indices", lambda _values: flat)
        assert series.theta(values, 2) == pytest.approx([level + 0.5 * start, level + 0.5 * (1 + start)])
