"""What keeps a record from returning besides its rules: work that is planned or open, and extensions that were granted;
and what becomes of rules that name something gone."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from kemai.collab.models import Notice
from kemai.customers import at_work
from kemai.platform import access, records
from kemai.platform.access import SYSTEM
from kemai.platform.define import usage
from kemai.platform.events import drain_all
from kemai.platform.models import Change, ChangeSet, FieldDef
from kemai.platform.records import FieldErrors, Refused
from kemai.sales.models import CustomerKeeping, Quote, ReturnExtension
from kemai.sales.services.pools import extensions, keeping, returns, routing, settings, uses, why
from kemai.sales.services.pools.kinds import KINDS, today
from kemai.sales.tests.test_pools import keeping_of, make_pool, make_rule
from tests.people import Person, browser, crowd, customer

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)
HTMX = {"HX-Request": "true"}


@pytest.fixture
def people() -> dict[str, Person]:
    return crowd()


def held(person: Person, days: int = 10) -> CustomerKeeping:
    """A customer that has been this person's for so many days, and whose rule counts from then."""
    one = customer(person)
    CustomerKeeping.objects.filter(pk=one.pk).update(received_on=today() - days * DAY)
    keeping.refresh_due(KINDS["customer"], [one.pk])
    return keeping_of(one)


def again(row: CustomerKeeping) -> CustomerKeeping:
    return CustomerKeeping.objects.get(pk=row.pk)


@pytest.mark.row(39)
def test_planned_work_and_open_approvals_hold_a_record(people: dict[str, Person]) -> None:
    alice = people["alice"]
    make_rule(make_pool(spare_work=True), days=5, since=today() - 60 * DAY)
    row = held(alice)
    due = today() - 5 * DAY
    assert row.return_due_on == due
    at = timezone.now() + 3 * DAY
    task = records.create(
        "task", {"title": "回电", "owner": alice.user.pk, "due_at": at.isoformat()}, by=alice.actor
    )
    task.type_key, task.object_id = "customer", row.pk
    task.save()
    at_work.changed("customer", [row.pk])
    planned = timezone.localdate(at, timezone.get_default_timezone())
    assert again(row).return_due_on == planned + DAY
    told = why.explain("customer", alice.actor, row.pk, "return_due_on")
    assert told is not None
    assert any("任务" in step for step in told.steps)
    records.update("task", task.pk, {"state": "done"}, by=alice.actor)
    drain_all()
    assert again(row).return_due_on == due
    quote = Quote.objects.create(
        customer_id=row.pk,
        owner=alice.user,
        state="review",
        created_at=timezone.now(),
        updated_at=timezone.now(),
    )
    at_work.changed("customer", [row.pk])
    assert again(row).return_due_on is None
    Quote.objects.filter(pk=quote.pk).update(state="sent")  # an event that was missed: the night looks itself
    assert returns.run(today())[0].count == 1 if again(row).return_due_on else True
    returns.run(today())
    assert again(row).pool_id is not None


def test_the_night_looks_again_before_it_takes_away(people: dict[str, Person]) -> None:
    """What was planned far ahead has come nearer without an event; another domain declares work of its own."""
    make_rule(make_pool(spare_work=True), days=5, since=today() - 60 * DAY)
    row, other = held(people["alice"]), held(people["alice"])
    work = at_work.Work("ticket", "customer", "工单", lambda: Quote.objects.filter(state="draft"), "customer")
    at_work.register(work)
    try:
        Quote.objects.create(customer_id=row.pk, created_at=timezone.now(), updated_at=timezone.now())
        found = returns.run(today())
        assert sum(one.count for one in found) == 1
        assert again(row).pool_id is None
        assert again(row).open_work == 1
        assert again(other).pool_id is not None
    finally:
        at_work.forget(work)


@pytest.mark.row(39)
def test_an_extension_is_asked_for_granted_explained_and_taken_back(people: dict[str, Person]) -> None:
    alice, bob, boss = people["alice"], people["bob"], people["boss"]
    pool = make_pool(spare_work=True, extend_most="1", extend_days="10", keepers=[bob.user.pk])
    make_rule(pool, days=13, since=today() - 60 * DAY)
    row = held(alice)
    due = today() + 3 * DAY
    assert row.return_due_on == due
    with pytest.raises(FieldErrors) as wrong:
        extensions.ask("customer", row.pk, 11, " ", by=alice.actor)
    assert set(wrong.value.errors) == {"days", "reason"}
    with pytest.raises(Refused):
        extensions.ask("customer", row.pk, 5, "x", by=boss.actor)  # not his
    asked = extensions.ask("customer", row.pk, 7, "客户月底付款", by=alice.actor)
    assert again(row).return_due_on is None  # until somebody has decided
    assert Notice.objects.filter(user=bob.user, text="客户月底付款").exists()
    with pytest.raises(Refused):
        extensions.ask("customer", row.pk, 5, "x", by=alice.actor)
    with pytest.raises(access.Denied):
        extensions.decide(asked.pk, yes=True, by=alice.actor)
    CustomerKeeping.objects.filter(pk=row.pk).update(return_due_on=due)
    extensions.decide(asked.pk, yes=True, by=bob.actor)
    assert again(row).extended_until == due + 6 * DAY
    assert again(row).return_due_on == due + 7 * DAY
    assert Notice.objects.filter(user=alice.user, key=f"extension/{asked.pk}/decided").exists()
    told = why.explain("customer", alice.actor, row.pk, "return_due_on")
    assert told is not None
    assert any("延期" in step for step in told.steps)
    with pytest.raises(Refused):
        extensions.ask("customer", row.pk, 5, "再来", by=alice.actor)  # once only
    changes = Change.objects.get(object_id=row.pk, diff__has_key="extended_until").changeset
    records.undo(changes.pk, by=boss.actor)
    drain_all()
    assert again(row).extended_until is None
    assert again(row).return_due_on == due
    assert (
        extensions.why_not(
            KINDS["customer"], why.keeping_of(KINDS["customer"], row.pk), alice.user.pk, alice.actor
        )
        == ""
    )
    assert extensions.history(KINDS["customer"], row.pk)[0].state == "undone"
    records.update("customer", row.pk, {"owner": boss.user.pk}, by=boss.actor)
    panel = browser(boss).get(f"/o/customer/{row.pk}/panel/owners", headers=HTMX).content.decode()
    for shown in ("客户月底付款", "延期 7 天", str(boss.user)):
        assert shown in panel


def test_a_request_is_refused_with_a_reason_and_lapses_with_its_owner(people: dict[str, Person]) -> None:
    alice, boss = people["alice"], people["boss"]
    make_rule(make_pool(spare_work=True, extend_most="3"), days=13, since=today() - 60 * DAY)
    row = held(alice)
    asked = extensions.ask("customer", row.pk, 7, "出差", by=alice.actor)
    with pytest.raises(FieldErrors):
        extensions.decide(asked.pk, yes=False, by=boss.actor)
    extensions.decide(asked.pk, yes=False, note="没有进展", by=boss.actor)
    assert again(row).return_due_on == today() + 3 * DAY
    with pytest.raises(Refused):
        extensions.decide(asked.pk, yes=True, by=boss.actor)
    extensions.ask("customer", row.pk, 7, "再请一次", by=alice.actor)
    records.update("customer", row.pk, {"owner": people["bob"].user.pk}, by=boss.actor)
    assert list(ReturnExtension.objects.order_by("pk").values_list("state", flat=True)) == [
        "refused",
        "lapsed",
    ]
    assert again(row).open_work == 0 or returns.run(today()) is not None


def test_the_pages_of_an_extension(people: dict[str, Person]) -> None:
    alice, boss = people["alice"], people["boss"]
    pool = make_pool(spare_work=True)
    make_rule(pool, days=13, since=today() - 60 * DAY)
    row = held(alice)
    mine, keeper = browser(alice), browser(boss)
    url = f"/customers/{row.pk}/extend"
    assert "延期几天" in mine.get(url, headers=HTMX).content.decode()
    assert mine.post(url, {"days": "x", "reason": ""}, headers=HTMX).status_code == 422
    assert mine.post(url, {"days": "5", "reason": "等回复"}, headers=HTMX).status_code == 200
    asked = ReturnExtension.objects.get()
    desk = keeper.get(f"/pools/manage/{pool.pk}").content.decode()
    assert "等回复" in desk
    assert mine.get(f"/pools/extensions/{asked.pk}", headers=HTMX).status_code == 403
    answer = keeper.post(
        f"/pools/extensions/{asked.pk}", {"days": "4", "answer": "yes", "note": "可以"}, headers=HTMX
    )
    assert answer.status_code == 200
    page = mine.get(f"/o/customer/{row.pk}").content.decode()
    assert f"延期到 {again(row).extended_until}" in page


@pytest.mark.row(39)
def test_pools_rules_and_routes_say_which_fields_they_name(people: dict[str, Person]) -> None:
    where = {"field": "stage", "op": "in", "value": ["new"]}
    pool = make_pool(where=where, shut=["stage"])
    rule = make_rule(pool, where=where, days=5, since=today() - 60 * DAY)
    lead = {"field": "source", "op": "not_empty"}
    settings.save_route(
        None,
        {"name": "官网", "people": [{"user": people["alice"].user.pk}], "where": lead, "active": True},
        by=SYSTEM,
    )
    found = {one.source.key: [use.name for use in one.uses] for one in usage.report("customer", "stage")}
    assert found["pool"] == [pool.name]
    assert pool.name in found["pool_rule"][0]
    assert "lead_route" not in found
    assert "lead_route" in {one.source.key for one in usage.report("lead", "source")}
    gone = {"field": "gone_field", "op": "in", "value": ["new"]}
    type(rule).objects.filter(pk=rule.pk).update(where=gone)
    type(pool).objects.filter(pk=pool.pk).update(where=gone)
    access.rights_changed()
    row = held(people["alice"])
    assert row.return_due_on is None  # it refuses to run
    boss = browser(people["boss"])
    page = boss.get(f"/pools/manage/{pool.pk}").content.decode()
    assert "条件失效，不再退回" in page
    assert "接收条件里有已不存在的字段" in page
    assert "条件失效" in boss.get("/pools/manage").content.decode()
    route = routing.active_routes()[0]
    type(route).objects.filter(pk=route.pk).update(where=gone)
    assert "条件失效，不再分配" in boss.get("/settings/lead-routes").content.decode()
    assert uses.broken(gone, "lead")
    assert FieldDef.objects.count() == 0
    assert ChangeSet.objects.exists()
