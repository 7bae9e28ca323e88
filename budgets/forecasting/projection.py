"""What will be spent from now until a moment, with an 80 % interval. Pure; estimates are floats, in the unit of what they get.

A day's spend is taken as a level times the factors of its weekday and of a month's end (season.py). The level is the mean of the
last days over their factors, with or without the growth of the weeks before. Which span is best, and whether growth helps, is
another for each limit: each way forecasts anew from every past day, and counts by how well it did over as many days as are asked
for. How far all together were off there makes the interval.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from itertools import accumulate, pairwise
from math import exp, log, sqrt

from budgets.forecasting.season import HOUR, WEEK_DAYS, Day, Season, days_of, learn

MIN_HOURS = 48
"""Of history: among fewer there is no whole day."""
LATE_START = 12
"""A first day that begins later in the day says nothing of its kind. Of longer histories it has to be whole."""
SPANS = (3, 7, 14, 28)
"""Days of which the level may be the mean."""
GROWTH_DAYS = 14
"""Growth is between the last so many days and as many before."""
GROWTH_SHRINK = 0.5
"""Of what grew, so much goes on: the rest is taken for chance."""
GROWTH_DAMPING = 0.96
"""And a little less each day: nothing grows for ever."""
MAX_GROWTH = 0.04
"""A day, as a logarithm."""
HORIZONS = (1, 2, 3, 5, 7, 10, 14, 21, 28)
"""Over so many days past forecasts are compared with what came."""
MIN_FORECASTS = 7
FLOOR = 0.05
"""Of a mean day: what is added to both before they are compared, so that days without spend have an error too."""
SHARPNESS = 4.0
"""A way with half the squared error counts two to the power of this as much."""
PRIOR_WINDOWS = 1.0
"""The error at a horizon is what it was, and beside it, as if seen so often, what is usual (the PRIOR figures)."""
PRIOR_ERROR, PRIOR_DRIFT = 0.5, 0.1
MIN_SQUARED_ERROR = 0.02
"""As if every way had been off by so much once: a few lucky days make no way the only one."""
SPREAD = 1.2816
"""Errors that the interval is wide to each side: eight in ten of a normal distribution, and of the bench's forecasts too."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """What will have been spent between now and the end of an hour."""

    until: datetime
    expected: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """One way to forecast: a level of so many days, with growth or without."""

    span: int
    grows: bool


WAYS = tuple(Way(span=span, grows=grows) for span in SPANS for grows in (False, True))


def project(hours: Sequence[float], start: datetime, now: datetime, end: datetime, zone: tzinfo) -> list[Point]:
    """A point for the end of each hour from `now` until `end`.

    `hours` is the spend of each whole hour from `start` on, until the running one. Empty where they are fewer than MIN_HOURS, or
    nothing is left of the period. The season is that of the clock in `zone`."""
    if len(hours) < MIN_HOURS:
        return []
    running = start + len(hours) * HOUR
    local = running.astimezone(zone)
    days = days_of(hours, start, zone)
    today = days.pop() if days[-1].date == local.date() else None
    if start.astimezone(zone).hour > (LATE_START if len(days) <= 2 * WEEK_DAYS else 0):
        del days[0]
    past = Past(days)
    if today:
        past.begin(today, local.hour)
    return _points(past, list(_ahead(past.season, running, now, end, zone)))


def _ahead(
    season: Season, running: datetime, now: datetime, end: datetime, zone: tzinfo
) -> Iterator[tuple[datetime, float]]:
    """Each hour's end with its factor; of an hour that has begun, or is cut by the period's end, the part that is left."""
    moment = running
    while moment < end:
        until = min(moment + HOUR, end)
        left = max(timedelta(0), until - max(moment, now)) / HOUR
        yield until, left * season.hour(moment.astimezone(zone))
        moment += HOUR


def _points(past: "Past", hours: Sequence[tuple[datetime, float]]) -> list[Point]:
    credits = past.credits(past.fitting_horizon(sum(factor for _, factor in hours)))
    rates = [(credit, *past.rate(way, past.count)) for way, credit in credits]
    errors = past.errors(credits)
    found, expected, ahead = [], 0.0, 0.0
    for number, (until, factor) in enumerate(hours):
        ahead += factor
        days = _damped(number * HOUR / timedelta(days=1))
        expected += factor * sum(credit * level * exp(growth * days) for credit, level, growth in rates)
        spread = exp(SPREAD * _error_over(ahead, errors))
        found.append(Point(until=until, expected=expected, low=expected / spread, high=expected * spread))
    return found


class Past:
    """Whole days one after the other, with sums from the first on, and what is known of today."""

    def __init__(self, days: Sequence[Day]) -> None:
        self.count = len(days)
        self.season = learn(days)
        self.spent = [0.0, *accumulate(day.total for day in days)]
        self.factors = [0.0, *accumulate(self.season.factor(day.date) for day in days)]
        self.floor = FLOOR * self.spent[-1] / self.count or 1.0
        self.today = (0.0, 0.0)

        self.rates = {way: [self.rate(way, origin) for origin in range(self.count + 1)] for way in WAYS}

    def begin(self, today: Day, hours: int) -> None:
        """Take what was spent in the first hours of today into account."""
        passed = self.season.factor(today.date) * sum(self.season.shares[today.date.weekday()][:hours])
        self.today = (today.total, passed)

    def rate(self, way: Way, origin: int) -> tuple[float, float]:
        """What a mean day costs at the beginning of the day `origin`, and by which logarithm that grows a day."""
        level = self._level(max(0, origin - way.span), origin)
        growth = self._growth(origin) if way.grows else 0.0
        return level * exp(growth * (min(way.span, origin) + 1) / 2), growth

    def _level(self, first: int, origin: int) -> float:
        today_spent, today_factor = self.today if origin == self.count else (0.0, 0.0)
        spent = self.spent[origin] - self.spent[first] + today_spent
        factor = self.factors[origin] - self.factors[first] + today_factor
        return spent / factor if factor > 0 else 0.0

    def _growth(self, origin: int) -> float:
        middle, first = origin - GROWTH_DAYS, origin - 2 * GROWTH_DAYS
        if first < 0:
            return 0.0
        before, after = self._level(first, middle), self._level(middle, origin)
        if before <= 0 or after <= 0:
            return 0.0
        return max(-MAX_GROWTH, min(MAX_GROWTH, GROWTH_SHRINK * log(after / before) / GROWTH_DAYS))

    # --- how each way did

    def fitting_horizon(self, days: float) -> int:
        """The longest horizon not far beyond so many days from which enough past forecasts can be judged."""
        fitting = (each for each in HORIZONS if each <= 1.2 * days and len(self._origins(each)) >= MIN_FORECASTS)
        return max(fitting, default=1)

    def credits(self, horizon: int) -> list[tuple[Way, float]]:
        """How much each way counts; together 1."""
        credits = []
        for way in WAYS:
            errors = [self._error([(way, 1.0)], origin, horizon) for origin in self._origins(horizon)]
            squared = (sum(each * each for each in errors) + MIN_SQUARED_ERROR) / (len(errors) + 1)
            credits.append(squared**-SHARPNESS)
        return [(way, credit / sum(credits)) for way, credit in zip(WAYS, credits, strict=True)]

    def errors(self, credits: Sequence[tuple[Way, float]]) -> list[tuple[int, float]]:
        """The root mean square error at each horizon, as a logarithm. Days overlap: so many horizons as fit one after the other
        count as seen."""
        found: list[tuple[int, float]] = []
        for horizon in HORIZONS:
            errors = [self._error(credits, origin, horizon) for origin in self._origins(horizon)]
            usual = (found[0][1] if found else PRIOR_ERROR) ** 2 * (0.5 + 0.5 / horizon)
            prior = usual + PRIOR_DRIFT**2 * horizon / HORIZONS[-1]
            squares = sum(each * each for each in errors) / horizon + PRIOR_WINDOWS * prior
            found.append((horizon, sqrt(squares / (len(errors) / horizon + PRIOR_WINDOWS))))
        return found

    def _origins(self, horizon: int) -> range:
        """The days from which past forecasts are judged: once a week is known, if there is more than one."""
        return range(min(WEEK_DAYS, max(1, self.count - horizon)), self.count - horizon + 1)

    def _error(self, credits: Sequence[tuple[Way, float]], origin: int, horizon: int) -> float:
        """How far the days from `origin` on were above (or below) what would have been forecast."""
        factor = self.factors[origin + horizon] - self.factors[origin]
        days, forecast = _damped(horizon / 2), 0.0
        for way, credit in credits:
            level, growth = self.rates[way][origin]
            forecast += credit * level * factor * (exp(growth * days) if growth else 1.0)
        actual = self.spent[origin + horizon] - self.spent[origin]
        return log((actual + self.floor) / (forecast + self.floor))


def _error_over(days: float, errors: Sequence[tuple[int, float]]) -> float:
    """The error over so many days: between horizons by a straight line, beyond them and below one day by the square root."""
    shortest, longest = errors[0], errors[-1]
    if days <= shortest[0]:
        return shortest[1] / sqrt(max(days, 0.02))
    for (left, low), (right, high) in pairwise(errors):
        if days <= right:
            return low + (high - low) * (days - left) / (right - left)
    return longest[1] * sqrt(days / longest[0])


def _damped(days: float) -> float:
    """As so many days of full growth is what grows in `days`."""
    left: float = GROWTH_DAMPING**days
    return (1 - left) / (1 - GROWTH_DAMPING)
