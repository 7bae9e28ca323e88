"""What is fitted on prompts whose sources were left out of training: temperatures, and what makes a prompt hard.

On prompts that it was trained on, the table is surer than it ever is of new ones.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from autorouter.classification.features import is_pasted
from autorouter.classification.judged import CATEGORIES
from autorouter.classification.table import Complexities, Weights
from autorouter.training.prompts import Prompt
from autorouter.types import COMPLEXITIES, Category

TEMPERATURES = [hundredths / 100 for hundredths in range(30, 301)]
HARDER_BY_OUTCOME: dict[Category, float] = {"coding": 1.0, "reasoning": 1.0}
"""Small models fail more often there than people who read the prompts think (docs/classifier.md)."""
SIZE_BY_OUTCOME = 0.3
"""Of each doubling of the characters, likewise."""
COMPLEX_MISSED = 2.0
"""To take a complex prompt for an easier one costs so many times what the opposite costs: few are complex, and without it
hardly any would be found."""
PULLS = 1_000
RIDGE = 1.0
Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """A prompt whose source was left out, with its lanes' sums."""

    prompt: Prompt
    lanes: tuple[float, ...]
    fold: int


def calibrated(weights: Weights, held: Sequence[Held]) -> Weights:
    """The weights with what prompts of sources left out say about them."""
    temperatures = (_temperature(held, pasted=False), _temperature(held, pasted=True))
    return replace(weights, temperatures=temperatures, complexities=_complexities(held, temperatures))


def _temperature(held: Sequence[Held], pasted: bool) -> float:
    """The one that makes the log loss least. 1.0 where no prompt tells."""
    of = [each for each in held if is_pasted(each.prompt.asked[-1]) == pasted]
    if not of:
        return 1.0
    lanes = np.array([each.lanes[:-1] for each in of])
    true = np.array([CATEGORIES.index(each.prompt.category) for each in of])
    return min(TEMPERATURES, key=lambda temperature: _log_loss(_shares(lanes / temperature), true))


def _shares(lanes: Array) -> Array:
    odds = np.exp(lanes - lanes.max(axis=1, keepdims=True))
    shares: Array = odds / odds.sum(axis=1, keepdims=True)
    return shares


def _log_loss(shares: Array, true: npt.NDArray[np.int64]) -> float:
    return round(float(-np.log(np.maximum(shares[np.arange(len(true)), true], 1e-12)).mean()), 9)


def _complexities(held: Sequence[Held], temperatures: tuple[float, float]) -> Complexities:
    """Fitted to what readers said; then what outcomes say is added, and scale and steps are fitted again."""
    of = [each for each in held if each.prompt.complexity]
    true = np.array([COMPLEXITIES.index(each.prompt.complexity) for each in of if each.prompt.complexity])
    texts = [each.prompt.asked[-1] for each in of]
    divisors = np.array([temperatures[is_pasted(text)] for text in texts])
    shares = _shares(np.array([each.lanes[:-1] for each in of]) / divisors[:, np.newaxis])
    columns = np.column_stack(
        [[each.lanes[-1] for each in of], [math.log2(1 + len(text)) for text in texts], shares[:, :-1]]
    )
    by_readers, _ = _ordered(columns, true)
    by_outcome = [0.0, SIZE_BY_OUTCOME, *(HARDER_BY_OUTCOME.get(name, 0.0) for name in CATEGORIES[:-1])]
    harder = by_readers + np.array(by_outcome)
    (scale,), (moderate, hard) = _ordered((columns @ harder)[:, np.newaxis], true)
    lane, size, *categories = [round(float(scale * each), 3) for each in harder]
    steps = (round(moderate, 3), round(hard - math.log(COMPLEX_MISSED), 3))
    return Complexities(lane=lane, size=size, categories=(*categories, 0.0), steps=steps)


def _ordered(columns: Array, true: npt.NDArray[np.int64]) -> tuple[Array, tuple[float, float]]:
    """An ordered logistic regression by accelerated descent: a weight for each column, and the two steps."""
    mean, spread = columns.mean(axis=0), columns.std(axis=0) + 1e-9
    given = (columns - mean) / spread
    at = ahead = np.array([*np.zeros(given.shape[1]), -0.5, 1.5])
    for pull in range(PULLS):
        before, at = at, ahead - _slope(ahead, given, true)
        ahead = at + pull / (pull + 3) * (at - before)
    found = at[:-2] / spread
    shift = float(found @ mean)
    return found, (float(at[-2]) + shift, float(at[-1]) + shift)


def _slope(at: Array, given: Array, true: npt.NDArray[np.int64]) -> Array:
    """The slope of the mean log loss of both steps' questions, "is it beyond?", with a ridge, times a step that is safe."""
    hardness = given @ at[:-2]
    misses = np.stack([1 / (1 + np.exp(step - hardness)) - (true > place) for place, step in enumerate(at[-2:])])
    slopes: Array = np.concatenate([misses.sum(axis=0) @ given + RIDGE * at[:-2], -misses.sum(axis=1)])
    slopes *= 2 / (len(true) * (given.shape[1] + 1))
    return slopes
