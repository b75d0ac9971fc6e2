"""When somebody may check in, and whether what a device says of its place can be true."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass

from kemai.sales.rules import YES, Verdict

EARLY = dt.timedelta(hours=24)
ROUGH = 500.0
"""Metres from which on a place is called rough."""


@dataclass(frozen=True)
class Fix:
    """What the device said: degrees, and the radius in metres in which it is with 95 % likelihood (W3C Geolocation)."""

    latitude: float
    longitude: float
    accuracy: float

    @property
    def rough(self) -> bool:
        return self.accuracy >= ROUGH


def read_fix(latitude: str, longitude: str, accuracy: str) -> Fix | None:
    """None where nothing was sent. Raises ValueError for what no place can be."""
    if not latitude.strip() and not longitude.strip():
        return None
    found = Fix(float(latitude), float(longitude), float(accuracy or "0"))
    whole = all(math.isfinite(one) for one in (found.latitude, found.longitude, found.accuracy))
    if not whole or abs(found.latitude) > 90 or abs(found.longitude) > 180 or not 0 <= found.accuracy < 1e7:
        raise ValueError("no such place")
    return found


def may_check_in(
    state: str, starts_at: dt.datetime, now: dt.datetime, *, place: str, fix: Fix | None
) -> Verdict:
    """Once, from a day before the planned time on, and with a place: the device's, or one told in words."""
    if state != "planned":
        return Verdict(False, "not_planned", {"state": state})
    if now < starts_at - EARLY:
        return Verdict(False, "too_early", {"starts_at": starts_at})
    if fix is None and not place.strip():
        return Verdict(False, "no_place", {})
    return YES


def may_report(state: str, body: str) -> Verdict:
    """A visit that took place is reported once, and something is said."""
    if state not in {"planned", "here"}:
        return Verdict(False, "over", {"state": state})
    return YES if body.strip() else Verdict(False, "empty", {})
