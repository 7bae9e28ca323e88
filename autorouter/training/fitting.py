"""Fits one linear model to labelled prompts: a softmax over categories and an ordered scale of complexity.

Stochastic gradient descent on the log loss with weight decay, one prompt after the other in an order of a fixed seed, sums
in one order: the same prompts give the same weights.
"""

import math
import random
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from autorouter.classification.judged import CATEGORIES
from autorouter.classification.table import LANES, Complexities, Weights, pack
from autorouter.training.examples import MEASURE_ROWS, Counted, Examples, examples, lexicon

SCALE = 100
EPOCHS = 12
RATE = 1.5
"""The first step's; it falls to none along a line."""
DECAY = 1e-5
MIN_WEIGHT = 0.8
"""Terms with smaller weights all over are left out."""
Table = npt.NDArray[np.float64]
"""Rows of LANES weights."""


def fit(prompts: Sequence[Counted], epochs: int = EPOCHS) -> Weights:
    """The weights that tell the prompts' categories and complexities best, quantised and pruned, not yet calibrated."""
    given = examples(prompts)
    table, steps = _descend(given, epochs)
    return _quantised(table * given.emphasis[:, np.newaxis], steps, given.names)


def _descend(given: Examples, epochs: int) -> tuple[Table, list[float]]:
    """The weights, and the steps of complexity. The decay is kept in one factor of all weights."""
    table = np.zeros((len(given.names), LANES))
    steps = [-0.5, 0.5]
    order = list(range(len(given.shares)))
    factor, done, total = 1.0, 0, epochs * len(order)
    chance = random.Random(7)  # noqa: S311 - an order, not a secret
    for _ in range(epochs):
        chance.shuffle(order)
        for place in order:
            rate = RATE * (1 - done / total)
            done += 1
            of = slice(given.offsets[place], given.offsets[place + 1])
            rows, values = given.rows[of], given.values[of, np.newaxis]
            held = table[rows]
            lanes = ((values * held).sum(axis=0) * factor).tolist()
            slopes = _slopes(lanes, steps, given, place, rate)
            factor *= 1 - rate * DECAY
            table[rows] = held - values * (np.array(slopes) / factor)
    return table * factor, steps


def _slopes(lanes: Sequence[float], steps: list[float], given: Examples, place: int, rate: float) -> list[float]:
    """The log loss's slope along each lane, times the rate; moves the steps of complexity on the way."""
    top = max(lanes[:-1])
    odds = [math.exp(lane - top) for lane in lanes[:-1]]
    total, step_rate = sum(odds), rate * given.category_weights[place]
    slopes = [step_rate * (each / total - share) for each, share in zip(odds, given.shares[place], strict=True)]
    return [*slopes, _complexity_slope(lanes[-1], steps, given, place, rate)]


def _complexity_slope(lane: float, steps: list[float], given: Examples, place: int, rate: float) -> float:
    complexity, sum_of_slopes = given.complexities[place], 0.0
    if complexity is not None:
        for at, step in enumerate(steps):
            slope = rate * given.complexity_weights[place] * (1 / (1 + math.exp(step - lane)) - (complexity > at))
            sum_of_slopes += slope
            steps[at] += slope
    return sum_of_slopes


def _quantised(table: Table, steps: Sequence[float], names: Sequence[str]) -> Weights:
    rows = dict(zip(names, table, strict=True))
    return Weights(
        scale=SCALE,
        terms=_packed(rows, lexicon()),
        measures=tuple(tuple(_whole(rows[name])) for name in MEASURE_ROWS),
        temperatures=(1.0, 1.0),
        complexities=Complexities(lane=1.0, size=0.0, categories=(0.0,) * len(CATEGORIES), steps=(steps[0], steps[1])),
    )


def _packed(rows: Mapping[str, Table], concepts: Mapping[str, Sequence[str]]) -> dict[str, int]:
    packed = {}
    for term in rows:
        if term[0] not in "=@":
            lanes = sum((rows[name] for name in concepts.get(term, ())), rows[term])
            if max(map(abs, lanes)) >= MIN_WEIGHT:
                packed[term] = pack(_whole(lanes))
    return packed


def _whole(lanes: Table) -> list[int]:
    return [round(lane * SCALE) for lane in lanes.tolist()]
