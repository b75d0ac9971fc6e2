"""Every handler's effect happens once, whatever goes wrong, and no handler holds up another."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.utils import timezone

from kemai.platform.events import drain, drain_all, emit, handlers_for, temporarily
from kemai.platform.models import EventDelivery, Job, OutboxEvent, Setting

pytestmark = pytest.mark.django_db


def leave_mark(name: str) -> Callable[[OutboxEvent], None]:
    def handler(event: OutboxEvent) -> None:
        Setting.objects.create(key=f"{name}/{event.pk}/{Setting.objects.count()}", value=event.payload)

    return handler


def marks(name: str) -> int:
    return Setting.objects.filter(key__startswith=f"{name}/").count()


class Sick:
    """A handler that writes and then fails, so many times."""

    def __init__(self, times: int) -> None:
        self.left = times

    def __call__(self, event: OutboxEvent) -> None:
        leave_mark("sick")(event)
        if self.left:
            self.left -= 1
            raise RuntimeError("sick today")


def test_handlers_are_called_by_pattern_once() -> None:
    with (
        temporarily("deal.*", leave_mark("deal"), name="t.deal"),
        temporarily("*.won", leave_mark("won"), name="t.won"),
    ):
        emit("deal.won", "deal", 7, payload={"amount": 5})
        emit("deal.lost", "deal", 8)
        emit("ticket.closed", "ticket", 9)
        assert drain() == 3
        assert drain() == 0
    assert (marks("deal"), marks("won")) == (2, 1)
    assert not OutboxEvent.objects.filter(done_at=None).exists()
    assert not [one for one in handlers_for("deal.won") if one.name.startswith("t.")]


def test_a_failing_handler_leaves_nothing_holds_up_nobody_and_is_tried_again() -> None:
    with (
        temporarily("thing.won", Sick(2), name="a.sick"),
        temporarily("thing.won", leave_mark("well"), name="b.well"),
    ):
        emit("thing.won", "thing", 7)
        assert drain() == 1
        assert (marks("sick"), marks("well")) == (0, 1)
        for _attempt in range(3):
            Job.objects.update(run_at=timezone.now())
            drain_all()
        assert (marks("sick"), marks("well")) == (1, 1)
    assert Job.objects.get().state == "done"
    assert EventDelivery.objects.count() == 2


def test_poison_stays_visible_with_its_error() -> None:
    with temporarily("thing.won", Sick(1000), name="a.sick"):
        emit("thing.won", "thing", 7)
        for _attempt in range(12):
            drain_all()
            Job.objects.filter(state="waiting").update(run_at=timezone.now())
        assert marks("sick") == 0
    job = Job.objects.get()
    assert (job.state, job.error) == ("failed", "RuntimeError: sick today")
    assert job.attempts == job.max_attempts


def test_a_delivery_cut_off_in_the_middle_is_made_up_for_without_doubling() -> None:
    """The worker died after one handler's savepoint: nothing of the event was committed, so all is done again."""

    class PowerCut(BaseException):
        pass

    def cut(_event: OutboxEvent) -> None:
        raise PowerCut

    with temporarily("thing.won", leave_mark("first"), name="a.first"):
        emit("thing.won", "thing", 7)
        with temporarily("thing.won", cut, name="b.cut"), pytest.raises(PowerCut):
            drain()
        assert marks("first") == 0
        drain()
        drain()
    assert marks("first") == 1


def test_an_event_delivered_in_part_before_is_finished_for_the_others_only() -> None:
    with (
        temporarily("thing.won", leave_mark("one"), name="a.one"),
        temporarily("thing.won", leave_mark("two"), name="b"),
    ):
        event = emit("thing.won", "thing", 7)
        EventDelivery.objects.create(event=event, handler="a.one")
        drain()
    assert (marks("one"), marks("two")) == (0, 1)


def test_what_a_handler_sets_off_is_delivered_too() -> None:
    def chain(event: OutboxEvent) -> None:
        if event.payload["left"]:
            emit("chain.link", payload={"left": event.payload["left"] - 1})

    with temporarily("chain.link", chain, name="t.chain"):
        emit("chain.link", payload={"left": 3})
        assert drain_all() == 4
