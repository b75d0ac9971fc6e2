"""The next item is taken while the last is in use."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from kemai.kit.ahead import Turns, ahead


def test_every_item_comes_once_and_in_order() -> None:
    assert list(ahead(iter(range(100)))) == list(range(100))
    assert list(ahead(iter(()))) == []


def test_the_next_item_is_there_while_the_last_is_in_use() -> None:
    taken = threading.Event()

    def items() -> Iterator[int]:
        yield 1
        taken.set()
        yield 2

    coming = ahead(items())
    assert next(coming) == 1
    assert taken.wait(10)
    assert list(coming) == [2]


def test_what_goes_wrong_is_raised_where_its_item_would_have_come() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("unreadable")

    coming = ahead(items())
    assert next(coming) == 1
    with pytest.raises(ValueError, match="unreadable"):
        next(coming)


def test_who_leaves_early_leaves_no_thread_behind() -> None:
    coming = ahead(iter(range(100)))
    assert next(coming) == 0
    coming.close()
    assert not [one for one in threading.enumerate() if one.name.startswith("ahead")]


def test_a_thread_that_takes_turns_works_while_the_other_side_waits() -> None:
    turns, done = Turns(), threading.Semaphore(0)

    def items() -> Iterator[int]:
        for item in range(3):
            turns.take()
            done.release()
            yield item

    coming = ahead(items())
    with turns.given():
        assert next(coming) == 0
    with turns.given():
        assert done.acquire(timeout=10)
        assert next(coming) == 1
    turns.end()
    assert list(coming) == [2]


def test_a_thread_whose_turn_does_not_come_ends_with_its_caller() -> None:
    turns = Turns()

    def items() -> Iterator[int]:
        while True:
            turns.take()
            yield 1

    coming = ahead(items())
    with turns.given():
        assert next(coming) == 1
    turns.end()
    coming.close()
    assert not [one for one in threading.enumerate() if one.name.startswith("ahead")]
