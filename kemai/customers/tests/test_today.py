"""今日: what waits for whom, one-tap actions, numbers and changes."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from django.utils import timezone

from kemai.analytics.services import runs
from kemai.collab.models import Task
from kemai.customers.models import CustomerFacts, Interaction
from kemai.customers.services import chain, today
from kemai.customers.tests.conftest import Browsers, Shelf
from kemai.platform.access import SYSTEM
from tests.people import Person

NOON = datetime.combine(date(2026, 11, 20), time(12), timezone.get_default_timezone())


@pytest.fixture
def desk(shelf: Shelf) -> Shelf:
    chain.ensure_defaults()
    shelf.now = NOON
    return shelf


def tasks(people: dict[str, Person], name: str, *, team: bool = False) -> list[today.TaskLine]:
    return list(today.tasks(people[name].actor, team=team, now=NOON).rows)


def test_tasks_overdue_and_today_but_not_tomorrow(desk: Shelf, people: dict[str, Person]) -> None:
    midnight = NOON.replace(hour=0)
    desk.task("alice", midnight - timedelta(days=3), title="三天前")
    desk.task("alice", midnight + timedelta(hours=9), title="今早")
    desk.task("alice", midnight + timedelta(hours=23, minutes=59), title="今晚")
    desk.task("alice", midnight + timedelta(days=1), title="明天零点")
    desk.task("alice", midnight, title="做完", state="done")
    desk.task("charlie", midnight, title="别人的")
    assert [(one.title, one.overdue, one.late) for one in tasks(people, "alice")] == [
        ("三天前", 3, True),
        ("今早", 0, True),
        ("今晚", 0, False),
    ]
    assert {one.title for one in tasks(people, "boss", team=True)} == {"三天前", "今早", "今晚", "别人的"}


def test_contacts_due_by_the_plan_of_their_class(desk: Shelf, people: dict[str, Person]) -> None:
    ago = {days: NOON - timedelta(days=days) for days in (29, 31, 100, 121)}
    desk.customer("高价值按时", "alice", value_class="high", last_contact_at=ago[29])
    desk.customer("高价值超期", "alice", value_class="high", last_contact_at=ago[31], amount_12m=10)
    desk.customer("普通按时", "alice", value_class="regular", last_contact_at=ago[100])
    desk.customer("普通超期", "alice", value_class="regular", last_contact_at=ago[121], amount_12m=5)
    desk.customer("已有安排", "alice", value_class="high", last_contact_at=ago[100], next_contact_at=NOON)
    desk.customer("别人的", "charlie", value_class="high", last_contact_at=ago[100])
    desk.customer("无效", "alice", value_class="high", last_contact_at=ago[100], validity="invalid")
    found = today.due(people["alice"].actor, now=NOON)
    assert [row["name"] for row in found.contacts.rows] == ["高价值超期", "普通超期"]


def test_broken_rhythm_is_measured_by_the_own_median_gap(desk: Shelf, people: dict[str, Person]) -> None:
    """Against the rule said in plain words, day by day around the border."""
    expected = set()
    for gap in (7.0, 10.0, 30.5):
        for silence in (10, 11, 14, 15, 16, 45, 46, 47):
            name = f"{gap}/{silence}"
            last = NOON - timedelta(days=silence, minutes=5)
            desk.customer(
                name, "alice", activity="active", gap_median_days=gap, last_order_at=last, amount_12m=silence
            )
            if silence + 5 / 1440 > 1.5 * gap:
                expected.add(name)
    desk.customer(
        "已流失", "alice", activity="lost", gap_median_days=7, last_order_at=NOON - timedelta(days=99)
    )
    desk.customer("没有节奏", "alice", activity="active", last_order_at=NOON - timedelta(days=99))
    mine = today.customers(people["alice"].actor, team=False)
    found = {one.name for one in today.broken_rhythm(mine, today.Day.of(NOON))}
    assert found == expected
    shown = today.due(people["alice"].actor, now=NOON).rhythm
    assert len(shown.rows) == today.SHOWN
    assert shown.more


@pytest.mark.parametrize(
    ("day", "born", "seen"),
    [
        (date(2026, 11, 20), date(1990, 11, 20), True),
        (date(2026, 11, 20), date(1990, 11, 27), True),
        (date(2026, 11, 20), date(1990, 11, 28), False),
        (date(2026, 11, 20), date(1990, 11, 19), False),
        (date(2026, 12, 29), date(1990, 1, 3), True),
        (date(2027, 2, 25), date(1996, 2, 29), True),
        (date(2028, 2, 23), date(1996, 2, 29), True),
    ],
)
def test_birthdays_of_the_next_week(
    desk: Shelf, people: dict[str, Person], day: date, born: date, seen: bool
) -> None:
    desk.customer("张伟", "alice", birthday=born)
    now = datetime.combine(day, time(9), timezone.get_default_timezone())
    found = today.people(people["alice"].actor, now=now).birthdays.rows
    assert bool(found) is seen
    assert all(0 <= (one.day - day).days <= today.BIRTHDAY_DAYS for one in found)


def test_new_customers_with_whom_nobody_spoke(desk: Shelf, people: dict[str, Person]) -> None:
    desk.customer("新的", "alice", created_at=NOON - timedelta(days=2))
    desk.customer("联系过", "alice", created_at=NOON - timedelta(days=2), last_contact_at=NOON)
    desk.customer("老的", "alice", created_at=NOON - timedelta(days=20))
    found = today.people(people["alice"].actor, now=NOON).fresh
    assert [row["name"] for row in found.rows] == ["新的"]


def test_numbers_of_a_person_and_of_the_company(desk: Shelf, people: dict[str, Person]) -> None:
    mine, other = desk.customer("甲", "alice", value_class="high"), desk.customer("乙", "charlie")
    desk.order(mine, 100, 1)
    desk.order(mine, 70, 31)
    desk.order(mine, 5000, 61)
    desk.order(mine, 5000, 1, state="refunded")
    desk.order(other, 999, 1)
    user = people["alice"].user
    for days, channel in ((0.1, "call"), (1, "visit"), (0.1, "system"), (7.5, "call")):
        Interaction.objects.create(
            customer=mine,
            owner=user,
            channel=channel,
            at=NOON - timedelta(days=days),
            created_at=NOON,
            updated_at=NOON,
        )
    found = today.numbers(people["alice"].actor, now=NOON)
    assert [found.sales, found.sales_before] == [100, 70]
    assert (found.touches, found.touches_before) == (2, 1)
    assert found.classes == {"high": 1}
    run = runs.start("sales", "1", {}, as_of=NOON, by=SYSTEM)
    runs.finish(run, result={"metrics": {"amount_30d": 123_00, "amount_30d_before": 100_00}}, basis={})
    company = today.numbers(people["boss"].actor, team=True, now=NOON)
    assert [company.sales, company.sales_before] == [123, 100]
    assert company.customers == 2


def test_changes_since_yesterday_of_my_customers(desk: Shelf, people: dict[str, Person]) -> None:
    desk.moved(desk.customer("甲", "alice"), "value_class", "regular", "high", 2)
    desk.moved(desk.customer("乙", "alice"), "activity", "active", "dormant", 30)
    desk.moved(desk.customer("丙", "alice"), "activity", "active", "dormant", 72)
    desk.moved(desk.customer("丁", "charlie"), "activity", "active", "lost", 2)
    found = today.changes(people["alice"].actor, now=NOON)
    assert {row.name for row in found.rows} == {"甲", "乙"}
    assert found.counts == {("value_class", "regular", "high"): 1, ("activity", "active", "dormant"): 1}
    assert sum(today.changes(people["boss"].actor, team=True, now=NOON).counts.values()) == 3


# ── the page ──


def test_the_page_asks_at_most_twelve_questions(
    shelf: Shelf, browsers: Browsers, django_assert_max_num_queries: Any
) -> None:
    chain.ensure_defaults()
    for index in range(30):
        one = shelf.customer(
            f"客户{index}", "alice", value_class="high", last_contact_at=shelf.now - timedelta(days=90)
        )
        shelf.task("alice", shelf.now - timedelta(days=index), one)
    client = browsers["alice"]
    client.get("/")
    with django_assert_max_num_queries(12):
        answer = client.get("/")
    text = answer.content.decode()
    assert "要做的事" in text
    assert "客户29" in text
    assert "30 个已过时间" in text
    assert "?who=team" not in text, "alice leads nobody"


def test_every_kind_of_person_gets_a_page(shelf: Shelf, browsers: Browsers) -> None:
    shelf.customer(
        "甲",
        "alice",
        value_class="high",
        activity="active",
        gap_median_days=3,
        last_order_at=shelf.now - timedelta(days=9),
    )
    shelf.customer(
        "乙",
        "charlie",
        birthday=timezone.localdate().replace(year=1990, day=min(timezone.localdate().day, 28)),
    )
    for name in ("alice", "bob", "dora", "boss", "nobody"):
        for path in (
            "/",
            "/?who=team",
            "/today/numbers",
            "/today/numbers?who=team",
            "/today/changes?who=team",
        ):
            assert browsers[name].get(path).status_code == 200, (name, path)


def test_strangers_are_sent_to_the_login(client: Any, db: None) -> None:
    assert client.get("/").status_code == 302
    assert client.post("/today/task/1/done").status_code == 302


def test_done_and_later_are_one_tap_and_can_be_undone(shelf: Shelf, browsers: Browsers) -> None:
    customer = shelf.customer("甲", "alice")
    task = shelf.task("alice", shelf.now, customer)
    CustomerFacts.objects.filter(pk=customer.pk).update(next_contact_at=shelf.now)
    client = browsers["alice"]
    answer = client.post(f"/today/task/{task.pk}/later")
    assert answer.status_code == 200
    assert not answer.content
    task.refresh_from_db()
    assert task.due_at is not None
    assert timezone.localtime(task.due_at).date() == timezone.localdate() + timedelta(days=1)
    answer = client.post(f"/today/task/{task.pk}/done")
    assert '"undo"' in answer["HX-Trigger"]
    task.refresh_from_db()
    assert task.state == "done"
    assert CustomerFacts.objects.get(pk=customer.pk).next_contact_at is None
    assert client.post(f"/today/task/{task.pk}/done").status_code == 409, "it is over already"
    assert browsers["charlie"].post(f"/today/task/{task.pk}/done").status_code == 404


def test_a_task_about_a_customer_from_the_modal(shelf: Shelf, browsers: Browsers) -> None:
    mine, other = shelf.customer("甲", "alice"), shelf.customer("乙", "charlie")
    client = browsers["alice"]
    path = f"/today/task/new?customer={mine.pk}"
    assert "跟进：甲" in client.get(path).content.decode()
    bad = client.post(path, {"title": "", "kind": "call", "due_at": "tomorrowish"})
    assert bad.status_code == 422
    assert not Task.objects.exists()
    good = {"title": "电话回访", "kind": "callback", "due_at": "2026-12-01T10:00"}
    assert client.post(path, good).status_code == 204
    task = Task.objects.get()
    assert (task.object_id, task.owner) == (mine.pk, shelf.people["alice"].user)
    assert client.get(f"/today/task/new?customer={other.pk}").status_code == 404


def test_with_many_customers_the_page_does_not_wait(
    shelf: Shelf, browsers: Browsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(today, "MANY", 0)
    chain.ensure_defaults()
    shelf.customer("甲", "alice", value_class="high", last_contact_at=shelf.now - timedelta(days=90))
    shelf.customer("乙", "alice", created_at=shelf.now)
    client = browsers["alice"]
    assert "甲" not in client.get("/").content.decode()
    assert "甲" in client.get("/today/due").content.decode()
    assert "乙" in client.get("/today/people").content.decode()
