"""Forecasts of monthly series by simple methods, chosen by back-testing, with an interval whose coverage is measured.

Simple methods win on weekly and monthly sales (Makridakis' competitions M1 to M4). Candidates: seasonal naive, seasonal
naive with the year's growth, moving average, simple exponential smoothing (Brown 1956), smoothing of the seasonally
adjusted series, Theta (Assimakopoulos & Nikolopoulos 2000), and the mean of three. Rolling origin: each forecast of
the back-test knows only what lies before its origin. The interval is split-conformal: a quantile of the back-test's
own errors, relative to the level of the last twelve months.

Values are months in order without gaps, in any one unit; forecasts are never below 0."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

SEASON = 12
LEAST = SEASON + 3
"""So many months are needed before anything is said."""
FIRST_ORIGIN = SEASON + 1
SHARE = 0.8
"""Of the future that the interval is meant to hold."""
ERRORS = 6
"""So many errors of a horizon are needed for its interval, and so many origins for leaving the naive method."""
NAIVE = "seasonal_naive"
ALPHAS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)

Values = Sequence[float]
Method = Callable[[Values, int], list[float]]


def seasonal_naive(values: Values, ahead: int) -> list[float]:
    """The same month of the last known year."""
    return [values[len(values) - SEASON + step % SEASON] for step in range(ahead)]


def grown_naive(values: Values, ahead: int) -> list[float]:
    """The same month of last year times the growth of the last twelve months over the twelve before; at most double,
    at least half."""
    before = sum(values[-2 * SEASON : -SEASON]) if len(values) >= 2 * SEASON else 0.0
    growth = min(max(sum(values[-SEASON:]) / before, 0.5), 2.0) if before > 0 else 1.0
    return [one * growth for one in seasonal_naive(values, ahead)]


def moving_average(values: Values, ahead: int) -> list[float]:
    """The mean of the last three months."""
    return [sum(values[-3:]) / 3] * ahead


def smoothed(values: Values) -> tuple[float, float]:
    """Level and alpha of simple exponential smoothing; alpha by least squares of the one-step errors."""
    best = (float("inf"), 0.0, 0.0)
    for alpha in ALPHAS:
        level, squares = values[0], 0.0
        for value in values[1:]:
            error = value - level
            squares += error * error
            level += alpha * error
        best = min(best, (squares, level, alpha))
    return best[1], best[2]


def smoothing(values: Values, ahead: int) -> list[float]:
    return [smoothed(values)[0]] * ahead


def indices(values: Values) -> list[float]:
    """Seasonal indices of the next twelve months: the mean share of each month in its year, over whole years counted
    back from the end; 1 where nothing is known."""
    years = [values[end - SEASON : end] for end in range(len(values), SEASON - 1, -SEASON)]
    shares = [[one * SEASON / sum(year) for one in year] for year in years if sum(year) > 0]
    return [sum(year[m] for year in shares) / len(shares) if shares else 1.0 for m in range(SEASON)]


def adjusted(values: Values, index: Values) -> list[float]:
    """The series without its season; a month that never sells tells nothing and stays as it is."""
    size = len(values)
    places = [(at - size) % SEASON for at in range(size)]
    return [
        one / index[place] if index[place] > 0 else one for one, place in zip(values, places, strict=True)
    ]


def seasonal_smoothing(values: Values, ahead: int) -> list[float]:
    """The smoothed level of the adjusted series times the season."""
    index = indices(values)
    level, _alpha = smoothed(adjusted(values, index))
    return [level * index[step % SEASON] for step in range(ahead)]


def theta(values: Values, ahead: int) -> list[float]:
    """The Theta method on the adjusted series: the smoothed level with half the slope of its straight line."""
    index = indices(values)
    plain = adjusted(values, index)
    size = len(plain)
    level, alpha = smoothed(plain)
    middle, mean = (size - 1) / 2, sum(plain) / size
    spread = sum((at - middle) ** 2 for at in range(size))
    slope = sum((at - middle) * (one - mean) for at, one in enumerate(plain)) / spread
    start = (1 - (1 - alpha) ** size) / alpha
    return [(level + slope / 2 * (step + start)) * index[step % SEASON] for step in range(ahead)]


def mean_of_three(values: Values, ahead: int) -> list[float]:
    """The mean of the grown naive, the seasonal smoothing and Theta: combinations are seldom far off."""
    parts = (grown_naive(values, ahead), seasonal_smoothing(values, ahead), theta(values, ahead))
    return [sum(three) / 3 for three in zip(*parts, strict=True)]


METHODS: Mapping[str, Method] = {
    NAIVE: seasonal_naive, "grown_naive": grown_naive, "moving_average": moving_average, "smoothing": smoothing,
    "seasonal_smoothing": seasonal_smoothing, "theta": theta, "mean_of_three": mean_of_three,
}  # fmt: skip


def ask(method: str, values: Values, ahead: int) -> list[float]:
    return [max(one, 0.0) for one in METHODS[method](values, ahead)]


@dataclass(frozen=True)
class Tried:
    """One forecast of the back-test and what really came. `scale` is the level of the year before the origin."""

    origin: int
    step: int
    method: str
    forecast: float
    actual: float
    scale: float

    @property
    def error(self) -> float:
        """Relative to the level."""
        return abs(self.forecast - self.actual) / self.scale

    @property
    def known_at(self) -> int:
        """From this origin on the error is history."""
        return self.origin + self.step + 1


def back_test(values: Values, ahead: int) -> list[Tried]:
    """Every method at every origin from the fourteenth month on, for the next `ahead` months as far as they came."""
    found = []
    for origin in range(FIRST_ORIGIN, len(values)):
        known = values[:origin]
        scale = max(sum(known[-SEASON:]) / SEASON, 1e-9)
        steps = min(ahead, len(values) - origin)
        for method in METHODS:
            for step, forecast in enumerate(ask(method, known, steps)):
                found.append(Tried(origin, step, method, forecast, values[origin + step], scale))
    return found


def scores(tried: Sequence[Tried]) -> dict[str, float]:
    """Mean absolute error of each method, in units of the series."""
    sums: dict[str, list[float]] = {method: [] for method in METHODS}
    for one in tried:
        sums[one.method].append(abs(one.forecast - one.actual))
    return {method: sum(errors) / len(errors) for method, errors in sums.items() if errors}


def choose(tried: Sequence[Tried]) -> str:
    """The method with the least error; the naive one where it is as good or too little is known."""
    found = scores(tried)
    if len({one.origin for one in tried}) < ERRORS:
        return NAIVE
    return min(found, key=lambda method: (found[method], method != NAIVE))


def half_width(tried: Sequence[Tried], method: str, step: int) -> float | None:
    """The conformal quantile of the errors of a method so many months ahead, relative; None where they are too few."""
    errors = sorted(one.error for one in tried if one.method == method and one.step == step)
    if len(errors) < ERRORS:
        return None
    return errors[min(ceil((len(errors) + 1) * SHARE), len(errors)) - 1]


@dataclass(frozen=True)
class Forecast:
    """What is expected, and how far such forecasts were off. `low` and `high` are None where too little is known.

    `error` and `naive_error`: mean absolute errors over the same back-test. `covered` of `tested` intervals, each made
    without looking ahead (method and width of what was history then), held what really came."""

    method: str
    values: tuple[float, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]
    naive: tuple[float, ...]
    error: float
    naive_error: float
    scores: Mapping[str, float]
    tried: int
    covered: int
    tested: int

    @property
    def coverage(self) -> float | None:
        return self.covered / self.tested if self.tested else None


def forecast(values: Values, ahead: int) -> Forecast | None:
    """The next `ahead` months; None where fewer than fifteen months are known or nothing was ever sold."""
    if len(values) < LEAST or not any(values):
        return None
    tried = back_test(values, ahead)
    method = choose(tried)
    found = ask(method, values, ahead)
    scale = max(sum(values[-SEASON:]) / SEASON, 1e-9)
    widths = [half_width(tried, method, step) for step in range(ahead)]
    covered, tested = coverage(tried)
    by_method = scores(tried)
    return Forecast(
        method,
        tuple(found),
        tuple(None if w is None else max(one - w * scale, 0.0) for one, w in zip(found, widths, strict=True)),
        tuple(None if w is None else one + w * scale for one, w in zip(found, widths, strict=True)),
        tuple(ask(NAIVE, values, ahead)),
        by_method[method],
        by_method[NAIVE],
        by_method,
        sum(one.method == method for one in tried),
        covered,
        tested,
    )


def coverage(tried: Sequence[Tried]) -> tuple[int, int]:
    """How many of the intervals that would have been shown at each origin held what came, and how many there were."""
    covered = tested = 0
    for origin in sorted({one.origin for one in tried}):
        history = [one for one in tried if one.known_at <= origin]
        method = choose(history)
        for one in tried:
            if one.origin == origin and one.method == method:
                width = half_width(history, method, one.step)
                if width is not None:
                    tested += 1
                    covered += one.error <= width
    return covered, tested
