"""Targets and forecasts as plain arithmetic."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kemai.sales.rules import forecast, targets
from kemai.sales.rules.forecast import Cell, Snapshot

MONTHS = st.lists(st.one_of(st.none(), st.integers(0, 10**9)), min_size=12, max_size=12)
JUNE = dt.date(2026, 6, 1)


@pytest.mark.row(61)
@given(st.integers(0, 10**13), st.lists(st.floats(0, 1e9, allow_nan=False), min_size=12, max_size=12))
def test_a_year_spread_over_its_months_adds_up(total: int, weights: list[float]) -> None:
    months = targets.spread(total, weights)
    assert sum(months) == total
    assert all(one >= 0 for one in months)
    assert total % 100 or all(one % 100 == 0 for one in months)


def test_the_season_of_last_year_shapes_the_months() -> None:
    assert targets.spread(120_000, [1.0] * 12) == [10_000] * 12
    months = targets.spread(1_000_000, [2.0, *[1.0] * 10, 0.0])
    assert (months[0], months[11]) == (166_700, 0)


@given(MONTHS, MONTHS, MONTHS)
def test_what_nobody_set_is_the_sum_of_what_lies_below(
    above: list[int | None], a: list[int | None], b: list[int | None]
) -> None:
    found = targets.roll_up({"d1": above, "p1": a, "p2": b}, {"c": ["d1"], "d1": ["p1", "p2"]}, "c")
    for month in range(12):
        below = [one for one in (a[month], b[month]) if one is not None]
        wanted = above[month] if above[month] is not None else sum(below) if below else None
        assert found["d1"][month] == (wanted, above[month] is not None)
        assert found["c"][month] == (wanted, False)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 9), st.integers(0, 100), st.integers(0, 100), st.none() | st.integers(0, 100)
        )
    )
)
def test_cells_together_count_what_each_of_them_counts(rows: list[tuple[int, int, int, int | None]]) -> None:
    cells = [Cell(*row) for row in rows]
    assert sum(cells, Cell()).counts == sum(one.counts for one in cells)


def test_overdue_deals_count_in_the_running_month() -> None:
    today = dt.date(2026, 11, 20)
    assert forecast.falls_in(dt.date(2026, 8, 3), today) == dt.date(2026, 11, 1)
    assert forecast.falls_in(dt.date(2027, 1, 31), today) == dt.date(2027, 1, 1)
    assert forecast.falls_in(None, today) is None
    assert forecast.following(dt.date(2026, 11, 1), 3) == dt.date(2027, 2, 1)
    assert forecast.following(dt.date(2026, 1, 1), -1) == dt.date(2025, 12, 1)


@pytest.mark.row(62)
@given(
    st.lists(st.tuples(st.dates(dt.date(2026, 3, 1), dt.date(2026, 7, 1)), st.integers(0, 1000))),
    st.integers(0, 40),
)
def test_a_month_is_judged_by_what_was_known_before_it(taken: list[tuple[dt.date, int]], lead: int) -> None:
    snapshots = [Snapshot(day, JUNE, amount) for day, amount in taken]
    found = forecast.accuracy(snapshots, {JUNE: 500}, [JUNE], lead_days=lead)[0]
    limit = JUNE - dt.timedelta(days=lead)
    early = [day for day, _amount in taken if day <= limit]
    assert found.taken_on == max(early, default=None)
    assert (found.error is None) == (not early)


def test_the_mean_error_weighs_large_months_more() -> None:
    rows = [
        forecast.Accuracy(JUNE, JUNE, 900, 1000), forecast.Accuracy(JUNE, JUNE, 20, 10),
        forecast.Accuracy(JUNE, None, None, 5),
    ]  # fmt: skip
    assert forecast.mean_error(rows) == pytest.approx(110 / 1010)
    assert forecast.mean_error([]) is None
