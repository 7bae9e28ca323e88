"""What outcomes taught of how often models succeed, and by how many points that moves their scores. Pure.

A profile says how good a model is at a kind of task. Where enough outcomes of that kind were seen, the kind's shift and the
weights of the prompt's words (by their numbers, see autorouter.classification.vocabulary) say it better:

    points = 100 x sigmoid(logit(score / 100) + shift + sum of the weights / sqrt(number of words)) - score

It is the form of a logistic regression with the profile as its prior (experiments/learning fits it). Logits are whole
thousandths, what the sigmoid makes of them is whole thousandths of a point, and points are whole tenths: the same on every
machine.
"""

import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Literal, NamedTuple

from autorouter.decision.bitsets import members, set_of

MAX_SHIFT, MAX_WEIGHT = 10_000, 20_000
MAX_TERMS = 5_000
"""For each model: some 60 kB of a release."""
MAX_MODELS = 200
NUMBER_BITS = 20
"""Terms are numbered below 2 to this power."""
Reason = Literal["", "no evidence", "kind not seen", "unfamiliar prompt"]
"""Why nothing counts that was learned; empty where it does."""
NOTHING = Decimal(0)
_LOWEST, _HIGHEST = Decimal("0.5"), Decimal("99.5")
"""What scores of 0 and 100 count as."""
_MAX_LOGIT = 12_000
_REACHED = tuple(
    round(100_000 / (1 + math.exp(-logit / 1_000))) for logit in (*range(_MAX_LOGIT + 1), *range(-_MAX_LOGIT, 0))
)
"""By thousandths of a logit, those below 0 counted from the end: thousandths of a point."""
_SEEN = 1 << 40
"""Counts a term beside its weight: there is room for the weights of millions of terms below it, and for their number above it."""
_HALF = _SEEN // 2
_LANE_BYTES = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """What was learned of one kind of task."""

    outcomes: int
    """So many it rests on."""
    shift: int
    """Thousandths of a logit."""
    least_seen: int = 0
    """Percent. Prompts of whose words fewer were seen with this model are not judged. A task without words always is: by its
    kind alone."""


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

    category: str
    outcomes: int = 0
    reason: Reason = "no evidence"


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
        lanes = total.to_bytes(_LANE_BYTES * len(self.lanes), sys.byteorder)
        return Heard(memoryview(lanes).cast("Q"), len(terms))

    @cached_property
    def _packed(self) -> dict[int, int]:
        """Each term's weights for all models, side by side in one integer, so that a prompt's are summed at once."""
        lanes: dict[int, bytearray] = {}
        for model, lane in self.lanes.items():
            start, end = _LANE_BYTES * lane, _LANE_BYTES * (lane + 1)
            for number, weight in self._models[model].terms.items():
                if number not in lanes:
                    lanes[number] = bytearray(_LANE_BYTES * len(self.lanes))
                lanes[number][start:end] = (_SEEN + weight).to_bytes(_LANE_BYTES, sys.byteorder)
        return {number: int.from_bytes(packed, sys.byteorder) for number, packed in lanes.items()}


class Heard:
    """Sums over a prompt's words by lane, taken apart only for those who are asked about."""

    def __init__(self, lanes: Sequence[int], terms: int) -> None:
        self.lanes, self.terms = lanes, terms

    def seen(self, lane: int) -> int:
        """With how many of the words a model was seen."""
        return (self.lanes[lane] + _HALF) // _SEEN


SILENCE = Heard((), 0)
"""Of nobody."""


class Lesson(NamedTuple):
    """What was learned of a model for a kind of task, with its score there: all but the prompt."""

    lane: int
    least_seen: int
    logit: int
    """Of score and shift together."""
    score: int
    """In thousandths of a point."""
    lowest: int
    highest: int
    """Tenths by which the score may be moved, to stay within 0 to 100."""


class Lessons:
    """What was learned of models that stand in an order, for one kind of task. Empty where nothing was."""

    def __init__(
        self,
        learned: Learned,
        category: str,
        weight: Decimal,
        places: Mapping[str, int],
        score_at: Callable[[int], Decimal],
    ) -> None:
        """`places` by model, with the score for the category at each. `weight` is the tunable `learned_weight`."""
        self._learned = learned
        self._category = category
        self._lessons = {
            place: _lesson(learned.lanes[model], learned[model].kinds[category], score_at(place))
            for model in learned
            if category in learned[model].kinds and (place := places.get(model)) is not None
        }
        self._places = set_of(self._lessons) if weight else 0
        self._tenth = weight.scaleb(-1)

    def __len__(self) -> int:
        return len(self._lessons)

    def points(self, heard: Heard, places: int) -> dict[int, Decimal]:
        """By how many points a prompt's words move the models of a set, without those that they do not move."""
        found, lanes, terms, root = {}, heard.lanes, heard.terms, math.sqrt(heard.terms) or 1.0
        for place in members(places & self._places):
            lane, least_seen, logit, score, lowest, highest = self._lessons[place]
            seen = (lanes[lane] + _HALF) // _SEEN
            if 100 * seen < least_seen * terms:
                continue
            logit += round((lanes[lane] - seen * _SEEN) / root)
            reached = _REACHED[
                logit if -_MAX_LOGIT <= logit <= _MAX_LOGIT else _MAX_LOGIT if logit > 0 else -_MAX_LOGIT
            ]
            if tenths := min(max((reached - score + 50) // 100, lowest), highest):
                found[place] = self._tenth * tenths
        return found

    def evidence(self, heard: Heard, model: str) -> Evidence:
        """On what a model's points rest, or why it has none."""
        if model not in self._learned:
            return Evidence(category=self._category)
        kind = self._learned[model].kinds.get(self._category)
        if kind is None:
            return Evidence(category=self._category, reason="kind not seen")
        is_known = 100 * heard.seen(self._learned.lanes[model]) >= kind.least_seen * heard.terms
        reason: Reason = "" if is_known else "unfamiliar prompt"
        return Evidence(category=self._category, outcomes=kind.outcomes, reason=reason)


def _lesson(lane: int, kind: Kind, score: Decimal) -> Lesson:
    own = min(max(score, _LOWEST), _HIGHEST)
    return Lesson(
        lane=lane,
        least_seen=kind.least_seen,
        logit=round(1_000 * math.log(own / (100 - own))) + kind.shift,
        score=int(1_000 * own),
        lowest=-int(10 * score),
        highest=int(10 * (100 - score)),
    )


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
