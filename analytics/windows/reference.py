"""Which models routing is compared with, for one pair of releases: the best one for a category, the cheapest that is good
enough, and those that were asked for by name. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from models_registry.errors import UnknownPrice
from models_registry.prices.pricing import mean_price, price_at
from models_registry.types import Catalogue, Model, Rates
from routerhub.intervals import newcombe

UNKNOWN_SCORE = Decimal(70)
"""Of a model without a profile, as the router scores it."""
MAX_POINTS_BELOW = Decimal(10)
"""A model that is good enough scores at most so much less than the best one."""
NANO_PER_TOKEN = Decimal(1_000)
"""One USD per 1M tokens, as nano-dollars per token."""
Success = tuple[int, int]
"""Successes, and how many they are of."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """What the tokens of a request are priced at. Rates are nano-dollars per token."""

    kind: Literal["best", "good", "asked"]
    category: str
    """Empty for one that was asked for: that is one model for every category."""
    asked: str
    """The name that it is asked for by; empty for the others."""
    model: str
    input_rate: Decimal
    output_rate: Decimal
    cache_read_rate: Decimal
    cache_write_rate: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class Priced:
    """A chat model with its price."""

    model: Model
    rates: Rates
    mean: Decimal


def references(
    catalogue: Catalogue, scores: Mapping[str, Mapping[str, Decimal]], success: Mapping[str, Success], moment: datetime
) -> Iterator[Reference]:
    """`scores` are those of the profiles, by category and model; `success` is what was measured, by model."""
    priced = [each for model in catalogue.models.values() if (each := _priced(model, moment))]
    open_to_all = [each for each in priced if _is_open_to_all(each.model, moment)]
    for category, by_model in sorted(scores.items() if open_to_all else ()):
        best = min(open_to_all, key=lambda each: (-_score(each, by_model), each.mean, each.model.id))
        yield _reference("best", best, category=category)
        fit = [each for each in open_to_all if _is_good(each, best, by_model, success)]
        good = min(fit, key=lambda each: (each.mean, -_score(each, by_model), each.model.id))
        yield _reference("good", good, category=category)
    for each in priced:
        for name in dict.fromkeys((each.model.id, *each.model.aliases)):
            yield _reference("asked", each, asked=name)


def _is_open_to_all(model: Model, moment: datetime) -> bool:
    """Whether any account may be answered by it."""
    is_reserved = model.is_internal_only or model.is_pro or model.is_experimental
    return model.is_available and not is_reserved and not model.is_deprecated(moment.date())


def _priced(model: Model, moment: datetime) -> Priced | None:
    """By the price of its first deployment; None where that says not what input and output cost."""
    if model.kind != "chat" or not model.deployments:
        return None
    try:
        price = price_at(model.deployments[0].prices, moment)
        return Priced(model=model, rates=price.rates, mean=mean_price(price))
    except UnknownPrice:
        return None


def _score(each: Priced, by_model: Mapping[str, Decimal]) -> Decimal:
    return by_model.get(each.model.id, UNKNOWN_SCORE)


def _is_good(each: Priced, best: Priced, by_model: Mapping[str, Decimal], success: Mapping[str, Success]) -> bool:
    """Whether it scores near the best one and is not measured to succeed less often."""
    if _score(each, by_model) < _score(best, by_model) - MAX_POINTS_BELOW:
        return False
    own, of_best = (success.get(one.model.id, (0, 0)) for one in (each, best))
    _, _, most = newcombe(own, of_best)
    return each is best or 0 in (own[1], of_best[1]) or most >= 0


def _reference(kind: Literal["best", "good", "asked"], each: Priced, category: str = "", asked: str = "") -> Reference:
    """At base rates: tokens of a cache cost what input does where no price says otherwise."""
    inputs, outputs = each.rates.input or Decimal(0), each.rates.output or Decimal(0)
    read, write = (inputs if rate is None else rate for rate in (each.rates.cache_read, each.rates.cache_write))
    return Reference(
        kind=kind, category=category, asked=asked, model=each.model.id,
        input_rate=inputs * NANO_PER_TOKEN, output_rate=outputs * NANO_PER_TOKEN,
        cache_read_rate=read * NANO_PER_TOKEN, cache_write_rate=write * NANO_PER_TOKEN,
    )  # fmt: skip
