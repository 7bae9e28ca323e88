"""Fits one linear model to labelled prompts: a softmax over categories and an ordered scale of complexity.

A term's weight is its own plus those of the concepts it belongs to (lexicon.txt), so a word that no prompt holds still
counts. Stochastic gradient descent on the log loss with weight decay, in plain Python with one random generator of a
fixed seed: the same prompts give the same weights.
"""

import math
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from autorouter.classification.features import MEASURES, excerpt, measures, terms
from autorouter.classification.judged import CATEGORIES
from autorouter.classification.table import EARLIER_SHARE, EARLIER_TURNS, LANES, Weights, pack
from autorouter.training.prompts import SEED, Prompt
from autorouter.types import COMPLEXITIES

SCALE = 100
EPOCHS = 12
RATE = 1.5
"""The first step's; it falls to none along a line."""
DECAY = 2e-5
SEEN_IN = 3
"""A term must stand in this many prompts, or in the lexicon."""
GROUP_PROMPTS = 60
"""At most so many prompts of a group are read, and together"""
GROUP_WEIGHT = 8.0
"""they count as much as so many of the seed set: a public set has one format, which must not pass for its category."""
MIN_WEIGHT = 0.4
"""Terms with smaller weights all over are left out."""
MEASURE_ROWS = [f"={name}" for name in MEASURES]
LEXICON_FILE = Path(__file__).parent / "lexicon.txt"


def lexicon(path: Path = LEXICON_FILE) -> dict[str, list[str]]:
    """The concepts ("@maths") by term."""
    concepts: dict[str, list[str]] = defaultdict(list)
    for line in path.read_text(encoding="utf-8").splitlines():
        name, _, listed = line.partition(": ")
        for term in listed.split(", "):
            concepts[term].append(f"@{name}")
    return dict(concepts)


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """A prompt as numbers."""

    features: Sequence[tuple[int, float]]
    """Rows of the weights, with values."""
    category: int | None
    complexity: int | None
    """Places in CATEGORIES and COMPLEXITIES, None if not labelled."""
    weight: float


def fit(prompts: Sequence[Prompt], epochs: int = EPOCHS) -> Weights:
    """The weights that tell the prompts' categories and complexities best, quantised and pruned."""
    prompts = _capped(prompts)
    concepts = lexicon()
    counted = [_counted(prompt) for prompt in prompts]
    standing = Counter(term for values in counted for term in values)
    known = sorted({*concepts, *(term for term, times in standing.items() if times >= SEEN_IN)})
    names = [*MEASURE_ROWS, *sorted({name for of in concepts.values() for name in of}), *known]
    rows = {name: row for row, name in enumerate(names)}
    examples = [
        _example(prompt, values, weight, rows, concepts)
        for prompt, values, weight in zip(prompts, counted, _weighed(prompts), strict=True)
    ]
    table, steps = _descend(examples, len(rows), epochs)
    return _quantised(table, steps, rows, known, concepts)


def _capped(prompts: Iterable[Prompt]) -> list[Prompt]:
    """All of the seed set, and the first of each group and category beside it."""
    seen: Counter[tuple[str, str | None]] = Counter()
    capped = []
    for prompt in prompts:
        seen[prompt.group, prompt.category] += 1
        if prompt.source == SEED or seen[prompt.group, prompt.category] <= GROUP_PROMPTS:
            capped.append(prompt)
    return capped


def _weighed(prompts: Sequence[Prompt]) -> list[float]:
    """The prompts' weights: 1 on average, every category the same in sum."""
    groups = Counter((prompt.group, prompt.category) for prompt in prompts)
    shares = [
        1.0 if prompt.source == SEED else min(1.0, GROUP_WEIGHT / groups[prompt.group, prompt.category])
        for prompt in prompts
    ]
    totals: Counter[str | None] = Counter()
    for prompt, share in zip(prompts, shares, strict=True):
        totals[prompt.category] += share  # type: ignore[assignment]
    mean = sum(total for category, total in totals.items() if category) / max(1, len(totals.keys() - {None}))
    return [
        share * mean / totals[prompt.category] if prompt.category else share
        for prompt, share in zip(prompts, shares, strict=True)
    ]


def _counted(prompt: Prompt) -> dict[str, float]:
    """What each term of a prompt counts, as `classifier.sums` has it."""
    values = dict.fromkeys(terms(excerpt(prompt.asked[-1])), 1.0)
    for turn in prompt.asked[-1 - EARLIER_TURNS : -1]:
        for term in terms(excerpt(turn)):
            values.setdefault(term, EARLIER_SHARE)
    return values


def _example(
    prompt: Prompt,
    values: Mapping[str, float],
    weight: float,
    rows: Mapping[str, int],
    concepts: Mapping[str, Sequence[str]],
) -> Example:
    norm = math.sqrt(sum(value * value for value in values.values())) or 1.0
    features: Counter[int] = Counter()
    for term in sorted(values):
        for name in (term, *concepts.get(term, ())):
            if name in rows:
                features[rows[name]] += values[term] / norm  # type: ignore[assignment]
    for name, value in zip(MEASURE_ROWS, measures(excerpt(prompt.asked[-1])), strict=True):
        features[rows[name]] = value  # type: ignore[assignment]
    return Example(
        features=list(features.items()),
        category=CATEGORIES.index(prompt.category) if prompt.category else None,
        complexity=COMPLEXITIES.index(prompt.complexity) if prompt.complexity else None,
        weight=weight,
    )


def _descend(examples: Sequence[Example], rows: int, epochs: int) -> tuple[list[list[float]], list[float]]:
    """Rows of LANES weights, and the steps of complexity. The decay is kept in one factor of all weights."""
    table = [[0.0] * LANES for _ in range(rows)]
    steps = [-0.5, 0.5]
    factor, done, total = 1.0, 0, epochs * len(examples)
    order = list(range(len(examples)))
    chance = random.Random(7)  # noqa: S311 - an order, not a secret
    for _ in range(epochs):
        chance.shuffle(order)
        for place in order:
            example = examples[place]
            rate = RATE * (1 - done / total)
            done += 1
            slopes = _slopes(_forward(table, example, factor), steps, example, rate)
            factor *= 1 - rate * DECAY
            for row, value in example.features:
                weights = table[row]
                share = value / factor
                table[row] = [weight - share * slope for weight, slope in zip(weights, slopes, strict=True)]
    return [[weight * factor for weight in weights] for weights in table], steps


def _forward(table: Sequence[Sequence[float]], example: Example, factor: float) -> list[float]:
    lanes = [0.0] * LANES
    for row, value in example.features:
        lanes = [lane + value * weight for lane, weight in zip(lanes, table[row], strict=True)]
    return [lane * factor for lane in lanes]


def _slopes(lanes: Sequence[float], steps: list[float], example: Example, rate: float) -> list[float]:
    """The log loss's slope along each lane, times the rate; moves the steps of complexity on the way."""
    rate *= example.weight
    slopes = [0.0] * LANES
    if example.category is not None:
        top = max(lanes[:-1])
        shares = [math.exp(lane - top) for lane in lanes[:-1]]
        total = sum(shares)
        slopes[:-1] = [rate * share / total for share in shares]
        slopes[example.category] -= rate
    if example.complexity is not None:
        for place, step in enumerate(steps):
            slope = rate * (1 / (1 + math.exp(step - lanes[-1])) - (example.complexity > place))
            slopes[-1] += slope
            steps[place] += slope
    return slopes


def _quantised(
    table: Sequence[Sequence[float]],
    steps: Sequence[float],
    rows: Mapping[str, int],
    known: Iterable[str],
    concepts: Mapping[str, Sequence[str]],
) -> Weights:
    packed = {}
    for term in known:
        of = [table[rows[name]] for name in (term, *concepts.get(term, ()))]
        lanes = [sum(lane) for lane in zip(*of, strict=True)]
        if max(map(abs, lanes)) >= MIN_WEIGHT:
            packed[term] = pack([round(lane * SCALE) for lane in lanes])
    return Weights(
        scale=SCALE,
        terms=packed,
        measures=tuple(tuple(round(lane * SCALE) for lane in table[rows[name]]) for name in MEASURE_ROWS),
        steps=tuple(round(step * SCALE) for step in steps),
    )
