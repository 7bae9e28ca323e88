"""Who may answer: every model that stays in, and why the others are out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from autorouter.types import Constraints, Exclusion, RouterConfig, Task
from models_registry.deployments import effective_deployments
from models_registry.errors import UnknownPrice
from models_registry.prices.pricing import known, mean_price, price_at
from models_registry.types import Availability, Catalogue, Deployment, Model, Price, Provider, Status

EXPECTED_OUTPUT_TOKENS = 500
"""Estimated length of an answer, for estimated costs; a request's own maximum and the model's cap it."""
MILLION = Decimal(1_000_000)
NO_PRICE = Decimal(0)
"""Stands where there is none: such a model is excluded, never taken for free."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """What of a model does not depend on the task: its price of this moment, and why it is out for everybody."""

    model: Model
    price: Price | None
    mean_price: Decimal
    status_reasons: tuple[tuple[str, str], ...]
    availability_reasons: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Circumstances:
    """What the filter looks at beside the model itself."""

    config: RouterConfig
    task: Task
    constraints: Constraints
    max_cost_usd: Decimal | None
    """The lower one of the request's and the policy's limit."""
    availability: Availability


@dataclass(frozen=True, kw_only=True, slots=True)
class Admitted:
    """A model that may answer, and what the request would likely cost there."""

    standing: Standing
    estimated_cost_usd: Decimal


def standing_of(
    model: Model, catalogue: Catalogue, constraints: Constraints, availability: Availability, now: datetime
) -> Standing:
    """The model's standing at `now` for callers with this wish."""
    price = _priced(model, availability, now)
    return Standing(
        model=model,
        price=price,
        mean_price=mean_price(price) if price else NO_PRICE,
        status_reasons=tuple(_status_reasons(model, constraints, now)),
        availability_reasons=tuple(_availability_reasons(model, catalogue, constraints, availability)),
    )


def serving(
    model: Model, providers: Mapping[str, Provider], constraints: Constraints, availability: Availability
) -> tuple[Deployment, ...]:
    """The deployments of `model` that this request may use, in the order in which they are to be tried."""
    usable = [
        deployment
        for deployment in effective_deployments(model, availability)
        if status_of(deployment, availability) != "down"
        and deployment.provider not in constraints.blocked_providers
        and deployment.id not in availability.open_circuits
        and (constraints.priority != "privacy" or availability.sandbox or _is_private(deployment, providers))
    ]
    return tuple(sorted(usable, key=lambda deployment: status_of(deployment, availability) == "degraded"))


def status_of(deployment: Deployment, availability: Availability) -> Status:
    """The worse one of what staff set and what the last probe found."""
    if deployment.status == "down" or deployment.id in availability.health.down:
        return "down"
    return (
        "degraded" if deployment.status == "degraded" or deployment.id in availability.health.degraded else "available"
    )


def is_local(model: Model, providers: Mapping[str, Provider]) -> bool:
    """Whether some deployment of the model runs on machines of one's own."""
    return any(providers[each.provider].is_local for each in model.deployments if each.provider in providers)


def is_private(model: Model, providers: Mapping[str, Provider]) -> bool:
    """Whether some deployment of the model is local or keeps nothing."""
    return any(_is_private(deployment, providers) for deployment in model.deployments)


def _is_private(deployment: Deployment, providers: Mapping[str, Provider]) -> bool:
    provider = providers.get(deployment.provider)
    return provider is not None and (provider.is_local or provider.is_zero_retention)


def admit(standing: Standing, case: Circumstances) -> Admitted | Exclusion:
    """The model with its cost, or every reason for which it is out (the first one gives the code)."""
    model, price = standing.model, standing.price
    reasons = [*standing.status_reasons, *_fit_reasons(model, case), *standing.availability_reasons]
    cost = _estimated_cost(model, price, case) if price else NO_PRICE
    if price is None:
        reasons.append(("price", "it has no price"))
    elif case.max_cost_usd is not None and cost > case.max_cost_usd:
        text = f"estimated cost {cost:f} USD is over the limit of {case.max_cost_usd:f} USD"
        reasons.append(("cost", text))
    if reasons:
        return Exclusion(model=model.id, code=reasons[0][0], reason="; ".join(text for _, text in reasons))
    return Admitted(standing=standing, estimated_cost_usd=cost)


def _status_reasons(model: Model, constraints: Constraints, now: datetime) -> Iterator[tuple[str, str]]:
    if not model.is_available:
        yield "unavailable", "it is unavailable"
    if model.is_deprecated(now.date()):
        instead = f", use {model.successor}" if model.successor else ""
        yield "deprecated", f"it is deprecated since {model.deprecated_from}{instead}"
    if model.is_internal_only and not constraints.allow_internal:
        yield "internal", "it is for internal use only"
    if model.provider in constraints.blocked_providers:
        yield "blocked", f"provider {model.provider} is blocked"
    if model.id in constraints.blocked_models:
        yield "blocked", "it is blocked by a rule of yours"
    if not all(model.id in models or model.provider in providers for providers, models in constraints.allowed):
        yield "blocked", "it is not among those that a rule of yours allows"


def _fit_reasons(model: Model, case: Circumstances) -> list[tuple[str, str]]:
    reasons = []
    task, limit = case.task, case.constraints.max_latency_ms
    if task.needs and (missing := sorted(need for need in task.needs if not model.has(need))):
        reasons.append(("capability", f"lacks capability {', '.join(missing)}"))
    if task.input_tokens * case.config.context_buffer > model.context_window:
        buffer = f"{case.config.context_buffer.normalize():f}"
        text = (
            f"context: {task.input_tokens:,} estimated tokens x {buffer} exceed its window of {model.context_window:,}"
        )
        reasons.append(("context", text))
    measured = case.availability.latency_ms.get(model.id) if limit is not None else None
    if limit is not None and measured is not None and measured > limit:
        reasons.append(("latency", f"measured latency {measured} ms is over the limit of {limit} ms"))
    return reasons


def _availability_reasons(
    model: Model, catalogue: Catalogue, constraints: Constraints, availability: Availability
) -> Iterator[tuple[str, str]]:
    if constraints.priority == "privacy" and not is_private(model, catalogue.providers):
        yield "privacy", "no provider of it is local or zero-retention"
    elif not serving(model, catalogue.providers, constraints, availability):
        yield _why_unreachable(model, availability)


def _why_unreachable(model: Model, availability: Availability) -> tuple[str, str]:
    reachable = effective_deployments(model, availability)
    if not reachable:
        places = ", ".join(sorted({deployment.provider for deployment in model.deployments})) or "any provider"
        return "credential", f"unavailable: there is no API key for {places}"
    if any(deployment.id in availability.open_circuits for deployment in reachable):
        return "circuit", "its circuit is open after repeated failures"
    if all(status_of(deployment, availability) == "down" for deployment in reachable):
        return "unavailable", "every deployment of it is down"
    return "blocked", "every provider that serves it is blocked"


def _priced(model: Model, availability: Availability, now: datetime) -> Price | None:
    """The price of the first deployment that can be called, if it has both an input and an output price."""
    deployments = effective_deployments(model, availability) or model.deployments
    try:
        price = price_at(deployments[0].prices if deployments else (), now)
    except UnknownPrice:
        return None
    return None if price.rates.input is None or price.rates.output is None else price


def _estimated_cost(model: Model, price: Price, case: Circumstances) -> Decimal:
    """Of the estimated prompt and an answer of expected length, at base rates. Not the ceiling that is held."""
    output = min(EXPECTED_OUTPUT_TOKENS, model.max_output, case.constraints.max_output_tokens or EXPECTED_OUTPUT_TOKENS)
    rates = price.rates
    return (case.task.input_tokens * known(rates.input, "input") + output * known(rates.output, "output")) / MILLION
