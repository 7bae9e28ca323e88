"""How well prompts are judged, as figures with intervals. Pure."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from autorouter.training.report import SUREST, Found, calibration_error

RESAMPLED = 300
Figure = Callable[[Sequence[Found]], float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Interval:
    """A figure, with what 95 of 100 samples of such prompts would give."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def right(answers: Sequence[Found]) -> float:
    """The share whose category is the reader's first."""
    return float(np.mean([judged.category == one.category for one, judged in answers]))


def either(answers: Sequence[Found]) -> float:
    """The share whose category is one of the reader's two."""
    return float(np.mean([judged.category in (one.category, one.second) for one, judged in answers]))


def surest(answers: Sequence[Found]) -> float:
    """How many are right of those of which the judge is surest."""
    ordered = sorted(answers, key=lambda answer: -answer[1].confidence)
    return right(ordered[: max(1, round(SUREST * len(ordered)))])


def difficulty(answers: Sequence[Found]) -> float:
    """The share whose complexity is the reader's, of those where one said it."""
    said = [judged.complexity == one.complexity for one, judged in answers if one.complexity]
    return float(np.mean(said)) if said else float("nan")


FIGURES: dict[str, Figure] = {
    "right": right,
    "either label": either,
    "surest 70 %": surest,
    "difficulty": difficulty,
    "calibration error": calibration_error,
}


def interval(figure: Figure, answers: Sequence[Found]) -> Interval:
    """By drawing the prompts anew, with replacement; the calibration error of a sample is biased upwards, so it is wide there."""
    chance = random.Random(11)  # noqa: S311 - samples, not secrets
    drawn = [figure(chance.choices(answers, k=len(answers))) for _ in range(RESAMPLED)]
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return Interval(value=figure(answers), low=float(low), high=float(high))


def lines(answers: Sequence[Found]) -> Iterator[str]:
    """Each figure with its interval."""
    for name, figure in FIGURES.items():
        yield f"  {name:18} {interval(figure, answers)} of {len(answers)}"


def kind_lines(answers: Sequence[Found]) -> Iterator[str]:
    """How many of each category are found."""
    for category in sorted({one.category for one, _ in answers}):
        of = [answer for answer in answers if answer[0].category == category]
        yield f"  {category:18} {right(of):.2f} of {len(of)}"
