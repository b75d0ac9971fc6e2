"""The demo company is not mixed with others, finished where it was cut off, and analysed."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db.models import Count

from kemai.analytics.models import AnalysisRun
from kemai.collab.models import Task
from kemai.customers.models import (
    ChainMonth,
    Customer,
    CustomerFacts,
    FactTransition,
    Segment,
)
from kemai.customers.services import chain
from kemai.platform import reports
from kemai.platform.access import SYSTEM, actor_for
from kemai.platform.models import OutboxEvent, SearchDoc
from kemai.platform.records import Refused
from kemai.platform.reports import panels
from kemai.project.demo import scene, services
from kemai.project.demo.load import load
from kemai.project.demo.services import mark
from kemai.staff.models import User

AS_OF = dt.datetime(2026, 11, 20, 10, 30, tzinfo=dt.UTC)
pytestmark = pytest.mark.django_db


def test_the_demo_is_not_mixed_with_data_of_others() -> None:
    now = dt.datetime.now(dt.UTC)
    Customer.objects.create(name="张三", created_at=now, updated_at=now)
    with pytest.raises(Refused):
        load(0.005, analyse=False)
    assert User.objects.count() == 0
    assert mark() is None


def test_a_load_that_was_cut_off_is_finished_or_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def cut_off(*args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(scene, "dress", cut_off)
        with pytest.raises(KeyboardInterrupt):
            load(0.005, as_of=AS_OF, analyse=False)
    customers = Customer.objects.count()
    finished = load(0.02, password="云栖-2026", analyse=False)
    assert (Customer.objects.count(), finished.as_of) == (customers, AS_OF)
    assert User.objects.get(username="alice").check_password("云栖-2026")
    noted = mark()
    assert noted is not None
    services.set_mark({**noted, "stage": "storing"})
    with pytest.raises(Refused):
        load(analyse=False)


def test_the_company_is_analysed_as_if_it_had_been_here_all_along(monkeypatch: pytest.MonkeyPatch) -> None:
    assert scene.MONTHS >= 6
    monkeypatch.setattr(scene, "MONTHS", 1)
    load(0.01, as_of=AS_OF)
    runs = AnalysisRun.objects.filter(analysis="nightly", state="done").order_by("as_of")
    assert [run.as_of for run in runs] == [*scene.month_ends(AS_OF, 1), AS_OF]
    frozen = ChainMonth.objects.get()
    assert frozen.month == dt.date(2026, 10, 1)
    assert frozen.frozen_at == dt.datetime(2026, 10, 31, 16, tzinfo=dt.UTC)
    assert (
        sum(row["customers"] for row in frozen.rows)
        == Customer.objects.filter(created_at__lte=runs[0].as_of).count()
    )
    assert all(row["strategy"] for row in frozen.rows)
    sheet = chain.sheet(SYSTEM)
    changed = FactTransition.objects.filter(field="value_class", at=AS_OF).count()
    assert sum(row.moves.came for row in sheet.rows) == changed > 0
    facts = CustomerFacts.objects.exclude(value_class="none")
    assert facts.filter(activity="active").exists()
    assert not CustomerFacts.objects.filter(orders_total__gt=0, computed_at=None).exists()
    last = FactTransition.objects.latest("at")
    assert last.at <= AS_OF
    assert Segment.objects.filter(size__gt=0).count() >= 5
    boss = actor_for(User.objects.get(username="demo"))
    shown = [
        reports.run(boss, reports.resolve(boss, reports.Definition.of(kept.type_key, kept.state)))
        for kept in panels.of(boss)
    ]
    assert len(shown) >= 4
    assert all(table.total.lines for table in shown)
    assert SearchDoc.objects.count() > Customer.objects.count()
    assert not OutboxEvent.objects.filter(done_at=None).exists()
    whale = Customer.objects.annotate(touches=Count("interactions")).latest("touches")
    newest = whale.interactions.exclude(channel="system").latest("at")
    assert CustomerFacts.objects.get(customer=whale).last_contact_at == newest.at
    done = Task.objects.filter(state="done")
    assert done.exists()
    assert not done.filter(done_at__gt=AS_OF).exists(), (
        "what was done years ago was not done when it was loaded"
    )


def test_month_ends() -> None:
    ends = scene.month_ends(dt.datetime(2026, 3, 31, 16, 30, tzinfo=dt.UTC), 3)
    assert [end.isoformat() for end in ends] == [
        "2026-01-31T23:59:59+08:00",
        "2026-02-28T23:59:59+08:00",
        "2026-03-31T23:59:59+08:00",
    ]
