"""Rules of selling against slow references and properties."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kemai.sales.rules import amounts, cash, scoring, stages
from kemai.sales.rules.amounts import Offer
from kemai.sales.rules.cash import Owed
from kemai.sales.rules.stages import Standing, Step

ROOT = Path(__file__).resolve().parents[3]

TODAY = dt.date(2026, 11, 20)
DAYS = st.dates(dt.date(2020, 1, 1), dt.date(2030, 1, 1))


@given(st.integers(-(10**12), 10**12), st.lists(st.integers(0, 100).map(float), min_size=1, max_size=24))
def test_shares_add_up_to_the_whole(total: int, weights: list[float]) -> None:
    parts = amounts.shares(total, weights)
    assert sum(parts) == total
    assert len(parts) == len(weights)


@given(st.integers(1, 10**10), st.integers(1, 36))
def test_equal_parts_differ_by_a_cent_at_most(total: int, count: int) -> None:
    plan = cash.by_months(total, TODAY, count)
    values = [one.amount for one in plan]
    assert sum(values) == total
    assert max(values) - min(values) <= 1


def test_months_end_where_the_month_does() -> None:
    assert cash.add_months(dt.date(2026, 1, 31), 1) == dt.date(2026, 2, 28)
    assert cash.add_months(dt.date(2026, 12, 15), 2) == dt.date(2027, 2, 15)


@pytest.mark.row(57)
@given(st.integers(1, 10**9), st.lists(st.tuples(DAYS, st.integers(0, 10**8)), max_size=12))
def test_fifo_pays_the_earliest_first(amount: int, plans: list[tuple[dt.date, int]]) -> None:
    owed = [Owed(n, day, left) for n, (day, left) in enumerate(plans)]
    found = cash.allocate(amount, owed)
    slow = dict.fromkeys(range(len(plans)), 0)
    for _cent_block in range(1):  # the slow way: fill one plan after the other in order of days
        rest = amount
        for one in sorted(owed, key=lambda o: (o.due_on, o.plan)):
            slow[one.plan] = min(rest, one.open)
            rest -= slow[one.plan]
    assert found == {plan: part for plan, part in slow.items() if part}
    assert cash.may_allocate(amount, found, owed).ok


@pytest.mark.row(57)
@pytest.mark.parametrize(
    ("days", "bucket"), [(0, ""), (1, "0-30"), (30, "0-30"), (31, "31-60"), (90, "61-90"), (91, "90+")]
)
def test_ages_of_what_is_owed(days: int, bucket: str) -> None:
    assert cash.age(TODAY - dt.timedelta(days=days), TODAY) == bucket


def test_states_of_a_plan() -> None:
    late = TODAY - dt.timedelta(days=1)

    def state(
        amount: int, received: int, due_on: dt.date, *, effective: bool = True, void: bool = False
    ) -> str:
        return cash.plan_state(
            amount=amount, received=received, due_on=due_on, today=TODAY, effective=effective, void=void
        )

    assert state(100, 0, late) == "overdue"
    assert state(100, 100, late) == "done"
    assert state(100, 40, TODAY) == "part"
    assert state(100, 0, TODAY) == "due"
    assert state(100, 0, late, effective=False) == "pending"
    assert state(100, 0, late, void=True) == "void"


@pytest.mark.row(57)
def test_no_more_is_received_or_invoiced_than_is_open() -> None:
    beyond = cash.may_take(61, contract=100, taken=40, in_force=True)
    assert beyond.reason == "beyond_contract"
    assert beyond.inputs["open"] == 60
    assert cash.may_take(60, contract=100, taken=40, in_force=True).ok
    assert not cash.may_take(0, contract=100, taken=40, in_force=True).ok
    assert not cash.may_take(60, contract=100, taken=40, in_force=False).ok


@pytest.mark.row(53)
def test_the_price_for_the_class_and_quantity_wins() -> None:
    offers = [
        Offer(1, "", None, None, 0, 1000),
        Offer(1, "", None, None, 100, 900),
        Offer(2, "high", dt.date(2026, 1, 1), dt.date(2026, 12, 31), 0, 950),
        Offer(3, "high", dt.date(2027, 1, 1), None, 0, 800),
    ]

    def price(value_class: str, quantity: float) -> int | None:
        found = amounts.best_offer(offers, value_class=value_class, quantity=quantity, on=TODAY)
        return found.price if found else None

    assert price("", 1) == 1000
    assert price("regular", 100) == 900
    assert price("high", 100) == 950
    assert amounts.best_offer([], value_class="", quantity=1, on=TODAY) is None


@pytest.mark.row(53)
def test_gaps_between_validities_are_found() -> None:
    spans = [(dt.date(2026, 1, 1), dt.date(2026, 3, 31)), (dt.date(2026, 5, 1), None)]
    assert amounts.gaps(spans) == [(dt.date(2026, 4, 1), dt.date(2026, 4, 30))]
    assert amounts.gaps([(None, None)]) == []


@given(st.floats(0.01, 1e5), st.integers(0, 10**8), st.floats(0, 1))
def test_a_line_is_rounded_once(quantity: float, price: int, discount: float) -> None:
    exact = Decimal(repr(quantity)) * price * (1 - Decimal(repr(discount)))
    assert abs(amounts.line_amount(quantity, price, discount) - exact) <= Decimal("0.5")


def test_tax_is_inside_the_price() -> None:
    assert amounts.tax_inside(11300, 0.13) == 1300
    assert amounts.discount_of(1000, 900, 0.1) == pytest.approx(0.19)


FIRST = Step("first", "p", "open", 1, required=("amount",), checklist=("需求已确认",))
SECOND = Step("second", "p", "open", 2, next=("won",), may_go_back=False)
WON, LOST = Step("won", "p", "won", 9), Step("lost", "p", "lost", 10)


@pytest.mark.row(49)
def test_a_gate_says_what_is_missing() -> None:
    refused = stages.may_move(FIRST, SECOND, Standing())
    assert refused.inputs == {"fields": ["amount"], "checklist": ["需求已确认"]}
    ready = Standing(frozenset({"amount"}), {"first": ["需求已确认"]})
    assert stages.may_move(FIRST, SECOND, ready).ok


@pytest.mark.row(49)
def test_stages_that_are_passed_over_are_asked_as_well() -> None:
    start, won = Step("start", "p", "open", 0), Step("won", "p", "won", 9)
    ask = Step("ask", "p", "open", 2, required=("amount", "expected_on"))
    bare, filled = Standing(), Standing(frozenset({"amount", "expected_on"}))
    assert stages.may_move(start, won, bare, course=[start, ask, won]).inputs["fields"] == [
        "amount",
        "expected_on",
    ]
    assert stages.may_move(start, won, filled, course=[start, ask, won]).ok
    refused = stages.may_move(start, won, filled, course=[start, FIRST, ask, won])
    assert refused.inputs == {"fields": [], "checklist": ["需求已确认"]}
    done = Standing(filled.filled, {"first": ["需求已确认"]})
    assert stages.may_move(start, won, done, course=[start, FIRST, ask, won]).ok
    assert stages.may_move(won, start, bare, reopen=True, course=[start, FIRST, ask, won]).ok


@pytest.mark.row(47)
def test_the_way_through_the_stages() -> None:
    ready = Standing(frozenset({"amount"}), {"first": ["需求已确认"]})
    assert stages.may_move(SECOND, FIRST, ready).reason == "no_way_back"
    assert stages.may_move(WON, FIRST, ready).reason == "closed"
    assert stages.may_move(WON, FIRST, ready, reopen=True).ok
    assert stages.may_move(FIRST, LOST, Standing()).reason == "no_reason"
    assert stages.may_move(FIRST, LOST, Standing(lost_reason=True)).ok
    other = Step("other", "q", "open", 1)
    assert stages.may_move(FIRST, other, ready).reason == "other_pipeline"
    skipping = Step("a", "p", "open", 1, next=("b",))
    assert stages.may_move(skipping, Step("c", "p", "open", 3), ready).reason == "skipped"


@pytest.mark.row(43)
@given(
    st.dictionaries(st.sampled_from(sorted(scoring.FIT)), st.booleans()),
    st.lists(st.tuples(st.sampled_from(sorted(scoring.TOUCHES)), st.floats(0, 400)), max_size=30),
)
def test_scores_stay_within_their_caps(known: dict[str, bool], touches: list[tuple[str, float]]) -> None:
    found = scoring.score(known, touches)
    assert 0 <= found.total <= scoring.FIT_CAP + scoring.ENGAGEMENT_CAP
    older = [(outcome, days + 60) for outcome, days in touches if scoring.TOUCHES[outcome] > 0]
    fresh = [(outcome, days) for outcome, days in touches if scoring.TOUCHES[outcome] > 0]
    assert scoring.score(known, older).total <= scoring.score(known, fresh).total


@pytest.mark.row(43)
def test_half_of_the_interest_is_gone_after_the_half_life() -> None:
    assert scoring.decayed(10, 30) == pytest.approx(5)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("准备报价单 | 3", ("准备报价单", 3)), ("准备报价单｜3", ("准备报价单", 3)), ("打电话", ("打电话", 1)),
        ("甲|乙|2", ("甲|乙", 2)), ("打电话 | 明天", None), ("打电话 | 0", None), ("打电话 | 400", None),
        ("| 3", None), ("打电话 | ²", None), ("长" * 121, None),
    ],
)  # fmt: skip
def test_a_stage_reads_its_tasks(line: str, found: tuple[str, int] | None) -> None:
    task = stages.parse_task(line)
    assert (None if task is None else (task.title, task.days)) == found


QUANTITY = st.integers(1, 10**7).map(lambda n: n / 1000)
PRICES = st.integers(0, 10**9)
SHARE = st.integers(0, 10_000).map(lambda n: n / 10_000)


def test_the_browser_and_the_server_count_the_same_cents() -> None:
    """The browser's half of the table: frontend/tests/pure.test.mjs."""
    table = json.loads((ROOT / "frontend" / "tests" / "lines.json").read_text(encoding="utf-8"))
    for quantity, price, discount, rate, amount, tax in table:
        cents = int(Decimal(price) * 100)
        assert amounts.line_amount(float(quantity), cents, round(float(discount) / 100, 10)) == int(amount)
        assert amounts.tax_inside(int(amount), round(float(rate) / 100, 10)) == int(tax)


@given(st.lists(st.tuples(QUANTITY, PRICES, SHARE, SHARE), max_size=6))
def test_a_sum_is_the_sum_of_its_lines(rows: list[tuple[float, int, float, float]]) -> None:
    found = [amounts.Priced(quantity, price, price, discount, tax) for quantity, price, discount, tax in rows]
    total = amounts.sums(found)
    assert total.amount == sum(one.amount for one in found)
    assert 0 <= total.tax <= total.amount
    for one in found:
        exact = Decimal(repr(one.quantity)) * one.price * (1 - Decimal(repr(one.discount)))
        assert abs(Decimal(one.amount) - exact) <= Decimal("0.5")


@given(
    st.lists(st.integers(1, 10**6), min_size=1, max_size=6), st.lists(st.integers(1, 10**6), max_size=8),
)  # fmt: skip
def test_allocation_never_exceeds_plan_or_receipt(plans: list[int], paid: list[int]) -> None:
    open_ = dict(enumerate(plans))
    for amount in paid:
        owed = [
            cash.Owed(key, dt.date(2026, 1, 1) + dt.timedelta(days=key), left) for key, left in open_.items()
        ]
        parts = cash.allocate(amount, owed)
        assert sum(parts.values()) == min(amount, sum(open_.values()))
        assert cash.may_allocate(amount, parts, owed).ok
        for key, part in parts.items():
            assert 0 < part <= open_[key]
            open_[key] -= part
