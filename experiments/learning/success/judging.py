"""Which models outcomes surely say something of, and what of it: everything that a proposal rests on. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from autorouter.decision.success import LearnedSuccess
from experiments.learning.success import evidence, fitting
from experiments.learning.success.evidence import Foretold, Interval
from experiments.learning.success.fitting import Common
from experiments.learning.success.outcomes import Outcome, Priors

Way = Literal["shifts", "terms"]
BINS = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class KindEvidence:
    """Held-out outcomes of one kind: what came, and what was foretold of it in the mean."""

    category: str
    outcomes: int
    observed: float
    profile: float
    learned: float
    gain: Interval
    is_learned: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """What was learned of a model, and how well it foretells outcomes that it was not learned from."""

    model: str
    learned: LearnedSuccess | None
    """None: no evidence."""
    way: Way
    outcomes: int
    questions: int
    loss_profile: float
    """Mean, in nats."""
    loss_learned: float
    gain: Interval
    """By how much less is lost than with the profile alone, by question."""
    calibration_profile: float
    calibration_learned: float
    kinds: tuple[KindEvidence, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """A whole round."""

    models: tuple[Judgement, ...]
    common: Common


def judge(outcomes: Sequence[Outcome], priors: Priors) -> Judged:
    """Every model of the outcomes, by its id."""
    by_model: dict[str, list[Foretold]] = {}
    for each in evidence.foretell(outcomes, priors):
        by_model.setdefault(each.outcome.model, []).append(each)
    ways = {model: _way(found) for model, found in by_model.items()}
    whole = fitting.fit(outcomes, priors)
    fitted = {"terms": whole.by_words, "shifts": whole.by_kind}
    models = [
        _judgement(model, ways[model], found, fitted[ways[model]].get(model))
        for model, found in sorted(by_model.items())
    ]
    return Judged(models=tuple(models), common=whole.common)


def _way(found: Sequence[Foretold]) -> Way:
    """Words get weights where those surely foretell better than the kinds' shifts alone."""
    return "terms" if evidence.mean_difference(found, "terms", "shifts")[1] > 0 else "shifts"


def _judgement(model: str, way: Way, found: Sequence[Foretold], fitted: LearnedSuccess | None) -> Judgement:
    gain = evidence.mean_difference(found, way, "profile")
    kinds = tuple(_kind(category, way, some) for category, some in sorted(_by_kind(found).items()))
    good = {each.category for each in kinds if each.gain[0] > 0}
    kept = {category: kind for category, kind in fitted.kinds.items() if category in good} if fitted else {}
    is_sure = bool(kept) and gain[1] > 0
    return Judgement(
        model=model, way=way, outcomes=len(found), questions=len({each.outcome.question for each in found}),
        learned=replace(fitted, kinds=kept) if fitted and is_sure else None,
        loss_profile=_mean(lambda each: evidence.loss(each.profile, each.outcome.score), found),
        loss_learned=_mean(lambda each: evidence.loss(getattr(each, way), each.outcome.score), found), gain=gain,
        calibration_profile=calibration_error(found, "profile"), calibration_learned=calibration_error(found, way),
        kinds=tuple(replace(each, is_learned=is_sure and each.category in kept) for each in kinds),
    )  # fmt: skip


def _by_kind(found: Sequence[Foretold]) -> Mapping[str, list[Foretold]]:
    kinds: dict[str, list[Foretold]] = {}
    for each in found:
        kinds.setdefault(each.outcome.kind, []).append(each)
    return kinds


def _kind(category: str, way: Way, found: Sequence[Foretold]) -> KindEvidence:
    return KindEvidence(
        category=category, outcomes=len(found), observed=_mean(lambda each: each.outcome.score, found),
        profile=_mean(lambda each: each.profile, found), learned=_mean(lambda each: float(getattr(each, way)), found),
        gain=evidence.mean_difference(found, way, "profile"), is_learned=False,
    )  # fmt: skip


def calibration_error(found: Sequence[Foretold], way: str) -> float:
    """The mean distance of what was foretold from what came, over tenths of the scale, by their outcomes."""
    bins: dict[int, list[Foretold]] = {}
    for each in found:
        bins.setdefault(min(int(getattr(each, way) * BINS), BINS - 1), []).append(each)
    gaps = [abs(sum(float(getattr(each, way)) - each.outcome.score for each in some)) for some in bins.values()]
    return sum(gaps) / len(found)


def _mean(figure: Callable[[Foretold], float], found: Sequence[Foretold]) -> float:
    return sum(map(figure, found)) / len(found)
