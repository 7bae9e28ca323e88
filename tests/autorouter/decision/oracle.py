"""The decision as its specification says it: every model looked at, scored, sorted. Slow, plain, and the judge of the real one.

Mission section 2, "Scoring", then the overlays of docs/router.md in their order. Nothing here is shared with
autorouter.decision, so that a slip there is not repeated here; only where a model can be called is asked of models_registry.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from autorouter.decision.terms import Terms
from autorouter.errors import UnknownModel, UnknownPolicy
from autorouter.types import Candidate, Constraints, CostTier, Decision, Exclusion, Policy, RouterRelease, Task
from models_registry.deployments import effective_deployments
from models_registry.types import Availability, Catalogue, Deployment, Model, Price
from tests.autorouter.decision import oracle_learning, oracle_policies
from tests.autorouter.decision.oracle_places import hosting, is_down
from tests.autorouter.decision.oracle_soft import score_of, weighted

Reason = tuple[str, str]


def decide(
    catalogue: Catalogue,
    router: RouterRelease,
    task: Task,
    constraints: Constraints,
    availability: Availability,
    now: datetime,
) -> Decision:
    """Every candidate best first, and everybody else with every reason. Open circuits count while anybody else is left."""
    decision = decide_once(catalogue, router, task, constraints, availability, now)
    if decision.candidates or not availability.open_circuits:
        return decision
    closed = replace(availability, open_circuits={})
    anyway = decide_once(catalogue, router, task, constraints, closed, now)
    if not anyway.candidates:
        return decision
    (reason,) = [each.reason for each in decision.excluded if each.model == anyway.candidates[0].model]
    return replace(anyway, last_resort=reason)


def decide_once(
    catalogue: Catalogue,
    router: RouterRelease,
    task: Task,
    constraints: Constraints,
    availability: Availability,
    now: datetime,
) -> Decision:
    policy = with_successors(policy_of(router, constraints), catalogue, now)
    task = replace(task, is_long_context=task.input_tokens >= router.config.long_context_threshold)
    if policy is not None and policy.orders_by_complexity:
        known = [each for each in chat_models(catalogue).values() if each.id in policy.models]
        facts = {each.id: (mean_price(each, availability, now), quality_of(each, router)) for each in known}
        policy = replace(policy, models=tuple(oracle_policies.tried(policy, task, facts)))
    models = considered(catalogue, policy, constraints)
    out = {}
    for model in models:
        found = list(reasons(model, catalogue, router, policy, task, constraints, availability, now))
        if found:
            out[model.id] = Exclusion(model=model.id, code=found[0][0], reason="; ".join(text for _, text in found))
    admitted = [each for each in models if each.id not in out]
    scored = [candidate(each, router, task, constraints, availability, now) for each in admitted]
    return Decision(
        task=task,
        constraints=constraints,
        candidates=tuple(ordered(scored, catalogue, router, policy, constraints)),
        excluded=tuple(out[name] for name in sorted(out)),
        considered=len(models),
        catalogue_release=catalogue.release,
        router_release=router.release,
        policy_first=oracle_policies.first(policy, task),
    )


def policy_of(router: RouterRelease, constraints: Constraints) -> Policy | None:
    if constraints.policy is None:
        return None
    if constraints.policy not in router.policies:
        raise UnknownPolicy(constraints.policy, router.policies)
    return router.policies[constraints.policy]


def with_successors(policy: Policy | None, catalogue: Catalogue, now: datetime) -> Policy | None:
    """The policy with the successors of its deprecated models, each right behind the one whose place it takes."""
    if policy is None:
        return None
    names = [each for name in policy.models for each in line_of(catalogue, name, now)]
    return replace(policy, models=tuple(dict.fromkeys(names)))


def line_of(catalogue: Catalogue, name: str, now: datetime) -> list[str]:
    seen: list[str] = []
    while name in chat_models(catalogue) and name not in seen:
        seen.append(name)
        model = catalogue.models[name]
        name = model.successor if model.deprecated_from and model.deprecated_from <= now.date() else ""
    return seen


def chat_models(catalogue: Catalogue) -> dict[str, Model]:
    """Those that the router chooses between: embedding models are none of its business."""
    return {name: model for name, model in catalogue.models.items() if model.kind == "chat"}


def considered(catalogue: Catalogue, policy: Policy | None, constraints: Constraints) -> list[Model]:
    """All chat models, or those of the policy, or the given ones; given both, those in both."""
    given, models = constraints.candidates, chat_models(catalogue)
    for at, name in enumerate(given or ()):
        if name not in models:
            raise UnknownModel(name, f"candidates[{at}]")
    names = list(models) if given is None else list(given)
    if policy is not None:
        names = [name for name in policy.models if given is None or name in given]
    return [models[name] for name in dict.fromkeys(names) if name in models]


# --- who is out


def reasons(  # noqa: PLR0917 - everything there is, one by one
    model: Model, catalogue: Catalogue, router: RouterRelease, policy: Policy | None, task: Task,
    constraints: Constraints, availability: Availability, now: datetime,
) -> Iterator[Reason]:  # fmt: skip
    yield from status_reasons(model, constraints, now)
    yield from fit_reasons(model, router, task, constraints, availability)
    yield from place_reasons(model, catalogue, constraints, availability)
    price = price_of(model, availability, now)
    given = (constraints.max_cost_usd, policy.max_cost_usd if policy else None)
    limits = [each for each in given if each is not None]
    if price is None:
        if constraints.unpriced_usd is None or constraints.candidates is None or len(constraints.candidates) != 1:
            yield "price", "it has no price"
    elif limits and (cost := estimated_cost(model, price, task, constraints)) > min(limits):
        yield "cost", f"estimated cost {cost:f} USD is over the limit of {min(limits):f} USD"


def status_reasons(model: Model, constraints: Constraints, now: datetime) -> Iterator[Reason]:
    if not model.is_available:
        yield "unavailable", "it is unavailable"
    if model.deprecated_from is not None and model.deprecated_from <= now.date():
        instead = f", use {model.successor}" if model.successor else ""
        yield "deprecated", f"it is deprecated since {model.deprecated_from}{instead}"
    if model.is_internal_only and not constraints.allow_internal:
        yield "internal", "it is for internal use only"
    if model.is_pro and not constraints.allow_pro:
        yield "pro", "it is a pro model, and the account is not marked for those"
    if constraints.key_models is not None and model.id not in constraints.key_models:
        yield "key", "the API key is bound to other models"
    if model.provider in constraints.blocked_providers:
        yield "blocked", f"provider {model.provider} is blocked"
    if model.id in constraints.blocked_models:
        yield "blocked", "it is blocked by a rule of yours"
    if any(model.id not in models and model.provider not in providers for providers, models in constraints.allowed):
        yield "blocked", "it is not among those that a rule of yours allows"


def fit_reasons(
    model: Model, router: RouterRelease, task: Task, constraints: Constraints, availability: Availability
) -> Iterator[Reason]:
    known = model.capabilities | ({"reasoning"} if model.supports_reasoning else frozenset())
    lacking = sorted(
        need for need in task.needs if need not in known or (need == "reasoning" and not model.supports_reasoning)
    )
    if lacking:
        yield "capability", f"lacks capability {', '.join(lacking)}"
    buffer = router.config.context_buffer
    if task.input_tokens * buffer > model.context_window:
        size = f"{task.input_tokens:,} estimated tokens x {buffer.normalize():f}"
        yield "context", f"context: {size} exceed its window of {model.context_window:,}"


def place_reasons(
    model: Model, catalogue: Catalogue, constraints: Constraints, availability: Availability
) -> Iterator[Reason]:
    private = {
        name for name, provider in catalogue.providers.items() if provider.is_local or provider.is_zero_retention
    }
    if constraints.priority == "privacy" and not any(each.provider in private for each in model.deployments):
        yield "privacy", "no provider of it is local or zero-retention"
        return
    everywhere = effective_deployments(model, availability)
    callable_now = [each for each in everywhere if stays_in(each, constraints.regions)]
    usable = [
        each
        for each in callable_now
        if not is_down(each, availability)
        and each.provider not in constraints.blocked_providers
        and each.id not in availability.open_circuits
        and (constraints.priority != "privacy" or availability.sandbox or each.provider in private)
    ]
    if usable:
        times = [availability.latency_ms.get(each.id, availability.latency_ms.get(model.id)) for each in usable]
        limit = constraints.max_latency_ms
        if limit is not None and all(ms is not None and ms > limit for ms in times):
            fastest = min(ms for ms in times if ms is not None)
            yield "latency", f"measured latency {fastest} ms is over the limit of {limit} ms"
        return
    if not everywhere:
        places = ", ".join(sorted({each.provider for each in model.deployments})) or "any provider"
        yield "credential", f"unavailable: there is no API key for {places}"
    elif not callable_now and not constraints.regions:
        yield "region", "the regions that request, key and account allow have none in common"
    elif not callable_now:
        told = ", ".join(f"{each.id} ({', '.join(each.regions) or 'unknown'})" for each in everywhere)
        yield "region", f"no place of it is known to stay in {', '.join(sorted(constraints.regions or ()))}: {told}"
    elif opened := [each.id for each in callable_now if each.id in availability.open_circuits]:
        yield "circuit", ", ".join(f"circuit of {name} open {availability.open_circuits[name]}" for name in opened)
    elif all(is_down(each, availability) for each in callable_now):
        yield "unavailable", "every deployment of it is down"
    else:
        yield "blocked", "every provider that serves it is blocked"


def stays_in(deployment: Deployment, regions: frozenset[str] | None) -> bool:
    if regions is None:
        return True
    return len(deployment.regions) > 0 and all(each in regions for each in deployment.regions)


# --- what it costs and scores


def price_of(model: Model, availability: Availability, now: datetime) -> Price | None:
    """The price in force at the first deployment that can be called, if input and output have one."""
    places = effective_deployments(model, availability) or model.deployments
    begun = [price for price in (places[0].prices if places else ()) if price.effective_from <= now]
    if not begun or begun[-1].rates.input is None or begun[-1].rates.output is None:
        return None
    return begun[-1]


def rates_of(price: Price) -> tuple[Decimal, Decimal]:
    assert price.rates.input is not None
    assert price.rates.output is not None
    return price.rates.input, price.rates.output


def mean_price(model: Model, availability: Availability, now: datetime) -> Decimal:
    price = price_of(model, availability, now)
    return sum(rates_of(price)) / Decimal(2) if price else Decimal(0)


def estimated_cost(model: Model, price: Price | None, task: Task, constraints: Constraints) -> Decimal:
    """USD of the prompt and an answer of 500 tokens, or fewer where the model or the request gives fewer."""
    if price is None:
        assert constraints.unpriced_usd is not None
        return constraints.unpriced_usd
    dear_in, dear_out = rates_of(price)
    output = min(500, model.max_output, constraints.max_output_tokens or 500)
    return (task.input_tokens * dear_in + output * dear_out) / Decimal(1_000_000)


def candidate(
    model: Model, router: RouterRelease, task: Task, constraints: Constraints, availability: Availability, now: datetime
) -> Candidate:
    price, mean = price_of(model, availability, now), mean_price(model, availability, now)
    tier: CostTier = (
        "cheap" if mean < router.config.cheap_below else "mid" if mean < router.config.mid_below else "premium"
    )
    terms = terms_of(model, router, tier, task, constraints)
    base = terms.category + terms.learned + terms.stickiness + terms.reasoning + terms.research
    return Candidate(
        model=model.id,
        provider=model.provider,
        score=base * terms.complexity_factor * terms.tier_weight + terms.speed,
        tier=tier,
        terms=terms,
        mean_price=mean,
        quality=quality_of(model, router),
        estimated_cost_usd=estimated_cost(model, price, task, constraints),
        hosting=hosting(model, router, availability, now),
        weighted=weighted(model, router, task),
        evidence=oracle_learning.evidence(model, router, task),
    )


def quality_of(model: Model, router: RouterRelease) -> Decimal:
    profile = router.profiles.get(model.id)
    return profile.quality.value if profile and profile.quality else Decimal(70)


def terms_of(model: Model, router: RouterRelease, tier: CostTier, task: Task, constraints: Constraints) -> Terms:
    config, profile = router.config, router.profiles.get(model.id)
    mixed = weighted(model, router, task)
    factor = config.simple_penalty if task.complexity == "simple" else Decimal(1)
    if task.complexity == "complex" and quality_of(model, router) >= config.complex_threshold:
        factor = config.complex_multiplier
    weights = config.tier_weights.get(task.complexity, {})
    category = (
        sum((share * score for _, share, score in mixed), Decimal(0)) if mixed else score_of(profile, task.category)
    )
    return Terms(
        category=category,
        learned=oracle_learning.points(model, router, task, category),
        stickiness=config.stickiness_bonus if model.id == constraints.previous_model else Decimal(0),
        reasoning=config.reasoning_bonus if task.complexity == "complex" and model.supports_reasoning else Decimal(0),
        research=config.research_bonus
        if task.category == "research" and model.provider == "perplexity"
        else Decimal(0),
        complexity_factor=factor,
        tier_weight=weights.get(tier, Decimal("0.33")),
        speed=sum((points for word, points in config.speed_bonuses.items() if word in model.id.lower()), Decimal(0)),
    )


# --- who goes first


def ordered(
    scored: list[Candidate],
    catalogue: Catalogue,
    router: RouterRelease,
    policy: Policy | None,
    constraints: Constraints,
) -> list[Candidate]:
    """By score, lower mean price, id; then what is asked for on top, step by step, each step stable and the last winning."""
    found = sorted(scored, key=lambda each: (-each.score, each.mean_price, each.model))
    if policy is not None:
        found = sorted(found, key=lambda each: policy.models.index(each.model))
        found = drawn(found, catalogue, constraints, router.config.policy_max_places)
    else:
        found = by_priority(found, catalogue, constraints)
    if constraints.keeps_model and (constraints.shares_decision or router.config.stickiness_bonus > 0):
        found = sorted(found, key=lambda each: each.model != constraints.previous_model)
    return found


MEASURES: dict[str, Callable[[Candidate], Any]] = {
    "cost": lambda each: each.estimated_cost_usd,
    "quality": lambda each: -each.quality,
    "speed": lambda each: (each.hosting.expected_ms, -each.terms.speed),
}


def drawn(found: list[Candidate], catalogue: Catalogue, constraints: Constraints, max_places: int) -> list[Candidate]:
    """Place by place whoever is wished for most of those that stand at most so many places further down; who would come
    to stand more places further down than he stood goes first."""

    local_providers = {name for name, provider in catalogue.providers.items() if provider.is_local}

    def wish(each: Candidate) -> tuple[bool, object]:
        local = any(place.provider in local_providers for place in catalogue.models[each.model].deployments)
        is_away = Decimal(constraints.priority == "privacy" and not local)
        measure = MEASURES[constraints.priority](each) if constraints.priority in MEASURES else is_away
        return not is_preferred(each, constraints), measure

    made: list[Candidate] = []
    while len(made) < len(found):
        at = len(made)
        near = [each for each in found if each not in made and found.index(each) <= at + max_places]
        late = [each for each in near if at - found.index(each) >= max_places]
        made.append(min(late or near, key=lambda each: (wish(each), found.index(each))))
    return made


def by_priority(found: list[Candidate], catalogue: Catalogue, constraints: Constraints) -> list[Candidate]:
    if constraints.priority in MEASURES:
        found = near_first(found, MEASURES[constraints.priority])
    if constraints.preferred_providers or constraints.preferred_models:
        found = near_first(found, lambda each: Decimal(not is_preferred(each, constraints)))
    if constraints.priority == "privacy":
        local = {name for name, provider in catalogue.providers.items() if provider.is_local}
        at_home = {
            name
            for name, model in catalogue.models.items()
            if any(each.provider in local for each in model.deployments)
        }
        found = sorted(found, key=lambda each: each.model not in at_home)
    return found


def near_first(found: list[Candidate], measure: Callable[[Candidate], Any]) -> list[Candidate]:
    """Those within a fifth of the best score, lowest measure first; then the others as they are."""
    best = max((each.score for each in found), default=Decimal(0))
    floor = best - Decimal("0.2") * abs(best)
    near = [each for each in found if each.score >= floor]
    return sorted(near, key=measure) + [each for each in found if each.score < floor]


def is_preferred(each: Candidate, constraints: Constraints) -> bool:
    return each.provider in constraints.preferred_providers or each.model in constraints.preferred_models
