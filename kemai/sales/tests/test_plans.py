"""Targets and the forecast with people, rights and records."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from kemai.customers.models import Customer
from kemai.platform import records
from kemai.platform.access import SYSTEM, Denied
from kemai.platform.fields import Ref
from kemai.platform.records import FieldErrors
from kemai.platform.records.undo import undo
from kemai.sales.models import Deal, ForecastSnapshot, Stage, Target
from kemai.sales.rules.forecast import following, month_of
from kemai.sales.services import courses, forecasts, slices, staff, stages, targets
from tests.people import Person, crowd

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 11, 10)
HERE = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def people() -> dict[str, Person]:
    stages.forget()
    return crowd()


def deal(people: dict[str, Person], who: str, amount: int, **values: object) -> int:
    """A deal of somebody, in a stage as if it had always stood there."""
    customer = Customer.objects.first()
    if customer is None:
        made = records.create("customer", {"name": "杭州云帆科技有限公司", "kind": "company"}, by=SYSTEM)
        customer = Customer.objects.get(pk=made.pk)
    row = {
        "name": f"商机 {amount}", "customer": Ref(customer.pk, ""), "pipeline": "standard", "stage": "initial",
        "amount": Decimal(amount), "owner": Ref(people[who].user.pk, ""), **values,
    }  # fmt: skip
    return records.bulk_create("deal", [row], by=SYSTEM, parsed=True)[0]


@pytest.mark.row(61)
def test_targets_are_set_by_those_who_lead_and_taken_back_as_a_whole(people: dict[str, Person]) -> None:
    boss, alice = people["boss"].actor, people["alice"]
    deal(people, "alice", 50_000, stage="won", closed_at=dt.datetime(2026, 3, 31, 23, 30, tzinfo=HERE))
    node = f"p{alice.user.pk}"
    changed = targets.set_months(boss, "won", 2026, {node: ["10万", "", "100,000", *[""] * 9]})
    assert changed is not None
    line = next(one for one in targets.sheet(boss, "won", 2026).lines if one.key == node)
    assert (line.target[0], line.target[1], line.actual[2]) == (10_000_000, None, 5_000_000)
    assert line.share(range(12)) == pytest.approx(0.25)
    with pytest.raises(FieldErrors) as refused:
        targets.set_months(boss, "won", 2026, {node: ["十万", *[""] * 11]})
    assert set(refused.value.errors) == {f"{node}.1"}
    with pytest.raises(FieldErrors, match=r"“1\.005”会被改成 1\.01"):
        targets.set_months(boss, "won", 2026, {node: ["1.005", *[""] * 11]})
    with pytest.raises(FieldErrors, match=r"金额最多两位小数"):
        targets.spread_year(boss, "won", 2026, node, "0.0000001万", like_last_year=False)
    with pytest.raises(Denied):
        targets.set_months(alice.actor, "won", 2026, {node: ["1", *[""] * 11]})
    undo(changed, by=boss)
    assert not Target.objects.filter(deleted_at=None).exists()
    targets.spread_year(boss, "won", 2026, node, "1200万", like_last_year=False)
    assert set(Target.objects.filter(deleted_at=None).values_list("amount", flat=True)) == {
        Decimal("1000000.00")
    }


@pytest.mark.row(106)
def test_a_seller_sees_no_others_figures(people: dict[str, Person]) -> None:
    deal(people, "alice", 10_000)
    deal(people, "bob", 20_000)
    assert [one.name for one in targets.sheet(people["alice"].actor, "won", 2026).people] == [
        people["alice"].user.name
    ]
    reach = staff.reach(people["alice"].actor)
    part = slices.read({"person": str(people["bob"].user.pk)}, reach)
    assert part.person is None
    assert list(slices.deals(people["alice"].actor, part).values_list("amount", flat=True)) == [
        Decimal(10_000)
    ]


@pytest.mark.row(62)
def test_the_forecast_counts_by_month_and_category_with_the_managers_word(people: dict[str, Person]) -> None:
    month = month_of(timezone.localdate())
    late = month - dt.timedelta(days=20)
    deal(people, "alice", 10_000, category="commit", expected_on=late)
    deal(people, "alice", 40_000, category="best", expected_on=following(month, 2))
    deal(people, "alice", 7_000, category="omitted", expected_on=following(month))
    deal(people, "alice", 30_000, stage="won", closed_at=timezone.now())
    alice, boss = people["alice"].user.pk, people["boss"].actor
    cells = forecasts.cells(Deal.objects.all(), timezone.localdate())
    assert cells[alice, month, "commit"].weighted == 100_000
    assert cells[alice, following(month, 2), "best"].amount == 4_000_000
    assert cells[alice, month, "closed"].counts == 3_000_000
    assert len(cells) == 3
    with pytest.raises(Denied):
        forecasts.override(people["alice"].actor, alice, month, "commit", "9000", "签了")
    with pytest.raises(FieldErrors):
        forecasts.override(boss, alice, month, "commit", "9000", " ")
    forecasts.override(boss, alice, month, "commit", "9000", "客户口头确认")
    board = forecasts.board(boss, Deal.objects.all(), staff.reach(boss).people)
    assert board.total[0] == 3_000_000 + 900_000
    assert (board.overdue, board.undated) == (1, 0)
    forecasts.override(boss, alice, month, "commit", "", "")
    assert forecasts.board(boss, Deal.objects.all(), staff.reach(boss).people).total[0] == 3_000_000 + 100_000
    first = forecasts.take_snapshot()
    assert forecasts.take_snapshot() == first == ForecastSnapshot.objects.count() == 3


@pytest.mark.row(62)
def test_the_report_compares_the_forecast_before_a_month_with_what_came(people: dict[str, Person]) -> None:
    alice = people["alice"].user.pk
    deal(people, "alice", 800, stage="won", closed_at=dt.datetime(2026, 10, 31, 23, 0, tzinfo=HERE))
    forecasts.record_snapshots(
        [(dt.date(2026, 9, 28), dt.date(2026, 10, 1), alice, "commit", 100_000, 90_000),
         (dt.date(2026, 10, 5), dt.date(2026, 10, 1), alice, "commit", 80_000, 80_000)]
    )  # fmt: skip
    row = forecasts.reports([alice], [0], today=TODAY)[0][-1]
    assert (row.month, row.forecast, row.actual) == (dt.date(2026, 10, 1), 90_000, 80_000)
    assert row.error == pytest.approx(0.125)


@pytest.mark.row(47)
def test_stages_are_shaped_on_screen(people: dict[str, Person]) -> None:
    admin = people["boss"].actor
    stage = Stage.objects.get(key="needs")
    records.update(
        "stage",
        stage.pk,
        {"tasks": "寄样品 | 3\n约见面", "next": ["proposal"], "required": ["contact"]},
        by=admin,
    )
    row = stages.find("needs")
    assert row is not None
    assert [(task.title, task.days) for task in row.tasks] == [("寄样品", 3), ("约见面", 1)]
    assert (row.step.next, row.step.required) == (("proposal",), ("contact",))
    for values, wrong in (
        ({"tasks": "寄样品 | 很快"}, "tasks"), ({"next": ["renewal_talk"]}, "next"), ({"win_rate": 1.5}, "win_rate"),
        ({"key": "other"}, "key"),
    ):  # fmt: skip
        with pytest.raises(FieldErrors) as refused:
            records.update("stage", stage.pk, values, by=admin)
        assert set(refused.value.errors) == {wrong}
    courses.move_stage(stage.pk, up=True, by=admin)
    assert [one.step.key for one in stages.of_pipeline("standard")][:2] == ["needs", "initial"]
    made = records.create("stage", {"name": "试用", "pipeline": stage.pipeline_id, "win_rate": 0.6}, by=admin)
    assert made.key.startswith("shiyong_")


@pytest.mark.row(51)
def test_the_board_shows_a_pipeline_with_weighted_sums_and_asks_why_a_deal_is_lost(
    people: dict[str, Person],
) -> None:
    old = timezone.now() - dt.timedelta(days=40)
    key = deal(people, "alice", 100_000, stage_since=old)
    client = Client()
    client.force_login(people["alice"].user)
    page = client.get("/o/deal/?view=board").content.decode()
    assert "超期 26 天" in page
    assert 'data-column="renewal_due"' not in page
    assert "¥ 1万" in page
    moved = client.post("/o/deal/board/move?view=board", {"id": key, "to": "lost"})
    assert moved.json()["ask"] == f"/deals/{key}/lose?from=board"
    moved = client.post("/o/deal/board/move?view=board", {"id": key, "to": "needs"})
    assert moved.json()["weighted"] == {"needs": "¥ 2万"}
