"""Python's collector of circular garbage, in the way of work that makes and drops rows by the hundred thousand."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

ORDINARY = gc.get_threshold()
RARE = (100_000, 20, 100)


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Rows hold no circles: nearly all that the collector goes through, again and again, is alive or gone without it.
    A third of the CPU of an import was that. Leaves it on for what holds circles after all."""
    gc.set_threshold(*RARE)
    try:
        yield
    finally:
        gc.set_threshold(*ORDINARY)
