"""Who may answer: every model that stays in, and why the others are out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from autorouter.types import Exclusion, RouterConfig, Task, Wish
from models_registry.deployments import effective_deployments
from models_registry.errors import UnknownPrice
from models_registry.pricing import mean_price, price_at
from models_registry.types import Catalogue, Deployment, Model, Price, Provider, Reach

EXPECTED_OUTPUT_TOKENS = 500
"""Estimated length of an answer, for estimated costs; a request's own maximum and the model's cap it."""
MILLION = Decimal(1_000_000)


@dataclass(frozen=True, kw_only=True, slots=True)
class Circumstances:
    """Everything that the filter looks at beside the model itself."""

    catalogue: Catalogue
    config: RouterConfig
    task: Task
    wish: Wish
    max_cost_usd: Decimal | None
    """The lower one of the request's and the policy's limit."""
    reach: Reach
    now: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Admitted:
    """A model that may answer, at its price of this moment."""

    model: Model
    price: Price
    mean_price: Decimal
    estimated_cost_usd: Decimal


def serving(model: Model, providers: Mapping[str, Provider], wish: Wish, reach: Reach) -> tuple[Deployment, ...]:
    """The deployments of `model` that this request may use, in the order in which they are to be tried."""
    return tuple(
        deployment
        for deployment in effective_deployments(model, reach)
        if deployment.status != "down"
        and deployment.provider not in wish.blocked_providers
        and deployment.id not in reach.open_circuits
        and (wish.priority != "privacy" or reach.sandbox or _is_private(deployment, providers))
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


def admit(model: Model, case: Circumstances) -> Admitted | Exclusion:
    """The model with its price, or every reason for which it is out (the first one gives the code)."""
    reasons = [*_status_reasons(model, case), *_fit_reasons(model, case), *_reach_reasons(model, case)]
    admitted = _priced(model, case)
    if admitted is None:
        reasons.append(("price", "it has no price"))
    elif case.max_cost_usd is not None and admitted.estimated_cost_usd > case.max_cost_usd:
        cost = f"estimated cost {admitted.estimated_cost_usd:f} USD is over the limit of {case.max_cost_usd:f} USD"
        reasons.append(("cost", cost))
    if admitted is None or reasons:
        return Exclusion(model=model.id, code=reasons[0][0], reason="; ".join(text for _, text in reasons))
    return admitted


def _status_reasons(model: Model, case: Circumstances) -> Iterator[tuple[str, str]]:
    if not model.is_available:
        yield "unavailable", "it is unavailable"
    if model.is_deprecated(case.now.date()):
        instead = f", use {model.successor}" if model.successor else ""
        yield "deprecated", f"it is deprecated since {model.deprecated_from}{instead}"
    if model.is_internal_only and not case.wish.allow_internal:
        yield "internal", "it is for internal use only"
    if model.provider in case.wish.blocked_providers:
        yield "blocked", f"provider {model.provider} is blocked"


def _fit_reasons(model: Model, case: Circumstances) -> Iterator[tuple[str, str]]:
    if missing := sorted(need for need in case.task.needs if not model.has(need)):
        yield "capability", f"lacks capability {', '.join(missing)}"
    needed = case.task.input_tokens * case.config.context_buffer
    if needed > model.context_window:
        yield (
            "context",
            f"context: {case.task.input_tokens:,} estimated tokens x {case.config.context_buffer.normalize():f} "
            f"exceed its window of {model.context_window:,}",
        )
    measured = case.reach.latency_ms.get(model.id)
    limit = case.wish.max_latency_ms
    if limit is not None and measured is not None and measured > limit:
        yield "latency", f"measured latency {measured} ms is over the limit of {limit} ms"


def _reach_reasons(model: Model, case: Circumstances) -> Iterator[tuple[str, str]]:
    if case.wish.priority == "privacy" and not is_private(model, case.catalogue.providers):
        yield "privacy", "no provider of it is local or zero-retention"
    elif not serving(model, case.catalogue.providers, case.wish, case.reach):
        yield _why_unreachable(model, case)


def _why_unreachable(model: Model, case: Circumstances) -> tuple[str, str]:
    reachable = effective_deployments(model, case.reach)
    if not reachable:
        places = ", ".join(sorted({deployment.provider for deployment in model.deployments})) or "any provider"
        return "credential", f"unavailable: there is no API key for {places}"
    if any(deployment.id in case.reach.open_circuits for deployment in reachable):
        return "circuit", "its circuit is open after repeated failures"
    if all(deployment.status == "down" for deployment in reachable):
        return "unavailable", "every deployment of it is down"
    return "blocked", "every provider that serves it is blocked"


def _priced(model: Model, case: Circumstances) -> Admitted | None:
    deployments = effective_deployments(model, case.reach) or model.deployments
    try:
        price = price_at(deployments[0].prices if deployments else (), case.now)
        return Admitted(
            model=model,
            price=price,
            mean_price=mean_price(price),
            estimated_cost_usd=_estimated_cost(model, price, case),
        )
    except UnknownPrice:
        return None


def _estimated_cost(model: Model, price: Price, case: Circumstances) -> Decimal:
    """Of the estimated prompt and an answer of expected length, at base rates. Not the ceiling that is held."""
    output = min(EXPECTED_OUTPUT_TOKENS, model.max_output, case.wish.max_output_tokens or EXPECTED_OUTPUT_TOKENS)
    if price.rates.input is None or price.rates.output is None:
        raise UnknownPrice(f"{model.id} has no input or no output price.")
    return (case.task.input_tokens * price.rates.input + output * price.rates.output) / MILLION
