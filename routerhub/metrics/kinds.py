"""Counters, gauges and histograms of this process, as plain numbers.

To count is an addition and, where there are labels, one look into a dictionary: a request counts about twenty things in a
few microseconds. What a scrape needs besides (names, the other processes, text) is worked out when one comes.

Labels come from what the product knows itself (a catalogue's providers and models, the code's own words), never from a
client's or an upstream's text. Should they run wild all the same, what is beyond MAX_SERIES is counted as OTHER.
"""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, Literal, TypeVar

Kind = Literal["counter", "gauge", "histogram"]
Merge = Literal["sum", "max", "min"]
"""What several processes' gauges come to. All else is added up."""
Labels = tuple[str, ...]
Sample = float | Sequence[float]
"""Of a histogram: how many were observed in each bucket, the last one without a bound, and then the sum of them all."""
MAX_SERIES = 2_000
OTHER = "other"
SECONDS = (
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300,
)  # fmt: skip
"""Bounds of durations: from a decision to the longest request."""
ITEMS = (1, 2, 4, 8, 16, 32, 64, 128, 256)


@dataclass(frozen=True, kw_only=True, slots=True)
class Family:
    """A metric and what it came to, of one process or of several."""

    name: str
    """Without the ending that its kind has in the text of a scrape (_total, _bucket)."""
    help: str
    kind: Kind
    labels: Labels
    samples: Mapping[Labels, Sample]
    merge: Merge = "sum"
    bounds: tuple[float, ...] = ()


class Value:
    """A number that is counted up, or down."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: float = 0

    def inc(self, by: float = 1) -> None:
        self.value += by

    def dec(self) -> None:
        self.value -= 1

    def sample(self) -> Sample:
        return self.value


class Distribution:
    """How many values were observed in each bucket, and their sum."""

    __slots__ = ("_bounds", "counts", "sum")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        self.counts[bisect_left(self._bounds, value)] += 1
        self.sum += value

    def sample(self) -> Sample:
        return [*self.counts, self.sum]


Cell = TypeVar("Cell", Value, Distribution)


class Metric(Generic[Cell]):
    """One name with its cells, one for each combination of labels that occurred."""

    def __init__(self, family: Family, new: Callable[[], Cell]) -> None:
        self._family = family
        self._new: Callable[[], Cell] = new
        self._cells: dict[Labels, Cell] = {}
        _registered.append(self)

    def labels(self, *values: str) -> Cell:
        """The cell of these labels, in the order in which the metric names them."""
        return self._cells.get(values) or self._add(values)

    def _add(self, values: Labels) -> Cell:
        if len(values) != len(self._family.labels):
            raise ValueError(f"{self._family.name} has the labels {self._family.labels}, not {values}.")
        if len(self._cells) >= MAX_SERIES:
            values = (OTHER,) * len(values)
        return self._cells.setdefault(values, self._new())

    def family(self) -> Family:
        return replace(self._family, samples={labels: cell.sample() for labels, cell in self._cells.copy().items()})


class Reading:
    """A gauge that is read when it is asked for, while somebody has something to tell."""

    def __init__(self, family: Family) -> None:
        self._family = family
        self.read: Callable[[], Mapping[Labels, float]] = dict
        _registered.append(self)

    def family(self) -> Family:
        return replace(self._family, samples=self.read())


_registered: list[Metric[Value] | Metric[Distribution] | Reading] = []


def counter(name: str, help: str, *labels: str) -> Metric[Value]:
    return Metric(_family(name, help, "counter", labels), Value)


def gauge(name: str, help: str, *labels: str) -> Metric[Value]:
    """One that all processes add to. See `reading` for what they all see alike."""
    return Metric(_family(name, help, "gauge", labels), Value)


def reading(name: str, help: str, *labels: str, merge: Merge) -> Reading:
    return Reading(replace(_family(name, help, "gauge", labels), merge=merge))


def histogram(name: str, help: str, *labels: str, bounds: tuple[float, ...] = SECONDS) -> Metric[Distribution]:
    return Metric(replace(_family(name, help, "histogram", labels), bounds=bounds), lambda: Distribution(bounds))


def _family(name: str, help: str, kind: Kind, labels: Labels) -> Family:
    return Family(name=name, help=help, kind=kind, labels=labels, samples={})


def families() -> list[Family]:
    """All that this process counted so far."""
    return [each.family() for each in _registered]
