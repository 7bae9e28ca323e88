"""Success fitted to outcomes: for each model a logistic regression with the profile as its prior. Pure, deterministic.

    logit P(success) = logit(profile score / 100) + common + shift of the kind + sum of the words' weights / sqrt(their number)

`common` is what holds for whatever model answers: how strictly outcomes of a kind are scored, and how hard its words make a
question. It is fitted first, over all models, and kept out of what is learned of each: else a model would lose points merely for
being asked hard questions, against those of which nothing is known. Shift and weights have a normal prior around 0, so that few
outcomes say little and none say nothing.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from autorouter.decision.success import MAX_SHIFT, MAX_WEIGHT, Kind, LearnedSuccess
from experiments.learning.success.outcomes import DEFAULT_PRIOR, Outcome, Priors

LEVEL_PRIOR, SHIFT_PRIOR, TERM_PRIOR = 1.0, 5.0, 2.0
"""Precisions. An outcome of even chances weighs a quarter: 20 of a kind let its shift go half of its way."""
MIN_OUTCOMES = 30
"""Of a model in a kind, below which the kind counts as not seen."""
MAX_TERMS = 300
"""Weights for each model."""
MIN_USES = 20
"""Outcomes that a word must be in to have a weight."""
WORDS_COUNT = 0.5
"""So much of a word's weight is learned: in tasks of sorts that were not seen more of it is worse than the profile, in those that
were seen it gains nothing (docs/learning.md)."""
MIN_SEEN, MAX_SEEN = 3, 2_000
"""Outcomes that a word must be in to count as seen; the most frequent are kept."""
FAMILIAR_SHARE, MAX_FAMILIAR = 0.1, 80
"""A prompt is unfamiliar of whose words fewer were seen than of all but this share of those learned from; but not where so many
percent were, since of few prompts their own words are most of what was seen."""
MAX_PASSES = 8
_LEAST_STEP, _SETTLED = 4e-3, 3e-2
_LEAST, _MOST = 0.005, 0.995
Key = str | int
"""A kind, or a term's number."""
Columns = Mapping[Key, Sequence[tuple[int, float]]]
"""By key the rows that it is in, each with its value."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Common:
    """What holds for whatever model answers, in logits."""

    levels: Mapping[str, float]
    terms: Mapping[int, float]

    def of(self, kind: str, terms: Sequence[int]) -> float:
        total = sum([self.terms.get(term, 0.0) for term in terms])
        return self.levels.get(kind, 0.0) + total * _share(terms)


@dataclass(frozen=True, kw_only=True, slots=True)
class Fit:
    """Everything that was fitted to some outcomes."""

    common: Common
    by_kind: Mapping[str, LearnedSuccess]
    """With the kinds' shifts alone: words count as seen and say nothing."""
    by_words: Mapping[str, LearnedSuccess]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Row:
    kind: str
    terms: tuple[int, ...]
    score: float
    offset: float


def logit(share: float) -> float:
    share = min(max(share, _LEAST), _MOST)
    return math.log(share / (1 - share))


def sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-min(max(value, -30.0), 30.0)))


def prior_logit(priors: Priors, model: str, kind: str) -> float:
    return logit(float(priors.get((model, kind), DEFAULT_PRIOR)) / 100)


def fit(outcomes: Sequence[Outcome], priors: Priors) -> Fit:
    """What outcomes say of each model that has enough of them."""
    common = _common(outcomes, priors)
    by_kind, by_words = {}, {}
    for model, found in groupby(sorted(outcomes, key=attrgetter("model")), key=attrgetter("model")):
        rows = [
            _Row(
                kind=each.kind, terms=each.terms, score=each.score,
                offset=prior_logit(priors, model, each.kind) + common.of(each.kind, each.terms),
            )
            for each in found
        ]  # fmt: skip
        counts = Counter(row.kind for row in rows)
        rows = [row for row in rows if counts[row.kind] >= MIN_OUTCOMES]
        if rows:
            by_kind[model], by_words[model] = _learned(rows)
    return Fit(common=common, by_kind=by_kind, by_words=by_words)


def _common(outcomes: Iterable[Outcome], priors: Priors) -> Common:
    """Of each question the mean over those who answered it."""
    asked: dict[tuple[str, str, tuple[int, ...]], list[tuple[float, float]]] = {}
    for each in outcomes:
        answers = asked.setdefault((each.question, each.kind, each.terms), [])
        answers.append((each.score, prior_logit(priors, each.model, each.kind)))
    rows = [
        _Row(
            kind=kind, terms=terms, score=sum(score for score, _ in answers) / len(answers),
            offset=sum(offset for _, offset in answers) / len(answers),
        )
        for (_, kind, terms), answers in sorted(asked.items())
    ]  # fmt: skip
    _, (levels, weights) = _fitted(rows, LEVEL_PRIOR)
    return Common(levels=levels, terms=weights)


def _learned(rows: Sequence[_Row]) -> tuple[LearnedSuccess, LearnedSuccess]:
    """By kind alone, and by words too."""
    counts = Counter(row.kind for row in rows)
    seen = seen_terms(row.terms for row in rows)
    familiar = {
        kind: familiar_from([seen_share(seen, row.terms) for row in rows if row.kind == kind]) for kind in counts
    }

    def spelled(shifts: Mapping[str, float], weights: Mapping[int, float]) -> LearnedSuccess:
        kinds = {
            kind: Kind(
                outcomes=counts[kind], shift=_thousandths(shifts[kind], MAX_SHIFT), least_seen=familiar[kind]
            )
            for kind in sorted(counts)
        }  # fmt: skip
        terms = {
            term: _thousandths(WORDS_COUNT * weights.get(term, 0.0), MAX_WEIGHT)
            for term in sorted(seen | weights.keys())
        }
        return LearnedSuccess(kinds=kinds, terms=terms)

    (shifts, _), by_words = _fitted(rows, SHIFT_PRIOR)
    return spelled(shifts, {}), spelled(*by_words)


def _thousandths(value: float, most: int) -> int:
    return max(-most, min(most, round(1_000 * value)))


def seen_terms(prompts: Iterable[Sequence[int]]) -> frozenset[int]:
    """The words that count as seen, the most frequent ones where they are too many."""
    uses = Counter(term for terms in prompts for term in terms)
    often = sorted((term for term, count in uses.items() if count >= MIN_SEEN), key=lambda term: (-uses[term], term))
    return frozenset(often[:MAX_SEEN])


def seen_share(seen: frozenset[int], terms: Sequence[int]) -> float:
    return sum([term in seen for term in terms]) / len(terms) if terms else 1.0


def familiar_from(shares: Sequence[float]) -> int:
    """The percent of seen words that most prompts of a kind reach."""
    return min(MAX_FAMILIAR, int(100 * sorted(shares)[int(FAMILIAR_SHARE * len(shares))]))


# --- the regression


Values = tuple[dict[str, float], dict[int, float]]
"""Shifts by kind and weights by term."""


def _fitted(rows: Sequence[_Row], kind_prior: float) -> tuple[Values, Values]:
    """First the kinds alone, whose residuals say which terms are worth a weight; then both together."""
    kinds: dict[Key, list[tuple[int, float]]] = {}
    for at, row in enumerate(rows):
        kinds.setdefault(row.kind, []).append((at, 1.0))
    alone = solve(kinds, dict.fromkeys(kinds, kind_prior), rows)
    chosen = _chosen(rows, alone, MAX_TERMS)
    priors = {**dict.fromkeys(kinds, kind_prior), **dict.fromkeys(chosen, TERM_PRIOR)}
    return _values(alone), _values(solve({**kinds, **chosen}, priors, rows))


def _values(solved: Mapping[Key, float]) -> Values:
    return (
        {key: value for key, value in solved.items() if isinstance(key, str)},
        {key: value for key, value in solved.items() if isinstance(key, int)},
    )


def _share(terms: Sequence[int]) -> float:
    return 1 / math.sqrt(len(terms)) if terms else 0.0


def _chosen(rows: Sequence[_Row], shifts: Mapping[Key, float], count: int) -> dict[Key, list[tuple[int, float]]]:
    """The terms that the rows speak for most, each with its rows."""
    columns: dict[int, list[tuple[int, float]]] = {}
    residuals = [row.score - sigmoid(row.offset + shifts[row.kind]) for row in rows]
    for at, row in enumerate(rows):
        share = _share(row.terms)
        for term in row.terms:
            columns.setdefault(term, []).append((at, share))
    often = {term: column for term, column in columns.items() if len(column) >= MIN_USES}

    def strength(term: int) -> float:
        spread = sum([value * value for _, value in often[term]]) / 4 + TERM_PRIOR
        return abs(sum([residuals[at] * value for at, value in often[term]])) / math.sqrt(spread)

    best = sorted(often, key=lambda term: (-strength(term), term))[:count]
    return {term: often[term] for term in sorted(best)}


def solve(columns: Columns, priors: Mapping[Key, float], rows: Sequence[_Row]) -> dict[Key, float]:
    """The most probable values, coordinate by coordinate; the curvature is bounded from above, so each step is a sure one."""
    values = dict.fromkeys(columns, 0.0)
    sums = [row.offset for row in rows]
    scores = [row.score for row in rows]
    residuals = [score - sigmoid(total) for score, total in zip(scores, sums, strict=True)]
    curvatures = {key: sum([x * x for _, x in column]) / 4 + priors[key] for key, column in columns.items()}
    for _ in range(MAX_PASSES):
        largest = 0.0
        for key, column in columns.items():
            slope = sum([residuals[at] * x for at, x in column]) - priors[key] * values[key]
            step = slope / curvatures[key]
            if abs(step) < _LEAST_STEP:
                continue
            largest = max(largest, abs(step))
            values[key] += step
            for at, x in column:
                sums[at] += step * x
                residuals[at] = scores[at] - sigmoid(sums[at])
        if largest < _SETTLED:
            break
    return values
