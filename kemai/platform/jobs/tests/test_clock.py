"""A clock that was set: what happens by the clock waits until somebody can have noticed."""

from __future__ import annotations

import threading

import pytest

from kemai.platform.jobs import schedules
from kemai.platform.jobs.clock import SETTLE, Clock
from kemai.platform.jobs.worker import Worker

DAY = 86_400.0


class Time:
    """A wall clock that can be set, and one that cannot."""

    def __init__(self) -> None:
        self.wall, self.sure = 1_800_000_000.0, 5_000.0
        self.clock = Clock(lambda: self.wall, lambda: self.sure)

    def passes(self, seconds: float) -> bool:
        self.wall += seconds
        self.sure += seconds
        return self.clock.believable()


@pytest.mark.parametrize("jump", [DAY, -DAY, 7 * DAY, 400 * DAY, 301.0, -2 * 3600.0])
def test_a_clock_that_was_set_is_not_believed_for_a_while(jump: float) -> None:
    time = Time()
    assert time.passes(5)
    time.wall += jump
    assert not time.passes(5)
    assert not time.passes(SETTLE - 10)
    time.wall -= jump  # set right again: that is a jump as well
    assert not time.passes(5)
    assert time.passes(SETTLE + 1)


def test_time_servers_and_waiting_are_no_jumps() -> None:
    time = Time()
    for seconds in (5, 3600, 3 * DAY):  # a sleeping machine: both clocks have gone on
        assert time.passes(seconds)
    for _step in range(200):
        time.wall += 2.0
        assert time.passes(5)


@pytest.mark.django_db
def test_the_worker_places_no_slot_by_a_clock_it_does_not_believe(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []

    def tick() -> list[str]:
        looked.append(1)
        return []

    monkeypatch.setattr(schedules, "tick", tick)
    worker, time = Worker(threading.Event()), Time()
    worker.clock = time.clock
    worker._look_around()
    assert len(looked) == 1
    time.wall += DAY
    worker._look_around()
    assert len(looked) == 1, "customers would go back to the pool a day early"
    time.passes(SETTLE + 1)
    worker._look_around()
    assert len(looked) == 2
