"""Who may answer: where each model can be called, and every reason for which one is out."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from autorouter.decision.deployment_order import status_of, up
from autorouter.decision.scoring import cost_tier
from autorouter.types import COST_TIERS, Constraints, Exclusion, RouterConfig, Task
from models_registry.deployments import effective_deployments
from models_registry.errors import UnknownPrice
from models_registry.prices.pricing import known, mean_price, price_at
from models_registry.types import Availability, Catalogue, Deployment, Model, Price, Provider, Rates
from routerhub.regions import Regions, is_within

EXPECTED_OUTPUT_TOKENS = 500
"""Estimated length of an answer, for estimated costs; a request's own maximum and the model's cap it."""
MILLION = Decimal(1_000_000)
NO_RATES = Rates(input=None, output=None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Circumstances:
    """What decides over a model beside the model itself."""

    catalogue: Catalogue
    config: RouterConfig
    availability: Availability
    task: Task
    constraints: Constraints
    max_cost_usd: Decimal | None
    """The lower one of the request's and the policy's limit."""
    now: datetime


def serving(
    model: Model, providers: Mapping[str, Provider], constraints: Constraints, availability: Availability
) -> tuple[Deployment, ...]:
    """The deployments of `model` that this request may use, however long they take."""
    allowed = _allowed(up(model, availability), providers, constraints, availability)
    return tuple(each for each in allowed if each.id not in availability.open_circuits)


def permitted(
    model: Model,
    places: Iterable[Deployment],
    providers: Mapping[str, Provider],
    constraints: Constraints,
    availability: Availability,
) -> tuple[Deployment, ...]:
    """Those of its deployments that this request may use, be their circuits open or not, in the order in which they come; where a
    test's variant puts a provider first, that one's before."""
    allowed, limit = _allowed(places, providers, constraints, availability), constraints.max_latency_ms
    kind, name = constraints.leads or ("", "")
    if kind == "provider":
        allowed.sort(key=lambda each: each.provider != name)
    if limit is None:
        return tuple(allowed)
    return tuple([each for each in allowed if (availability.latency_at(model, each) or 0) <= limit])


def _allowed(
    places: Iterable[Deployment],
    providers: Mapping[str, Provider],
    constraints: Constraints,
    availability: Availability,
) -> list[Deployment]:
    """Those that the request does not rule out, however long they take."""
    needs_privacy = constraints.priority == "privacy" and not availability.sandbox
    return [
        deployment
        for deployment in places
        if deployment.provider not in constraints.blocked_providers
        and is_within(deployment.regions, constraints.regions)
        and not (needs_privacy and not keeps_private(deployment, providers))
    ]


def is_local(model: Model, providers: Mapping[str, Provider]) -> bool:
    """Whether some deployment of the model runs on machines of one's own."""
    return any(providers[each.provider].is_local for each in model.deployments if each.provider in providers)


def is_private(model: Model, providers: Mapping[str, Provider]) -> bool:
    """Whether some deployment of the model is local or keeps nothing."""
    return any(keeps_private(deployment, providers) for deployment in model.deployments)


def keeps_private(deployment: Deployment, providers: Mapping[str, Provider]) -> bool:
    """Whether its provider is local or keeps nothing."""
    provider = providers.get(deployment.provider)
    return provider is not None and (provider.is_local or provider.is_zero_retention)


def price_now(model: Model, availability: Availability, now: datetime) -> Price | None:
    """The price of the first deployment that can be called, if it says what input and (but for vectors) output cost."""
    deployments = effective_deployments(model, availability) or model.deployments
    try:
        price = price_at(deployments[0].prices if deployments else (), now)
    except UnknownPrice:
        return None
    is_whole = price.rates.input is not None and (price.rates.output is not None or model.kind == "embedding")
    return price if is_whole else None


def estimated_cost_usd(model: Model, price: Price | None, task: Task, constraints: Constraints) -> Decimal:
    """Of the estimated prompt and an answer of expected length, at base rates; of a model without a price the account's own
    figure. Raises UnknownPrice."""
    if price is None and constraints.takes_unpriced and constraints.unpriced_usd is not None:
        return constraints.unpriced_usd
    rates = price.rates if price else NO_RATES
    if model.kind == "embedding":
        return task.input_tokens * known(rates.input, "input") / MILLION
    output = min(EXPECTED_OUTPUT_TOKENS, model.max_output, constraints.max_output_tokens or EXPECTED_OUTPUT_TOKENS)
    return (task.input_tokens * known(rates.input, "input") + output * known(rates.output, "output")) / MILLION


# --- why a model is out


def exclusion(model: Model, case: Circumstances) -> Exclusion:
    """Every reason for which a model is out; the first one gives the code."""
    found = reasons(model, case)
    return Exclusion(model=model.id, code=found[0][0], reason="; ".join(text for _, text in found))


def reasons(model: Model, case: Circumstances) -> list[tuple[str, str]]:
    """Code and text of every reason for which a model is out; none where it may answer."""
    return [
        *_status_reasons(model, case.constraints, case.now),
        *_fit_reasons(model, case),
        *_availability_reasons(model, case),
        *_price_reasons(model, case),
    ]


def _status_reasons(model: Model, constraints: Constraints, now: datetime) -> Iterator[tuple[str, str]]:
    if not model.is_available:
        yield "unavailable", "it is unavailable"
    if model.is_deprecated(now.date()):
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
    if not all(model.id in models or model.provider in providers for providers, models in constraints.allowed):
        yield "blocked", "it is not among those that a rule of yours allows"


def _fit_reasons(model: Model, case: Circumstances) -> Iterator[tuple[str, str]]:
    task = case.task
    if missing := sorted(need for need in task.needs if not model.has(need)):
        yield "capability", f"lacks capability {', '.join(missing)}"
    if task.input_tokens * case.config.context_buffer > model.context_window:
        buffer = f"{case.config.context_buffer.normalize():f}"
        size = f"{task.input_tokens:,} estimated tokens x {buffer}"
        yield "context", f"context: {size} exceed its window of {model.context_window:,}"


def _availability_reasons(model: Model, case: Circumstances) -> Iterator[tuple[str, str]]:
    providers = case.catalogue.providers
    if case.constraints.priority == "privacy" and not is_private(model, providers):
        yield "privacy", "no provider of it is local or zero-retention"
    elif not (places := serving(model, providers, case.constraints, case.availability)):
        yield _why_unreachable(model, case.availability, case.constraints.regions)
    elif (limit := case.constraints.max_latency_ms) is not None:
        fastest = min(case.availability.latency_at(model, each) or 0 for each in places)
        if fastest > limit:
            yield "latency", f"measured latency {fastest} ms is over the limit of {limit} ms"


def _why_unreachable(model: Model, availability: Availability, regions: Regions) -> tuple[str, str]:
    everywhere = effective_deployments(model, availability)
    if not everywhere:
        places = ", ".join(sorted({deployment.provider for deployment in model.deployments})) or "any provider"
        return "credential", f"unavailable: there is no API key for {places}"
    reachable = [each for each in everywhere if is_within(each.regions, regions)]
    if not reachable:
        return "region", _outside(everywhere, regions or frozenset())
    opened = [
        f"circuit of {each.id} open {text}" for each in reachable if (text := availability.open_circuits.get(each.id))
    ]
    if opened:
        return "circuit", ", ".join(opened)
    if all(status_of(deployment, availability) == "down" for deployment in reachable):
        return "unavailable", "every deployment of it is down"
    return "blocked", "every provider that serves it is blocked"


def _outside(places: Sequence[Deployment], regions: frozenset[str]) -> str:
    if not regions:
        return "the regions that request, key and account allow have none in common"
    found = ", ".join(f"{each.id} ({', '.join(each.regions) or 'unknown'})" for each in places)
    return f"no place of it is known to stay in {', '.join(sorted(regions))}: {found}"


def _price_reasons(model: Model, case: Circumstances) -> Iterator[tuple[str, str]]:
    price, limit = price_now(model, case.availability, case.now), case.max_cost_usd
    if price is None:
        if not case.constraints.takes_unpriced:
            yield "price", "it has no price"
        return
    if (max_tier := case.constraints.max_tier) and model.kind == "chat":
        tier = cost_tier(mean_price(price), case.config)
        if COST_TIERS.index(tier) > COST_TIERS.index(max_tier):
            yield "paused", f"its tier {tier} is paused: {case.constraints.paused_by}"
    if limit is not None and (cost := estimated_cost_usd(model, price, case.task, case.constraints)) > limit:
        yield "cost", f"estimated cost {cost:f} USD is over the limit of {limit:f} USD"
