"""Who may ask a server outside, and which servers are left alone."""

from __future__ import annotations

import threading
import time

import pytest

from kemai.kit import turns
from kemai.kit.turns import NoTurn, Turns


def test_one_thread_is_left_whatever_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "PATIENCE", 0.05)
    mine = Turns()
    with mine.turn("a"), mine.turn("b"):
        with pytest.raises(NoTurn) as caught, mine.turn("c"):
            pass
        assert caught.value.code == "busy"
    with mine.turn("c"), pytest.raises(NoTurn), mine.turn("mail", 1):
        pass


def test_whoever_waits_a_little_gets_the_place_that_becomes_free() -> None:
    mine, inside, go = Turns(), threading.Event(), threading.Event()

    def hold() -> None:
        with mine.turn("a", 1):
            inside.set()
            go.wait(5)

    other = threading.Thread(target=hold)
    other.start()
    inside.wait(5)
    threading.Timer(0.05, go.set).start()
    with mine.turn("b", 1):
        pass
    other.join(5)


def test_a_sick_server_is_left_alone_and_then_asked_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    mine, now = Turns(), [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    def late(seconds: float) -> None:
        with mine.turn("a"):
            now[0] += seconds
            raise OSError("late")

    def fail(seconds: float) -> None:
        with pytest.raises(OSError, match="late"):
            late(seconds)

    fail(0.1)  # refused at once: that costs nobody anything
    fail(8)
    with pytest.raises(NoTurn) as caught, mine.turn("a"):
        pass
    assert caught.value.code == "away"
    now[0] += turns.PAUSE + 1
    with mine.turn("a"), pytest.raises(NoTurn), mine.turn("a"):
        pass
    with mine.turn("a"), mine.turn("a"):
        pass
