"""What outcomes taught of how often models succeed, and by how many points that moves their scores. Pure.

A profile says how good a model is at a kind of task. Where enough outcomes of that kind were seen, the kind's shift and the
weights of the prompt's words (by their numbers, see autorouter.classification.vocabulary) say it better:

    points = 100 x sigmoid(logit(score / 100) + shift + sum of the weights / sqrt(number of words)) - score

in tenths of a point. It is the form of a logistic regression with the profile as its prior (experiments/learning fits it).
Shift and weights are whole thousandths of a logit. The one float in it is rounded, so that the points are the same on every
machine but where they would lie within the last bit of half a tenth.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Literal

MAX_SHIFT, MAX_WEIGHT = 10_000, 20_000
MAX_TERMS = 5_000
"""For each model: some 60 kB of a release."""
MAX_MODELS = 200
NUMBER_BITS = 20
"""Terms are numbered below 2 to this power."""
Reason = Literal["", "no evidence", "kind not seen", "unfamiliar prompt"]
"""Why nothing counts that was learned; empty where it does."""
NOTHING = Decimal(0)
_LEAST_SHARE, _MOST_LOGIT = 0.005, 30.0
"""Profile scores of 0 and 100 count as half a point from there, and no sum as more than a certainty."""
_SEEN = 1 << 32
"""Counts a term beside its weight; room for the weights of 65,535 terms below it, and for so many counts above it."""
_LANE_BYTES = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """What was learned of one kind of task."""

    outcomes: int
    """So many it rests on."""
    shift: int
    """Thousandths of a logit."""
    least_seen: int = 0
    """Percent. Prompts of whose words fewer were seen with this model are not judged."""

    def knows(self, seen: int, terms: int) -> bool:
        """Whether enough of a prompt's words were seen. Of a task without words there is nothing to know but its kind."""
        return 100 * seen >= self.least_seen * terms


@dataclass(frozen=True, kw_only=True, slots=True)
class LearnedSuccess:
    """What was learned of one model."""

    kinds: Mapping[str, Kind]
    """By category. Other kinds were not seen."""
    terms: Mapping[int, int]
    """By a term's number its weight in thousandths of a logit, 0 for one that was seen and says nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """On how many outcomes of its kind a model's points rest, or why it has none."""

    outcomes: int = 0
    reason: Reason = "no evidence"


NO_EVIDENCE = Evidence()


class Learned(Mapping[str, LearnedSuccess]):
    """What was learned of each model, by its id."""

    def __init__(self, models: Mapping[str, LearnedSuccess] | None = None) -> None:
        self._models = dict(models or {})
        self.lanes = {model: lane for lane, model in enumerate(self._models)}

    def __getitem__(self, model: str) -> LearnedSuccess:
        return self._models[model]

    def __iter__(self) -> Iterator[str]:
        return iter(self._models)

    def __len__(self) -> int:
        return len(self._models)

    def hear(self, terms: Sequence[int]) -> "Heard":
        """What the words of a prompt say of every model."""
        total = sum(filter(None, map(self._packed.get, terms)))
        return Heard(total.to_bytes(_LANE_BYTES * len(self.lanes), "little"), len(terms))

    @cached_property
    def _packed(self) -> dict[int, int]:
        """Each term's weights for all models, side by side in one integer, so that a prompt's are summed at once."""
        lanes: dict[int, bytearray] = {}
        for model, lane in self.lanes.items():
            start, end = _LANE_BYTES * lane, _LANE_BYTES * (lane + 1)
            for number, weight in self._models[model].terms.items():
                if number not in lanes:
                    lanes[number] = bytearray(_LANE_BYTES * len(self.lanes))
                lanes[number][start:end] = (_SEEN + weight).to_bytes(_LANE_BYTES, "little")
        return {number: int.from_bytes(packed, "little") for number, packed in lanes.items()}


class Heard:
    """Sums over a prompt's words by lane, taken apart only for those who are asked about."""

    def __init__(self, lanes: bytes, terms: int) -> None:
        self._lanes, self.terms = lanes, terms
        self.root = math.sqrt(terms) or 1.0

    def of(self, lane: int) -> tuple[int, int]:
        """With how many of the words a model was seen, and the sum of their weights."""
        start = _LANE_BYTES * lane
        both = int.from_bytes(self._lanes[start : start + _LANE_BYTES], "little")
        seen = (both + _SEEN // 2) // _SEEN
        return seen, both - seen * _SEEN


SILENCE = Heard(b"", 0)
"""Of nobody."""


class Prior:
    """A model's score for a kind of task, 0 to 100, and what was learned of that kind: all but the prompt."""

    def __init__(self, kind: Kind, score: Decimal) -> None:
        self.kind = kind
        self._share = min(max(float(score) / 100, _LEAST_SHARE), 1 - _LEAST_SHARE)
        self._logit = math.log(self._share / (1 - self._share)) + kind.shift / 1_000
        self._lowest, self._highest = -int(10 * score), int(10 * (100 - score))

    def tenths(self, weight: int, root: float) -> int:
        """By how many tenths of a point the words move the score, which stays within 0 to 100. `root` is of their number."""
        logit = min(max(self._logit + weight / (1_000 * root), -_MOST_LOGIT), _MOST_LOGIT)
        moved = round(1_000 * (1 / (1 + math.exp(-logit)) - self._share))
        return min(max(moved, self._lowest), self._highest)


def points(
    learned: Learned, model: str, category: str, terms: Sequence[int], score: Decimal, weight: Decimal
) -> Decimal:
    """By how many points the words of a prompt move a model's score for its category, times `weight` (`learned_weight`).

    0 where nothing counts; `evidence` says why.
    """
    heard = learned.hear(terms)
    if evidence(learned, model, category, heard).reason:
        return NOTHING
    _, sum_of_weights = heard.of(learned.lanes[model])
    prior = Prior(learned[model].kinds[category], score)
    return weight.scaleb(-1) * prior.tenths(sum_of_weights, heard.root)


def evidence(learned: Learned, model: str, category: str, heard: Heard) -> Evidence:
    """On what a model's points rest, or why it has none."""
    kind = learned[model].kinds.get(category) if model in learned else None
    if kind is None:
        return Evidence(reason="kind not seen") if model in learned else NO_EVIDENCE
    seen, _ = heard.of(learned.lanes[model])
    return Evidence(outcomes=kind.outcomes, reason="" if kind.knows(seen, heard.terms) else "unfamiliar prompt")


# --- as text


def written(terms: Mapping[int, int]) -> str:
    """Weights by number as a release keeps them, "12:-340 77:55", in the order of the numbers."""
    return " ".join(f"{number}:{weight}" for number, weight in sorted(terms.items()))


def read(text: str) -> dict[int, int]:
    """Weights out of such a text. Raises ValueError, which says what is wrong."""
    pairs = text.split()
    if len(pairs) > MAX_TERMS:
        raise ValueError(f"{len(pairs):,} terms are more than {MAX_TERMS:,}.")
    found = {}
    for pair in pairs:
        number, _, weight = pair.partition(":")
        if not number.isdecimal() or not weight.removeprefix("-").isdecimal():
            raise ValueError(f"{pair[:40]!r} is not a term's number and weight such as 12:-340.")
        found[int(number)] = int(weight)
        if int(number) >> NUMBER_BITS or abs(int(weight)) > MAX_WEIGHT:
            allowed = f"numbers are below {1 << NUMBER_BITS:,}, weights from -{MAX_WEIGHT:,} to {MAX_WEIGHT:,}"
            raise ValueError(f"{pair[:40]!r}: {allowed}.")
    if len(found) < len(pairs):
        raise ValueError("a term is in it twice.")
    return found
