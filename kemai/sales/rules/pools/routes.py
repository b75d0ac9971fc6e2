"""Who gets a new lead, and why: rotation, by share, least load; whoever knows the company already comes first.

Nobody gets one who is away, full, or (for all of them) outside working hours."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Candidate:
    """`load` open leads in hand, `given` how many this route gave him so far, `last` the number of the last of them
    (larger is later; 0 for none)."""

    id: int
    name: str
    weight: int = 1
    load: int = 0
    given: int = 0
    last: int = 0
    active: bool = True
    away_until: dt.date | None = None
    leave: tuple[dt.date, dt.date] | None = None
    """His own first and last day of leave; `away_until` is what this route says of him."""


@dataclass(frozen=True)
class Route:
    method: str = "rotation"
    capacity: int | None = None
    opens: int = 0
    closes: int = 24 * 60
    workdays: bool = False


@dataclass(frozen=True)
class Choice:
    """`to` is nobody where `why` says why: closed, nobody. `steps` are (what, who, figure) in the order decided."""

    to: Candidate | None
    why: str
    steps: tuple[tuple[str, str, int], ...] = field(default=())


def is_open(route: Route, now: dt.datetime, is_workday: Callable[[dt.date], bool]) -> bool:
    """`now` in the company's own time."""
    minute = now.hour * 60 + now.minute
    return route.opens <= minute < route.closes and (not route.workdays or is_workday(now.date()))


def choose(
    route: Route, people: Sequence[Candidate], today: dt.date, known: Sequence[tuple[str, int]] = ()
) -> Choice:
    """`known` are (why, person) who deal with the same company or region already, the closest first."""
    steps: list[tuple[str, str, int]] = []
    able = []
    for one in people:
        reason, figure = refused(route, one, today)
        if reason:
            steps.append((reason, one.name, figure))
        else:
            able.append(one)
    if not able:
        return Choice(None, "nobody", tuple(steps))
    by_id = {one.id: one for one in able}
    for why, person in known:
        if person in by_id:
            return Choice(by_id[person], why, (*steps, (why, by_id[person].name, 0)))
    chosen, figure = METHODS[route.method](able)
    return Choice(chosen, route.method, (*steps, (route.method, chosen.name, figure)))


def refused(route: Route, one: Candidate, today: dt.date) -> tuple[str, int]:
    if not one.active or one.weight < 1:
        return "inactive", 0
    if one.away_until is not None and today <= one.away_until:
        return "away", 0
    if one.leave is not None and one.leave[0] <= today <= one.leave[1]:
        return "leave", 0
    if route.capacity is not None and one.load >= route.capacity:
        return "full", one.load
    return "", 0


def rotation(able: Sequence[Candidate]) -> tuple[Candidate, int]:
    """Whoever has waited longest."""
    found = min(able, key=lambda one: (one.last, one.id))
    return found, found.given


def weighted(able: Sequence[Candidate]) -> tuple[Candidate, int]:
    """Whoever is furthest behind his share: the smallest (given + 1) / weight (D'Hondt's method)."""
    found = min(able, key=lambda one: ((one.given + 1) / one.weight, one.last, one.id))
    return found, found.given


def least_load(able: Sequence[Candidate]) -> tuple[Candidate, int]:
    found = min(able, key=lambda one: (one.load, one.last, one.id))
    return found, found.load


METHODS: dict[str, Callable[[Sequence[Candidate]], tuple[Candidate, int]]] = {
    "rotation": rotation, "weighted": weighted, "least_load": least_load,
}  # fmt: skip
