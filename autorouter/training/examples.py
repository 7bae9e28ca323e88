"""Prompts as numbers: which rows of the weights each one touches and by how much, what it should come to, what it counts.

A term's weight is its own plus those of the concepts it belongs to (lexicon.txt), so a word that no prompt holds still
counts. Rows that few prompts touch are emphasised, else they would learn too little from them.
"""

import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from autorouter.classification.features import MEASURES, excerpt, measures, terms
from autorouter.classification.judged import CATEGORIES
from autorouter.classification.table import EARLIER_SHARE, EARLIER_TURNS
from autorouter.training.prompts import SEED, Prompt
from autorouter.types import COMPLEXITIES

SEEN_IN = 3
"""A term must stand in this many prompts, or in the lexicon."""
SEED_WEIGHT = 0.3
"""What a seed prompt counts beside one that was labelled by reading: it was written to be of its category."""
SECOND_SHARE = 0.2
"""How much of a prompt belongs to its second category."""
MIN_EMPHASIS = 0.05
COMMONEST, USUAL = 20_000, 130
"""A row that so many prompts touch is not emphasised at all, one that so many touch by 1, rarer ones by more."""
MEASURE_ROWS = [f"={name}" for name in MEASURES]
LEXICON_FILE = Path(__file__).parent / "lexicon.txt"
Values = Mapping[str, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Counted:
    """A prompt as it is read: what each term counts, and its measures."""

    prompt: Prompt
    terms: Values
    measures: tuple[float, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Examples:
    """All prompts in one row of numbers: the example at `place` touches `rows[offsets[place]:offsets[place + 1]]`."""

    names: Sequence[str]
    """Of the rows: measures, concepts, terms."""
    emphasis: npt.NDArray[np.float64]
    """By row. Values are multiplied by it, and so are weights in the end."""
    rows: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]
    offsets: Sequence[int]
    shares: Sequence[Sequence[float]]
    """How much of each prompt belongs to each of CATEGORIES."""
    complexities: Sequence[int | None]
    """Places in COMPLEXITIES."""
    category_weights: Sequence[float]
    complexity_weights: Sequence[float]


def lexicon(path: Path = LEXICON_FILE) -> dict[str, list[str]]:
    """The concepts ("@maths") by term."""
    concepts: dict[str, list[str]] = defaultdict(list)
    for line in path.read_text(encoding="utf-8").splitlines():
        name, _, listed = line.partition(": ")
        for term in listed.split(", "):
            concepts[term].append(f"@{name}")
    return dict(concepts)


def counted(prompt: Prompt) -> Counted:
    """What each term of a prompt counts, as `table.sums` has it."""
    last = excerpt(prompt.asked[-1])
    values = dict.fromkeys(sorted(terms(last)), 1.0)
    for turn in prompt.asked[-1 - EARLIER_TURNS : -1]:
        for term in sorted(terms(excerpt(turn))):
            values.setdefault(term, EARLIER_SHARE)
    return Counted(prompt=prompt, terms=values, measures=measures(last))


def examples(prompts: Sequence[Counted]) -> Examples:
    """What is trained on."""
    concepts = lexicon()
    known = sorted({*concepts, *_usual(prompts)})
    names = [*MEASURE_ROWS, *sorted({name for of in concepts.values() for name in of}), *known]
    places = {name: row for row, name in enumerate(names)}
    touched = [_touched(prompt, places, concepts) for prompt in prompts]
    rows = np.fromiter(itertools.chain.from_iterable(touched), np.int64)
    emphasis = _emphasis(rows, len(names))
    values = np.fromiter((value for of in touched for value in of.values()), np.float64)
    return Examples(
        names=names,
        emphasis=emphasis,
        rows=rows,
        values=values * emphasis[rows],
        offsets=[0, *itertools.accumulate(map(len, touched))],
        shares=[_shares(each.prompt) for each in prompts],
        complexities=[_place(each.prompt) for each in prompts],
        category_weights=_category_weights([each.prompt for each in prompts]),
        complexity_weights=_evened([_weight(each.prompt) for each in prompts]),
    )


def _usual(prompts: Sequence[Counted]) -> Iterator[str]:
    """The terms of several prompts. Those of a single source, unless it is the seed set, are a habit of its own."""
    standing: dict[str, int] = Counter(term for each in prompts for term in each.terms)
    sources: dict[str, set[str]] = defaultdict(set)
    for each in prompts:
        for term in each.terms:
            sources[term].add(each.prompt.source)
    for term, times in standing.items():
        if times >= SEEN_IN and (len(sources[term]) > 1 or SEED in sources[term]):
            yield term


def _touched(prompt: Counted, places: Mapping[str, int], concepts: Mapping[str, Sequence[str]]) -> dict[int, float]:
    norm = math.sqrt(sum(value * value for value in prompt.terms.values())) or 1.0
    touched: dict[int, float] = defaultdict(float)
    for term, value in prompt.terms.items():
        for name in (term, *concepts.get(term, ())):
            if name in places:
                touched[places[name]] += value / norm
    return {**touched, **{places[name]: value for name, value in zip(MEASURE_ROWS, prompt.measures, strict=True)}}


def _emphasis(rows: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.float64]:
    rarity = np.log(COMMONEST / (np.bincount(rows, minlength=count) + 1)) / math.log(COMMONEST / USUAL)
    emphasis = np.maximum(MIN_EMPHASIS, rarity)
    emphasis[: len(MEASURE_ROWS)] = 1.0
    return emphasis


def _shares(prompt: Prompt) -> list[float]:
    shares = [float(category == prompt.category) for category in CATEGORIES]
    if prompt.second in CATEGORIES:
        shares = [(1 - SECOND_SHARE) * share for share in shares]
        shares[CATEGORIES.index(prompt.second)] += SECOND_SHARE
    return shares


def _place(prompt: Prompt) -> int | None:
    return COMPLEXITIES.index(prompt.complexity) if prompt.complexity else None


def _weight(prompt: Prompt) -> float:
    return SEED_WEIGHT if prompt.source == SEED else 1.0


def _category_weights(prompts: Sequence[Prompt]) -> list[float]:
    """Every category counts the same in sum, so that those with few prompts are not forgotten."""
    totals: Counter[str] = Counter()
    for prompt in prompts:
        totals[prompt.category] += _weight(prompt)  # type: ignore[assignment]
    return _evened([_weight(prompt) / totals[prompt.category] for prompt in prompts])


def _evened(weights: Sequence[float]) -> list[float]:
    """1 on average."""
    mean = sum(weights) / len(weights)
    return [weight / mean for weight in weights]
