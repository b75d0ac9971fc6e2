"""Whether the wall clock can be believed. It is compared with one that cannot be set: when the two part by minutes,
somebody (or a time server gone wrong) has set the wall clock.

What happens by the clock then waits a while: returning customers to a pool, deleting what has been kept long enough or
letting a contract expire are decisions that nobody takes back when the clock is right again."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

log = logging.getLogger(__name__)
JUMP = 300.0
"""Seconds; time servers correct less, and little by little."""
SETTLE = 1800.0
"""Seconds of real time for which nothing happens by a clock that was set."""


def steady() -> float:
    """Seconds since the machine was started, its sleep included."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


class Clock:
    def __init__(self, wall: Callable[[], float] = time.time, sure: Callable[[], float] = steady) -> None:
        self.wall = wall
        self.sure = sure
        self.apart = wall() - sure()
        self.until = 0.0

    def believable(self) -> bool:
        """Asked every few seconds."""
        now = self.sure()
        apart = self.wall() - now
        moved, self.apart = apart - self.apart, apart
        if abs(moved) > JUMP:
            self.until = now + SETTLE
            log.error(
                "the clock was set by %+d s: what happens by the clock waits for %d minutes",
                moved,
                SETTLE // 60,
            )
        return now >= self.until
