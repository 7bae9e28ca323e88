"""Sums in which what is longer ago counts less: with each half-life half as much. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from decimal import ROUND_CEILING, Context, Decimal

TWO_DIGITS = Context(prec=2, rounding=ROUND_CEILING)
"""More would not be true, and would make new facts of every look. Up, so that rounding lets no model pass a limit."""
LEAST_WEIGHT = 0.01
"""What weighs less together is forgotten."""
HAIR = 1e-4
"""As a share: by so little sums of weights may be off that should be equal, since no two answers are equally old."""
Counts = dict[int, float]
"""Weights by value, which has two digits."""


@dataclass(kw_only=True, slots=True)
class Sums:
    """Of one model's or deployment's calls, each with its weight."""

    calls: float = 0.0
    successes: float = 0.0
    answers: float = 0.0
    """Of them those that are timed."""
    latency_ms: float = 0.0
    output_tokens: float = 0.0
    first_tokens: float = 0.0
    """Of the answers those that told when their first token came."""
    ttft_ms: float = 0.0

    def called(self, is_success: bool, weight: float) -> None:
        self.calls += weight
        self.successes += weight * is_success

    def answered(self, latency_ms: int, ttft_ms: int | None, output_tokens: int, weight: float) -> None:
        self.answers += weight
        self.latency_ms += weight * latency_ms
        self.output_tokens += weight * output_tokens
        if ttft_ms is not None:
            self.first_tokens += weight
            self.ttft_ms += weight * ttft_ms

    def add(self, other: "Sums", share: float) -> None:
        """Put a part of another one to it."""
        for name in SUMS:
            setattr(self, name, getattr(self, name) + share * getattr(other, name))

    @property
    def mean_ms(self) -> float:
        return self.latency_ms / self.answers


SUMS = tuple(each.name for each in fields(Sums))


@dataclass(kw_only=True, slots=True)
class Spread:
    """How long the answers of a sort were, and how long they took."""

    tokens: Counts = field(default_factory=dict)
    times: Counts = field(default_factory=dict)

    def answered(self, latency_ms: int, output_tokens: int, weight: float) -> None:
        for counts, value in ((self.tokens, output_tokens), (self.times, latency_ms)):
            at = rounded(value)
            counts[at] = counts.get(at, 0.0) + weight

    def add(self, other: "Spread", share: float) -> None:
        """Put a part of another one to it."""
        for counts, others in ((self.tokens, other.tokens), (self.times, other.times)):
            for value, weight in others.items():
                if share * weight >= LEAST_WEIGHT:
                    counts[value] = counts.get(value, 0.0) + share * weight

    @property
    def answers(self) -> int:
        return round(sum(self.tokens.values()))


def weight_of(age_s: float, half_life_s: float) -> float:
    """What something of that age counts, 1 for what is new."""
    return float(0.5 ** (max(0.0, age_s) / half_life_s))


def quantile(counts: Mapping[int, float], share: float) -> int:
    """The lowest value that so large a share does not pass."""
    goal, seen = share * sum(counts.values()) * (1 - HAIR), 0.0
    for value in sorted(counts):
        seen += counts[value]
        if seen >= goal:
            return value
    raise ValueError("Nothing was counted.")


def rounded(value: float) -> int:
    """A whole number of two digits; what is a hair above one is that one."""
    return int(two_digits(Decimal(round(value * (1 - HAIR / 10)))))


def two_digits(value: Decimal) -> Decimal:
    return TWO_DIGITS.plus(value)


def at_least(value: float, steps: Iterable[int] = (5, 2, 1)) -> int:
    """The next lower one of 1, 2, 5, 10, 20, 50, ...: so that a sample's size is not another one with every look."""
    whole = round(value)
    if whole < 1:
        return 0
    power = int(10 ** (len(str(whole)) - 1))
    return next(step * power for step in steps if step * power <= whole)
