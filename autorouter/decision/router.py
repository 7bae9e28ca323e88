"""The decision: filter, score, order. Pure, so that the same values always give the same decision."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from autorouter.decision.candidates import Admitted, Circumstances, admit, is_local
from autorouter.decision.ratings import Rating, rate, ratings_of
from autorouter.decision.standings import standings_of
from autorouter.errors import UnknownModel, UnknownPolicy
from autorouter.types import (
    Candidate,
    Constraints,
    Decision,
    Exclusion,
    Policy,
    Priority,
    RouterConfig,
    RouterRelease,
    Task,
)
from models_registry.types import Availability, Catalogue, Model

PRIORITY_MARGIN = Decimal("0.2")
"""A priority other than balanced picks by its own measure among the candidates within this share of the best score."""


def decide(
    catalogue: Catalogue,
    router: RouterRelease,
    task: Task,
    constraints: Constraints,
    availability: Availability,
    now: datetime,
) -> Decision:
    """Choose among the catalogue's models. No candidate left is a decision too. Raises UnknownModel, UnknownPolicy."""
    policy = _policy(router, constraints)
    is_long = task.input_tokens >= router.config.long_context_threshold
    task = task if task.is_long_context == is_long else replace(task, is_long_context=is_long)
    case = Circumstances(
        config=router.config,
        task=task,
        constraints=constraints,
        max_cost_usd=_lower(constraints.max_cost_usd, policy.max_cost_usd if policy else None),
        availability=availability,
    )
    standings = standings_of(catalogue, constraints, availability, now)
    outcomes = [admit(standings[model.id], case) for model in _considered(catalogue, policy, constraints)]
    ratings = ratings_of(router, standings, task)
    scored = [_scored(each, ratings, router, task, constraints) for each in outcomes if isinstance(each, Admitted)]
    return Decision(
        task=task,
        constraints=constraints,
        candidates=tuple(_ordered(scored, policy, constraints, catalogue, router.config)),
        excluded=tuple(sorted((each for each in outcomes if isinstance(each, Exclusion)), key=lambda out: out.model)),
        catalogue_release=catalogue.release,
        router_release=router.release,
    )


def _policy(router: RouterRelease, constraints: Constraints) -> Policy | None:
    if constraints.policy is None:
        return None
    if constraints.policy not in router.policies:
        raise UnknownPolicy(constraints.policy, router.policies)
    return router.policies[constraints.policy]


def _lower(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    limits = [limit for limit in (one, other) if limit is not None]
    return min(limits, default=None)


def _considered(catalogue: Catalogue, policy: Policy | None, constraints: Constraints) -> list[Model]:
    """All models, or those of the policy, or the given ones; given both, those in both."""
    if constraints.candidates is not None:
        for at, given in enumerate(constraints.candidates):
            if given not in catalogue.models:
                raise UnknownModel(given, f"candidates[{at}]")
    ids: Iterable[str] = constraints.candidates if constraints.candidates is not None else catalogue.models
    if policy:
        ids = [each for each in policy.models if constraints.candidates is None or each in constraints.candidates]
    return [catalogue.models[each] for each in dict.fromkeys(ids) if each in catalogue.models]


def _scored(
    admitted: Admitted, ratings: Mapping[str, Rating], router: RouterRelease, task: Task, constraints: Constraints
) -> Candidate:
    standing, model = admitted.standing, admitted.standing.model
    rating = ratings[model.id]
    if model.id == constraints.previous_model:
        rating = rate(standing, router, task, constraints.previous_model)
    return Candidate(
        model=model.id,
        provider=model.provider,
        score=rating.score,
        tier=rating.tier,
        terms=rating.terms,
        mean_price=standing.mean_price,
        quality=rating.quality,
        estimated_cost_usd=admitted.estimated_cost_usd,
    )


def _ordered(
    scored: list[Candidate], policy: Policy | None, constraints: Constraints, catalogue: Catalogue, config: RouterConfig
) -> list[Candidate]:
    """Best first: by score, lower mean price, id; then what is asked for on top, the last step winning.

    A policy's own order or the priority's measure, then what is preferred, then the model that the session keeps.
    """
    ranked = sorted(scored, key=lambda each: (-each.score, each.mean_price, each.model))
    if policy:
        ranked = sorted(ranked, key=lambda each: policy.models.index(each.model))
    else:
        if constraints.priority in _MEASURES:
            ranked = _near_first(ranked, _MEASURES[constraints.priority])
        if constraints.preferred_providers or constraints.preferred_models:
            ranked = _near_first(ranked, lambda each: Decimal(not _is_preferred(each, constraints)))
        if constraints.priority == "privacy":
            ranked = sorted(ranked, key=lambda each: not is_local(catalogue.models[each.model], catalogue.providers))
    if constraints.keeps_model and config.stickiness_bonus > 0:
        ranked = sorted(ranked, key=lambda each: each.model != constraints.previous_model)
    return ranked


def _near_first(ranked: list[Candidate], measure: Callable[[Candidate], Decimal]) -> list[Candidate]:
    """The candidates within PRIORITY_MARGIN of the best score, lowest measure first; then the others as they are."""
    if not ranked:
        return ranked
    best = max(each.score for each in ranked)
    floor = best - PRIORITY_MARGIN * abs(best)
    near = sorted((each for each in ranked if each.score >= floor), key=measure)
    return near + [each for each in ranked if each.score < floor]


def _is_preferred(candidate: Candidate, constraints: Constraints) -> bool:
    return candidate.provider in constraints.preferred_providers or candidate.model in constraints.preferred_models


# What each priority wants low. Sorting is stable, so that equals keep the balanced order.
_MEASURES: Mapping[Priority, Callable[[Candidate], Decimal]] = {
    "cost": lambda candidate: candidate.estimated_cost_usd,
    "quality": lambda candidate: -candidate.quality,
    "speed": lambda candidate: -candidate.terms.speed,
}
