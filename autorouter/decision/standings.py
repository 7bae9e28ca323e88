"""What of each model does not depend on what a request is about: its price, its tier, and where it can be called. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal

from autorouter.decision.candidates import is_local, is_private, keeps_private, price_now
from autorouter.decision.costs import UNPRICED
from autorouter.decision.deployment_order import hosting, ordered
from autorouter.decision.hosting import Hosting
from autorouter.decision.scoring import cost_tier, quality_of
from autorouter.types import NEEDS, CostTier, RouterRelease
from models_registry.prices.pricing import mean_price
from models_registry.types import Availability, Catalogue, Deployment, Model, Price

Label = tuple[str, str]
"""What many models have in common: ("maker", "openai"), ("needs", "tools"), ("is", "local")."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Host:
    """What of a place where models can be called somebody may rule out."""

    provider: str
    is_private: bool
    regions: tuple[str, ...]
    latency_ms: int | None
    """As it was measured there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """What of a model does not depend on the task, from one change of a price or status to the next."""

    model: Model
    price: Price | None
    is_deprecated: bool
    mean_price: Decimal
    """USD per 1M tokens; UNPRICED where there is no price."""
    tier: CostTier
    quality: Decimal
    max_input_tokens: int
    """The largest estimated prompt that its window holds with the context buffer."""
    deployments: tuple[Deployment, ...]
    """Those that can be called, in the order in which they are tried."""
    hosting: Hosting
    labels: frozenset[Label | Host]


class Standings:
    """A catalogue's models, as a router release and what can be called at the moment let them stand."""

    def __init__(self, *, catalogue: Catalogue, router: RouterRelease, availability: Availability) -> None:
        self.catalogue = catalogue
        self.router = router
        self.availability = availability

    def deployments(self, model: Model, now: datetime) -> tuple[Deployment, ...]:
        """The same of a model that may have no standing, since it is none that is chosen between."""
        return ordered(model, self.availability, self.router.config.deployment_max_places, now)

    def standing(self, model: Model, now: datetime) -> Standing:
        config, price = self.router.config, price_now(model, self.availability, now)
        mean = mean_price(price) if price else UNPRICED
        is_deprecated = model.is_deprecated(now.date())
        tier = cost_tier(mean, config)
        places = self.deployments(model, now)
        usable = [each for each in places if each.id not in self.availability.open_circuits]
        is_open = model.is_available and not is_deprecated
        return Standing(
            model=model,
            price=price,
            is_deprecated=is_deprecated,
            mean_price=mean,
            tier=tier,
            quality=quality_of(self.router.profiles.get(model.id)),
            max_input_tokens=max_input_tokens(model.context_window, config.context_buffer),
            deployments=places,
            hosting=hosting(model, self.availability, places),
            labels=frozenset(
                [
                    *self._labels(model, usable),
                    ("tier", tier),
                    *([("is", "open" if price else "unpriced")] if is_open else []),
                ]
            ),
        )

    def _labels(self, model: Model, usable: Iterable[Deployment]) -> Iterator[Label | Host]:
        providers = self.catalogue.providers
        yield "maker", model.provider
        for need in NEEDS:
            if model.has(need):
                yield "has", need
        for each in usable:
            keeps = self.availability.sandbox or keeps_private(each, providers)
            takes = self.availability.latency_at(model, each)
            yield Host(provider=each.provider, is_private=keeps, regions=each.regions, latency_ms=takes)
        if is_private(model, providers):
            yield "is", "private"
        if is_local(model, providers):
            yield "is", "local"
        if model.is_internal_only:
            yield "is", "internal"
        if model.is_pro:
            yield "is", "pro"


def max_input_tokens(context_window: int, buffer: Decimal) -> int:
    """The largest whole number of tokens that a window holds with the buffer."""
    numerator, denominator = buffer.as_integer_ratio()
    return context_window * denominator // numerator


def price_changes(models: Iterable[Model]) -> Iterator[datetime]:
    """When a price begins, and the first moments of the days from which models are deprecated."""
    for model in models:
        if model.deprecated_from is not None:
            yield datetime.combine(model.deprecated_from, time(), UTC)
        for deployment in model.deployments:
            yield from (price.effective_from for price in deployment.prices)
