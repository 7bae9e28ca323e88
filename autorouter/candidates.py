"""Who may answer: every model that stays in, and why the others are out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from autorouter.types import Exclusion, RouterConfig, Task, Wish
from models_registry.deployments import effective_deployments
from models_registry.errors import UnknownPrice
from models_registry.pricing import known, mean_price, price_at
from models_registry.types import Catalogue, Deployment, Model, Price, Provider, Reach, Status

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
    reach_reasons: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Circumstances:
    """What the filter looks at beside the model itself."""

    config: RouterConfig
    task: Task
    wish: Wish
    max_cost_usd: Decimal | None
    """The lower one of the request's and the policy's limit."""
    reach: Reach


@dataclass(frozen=True, kw_only=True, slots=True)
class Admitted:
    """A model that may answer, and what the request would likely cost there."""

    standing: Standing
    estimated_cost_usd: Decimal


def standing_of(model: Model, catalogue: Catalogue, wish: Wish, reach: Reach, now: datetime) -> Standing:
    """The model's standing at `now` for callers with this wish."""
    price = _priced(model, reach, now)
    return Standing(
        model=model,
        price=price,
        mean_price=mean_price(price) if price else NO_PRICE,
        status_reasons=tuple(_status_reasons(model, wish, now)),
        reach_reasons=tuple(_reach_reasons(model, catalogue, wish, reach)),
    )


def serving(model: Model, providers: Mapping[str, Provider], wish: Wish, reach: Reach) -> tuple[Deployment, ...]:
    """The deployments of `model` that this request may use, in the order in which they are to be tried."""
    usable = [
        deployment
        for deployment in effective_deployments(model, reach)
        if status_of(deployment, reach) != "down"
        and deployment.provider not in wish.blocked_providers
        and deployment.id not in reach.open_circuits
        and (wish.priority != "privacy" or reach.sandbox or _is_private(deployment, providers))
    ]
    return tuple(sorted(usable, key=lambda deployment: status_of(deployment, reach) == "degraded"))


def status_of(deployment: Deployment, reach: Reach) -> Status:
    """The worse one of what staff set and what the last probe found."""
    if deployment.status == "down" or deployment.id in reach.health.down:
        return "down"
    return "degraded" if deployment.status == "degraded" or deployment.id in reach.health.degraded else "available"


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
    reasons = [*standing.status_reasons, *_fit_reasons(model, case), *standing.reach_reasons]
    cost = _estimated_cost(model, price, case) if price else NO_PRICE
    if price is None:
        reasons.append(("price", "it has no price"))
    elif case.max_cost_usd is not None and cost > case.max_cost_usd:
        text = f"estimated cost {cost:f} USD is over the limit of {case.max_cost_usd:f} USD"
        reasons.append(("cost", text))
    if reasons:
        return Exclusion(model=model.id, code=reasons[0][0], reason="; ".join(text for _, text in reasons))
    return Admitted(standing=standing, estimated_cost_usd=cost)


def _status_reasons(model: Model, wish: Wish, now: datetime) -> Iterator[tuple[str, str]]:
    if not model.is_available:
        yield "unavailable", "it is unavailable"
    if model.is_deprecated(now.date()):
        instead = f", use {model.successor}" if model.successor else ""
        yield "deprecated", f"it is deprecated since {model.deprecated_from}{instead}"
    if model.is_internal_only and not wish.allow_internal:
        yield "internal", "it is for internal use only"
    if model.provider in wish.blocked_providers:
        yield "blocked", f"provider {model.provider} is blocked"
    if model.id in wish.blocked_models:
        yield "blocked", "it is blocked by a rule of yours"
    if not all(model.id in models or model.provider in providers for providers, models in wish.allowed):
        yield "blocked", "it is not among those that a rule of yours allows"


def _fit_reasons(model: Model, case: Circumstances) -> list[tuple[str, str]]:
    reasons = []
    task, limit = case.task, case.wish.max_latency_ms
    if task.needs and (missing := sorted(need for need in task.needs if not model.has(need))):
        reasons.append(("capability", f"lacks capability {', '.join(missing)}"))
    if task.input_tokens * case.config.context_buffer > model.context_window:
        buffer = f"{case.config.context_buffer.normalize():f}"
        text = (
            f"context: {task.input_tokens:,} estimated tokens x {buffer} exceed its window of {model.context_window:,}"
        )
        reasons.append(("context", text))
    measured = case.reach.latency_ms.get(model.id) if limit is not None else None
    if limit is not None and measured is not None and measured > limit:
        reasons.append(("latency", f"measured latency {measured} ms is over the limit of {limit} ms"))
    return reasons


def _reach_reasons(model: Model, catalogue: Catalogue, wish: Wish, reach: Reach) -> Iterator[tuple[str, str]]:
    if wish.priority == "privacy" and not is_private(model, catalogue.providers):
        yield "privacy", "no provider of it is local or zero-retention"
    elif not serving(model, catalogue.providers, wish, reach):
        yield _why_unreachable(model, reach)


def _why_unreachable(model: Model, reach: Reach) -> tuple[str, str]:
    reachable = effective_deployments(model, reach)
    if not reachable:
        places = ", ".join(sorted({deployment.provider for deployment in model.deployments})) or "any provider"
        return "credential", f"unavailable: there is no API key for {places}"
    if any(deployment.id in reach.open_circuits for deployment in reachable):
        return "circuit", "its circuit is open after repeated failures"
    if all(status_of(deployment, reach) == "down" for deployment in reachable):
        return "unavailable", "every deployment of it is down"
    return "blocked", "every provider that serves it is blocked"


def _priced(model: Model, reach: Reach, now: datetime) -> Price | None:
    """The price of the first deployment that can be called, if it has both an input and an output price."""
    deployments = effective_deployments(model, reach) or model.deployments
    try:
        price = price_at(deployments[0].prices if deployments else (), now)
    except UnknownPrice:
        return None
    return None if price.rates.input is None or price.rates.output is None else price


def _estimated_cost(model: Model, price: Price, case: Circumstances) -> Decimal:
    """Of the estimated prompt and an answer of expected length, at base rates. Not the ceiling that is held."""
    output = min(EXPECTED_OUTPUT_TOKENS, model.max_output, case.wish.max_output_tokens or EXPECTED_OUTPUT_TOKENS)
    rates = price.rates
    return (case.task.input_tokens * known(rates.input, "input") + output * known(rates.output, "output")) / MILLION
