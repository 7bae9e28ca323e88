"""The trained weights, read once, and what they make of a prompt.

Every term has eight whole weights, one a lane: seven categories and complexity. They are packed into one Python integer,
so that a prompt's weights are summed by adding some hundred integers, not eight times as many.
"""

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import asdict, dataclass
from pathlib import Path

from autorouter.classification.features import MEASURES, excerpt, is_pasted, measures, terms
from autorouter.classification.judged import CATEGORIES, Judged

LANES = len(CATEGORIES) + 1
"""The last is complexity."""
EARLIER_SHARE = 0.4
"""What a term of an earlier turn counts, if the last does not hold it."""
EARLIER_TURNS = 2
LANE_BITS = 24
"""Room for 2,000 terms with the largest weight."""
MAX_WEIGHT = 4_000
WEIGHTS_FILE = Path(__file__).with_name("table.json")
TermsOf = Callable[[str], Set[str]]
"""The terms of an excerpt: features.terms, or what remembers them."""
_HALF = 1 << (LANE_BITS - 1)
_MASK = (1 << LANE_BITS) - 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Complexities:
    """What makes a prompt hard, beside its words: its size, and what kind of task it is."""

    lane: float
    """Of the complexity lane's sum."""
    size: float
    """Of each doubling of the prompt's characters, those too that are not read."""
    categories: tuple[float, ...]
    """Of each category's probability."""
    steps: tuple[float, float]
    """From which sum of all that on a prompt is moderate, and from which it is complex."""

    def hardness(self, lane: float, text: str, shares: Sequence[float]) -> float:
        by_category = [weight * share for weight, share in zip(self.categories, shares, strict=True)]
        return self.lane * lane + self.size * math.log2(1 + len(text)) + sum(by_category)


@dataclass(frozen=True, kw_only=True, slots=True)
class Weights:
    """A trained model."""

    scale: int
    """The weights are this many times their value."""
    terms: Mapping[str, int]
    """Packed."""
    measures: tuple[tuple[int, ...], ...]
    """A row of lanes for each of MEASURES."""
    temperatures: tuple[float, float]
    """What the category lanes are divided by, of plain prompts and of pasted ones, so that probabilities come true."""
    complexities: Complexities


def read(path: Path) -> Weights:
    """The weights of a file as `written` lays it out."""
    found = json.loads(path.read_text(encoding="utf-8"))
    if found["lanes"] != [*CATEGORIES, "complexity"]:
        raise ValueError(f"{path.name} is of other categories: retrain with `manage.py train_classifier --write`")
    return Weights(
        scale=found["scale"],
        terms={term: pack(lanes) for term, lanes in found["terms"].items()},
        measures=tuple(tuple(found["measures"][name]) for name in MEASURES),
        temperatures=tuple(found["temperatures"]),
        complexities=_complexities(**found["complexities"]),
    )


def _complexities(lane: float, size: float, categories: Sequence[float], steps: Sequence[float]) -> Complexities:
    moderate, hard = steps
    return Complexities(lane=lane, size=size, categories=tuple(categories), steps=(moderate, hard))


def written(weights: Weights) -> str:
    """The weights as JSON, one term a line, in one order."""
    head = {
        "scale": weights.scale,
        "lanes": [*CATEGORIES, "complexity"],
        "temperatures": weights.temperatures,
        "complexities": asdict(weights.complexities),
        "measures": dict(zip(MEASURES, weights.measures, strict=True)),
    }
    rows = (
        f"{json.dumps(term, ensure_ascii=False)}:{json.dumps(unpack(packed), separators=(',', ':'))}"
        for term, packed in sorted(weights.terms.items())
    )
    return json.dumps(head)[:-1] + ', "terms": {\n' + ",\n".join(rows) + "\n}}\n"


def pack(lanes: Sequence[int]) -> int:
    """Lanes of -LARGEST to LARGEST side by side; sums of packed numbers are packed sums."""
    return sum(max(-MAX_WEIGHT, min(MAX_WEIGHT, lane)) << (LANE_BITS * place) for place, lane in enumerate(lanes))


def unpack(packed: int) -> list[int]:
    lanes = []
    for _ in range(LANES):
        lane = ((packed + _HALF) & _MASK) - _HALF
        lanes.append(lane)
        packed = (packed - lane) >> LANE_BITS
    return lanes


def judge(weights: Weights, asked: Sequence[str], terms_of: TermsOf = terms) -> Judged:
    """What a user asked, turn by turn, the last turn last; at least one turn."""
    *lanes, complexity = sums(weights, asked, terms_of)
    return judged(weights, asked[-1], lanes, complexity)


def judged(weights: Weights, text: str, lanes: Sequence[float], complexity: float) -> Judged:
    """The same of a last turn's sums."""
    temperature, top = weights.temperatures[is_pasted(text)], max(lanes)
    odds = [math.exp((lane - top) / temperature) for lane in lanes]
    total = sum(odds)
    shares = tuple([each / total for each in odds])
    hardness = weights.complexities.hardness(complexity, text, shares)
    moderate, hard = (1 / (1 + math.exp(step - hardness)) for step in weights.complexities.steps)
    return Judged(categories=shares, complexities=(1 - moderate, moderate - hard, hard))


def sums(weights: Weights, asked: Sequence[str], terms_of: TermsOf = terms) -> list[float]:
    """Each lane's sum, in units of 1: of the terms, over the square root of their number, and of the measures."""
    last = excerpt(asked[-1])
    now = terms_of(last)
    before = frozenset[str]().union(*(terms_of(excerpt(turn)) for turn in asked[-1 - EARLIER_TURNS : -1])) - now
    norm = weights.scale * (math.sqrt(len(now) + EARLIER_SHARE**2 * len(before)) or 1.0)
    totals = _total(weights, now)
    if before:
        totals = [lane + EARLIER_SHARE * earlier for lane, earlier in zip(totals, _total(weights, before), strict=True)]
    lanes = [total / norm for total in totals]
    for value, row in zip(measures(last), weights.measures, strict=True):
        lanes = [lane + value / weights.scale * weight for lane, weight in zip(lanes, row, strict=True)]
    return lanes


def _total(weights: Weights, found: Iterable[str]) -> Sequence[float]:
    return unpack(sum(filter(None, map(weights.terms.get, found))))
