"""The chain sheet: its figures against a slow reference, plays, frozen months, the workbook, who sees what."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from kemai.collab.models import Task
from kemai.collab.services.tasks import complete_task
from kemai.customers.models import ChainMonth, ChainPlay, ChainStrategy, Customer, CustomerFacts
from kemai.customers.services import chain, chain_customers, chain_months, chain_plays
from kemai.customers.services.chain_customers import Filter
from kemai.customers.services.chain_defaults import Step
from kemai.customers.services.chain_plays import Chosen, Wish
from kemai.customers.tests.conftest import Browsers, Shelf
from kemai.kit.calendar_cn import is_workday
from kemai.platform import access, jobs, records
from kemai.platform.access import SYSTEM, rights_changed
from kemai.platform.models import Change, FieldRule, Job, Role
from kemai.platform.query import Count
from kemai.platform.records import FieldErrors, Refused
from tests.people import Person

STEPS = (Step("电话问候", "call"), Step("推荐新品", "message", 7))
TODAY = timezone.localdate


def wish(value_class: str = "high", **more: Any) -> Wish:
    return Wish(value_class, more.pop("steps", STEPS), more.pop("start", TODAY()), **more)


def reference(actor: access.Actor) -> dict[str, chain.Figures]:
    """The figures, customer by customer."""
    found: dict[str, chain.Figures] = {}
    for customer in access.scope(actor, "customer").select_related("facts"):
        facts = customer.facts
        one = chain.Figures(
            1, Decimal(facts.amount_12m), facts.orders_12m, int(facts.orders_12m > 0), int(facts.orders_12m > 1),
            {facts.activity: 1},
        )  # fmt: skip
        found[facts.value_class] = found.get(facts.value_class, chain.Figures()) + one
    return found


@pytest.mark.parametrize("name", ["boss", "alice", "charlie", "bob", "nobody"])
def test_figures_are_those_of_the_customers_one_sees(
    shop: Shelf, people: dict[str, Person], name: str
) -> None:
    actor = people[name].actor
    found, expected = chain.figures(actor), reference(actor)
    assert {
        key: (f.customers, f.amount, f.orders, f.buyers, f.repeaters, dict(f.states))
        for key, f in found.items()
    } == {
        key: (f.customers, f.amount, f.orders, f.buyers, f.repeaters, dict(f.states))
        for key, f in expected.items()
    }


def test_shares_and_averages(shop: Shelf, people: dict[str, Person]) -> None:
    sheet = chain.sheet(people["boss"].actor)
    high = sheet.row("high")
    assert high.figures.customers == 3
    assert high.share == pytest.approx(3 / 6)
    assert high.figures.average == Decimal(1500) / 9
    assert high.figures.active_share == pytest.approx(1 / 3)
    assert high.figures.repeat_share == pytest.approx(1.0)
    assert sheet.row("none").figures.average is None
    assert sheet.total.customers == 6
    assert high.strategy is not None
    assert high.drift is None


def test_drift_and_moves_since_the_frozen_month(shop: Shelf, people: dict[str, Person]) -> None:
    boss = people["boss"].actor
    last_month = (TODAY().replace(day=1) - timedelta(days=1)).replace(day=1)
    copy = chain_months.freeze(SYSTEM, last_month)
    ChainMonth.objects.filter(pk=copy.pk).update(frozen_at=timezone.now() - timedelta(hours=3))
    mover = Customer.objects.get(name="戊")
    CustomerFacts.objects.filter(pk=mover.pk).update(value_class="high")
    shop.moved(mover, "value_class", "regular", "high")
    shop.moved(mover, "value_class", "none", "regular", hours_ago=9)
    cache.clear()
    sheet = chain.sheet(boss)
    assert sheet.row("high").drift == 1
    assert sheet.row("regular").drift == -1
    assert sheet.row("high").moves == chain.Moves(came=1)
    assert sheet.row("regular").moves == chain.Moves(left=1)
    # alice sees neither the company's copy nor other people's moves
    mine = chain.sheet(people["alice"].actor)
    assert mine.frozen is None
    assert mine.row("high").moves == chain.Moves()


def test_defaults_are_made_once_and_edits_stay(db: None) -> None:
    chain.ensure_defaults()
    one = ChainStrategy.objects.get(value_class="high")
    assert one.play
    assert one.objective
    assert one.review_on is not None
    assert is_workday(one.review_on)
    records.update("chain_strategy", one.pk, {"objective": "自己的目标"}, by=SYSTEM)
    chain.ensure_defaults()
    assert ChainStrategy.objects.count() == 4
    assert ChainStrategy.objects.get(value_class="high").objective == "自己的目标"


# ── plays ──


def test_a_preview_writes_nothing_and_says_who_does_what(shop: Shelf, people: dict[str, Person]) -> None:
    found = chain_plays.preview(people["boss"].actor, wish())
    assert (found.customers, found.tasks) == (3, 6)
    assert {(share.name, share.customers, share.tasks) for share in found.shares} == {
        ("Alice", 2, 4),
        ("Charlie", 1, 2),
    }
    assert found.samples[0][0] == "甲"
    assert not Task.objects.exists()
    assert not ChainPlay.objects.exists()


def test_a_play_makes_the_tasks_of_those_one_may_edit(shop: Shelf, people: dict[str, Person]) -> None:
    play = chain_plays.start(people["alice"].actor, wish())
    assert play.tasks == 4
    tasks = Task.objects.filter(origin=f"chain/{play.pk}")
    assert {task.owner_id for task in tasks} == {people["alice"].user.pk}
    assert {task.object_id for task in tasks} == {Customer.objects.get(name=name).pk for name in "甲乙"}
    first = Customer.objects.get(name="甲").facts
    assert first.next_contact_at == min(
        task.due_at for task in tasks.filter(object_id=first.pk) if task.due_at
    )


def test_a_second_play_leaves_busy_customers_out(shop: Shelf, people: dict[str, Person]) -> None:
    boss = people["boss"].actor
    chain_plays.start(boss, wish(first=2))
    found = chain_plays.preview(boss, wish())
    assert (found.customers, found.busy) == (1, 2)
    assert chain_plays.preview(boss, wish(skip_busy=False)).customers == 3
    assert chain_plays.preview(boss, wish("regular")).unowned == 1


def test_a_play_is_taken_back_but_for_what_was_worked_on(shop: Shelf, people: dict[str, Person]) -> None:
    boss = people["boss"].actor
    play = chain_plays.start(boss, wish())
    done = Task.objects.filter(origin=f"chain/{play.pk}").first()
    assert done is not None
    complete_task(done.pk, by=boss)
    report = chain_plays.take_back(boss, play.pk)
    assert (report.undone, len(report.kept)) == (5, 1)
    left = Task.objects.filter(origin=f"chain/{play.pk}", deleted_at=None)
    assert [task.pk for task in left] == [done.pk]
    assert not CustomerFacts.objects.exclude(next_contact_at=None).exists()
    assert chain_plays.recent(boss)[0].undone
    with pytest.raises(Refused):
        chain_plays.take_back(boss, play.pk)


def test_others_cannot_take_a_play_back(shop: Shelf, people: dict[str, Person]) -> None:
    play = chain_plays.start(people["boss"].actor, wish())
    with pytest.raises(access.Denied):
        chain_plays.take_back(people["alice"].actor, play.pk)
    assert Task.objects.filter(deleted_at=None).count() == 6


def test_a_large_play_is_made_in_the_background_exactly_once(
    shop: Shelf, people: dict[str, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain_plays, "AT_ONCE", 1)
    monkeypatch.setattr(chain_plays, "CHUNK", 2)
    play = chain_plays.start(people["boss"].actor, wish())
    assert not Task.objects.exists()
    job = Job.objects.get(key=chain_plays.job_key(play))
    jobs.run_all()
    assert Task.objects.count() == 6
    job.refresh_from_db()
    assert (job.state, job.result) == ("done", {"tasks": 6})
    # delivered again after a crash: nothing is made twice
    chain_plays.run_play(jobs.Progress(job), **job.args)
    assert Task.objects.count() == 6
    assert Change.objects.filter(changeset=play.changeset_id).count() == 6
    play.refresh_from_db()
    assert play.tasks == 6


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"steps": ()}, "steps"),
        ({"steps": (Step("", "call"),)}, "steps"),
        ({"steps": (Step("x", "no such kind"),)}, "steps"),
        ({"steps": (Step("x", "call", -1),)}, "steps"),
        ({"first": 0}, "first"),
        ({"first": 10**6}, "first"),
        ({"per_day": 0}, "per_day"),
        ({"start": date(2020, 1, 1)}, "start"),
    ],
)
def test_impossible_plays_are_refused(
    shop: Shelf, people: dict[str, Person], changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(FieldErrors) as error:
        chain_plays.start(people["boss"].actor, wish(**changes))
    assert field in error.value.errors
    assert not ChainPlay.objects.exists()


def test_a_play_for_nobody_is_refused(shop: Shelf, people: dict[str, Person]) -> None:
    with pytest.raises(Refused):
        chain_plays.start(people["charlie"].actor, wish("regular"))
    with pytest.raises(access.Denied):
        chain_plays.start(people["nobody"].actor, wish())


@given(
    owners=st.lists(st.integers(1, 4), min_size=1, max_size=60),
    per_day=st.integers(1, 7),
    start=st.dates(date(2025, 1, 1), date(2026, 11, 30)),
    after=st.integers(0, 30),
)
def test_nobody_begins_more_than_agreed_a_day_and_never_on_a_holiday(
    owners: list[int], per_day: int, start: date, after: int
) -> None:
    chosen = [Chosen(index, "x", owner) for index, owner in enumerate(owners)]
    planned = list(
        chain_plays.plan(chosen, Wish("high", (Step("x", "call"), Step("y", "call", after)), start, per_day))
    )
    begun = Counter((one.owner, day) for one, step, day in planned if step.title == "x")
    assert max(begun.values()) <= per_day
    assert all(is_workday(day) and day >= start for _one, _step, day in planned)
    for owner in set(owners):
        mine = [day for one, step, day in planned if one.owner == owner and step.title == "x"]
        assert mine == sorted(mine)
        assert len(set(mine)) == -(-len(mine) // per_day), "no working day is left out, none is overfull"


def test_new_usual_steps_are_kept_and_logged(shop: Shelf, people: dict[str, Person]) -> None:
    one = ChainStrategy.objects.get(value_class="high")
    with pytest.raises(access.NotVisible):
        chain_plays.set_steps(people["nobody"].actor, one, STEPS)
    chain_plays.set_steps(people["boss"].actor, one, STEPS)
    one.refresh_from_db()
    assert [step["title"] for step in one.play] == ["电话问候", "推荐新品"]
    change = Change.objects.filter(type_key="chain_strategy", object_id=one.pk, action="update").get()
    assert change.diff is not None
    assert "play" in change.diff


# ── frozen months ──


def test_a_month_that_is_over_is_never_written_again(shop: Shelf, people: dict[str, Person]) -> None:
    boss = people["boss"].actor
    last = (TODAY().replace(day=1) - timedelta(days=1)).replace(day=1)
    copy = chain_months.freeze(boss, last)
    assert {row["value_class"]: row["customers"] for row in copy.rows}["high"] == 3
    with pytest.raises(Refused):
        chain_months.freeze(boss, last)
    first, again = chain_months.freeze(boss), chain_months.freeze(boss)
    assert first.pk == again.pk
    with pytest.raises(access.Denied):
        chain_months.freeze(people["alice"].actor)
    with pytest.raises(access.Denied):
        chain_months.months(people["alice"].actor)


def test_two_copies_are_compared(shop: Shelf, people: dict[str, Person]) -> None:
    boss = people["boss"].actor
    last = (TODAY().replace(day=1) - timedelta(days=1)).replace(day=1)
    chain_months.freeze(boss, last)
    CustomerFacts.objects.filter(customer__name="戊").update(value_class="high", amount_12m=150)
    cache.clear()
    chain_months.freeze(boss)
    copies = chain_months.months(boss)
    rows = {
        row.option.value: row
        for row in chain_months.compared(copies[0], chain_months.previous(copies, copies[0]))
    }
    assert rows["high"].change("customers") == 1
    assert rows["high"].change("amount") == 150
    assert rows["regular"].change("customers") == -1
    alone = chain_months.compared(copies[0], None)
    assert alone[0].change("customers") is None


def test_the_schedule_freezes_last_month_once_the_figures_are_new(shop: Shelf) -> None:
    from kemai.analytics.services import runs

    first = TODAY().replace(day=1)
    assert chain_months.freeze_due(first) is None, "nothing was computed yet"
    run = runs.start(runs.NIGHTLY, "1", {"write": True, "params": {}}, as_of=timezone.now(), by=SYSTEM)
    runs.finish(run, result={}, basis={})
    copy = chain_months.freeze_due(TODAY())
    assert copy is not None
    assert copy.month == (first - timedelta(days=1)).replace(day=1)
    assert chain_months.freeze_due(TODAY()) is None


# ── customers under a class ──


def test_lines_show_the_next_action_and_the_trend(shop: Shelf, people: dict[str, Person]) -> None:
    boss = people["boss"].actor
    customer = Customer.objects.get(name="甲")
    shop.task("alice", None, customer, title="没有日期")
    shop.task("alice", shop.now + timedelta(days=3), customer, title="以后")
    shop.task("alice", shop.now - timedelta(days=1), customer, title="已过")
    shop.task("alice", shop.now - timedelta(days=9), customer, title="做完了", state="done")
    shop.order(customer, 120, 1)
    shop.order(customer, 30, 1)
    shop.order(customer, 999, 1, state="refunded")
    shop.order(customer, 40, 800)
    lines = chain_customers.page(boss, Filter("high"))
    assert [line.row["name"] for line in lines.lines] == ["甲", "乙", "丁"]
    line = lines.lines[0]
    assert line.action is not None
    assert (line.action.title, line.action.late) == ("已过", True)
    assert len(line.trend) == 12
    assert sum(line.trend) == 150
    assert line.points.count(",") == 12
    assert lines.lines[1].points == ""


def test_filters_and_pages(shop: Shelf, people: dict[str, Person], monkeypatch: pytest.MonkeyPatch) -> None:
    boss = people["boss"].actor
    mine = Filter("high", owner=people["alice"].user.pk)
    assert {line.row["name"] for line in chain_customers.page(boss, mine).lines} == {"甲", "乙"}
    assert [line.row["name"] for line in chain_customers.page(boss, Filter("regular", owner=0)).lines] == [
        "戊"
    ]
    lost = chain_customers.page(boss, Filter("high", activity="lost"))
    assert [line.row["name"] for line in lost.lines] == ["乙"]
    monkeypatch.setattr(chain_customers, "SIZE", 2)
    first = chain_customers.page(boss, Filter("high"))
    second = chain_customers.page(boss, Filter("high"), cursor=first.next)
    assert [line.row["name"] for line in (*first.lines, *second.lines)] == ["甲", "乙", "丁"]
    assert first.count == Count(3, exact=True)


def test_everybody_sees_their_own_customers_only(shop: Shelf, browsers: Browsers) -> None:
    page = browsers["alice"].get("/chain").content.decode()
    assert "甲" in page
    assert "丁" not in page
    assert "只含您能看到的客户" in page
    assert browsers["nobody"].get("/chain").status_code == 403


def test_the_page_asks_little(shop: Shelf, browsers: Browsers, django_assert_max_num_queries: Any) -> None:
    client = browsers["boss"]
    client.get("/chain")
    with django_assert_max_num_queries(18):
        answer = client.get("/chain?class=high")
    assert answer.status_code == 200
    fragment = client.get("/chain?class=potential", headers={"HX-Request": "true"}).content.decode()
    assert "丙" in fragment
    assert "<html" not in fragment


@pytest.mark.parametrize(
    "query", ["class=nonsense", "owner=x", "owner=999999999999999999999", "activity=x&sort=-deleted_at"]
)
def test_odd_addresses_show_the_whole_class(shop: Shelf, browsers: Browsers, query: str) -> None:
    assert browsers["boss"].get(f"/chain?{query}").status_code == 200


def test_a_play_from_the_page(shop: Shelf, browsers: Browsers) -> None:
    client = browsers["boss"]
    form = client.get("/chain/play?class=high").content.decode()
    assert "电话问候并了解近期需求" in form
    sent = {
        "class": "high", "title": ["电话问候", ""], "kind": ["call", "todo"], "after": ["0", ""], "first": "200",
        "per_day": "20", "start": TODAY().isoformat(), "skip_busy": "1",
    }  # fmt: skip
    preview = client.post("/chain/play", sent).content.decode()
    assert "将给 3 位客户建立 3 个任务" in preview
    assert not Task.objects.exists()
    answer = client.post("/chain/play", {**sent, "go": "1"})
    assert answer.status_code == 204
    assert "chain:changed" in answer["HX-Trigger"]
    assert Task.objects.count() == 3
    play = ChainPlay.objects.get()
    assert "3 个任务" in client.get("/chain/plays").content.decode()
    assert client.post(f"/chain/plays/{play.pk}/undo").status_code == 204
    assert not Task.objects.filter(deleted_at=None).exists()
    bad = client.post("/chain/play", {**sent, "first": "many", "start": "x"})
    assert bad.status_code == 422
    assert client.post("/chain/plays/999/undo").status_code == 404


def test_months_from_the_page(shop: Shelf, browsers: Browsers) -> None:
    client = browsers["boss"]
    assert "还没有月度留存" in client.get("/chain/months").content.decode()
    assert client.post("/chain/freeze").status_code == 302
    assert f"{TODAY():%Y-%m}" in client.get("/chain/months").content.decode()
    assert browsers["alice"].get("/chain/months").status_code == 403
    assert browsers["alice"].post("/chain/freeze").status_code == 403


def test_who_may_not_know_of_money_has_no_sheet(shop: Shelf, browsers: Browsers) -> None:
    client = browsers["alice"]
    assert client.get("/chain").status_code == 200
    FieldRule.objects.create(
        role=Role.objects.get(key="t_sales"), type_key="customer", field="amount_12m", level="hidden"
    )
    rights_changed()
    assert client.get("/chain").status_code == 403
    assert client.get("/").status_code == 200


def test_the_companys_figures_are_kept_with_their_run(shop: Shelf, people: dict[str, Person]) -> None:
    from kemai.analytics.services import runs
    from kemai.platform.events import drain_all, emit

    run = runs.start(runs.NIGHTLY, "1", {"write": True, "params": {}}, as_of=timezone.now(), by=SYSTEM)
    runs.finish(run, result={}, basis={})
    emit("customer.facts_changed", "customer")
    drain_all()
    jobs.run_all()
    boss = people["boss"].actor
    kept = chain.stored_figures(run.pk)
    assert kept == chain.figures(boss)
    assert chain.stored_figures(run.pk + 1) is None
    CustomerFacts.objects.filter(customer__name="甲").update(value_class="regular")
    assert chain.sheet(boss).row("high").figures.customers == 3, "until the next run"
    assert chain.sheet(people["alice"].actor).row("high").figures.customers == 1, (
        "own customers are asked now"
    )


@pytest.mark.parametrize("sort", chain_customers.SORTS)
@pytest.mark.parametrize("activity", ["", "active", "lost"])
def test_both_ways_of_asking_give_the_same_page(
    shop: Shelf, people: dict[str, Person], sort: str, activity: str
) -> None:
    wanted = Filter("high", activity=activity)
    for name in ("boss", "alice"):
        actor = people[name].actor
        walked = chain_customers.page(actor, wanted, sort=sort, common=True)
        gathered = chain_customers.page(actor, wanted, sort=sort)
        assert [line.row["id"] for line in walked.lines] == [line.row["id"] for line in gathered.lines]
