"""The next item is worked out while the last one is in use."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
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
