"""Requests as they may come to a test, made up: users who are unlike, of whom a few ask for most, and prices with a long tail."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from experiments.ab.statistics.sequences import MIN_UNITS
from experiments.ab.types import Measure, Sums

Figures = NDArray[np.float64]
Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]
Come = Literal["whole", "there", "arriving"]
"""How units come: one after another, each with all its requests (sessions); all from the start; or more and more of them."""
Figure = Callable[[np.random.Generator, Figures], Figures]
"""What is measured of requests, by how their units are (standard normal)."""
NARROWEST = 2.8


@dataclass(frozen=True, kw_only=True, slots=True)
class Costs:
    """Log-normal, with so much of its sigma from who asks, and so much from what is asked."""

    user: float = 1.4
    request: float = 1.4

    @property
    def mean(self) -> float:
        return float(np.exp((self.user**2 + self.request**2) / 2))

    def __call__(self, random: np.random.Generator, units: Figures) -> Figures:
        return np.exp(self.user * units + self.request * random.standard_normal(len(units)))


def successes(failing: float, user: float = 1.0) -> Figure:
    """Each unit fails with a probability of its own."""

    def draw(random: np.random.Generator, units: Figures) -> Figures:
        share = np.minimum(0.9, failing * np.exp(user * units - user**2 / 2))
        return (random.random(len(units)) >= share).astype(float)

    return draw


@dataclass(frozen=True, kw_only=True, slots=True)
class Crowd:
    """One kind of traffic."""

    name: str
    measure: Measure = "cost"
    units: int
    requests: int
    come: Come
    share_b: float = 0.5
    tail: float = 1.5
    """Pareto's index of how much a unit asks: the less, the more uneven. 0: requests of a unit are geometric."""
    figure: Figure = Costs()


@dataclass(frozen=True, kw_only=True, slots=True)
class Stream:
    """Requests in their order."""

    unit: Numbers
    is_b: Flags
    y: Figures


def draw(crowd: Crowd, seed: int) -> Stream:
    random = np.random.default_rng(seed)
    unit = _who(crowd, random)
    y = crowd.figure(random, random.standard_normal(crowd.units)[unit])
    return Stream(unit=unit, is_b=(random.random(crowd.units) < crowd.share_b)[unit], y=y)


def _who(crowd: Crowd, random: np.random.Generator) -> Numbers:
    busy = random.pareto(crowd.tail, crowd.units) + 1 if crowd.tail else random.exponential(1, crowd.units)
    if crowd.come == "whole":
        each = np.ceil(busy * crowd.requests / busy.sum()).astype(int)
        return np.repeat(np.arange(crowd.units), each)
    if crowd.come == "there":
        return random.choice(crowd.units, crowd.requests, p=busy / busy.sum())
    arrived = np.sort(random.random(crowd.units))
    arrived[: min(20, crowd.units)] = 0
    return _of_those_who_came(
        np.cumsum(busy), arrived, random.random(crowd.requests), np.linspace(0, 1, crowd.requests)
    )


def _of_those_who_came(busy: Figures, arrived: Figures, drawn: Figures, moments: Figures) -> Numbers:
    """Of each moment one of those who are there by then, by how busy they are."""
    there = np.searchsorted(arrived, moments, side="right")
    return np.searchsorted(busy, drawn * busy[there - 1])


class Looks:
    """The sums of both arms after every single request."""

    def __init__(self, stream: Stream) -> None:
        ones = np.ones(len(stream.y))
        y, w = _before(stream.unit, stream.y), _before(stream.unit, ones)
        grown = np.stack([
            w == 0, stream.y, ones, stream.y * (2 * y + stream.y), (y + stream.y) * (w + 1) - y * w, 2 * w + 1,
        ])  # fmt: skip
        self.a, self.b = (np.cumsum(grown * arm, axis=1) for arm in (~stream.is_b, stream.is_b))

    def after(self, requests: int) -> tuple[Sums, Sums]:
        a, b = (_sums(arm[:, requests - 1].tolist()) for arm in (self.a, self.b))
        return a, b

    def suspect(self, factor: float, truth: float) -> Iterator[int]:
        """After how many requests B looks as if it were not `factor` times A, or not `truth` more. Others need not be looked at:
        no interval is narrower than so many standard errors."""
        with np.errstate(divide="ignore", invalid="ignore"):
            (a, a_variance, a_units), (b, b_variance, b_units) = _ratios(self.a), _ratios(self.b)
            other = a_units / b_units
            absolute = np.maximum(a_variance + b_variance, a_variance * other + b_variance / other)
            a_variance *= factor**2
            relative = np.maximum(a_variance + b_variance, a_variance * other + b_variance / other)
            far = abs(b - factor * a) > NARROWEST * np.sqrt(relative)
            far |= abs(b - a - truth) > NARROWEST * np.sqrt(absolute)
        yield from (np.flatnonzero(far & (np.minimum(a_units, b_units) >= MIN_UNITS)) + 1).tolist()


def _ratios(arm: Figures) -> tuple[Figures, Figures, Figures]:
    _, y, w, yy, yw, ww = arm
    value = y / w
    return value, np.maximum(0, yy - 2 * value * yw + value**2 * ww) / w**2, w**2 / ww


def sums_of(y: Figures, w: Figures) -> Sums:
    """Of units' sums and numbers of requests; those without a request do not count."""
    return _sums([float(each) for each in (np.count_nonzero(w), y.sum(), w.sum(), y @ y, y @ w, w @ w)])


def _sums(figures: Sequence[float]) -> Sums:
    units, y, w, yy, yw, ww = figures
    return Sums(units=int(units), y=y, w=w, yy=yy, yw=yw, ww=ww)


def _before(unit: Numbers, values: Figures) -> Figures:
    """Of each request what its unit's earlier ones add up to."""
    order = np.argsort(unit, kind="stable")
    added = np.cumsum(values[order]) - values[order]
    first = np.r_[True, np.diff(unit[order]) != 0]
    offset = np.maximum.accumulate(np.where(first, np.arange(len(unit)), 0))
    found = np.empty(len(unit))
    found[order] = added - added[offset]
    return found
