"""Tests of variants, made up ten thousand times: how often they say what is not so while somebody looks after every request, and
how much later than a test of fixed size they say what is so."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from math import sqrt
from statistics import NormalDist, median

import numpy as np

from experiments.ab.statistics import quantiles
from experiments.ab.statistics.allocating import share_b
from experiments.ab.statistics.ratio import sample_ratio
from experiments.ab.statistics.sequences import ALPHA, compared, ratio
from experiments.ab.statistics.sizes import Needed, units_needed
from experiments.ab.types import Compared, Interval, Sums
from routerhub import intervals
from tests.bench.crowds import Costs, Crowd, Figures, Flags, Looks, Numbers, draw, successes, sums_of
from tests.bench.tables import table

RUNS = 10_000
SESSIONS = Crowd(name="sessions that end", units=1_000, requests=5_000, come="whole", tail=0)
THERE = Crowd(name="300 users from the start", units=300, requests=5_000, come="there")
ARRIVING = Crowd(name="users arrive and stay", units=500, requests=5_000, come="arriving")
FEW = Crowd(name="60 users", units=60, requests=3_000, come="there")
ALIKE, LIGHT = Costs(user=0, request=2), Costs(user=0.3, request=0.5)
COSTS = (
    SESSIONS,
    replace(SESSIONS, name="sessions, a few very long", tail=1.5),
    THERE,
    replace(THERE, name="300 users who are alike", figure=ALIKE),
    replace(THERE, name="the same, light tail, for long", requests=30_000, figure=Costs(user=0, request=0.5)),
    ARRIVING,
    replace(ARRIVING, name="the same, light tail", figure=LIGHT),
    FEW,
    replace(FEW, name="60 users who are alike", figure=ALIKE),
    replace(SESSIONS, name="60 sessions", units=60, requests=60),
    replace(ARRIVING, name="80/20", share_b=0.2),
    replace(ARRIVING, name="95/5", share_b=0.05),
    replace(SESSIONS, name="95/5, sessions that end", share_b=0.05),
    replace(ARRIVING, name="99/1", units=2_000, requests=10_000, share_b=0.01),
)
SUCCEEDING = replace(ARRIVING, name="97 %, users arrive and stay", measure="success", figure=successes(0.03))
SUCCESSES = (
    SUCCEEDING,
    replace(SUCCEEDING, name="97 %, 95/5", share_b=0.05),
    replace(SUCCEEDING, name="99.5 %, sessions, 95/5", come="whole", tail=0, share_b=0.05, figure=successes(0.005)),
    replace(SUCCEEDING, name="80 %, 100 users who are alike", units=100, come="there", figure=successes(0.2, user=0)),
    replace(SUCCEEDING, name="97 %, 60 users", units=60, requests=2_000, come="there"),
)
TIMES = (
    replace(ARRIVING, name="users arrive and stay", requests=3_000, figure=Costs(user=0.5, request=1)),
    replace(SESSIONS, name="sessions that end", requests=3_000, figure=Costs(user=0.5, request=0.5)),
)
ADAPTIVE = (
    replace(SESSIONS, figure=LIGHT),
    replace(ARRIVING, units=1_000),
    replace(ARRIVING, name="the same, alike, light tail", units=1_000, figure=Costs(user=0, request=0.5)),
    replace(SUCCEEDING, name="success 90 %", units=1_000, figure=successes(0.1)),
)
FACTOR = 3.0
"""B costs so many times as much, or so little, where it is asked whether the truth is ever outside."""
BLOCKS = 50
"""So often the share of new units follows what was seen, and somebody looks; so often quantiles are looked at."""
SHARES = ((0.5, 0.5), (0.05, 0.05), (0.5, 0.502), (0.5, 0.55), (0.5, 0.05), (0.05, 0.08))
"""As configured, and as it is."""
MAX_UNITS = 1_000_000
DIFFERENCES = (
    (replace(SESSIONS, name="cost -20 %, sessions, sigma .6", figure=LIGHT), 0.8),
    (replace(SESSIONS, name="cost -30 %, sessions, sigma 1.2", figure=Costs(user=0.85, request=0.85)), 0.7),
    (replace(SESSIONS, name="success 90 to 94 %, sessions", measure="success", figure=successes(0.1)), 0.6),
)
"""And what B's figures (of success: what it fails) are times A's."""


def main(runs: int = RUNS) -> None:
    rows = [[f"cost, {crowd.name}", _share(wrong(crowd, seed) for seed in range(runs))] for crowd in COSTS]
    rows += [[f"success {crowd.name}", _share(wrong(crowd, seed) for seed in range(runs))] for crowd in SUCCESSES]
    rows += [
        [f"slowest 5 %, {crowd.name}", _share(wrong_quantile(crowd, seed) for seed in range(runs))] for crowd in TIMES
    ]
    rows += [
        [f"adaptive, {crowd.name}", _share(wrong_adaptive(crowd, seed) for seed in range(runs))] for crowd in ADAPTIVE
    ]
    print(f"{table(['B is as A', 'says a difference, %'], rows)}\n", flush=True)
    head = ["the truth is ever outside, %", f"B costs {FACTOR:g} times A", "a third"]
    factors = (FACTOR, 1 / FACTOR)
    rows = [
        [crowd.name, *(_share(wrong(crowd, seed, of) for seed in range(runs // 10)) for of in factors)]
        for crowd in COSTS
    ]
    print(f"{table(head, rows)}\n", flush=True)
    print(f"{table(['configured', 'is', 'alarms, %', 'units, median'], list(_sample_ratios(runs)))}\n", flush=True)
    head = ["a true difference", "fixed, units", "shown, %", "watched, units", "shown, %", "median, units", "of fixed"]
    print(table(head, [_power(*each, runs // 10) for each in DIFFERENCES]))


def _share(happened: Iterable[bool]) -> str:
    """In how many of a hundred, and the interval of that."""
    found = list(happened)
    low, high = intervals.wilson(sum(found), len(found))
    return f"{100 * sum(found) / len(found):.2f} ({100 * low:.2f} to {100 * high:.2f})"


def wrong(crowd: Crowd, seed: int, factor: float = 1.0) -> bool:
    """Whether the truth, that B costs `factor` times A, is outside an interval after any request."""
    stream = draw(crowd, seed)
    looks = Looks(replace(stream, y=np.where(stream.is_b, factor * stream.y, stream.y)))
    truth = (factor - 1) * crowd.figure.mean if isinstance(crowd.figure, Costs) else 0.0
    for requests in looks.suspect(factor, truth):
        found = compared(crowd.measure, *looks.after(requests))
        if _is_outside(truth, found.difference) or _is_outside(factor - 1, found.relative):
            return True
    return False


def _is_outside(truth: float, interval: Interval | None) -> bool:
    if interval is None:
        return False
    return (interval.low is not None and truth < interval.low) or (interval.high is not None and truth > interval.high)


def wrong_quantile(crowd: Crowd, seed: int) -> bool:
    """Whether a difference of the slowest 5 % is shown at any look."""
    stream = draw(crowd, seed)
    looks = np.geomspace(100, len(stream.y), BLOCKS).astype(int)
    return any(
        quantile_compared(
            [(stream.unit[:at][arm[:at]], stream.y[:at][arm[:at]]) for arm in (~stream.is_b, stream.is_b)]
        ).says
        != "open"
        for at in looks
    )


def quantile_compared(arms: list[tuple[Numbers, Figures]]) -> Compared:
    """Of both arms' units and times, as the database would read them."""
    times = [np.sort(y) for _, y in arms]
    found = [_read(each, quantiles.SHARE) for each in times]
    a, b = (
        sums_of(np.bincount(unit, y <= quantile).astype(float), np.bincount(unit).astype(float))
        for (unit, y), quantile in zip(arms, found, strict=True)
    )
    of_a, of_b = (
        Interval(
            estimate=estimate, low=levels.low and _read(each, levels.low), high=levels.high and _read(each, levels.high)
        )
        for each, estimate, levels in zip(times, found, quantiles.levels(a, b), strict=True)
    )
    return quantiles.compared(of_a, of_b)


def _read(times: Figures, level: float) -> float:
    return float(times[int(np.ceil(level * len(times))) - 1])


class Adaptive:
    """A test whose new units get B with a share that follows what was seen, and whose requests are weighted by it."""

    def __init__(self, units: int, seed: int) -> None:
        self.random = np.random.default_rng((seed, 1))
        self.share = 0.5
        self.propensity, self.is_b = np.zeros(units), np.zeros(units, dtype=bool)
        self.y, self.w = np.zeros(units), np.zeros(units)

    def add(self, unit: Numbers, y: Figures) -> None:
        new = np.unique(unit[self.propensity[unit] == 0])
        self.is_b[new] = self.random.random(len(new)) < self.share
        self.propensity[new] = np.where(self.is_b[new], self.share, 1 - self.share)
        self.y += np.bincount(unit, y, len(self.y))
        self.w += np.bincount(unit, minlength=len(self.w))

    def sums(self) -> tuple[Sums, Sums]:
        weight = np.divide(1, self.propensity, out=np.zeros(len(self.y)), where=self.propensity > 0)
        a, b = (sums_of(self.y * weight * arm, self.w * weight * arm) for arm in (~self.is_b, self.is_b))
        return a, b


def wrong_adaptive(crowd: Crowd, seed: int) -> bool:
    """Whether a difference is shown at any look."""
    stream, test = draw(crowd, seed), Adaptive(crowd.units, seed)
    for unit, y in zip(np.array_split(stream.unit, BLOCKS), np.array_split(stream.y, BLOCKS), strict=True):
        test.add(unit, y)
        if compared(crowd.measure, *test.sums()).says != "open":
            return True
        test.share = share_b(crowd.measure, *test.sums())
    return False


def _sample_ratios(runs: int) -> Iterator[list[str]]:
    for configured, true in SHARES:
        found = [alarm(configured, true, seed) for seed in range(runs)]
        units = [each for each in found if each is not None]
        share = _share(each is not None for each in found)
        yield [f"{configured:.1%}", f"{true:.1%}", share, f"{median(units):,.0f}" if units else "-"]


def alarm(configured: float, true: float, seed: int) -> int | None:
    """After how many units the numbers are said not to fit, at 200 looks until there are a million."""
    looks = np.unique(np.geomspace(1, MAX_UNITS, 200).astype(int))
    of_b = np.cumsum(np.random.default_rng(seed).binomial(np.diff(looks, prepend=0), true))
    for units, b in zip(looks.tolist(), of_b.tolist(), strict=True):
        if not sample_ratio(units - b, b, configured).fits:
            return int(units)
    return None


def _power(crowd: Crowd, factor: float, runs: int) -> list[str]:
    needed = needed_for(crowd, factor)
    found = [shown(crowd, factor, needed, seed) for seed in range(runs)]
    watched = [after for _, after in found if after is not None]
    middle = median(after if after is not None else needed.watched for _, after in found)
    return [
        crowd.name, f"{needed.fixed:,}", f"{100 * sum(fixed for fixed, _ in found) / runs:.0f}", f"{needed.watched:,}",
        f"{100 * len(watched) / runs:.0f}", f"{middle:,.0f}", f"{middle / needed.fixed:.2f}",
    ]  # fmt: skip


def needed_for(crowd: Crowd, factor: float) -> Needed:
    """As the calculator says after twenty thousand units without a test."""
    pilot = replace(crowd, units=20_000, requests=100_000, share_b=0)
    sums = Looks(draw(pilot, 10**6)).after(100_000)[0]
    effect = (1 - factor) * (1 - sums.y / sums.w) if crowd.measure == "success" else 1 - factor
    needed = units_needed(crowd.measure, sums, effect)
    assert needed is not None
    return needed


def shown(crowd: Crowd, factor: float, needed: Needed, seed: int) -> tuple[bool, int | None]:
    """Whether a test of fixed size shows the difference, and after how many units a watched one does, if by its end."""
    stream = draw(replace(crowd, units=needed.watched, requests=5 * needed.watched), seed)
    looks = Looks(replace(stream, y=_changed(crowd, factor, stream.y, stream.is_b, seed)))
    at_fixed = looks.after(int(np.searchsorted(stream.unit, needed.fixed)))
    for after in np.geomspace(100, len(stream.y), 200).astype(int).tolist():
        a, b = looks.after(after)
        if a.w and b.w and compared(crowd.measure, a, b, tuned_for=needed.tuned_for).says == "better":
            return _fixed(crowd, *at_fixed), a.units + b.units
    return _fixed(crowd, *at_fixed), None


def _fixed(crowd: Crowd, a: Sums, b: Sums) -> bool:
    """The usual test of a difference, looked at once."""
    of_a, of_b = ratio(crowd.measure, a), ratio(crowd.measure, b)
    if of_a is None or of_b is None:
        return False
    return abs(of_b.value - of_a.value) > NormalDist().inv_cdf(1 - ALPHA / 2) * sqrt(of_a.variance + of_b.variance)


def _changed(crowd: Crowd, factor: float, y: Figures, is_b: Flags, seed: int) -> Figures:
    if crowd.measure != "success":
        return np.where(is_b, factor * y, y)
    mended = np.random.default_rng((seed, 2)).random(len(y)) >= factor
    return np.where(is_b & (y == 0) & mended, 1.0, y)
