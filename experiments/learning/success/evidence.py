"""How well success fitted to some outcomes foretells others, against the profile alone. Pure, deterministic.

Both are put on the outcomes' scale by what holds for every model (fitting.Common), so the gain is of what was learned of the
model itself. Questions are held out in turn: what judges a fit was never part of it.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from autorouter.decision.success import LearnedSuccess
from experiments.learning.success import fitting
from experiments.learning.success.fitting import Fit, prior_logit, sigmoid
from experiments.learning.success.outcomes import Outcome, Priors
from routerhub import intervals

FOLDS = 5
Interval = tuple[float, float, float]
"""Mean, low and high of 95 %."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Foretold:
    """One held-out outcome as each way foretold it."""

    outcome: Outcome
    profile: float
    shifts: float
    """With the kinds' shifts alone."""
    terms: float
    """With the words' weights too."""
    is_judged: bool
    """Its kind and its words had been seen; else all three are the same."""


def foretell(
    outcomes: Sequence[Outcome], priors: Priors, fold_of: Callable[[Outcome], int] | None = None
) -> list[Foretold]:
    """Every outcome foretold by what the other folds teach."""
    place = fold_of or _fold
    folds: dict[int, list[Outcome]] = {}
    for each in outcomes:
        folds.setdefault(place(each), []).append(each)
    found = []
    for number, held_out in sorted(folds.items()):
        others = [each for other, some in sorted(folds.items()) if other != number for each in some]
        fitted = fitting.fit(others, priors)
        found += [foretold(each, fitted, priors) for each in held_out]
    return found


def _fold(outcome: Outcome) -> int:
    return int.from_bytes(blake2b(outcome.question.encode(), digest_size=4).digest(), "big") % FOLDS


def foretold(outcome: Outcome, fitted: Fit, priors: Priors) -> Foretold:
    base = prior_logit(priors, outcome.model, outcome.kind) + fitted.common.of(outcome.kind, outcome.terms)
    by_kind, by_words = (
        moved(found.get(outcome.model), outcome.kind, outcome.terms) for found in (fitted.by_kind, fitted.by_words)
    )
    return Foretold(
        outcome=outcome, profile=sigmoid(base), shifts=sigmoid(base + (by_kind or 0)), terms=sigmoid(base + (by_words or 0)),
        is_judged=by_words is not None,
    )  # fmt: skip


def moved(learned: LearnedSuccess | None, category: str, terms: Sequence[int]) -> float | None:
    """By how many logits a kind and its words move a model. None: either was not seen."""
    kind = learned.kinds.get(category) if learned else None
    weights = [learned.terms[term] for term in terms if term in learned.terms] if learned else []
    if kind is None or 100 * len(weights) < kind.least_seen * len(terms):
        return None
    return (kind.shift + sum(weights) / (math.sqrt(len(terms)) or 1.0)) / 1_000


def loss(foreseen: float, score: float) -> float:
    """Of a probability against what came, in nats. A fractional score counts as so much of a success."""
    share = min(max(foreseen, 1e-6), 1 - 1e-6)
    return -score * math.log(share) - (1 - score) * math.log(1 - share)


def mean_difference(found: Sequence[Foretold], way: str, against: str) -> Interval:
    """How much less is lost the one way than the other, by question. Above 0: it foretells better."""
    by_question: dict[str, list[float]] = {}
    for each in found:
        score = each.outcome.score
        gain = loss(getattr(each, against), score) - loss(getattr(each, way), score)
        by_question.setdefault(each.outcome.question, []).append(gain)
    return intervals.mean([sum(gains) / len(gains) for gains in by_question.values()])
