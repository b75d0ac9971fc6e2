"""The next item is worked out while the last one is in use."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


def ahead(items: Iterator[T]) -> Generator[T]:
    """The items, each taken from its iterator in a thread while the caller is busy with the one before: for work that
    alternates between reading a file and waiting for a database. What the iterator raises is raised where its item
    would have come. It must not touch what belongs to a thread, such as a database connection."""
    end = object()
    with ThreadPoolExecutor(1, "ahead") as thread:
        coming = thread.submit(next, items, end)
        while (item := coming.result()) is not end:
            coming = thread.submit(next, items, end)
            yield item  # type: ignore[misc]


class Turns:
    """Python runs one thread at a time: a thread that computes makes its caller wait, and with it the server that the
    caller has not asked yet. Here it works in its turn, while the caller waits for something else."""

    def __init__(self) -> None:
        self._given = threading.Event()
        self._over = False

    @contextmanager
    def given(self) -> Iterator[None]:
        """The caller's side: around what it waits for."""
        self._given.set()
        try:
            yield
        finally:
            if not self._over:
                self._given.clear()

    def take(self) -> None:
        """The thread's side, again and again between its pieces of work."""
        self._given.wait()

    def end(self) -> None:
        """The caller waits no more: the thread may end when it likes."""
        self._over = True
        self._given.set()
