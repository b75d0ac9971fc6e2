"""Several at the same moment: each in a thread with connections of its own, and all wait at one gate."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connections

T = TypeVar("T")
PATIENCE = 120.0
"""Seconds until the last has come to the gate; a machine at rest needs none."""


def together(acts: Sequence[Callable[[], T]]) -> list[T | Exception]:
    """What each act said or raised, in the order of the acts."""
    gate = threading.Barrier(len(acts))

    def run(act: Callable[[], T]) -> T | Exception:
        try:
            gate.wait(PATIENCE)
            return act()
        except Exception as error:  # noqa: BLE001 - how it went is the answer
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))
