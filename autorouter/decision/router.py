"""The decision: rule out, then walk what is left, best first. Pure, so that the same values always give the same decision."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from itertools import islice

from autorouter.decision.candidates import Circumstances, estimated_cost_usd, exclusion
from autorouter.decision.costs import Costs
from autorouter.decision.bitsets import members, set_of
from autorouter.decision.ranking import Ranking, Rankings
from autorouter.decision.walk import Walk
from autorouter.errors import UnknownModel, UnknownPolicy
from autorouter.types import Candidate, Constraints, Decision, Exclusion, Policy, RouterRelease, Task

ENOUGH = 4
"""Candidates that a request needs: three that are tried, and the runner-up."""


def decide(
    rankings: Rankings, task: Task, constraints: Constraints, now: datetime, enough: int | None = ENOUGH
) -> Decision:
    """Choose among the models. No candidate left is a decision too. Raises UnknownModel, UnknownPolicy.

    At most `enough` candidates are looked for, and who is out is told only where nobody is left. None: the whole
    explanation, every candidate and every exclusion with its reasons.
    """
    router = rankings.router
    policy = _policy(router, constraints)
    is_long = task.input_tokens >= router.config.long_context_threshold
    task = task if task.is_long_context == is_long else replace(task, is_long_context=is_long)
    ranking = rankings.of(task.category, task.complexity, now)
    considered = _considered(ranking, policy, constraints)
    limit = _lower(constraints.max_cost_usd, policy.max_cost_usd if policy else None)
    costs = Costs(ranking.rates, task, constraints, limit)
    walk = Walk(ranking, considered & _admitted(ranking, task, constraints), costs, constraints)
    keeps = constraints.keeps_model and router.config.stickiness_bonus > 0
    places = list(islice(walk.places(policy, keeps, enough), enough))
    excluded: tuple[Exclusion, ...] = ()
    if enough is None or not places:
        case = Circumstances(
            catalogue=rankings.catalogue, config=router.config, availability=rankings.availability, task=task,
            constraints=constraints, max_cost_usd=limit, now=now,
        )  # fmt: skip
        out = [ranking.ranked[place].standing.model for place in members(considered & ~set_of(places))]
        excluded = tuple(exclusion(model, case) for model in sorted(out, key=lambda model: model.id))
    return Decision(
        task=task,
        constraints=constraints,
        candidates=tuple([_candidate(ranking, walk, task, place) for place in places]),
        excluded=excluded,
        considered=considered.bit_count(),
        catalogue_release=rankings.catalogue.release,
        router_release=router.release,
    )


def _policy(router: RouterRelease, constraints: Constraints) -> Policy | None:
    if constraints.policy is None:
        return None
    if constraints.policy not in router.policies:
        raise UnknownPolicy(constraints.policy, router.policies)
    return router.policies[constraints.policy]


def _considered(ranking: Ranking, policy: Policy | None, constraints: Constraints) -> int:
    """All models, or those of the policy, or the given ones; given both, those in both."""
    places = ranking.everybody
    if constraints.candidates is not None:
        for at, name in enumerate(constraints.candidates):
            if name not in ranking.places:
                raise UnknownModel(name, f"candidates[{at}]")
        places = set_of(ranking.places[name] for name in constraints.candidates)
    return places & set_of(ranking.in_policy(policy)) if policy else places


def _lower(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return one if other is None else other if one is None else min(one, other)


def _admitted(ranking: Ranking, task: Task, constraints: Constraints) -> int:
    """The places that nothing but the cost rules out."""
    left = ranking.passing(
        constraints.blocked_providers,
        constraints.blocked_models,
        constraints.allowed,
        constraints.priority == "privacy",
        constraints.allow_internal,
    )
    left &= ranking.fitting(task.input_tokens, task.needs)
    return left if constraints.max_latency_ms is None else left & ranking.within_ms(constraints.max_latency_ms)


def _candidate(ranking: Ranking, walk: Walk, task: Task, place: int) -> Candidate:
    standing, scored = ranking.ranked[place].standing, walk.scored(place)
    return Candidate(
        model=standing.model.id,
        provider=standing.model.provider,
        score=scored.score,
        tier=standing.tier,
        terms=scored.terms,
        mean_price=standing.mean_price,
        quality=standing.quality,
        estimated_cost_usd=estimated_cost_usd(standing.model, standing.price, task, walk.constraints),
    )
