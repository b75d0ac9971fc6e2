"""The task of the crash story: its effect is a customer of that name."""

from __future__ import annotations

from kemai.platform import records
from kemai.platform.access import SYSTEM
from kemai.platform.jobs import Progress, atomic_task


@atomic_task
def effect(progress: Progress, *, name: str) -> int:
    return int(records.create("customer", {"name": name}, by=SYSTEM).pk)
