"""When people buy: demand of every day of the simulated years, by kind of buyer, and the hours of each channel."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

import numpy as np
from lunar_python import Lunar
from numpy.typing import NDArray

Floats = NDArray[np.float64]
DAYS = 3 * 365 + 1
SHANGHAI = dt.timedelta(hours=8)
"""China has had one time without summer time since 1992."""


class Festivals(NamedTuple):
    """Days from the nearest such festival on each simulated day: negative before it."""

    spring: NDArray[np.int64]
    dragon: NDArray[np.int64]
    autumn: NDArray[np.int64]
    midyear: NDArray[np.int64]
    singles: NDArray[np.int64]
    twelve: NDArray[np.int64]


class Season(NamedTuple):
    """The simulated days, `first` up to and with the day of `as_of`, and the relative demand on each."""

    first: dt.date
    as_of: dt.datetime
    dates: NDArray[np.datetime64]
    weekday: NDArray[np.int64]
    month: NDArray[np.int64]
    festivals: Festivals
    demand: dict[str, Floats]


def _lunar(year: int, month: int, day: int) -> dt.date:
    solar = Lunar.fromYmd(year, month, day).getSolar()
    return dt.date(solar.getYear(), solar.getMonth(), solar.getDay())


def _nearest(dates: NDArray[np.datetime64], events: list[dt.date]) -> NDArray[np.int64]:
    gaps = (dates[:, None] - np.array(events, "datetime64[D]")[None, :]).astype(np.int64)
    nearest: NDArray[np.int64] = gaps[np.arange(len(dates)), np.abs(gaps).argmin(axis=1)]
    return nearest


def _festivals(dates: NDArray[np.datetime64], years: range) -> Festivals:
    return Festivals(
        _nearest(dates, [_lunar(y, 1, 1) for y in years]),
        _nearest(dates, [_lunar(y, 5, 5) for y in years]),
        _nearest(dates, [_lunar(y, 8, 15) for y in years]),
        _nearest(dates, [dt.date(y, 6, 18) for y in years]),
        _nearest(dates, [dt.date(y, 11, 11) for y in years]),
        _nearest(dates, [dt.date(y, 12, 12) for y in years]),
    )


def within(days: NDArray[np.int64], low: int, high: int) -> NDArray[np.bool_]:
    """Where a day lies between two distances from a festival, both included."""
    inside: NDArray[np.bool_] = (days >= low) & (days <= high)
    return inside


def _everyday(weekday: NDArray[np.int64], f: Festivals) -> Floats:
    base = np.array([0.90, 0.87, 0.90, 0.93, 1.04, 1.22, 1.14])[weekday]
    base = (
        base * np.where(within(f.spring, -25, -3), 1.55, 1.0) * np.where(within(f.spring, -2, 6), 0.35, 1.0)
    )
    base = base * np.where(within(f.autumn, -18, -1), 1.25, 1.0)
    base = (
        base * np.where(within(f.midyear, -17, -3), 1.15, 1.0) * np.where(within(f.midyear, -2, 0), 1.9, 1.0)
    )
    base = base * np.where(within(f.singles, -10, -1), 1.25, 1.0) * np.where(f.singles == 0, 2.6, 1.0)
    lull = np.where(within(f.singles, 1, 14), 0.85, 1.0) * np.where(within(f.midyear, 1, 10), 0.88, 1.0)
    return np.asarray(base * lull * np.where(f.twelve == 0, 1.5, 1.0), np.float64)


def _demand(weekday: NDArray[np.int64], month: NDArray[np.int64], f: Festivals) -> dict[str, Floats]:
    everyday = _everyday(weekday, f)
    gift = (
        0.03 + 9 * within(f.spring, -24, -3) + 7 * within(f.autumn, -20, -1) + 3.5 * within(f.dragon, -12, -1)
    )
    sale = (
        0.04 + 16 * within(f.singles, -1, 0) + 3 * within(f.singles, -10, -2) + 9 * within(f.midyear, -2, 0)
    )
    sale = sale + 1.5 * within(f.midyear, -17, -3) + 6 * (f.twelve == 0) + 1.5 * within(f.spring, -22, -8)
    office = (weekday < 5) * np.where(within(f.spring, -2, 8), 0.05, 1.0)
    office = office * (1 + 0.8 * within(f.spring, -30, -8) + 0.7 * within(f.autumn, -25, -3))
    raw = {
        "everyday": everyday,
        "gift": gift * (0.7 + 0.3 * everyday),
        "sale": sale,
        "summer": everyday
        * np.array([0.08, 0.08, 0.1, 0.4, 1.6, 2.6, 2.6, 2.0, 0.6, 0.15, 0.1, 0.1])[month - 1],
        "winter": everyday
        * np.array([2.2, 1.2, 0.5, 0.2, 0.1, 0.1, 0.1, 0.1, 0.5, 1.6, 2.8, 2.6])[month - 1],
        "office": office,
        "office_gift": office * (0.05 + 6 * within(f.spring, -35, -8) + 6 * within(f.autumn, -30, -5)),
    }
    return {name: np.asarray(values / values.mean(), np.float64) for name, values in raw.items()}


def season(as_of: dt.datetime) -> Season:
    """The calendar of three years that end at `as_of` (aware)."""
    last = (as_of.astimezone(dt.UTC) + SHANGHAI).date()
    first = last - dt.timedelta(days=DAYS - 1)
    dates = np.datetime64(first, "D") + np.arange(DAYS)
    weekday = (dates.astype(np.int64) + 3) % 7
    month = dates.astype("datetime64[M]").astype(np.int64) % 12 + 1
    festivals = _festivals(dates, range(first.year - 1, last.year + 2))
    return Season(first, as_of, dates, weekday, month, festivals, _demand(weekday, month, festivals))


def _curve(*peaks: tuple[float, float, float]) -> Floats:
    """Shares of 48 half-hours from bells (hour, spread in hours, weight)."""
    hours = np.arange(48) / 2 + 0.25
    height = sum(weight * np.exp(-0.5 * ((hours - at) / spread) ** 2) for at, spread, weight in peaks)
    return np.asarray(height / np.sum(height), np.float64)


def _open(curve: Floats, low: float, high: float) -> Floats:
    hours = np.arange(48) / 2
    inside = np.where((hours >= low) & (hours < high), curve, 0.0)
    return np.asarray(inside / inside.sum(), np.float64)


HOURS: dict[str, Floats] = {
    "store": _open(_curve((11.5, 1.2, 0.8), (15.5, 1.8, 1.0), (19.5, 1.4, 1.2)), 10, 22),
    "online": _curve((10.5, 1.5, 0.6), (13, 1.2, 0.7), (21.3, 1.6, 1.7), (0.5, 0.7, 0.25)),
    "mini": _open(_curve((8.2, 0.8, 0.6), (12.3, 1.0, 1.0), (18.5, 1.2, 0.8), (21.5, 1.5, 1.0)), 6.5, 24),
    "b2b": _open(_curve((10.2, 1.0, 1.2), (15.3, 1.4, 1.0)), 9, 18),
    "phone": _open(_curve((10.5, 1.3, 1.0), (15.5, 1.5, 1.0), (19.5, 0.8, 0.3)), 9, 21),
    "work": _open(_curve((10.3, 1.1, 1.1), (14.8, 1.2, 0.8), (16.8, 0.9, 0.8)), 9, 18.5),
}


def moments(
    rng: np.random.Generator, when: Season, day: NDArray[np.int64], hours: Floats
) -> NDArray[np.datetime64]:
    """A UTC moment on each of these days (positions in the calendar, may lie outside) by a channel's hours."""
    half = rng.choice(48, size=len(day), p=hours)
    seconds = half * 1800 + rng.integers(0, 1800, len(day))
    return stamp(when, day, seconds)


def stamp(when: Season, day: NDArray[np.int64], seconds: NDArray[np.int64]) -> NDArray[np.datetime64]:
    """The UTC moment so many seconds after local midnight of a day."""
    start = np.datetime64(when.first, "s")
    local = start + (day.astype(np.int64) * 86400 + seconds).astype("timedelta64[s]")
    moment: NDArray[np.datetime64] = local - np.timedelta64(8, "h")
    return moment


def now(when: Season) -> np.datetime64:
    """`as_of` as a UTC moment."""
    return np.datetime64(when.as_of.astimezone(dt.UTC).replace(tzinfo=None), "s")
