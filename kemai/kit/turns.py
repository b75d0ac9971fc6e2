"""How many threads of this process may wait for servers outside at the same time, and for how long a server that has
just let somebody wait in vain is not asked again. A web process has few threads: without this, as many people as there
are threads who press a button that asks a sick server would hold up every page."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from kemai.kit.errors import KitError

TOGETHER = 2
"""A web process has three threads (kemai.project.generation): one is left for pages, whatever is asked outside."""
PATIENCE = 1.0
"""Seconds to wait for a place while all others are taken."""
SLOW = 2.0
"""A call that took so long and came to nothing was to a sick server; what is refused at once costs nobody anything."""
PAUSE = 30.0


class NoTurn(KitError):
    """The server is not asked now. Codes: busy, away."""


class Turns:
    """Who is inside, and which servers are left alone until when."""

    def __init__(self) -> None:
        self.inside = 0
        self.away: dict[str, float] = {}
        self.changed = threading.Condition()

    @contextmanager
    def turn(self, place: str, most: int = TOGETHER) -> Iterator[None]:
        """While a server is asked; `place` tells it from others. Raises NoTurn."""
        self.enter(place, most)
        began, well = time.monotonic(), False
        try:
            yield
            well = True
        finally:
            self.leave(place, sick=not well and time.monotonic() - began > SLOW)

    def enter(self, place: str, most: int) -> None:
        with self.changed:
            now, until = time.monotonic(), self.away.get(place)
            if until is not None and now < until:
                raise NoTurn("away")
            if not self.changed.wait_for(lambda: self.inside < most, PATIENCE if until is None else 0):
                raise NoTurn("busy")
            if until is not None:  # one tries whether it is well again, the others hear that it is away
                self.away[place] = now + PAUSE
            self.inside += 1

    def leave(self, place: str, *, sick: bool) -> None:
        with self.changed:
            self.inside -= 1
            if sick:
                self.away[place] = time.monotonic() + PAUSE
            else:
                self.away.pop(place, None)
            self.changed.notify()


PROCESS = Turns()
turn = PROCESS.turn
