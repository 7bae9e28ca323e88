"""A catalogue release as plain JSON, and read into frozen values. Every rule is checked here, for all who load or publish.

A bundle is {"providers": {name: facts}, "models": {id: facts}}, with the fields of models_registry.types; money is text,
so that no digit is lost. See models_registry/catalogue/release0.json.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, fields
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any, TypeVar, get_args

from models_registry.errors import InvalidCatalogue
from models_registry.names import alias_problems, owners_of
from models_registry.types import (
    Capability,
    Catalogue,
    Deployment,
    Kind,
    Model,
    OutputLimitField,
    Price,
    Protocol,
    Provider,
    Rates,
    SpeedTier,
    Status,
    Tier,
)
from routerhub import numerals, regions

MODEL_ID = re.compile(r"[a-z0-9][a-z0-9._-]*:[A-Za-z0-9][A-Za-z0-9._/:@-]*")
PROVIDER_TYPES = {
    **dict.fromkeys(("title", "protocol", "base_url", "credential_env", "output_limit_field"), str),
    **dict.fromkeys(("is_local", "is_zero_retention"), bool),
}
MODEL_TYPES = {
    **dict.fromkeys(("provider", "name", "description", "user_description", "best_for"), str),
    **dict.fromkeys(("kind", "knowledge_cutoff", "speed_tier", "successor", "source"), str),
    **dict.fromkeys(("context_window", "max_output"), int),
    **dict.fromkeys(("supports_reasoning", "is_pro", "is_internal_only", "is_experimental", "is_available"), bool),
    **dict.fromkeys(("aliases", "capabilities", "deployments"), list),
    "benchmarks": dict,
}
DEPLOYMENT_TYPES = {
    **dict.fromkeys(("provider", "upstream_model", "status"), str),
    **dict.fromkeys(("regions", "prices"), list),
}
NOT_FINITE = frozenset({"nan", "snan", "infinity", "inf"})
MAX_BENCHMARK = 1_000_000
BENCHMARK_FORM = '{"value": 88.5, "source": "who measured it", "dated": "2026-10-05"}'
PRICE_TYPES = {**dict.fromkeys(("effective_from", "source", "dated"), str), "rates": dict, "tiers": list}
Built = TypeVar("Built")


def read(bundle: Mapping[str, Any], number: int) -> Catalogue:
    """Release `number` out of its bundle. Raises InvalidRelease with every problem."""
    problems: dict[str, str] = {}
    providers = _each("providers", bundle.get("providers"), _provider, problems)
    models = _each("models", bundle.get("models"), _model, problems)
    if not models and not problems:
        problems["models"] = "a catalogue needs at least one model."
    owners = _owners({} if problems else bundle["models"])
    for model in models.values():
        problems.update(_model_problems(model, bundle["models"], owners, providers))
    if problems:
        raise InvalidCatalogue(problems)
    return Catalogue(release=number, providers=providers, models=models)


def _each(
    path: str, raw: object, build: Callable[[str, Mapping[str, Any]], Built], problems: dict[str, str]
) -> dict[str, Built]:
    """Every entry of an object, built; one that cannot be is a problem by its path."""
    if not isinstance(raw, Mapping):
        problems[path] = f"{raw!r} is not an object."
        return {}
    built = {}
    for name, facts in raw.items():
        try:
            built[name] = build(name, facts)
        except (TypeError, ValueError, KeyError, AttributeError) as problem:
            problems[f"{path}.{name}"] = f"cannot be read: {problem!r}."
    return built


def _provider(name: str, facts: Mapping[str, Any]) -> Provider:
    _demand_types(facts, PROVIDER_TYPES)
    return Provider(name=name, **facts)


def _demand_types(facts: Mapping[str, Any], types: Mapping[str, type]) -> None:
    """Raises TypeError for the first value of another type; true and false are no numbers."""
    for name, wanted in types.items():
        given = facts.get(name, wanted())
        if not isinstance(given, wanted) or (wanted is int and isinstance(given, bool)):
            raise TypeError(f"{name}: {given!r} is not of type {wanted.__name__}")


def _model(identifier: str, facts: Mapping[str, Any]) -> Model:
    _demand_types(facts, MODEL_TYPES)
    deprecated = facts.get("deprecated_from")
    return Model(
        **{
            **facts,
            "id": identifier,
            "aliases": tuple(facts.get("aliases", ())),
            "capabilities": frozenset(facts.get("capabilities", ())),
            "deprecated_from": date.fromisoformat(deprecated) if deprecated else None,
            "deployments": tuple(_deployment(each) for each in facts.get("deployments", ())),
        }
    )


def _deployment(facts: Mapping[str, Any]) -> Deployment:
    _demand_types(facts, DEPLOYMENT_TYPES)
    prices = tuple(_price(each) for each in facts.get("prices", ()))
    return Deployment(**{**facts, "regions": tuple(facts.get("regions", ())), "prices": prices})


def _price(facts: Mapping[str, Any]) -> Price:
    _demand_types(facts, PRICE_TYPES)
    tiers = (
        Tier(above_input_tokens=int(each["above_input_tokens"]), rates=_rates(each["rates"]))
        for each in facts.get("tiers", ())
    )
    return Price(
        effective_from=moment(facts["effective_from"]),
        rates=_rates(facts["rates"]),
        tiers=tuple(tiers),
        source=facts["source"],
        dated=date.fromisoformat(facts["dated"]),
    )


def moment(text: str) -> datetime:
    """A moment out of ISO text; without a zone it is UTC. Raises ValueError."""
    given = datetime.fromisoformat(text)
    return given if given.tzinfo else given.replace(tzinfo=UTC)


def _rates(facts: Mapping[str, Any]) -> Rates:
    numbers = {name: None if value is None else _number(name, value) for name, value in facts.items()}
    return Rates(**{"input": None, "output": None, **numbers})


def _number(name: str, value: object) -> Decimal:
    """A rate. What is spelled as no finite number is read as such, for the rules to name it."""
    if str(value).lower().lstrip("+-") in NOT_FINITE:
        return Decimal(str(value))
    number = numerals.exact(value)
    if number is None:
        raise ValueError(f"{name}: {value!r} is not a number")
    return number


# --- rules


def problems_of(kind: str, name: str, bundle: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with one entry of a bundle, by the path within it. `kind` is "models" or "providers"."""
    problems: dict[str, str] = {}
    build: Callable[[str, Mapping[str, Any]], Any] = _model if kind == "models" else _provider
    built = _each(kind, {name: bundle[kind][name]}, build, problems)
    if kind == "models" and built:
        place = bundle["providers"]
        entry = bundle["models"][name]
        named = {entry["provider"], *(each["provider"] for each in entry["deployments"])} & place.keys()
        providers = {each: _provider(each, place[each]) for each in named}
        owners = _owners(bundle["models"]) if built[name].aliases else {}
        problems.update(_model_problems(built[name], bundle["models"], owners, providers))
    return {path.removeprefix(f"{kind}.{name}").lstrip("."): text for path, text in problems.items()}


def _owners(models: Mapping[str, Any]) -> Mapping[object, str]:
    """Whose each alias is, in a bundle."""
    return owners_of({name: facts.get("aliases", ()) for name, facts in models.items()})


def _model_problems(
    model: Model, models: Mapping[str, Any], owners: Mapping[object, str], providers: Mapping[str, Provider]
) -> Iterator[tuple[str, str]]:
    at = f"models.{model.id}"
    if not MODEL_ID.fullmatch(model.id):
        yield f"{at}.id", "write provider:name, e.g. openai:gpt-5."
    if model.provider != model.id.partition(":")[0]:
        yield f"{at}.provider", f"{model.provider!r} is not the part of the id before the colon."
    if not 0 < model.max_output <= model.context_window:
        yield f"{at}.max_output", f"{model.max_output} is not from 1 to the context window, {model.context_window}."
    for problem in alias_problems(model.id, model.aliases, models, owners):
        yield f"{at}.aliases", problem
    if model.successor and model.successor not in models:
        yield f"{at}.successor", f"there is no model {model.successor!r}."
    yield from _word_problems(at, model)
    for name, figure in model.benchmarks.items():
        if not _is_benchmark(figure):
            yield (
                f"{at}.benchmarks.{name}",
                f"{figure!r} is not of the form {BENCHMARK_FORM}, at most {MAX_BENCHMARK:,}.",
            )
    yield from _deployments_problems(at, model, providers)


def _word_problems(at: str, model: Model) -> Iterator[tuple[str, str]]:
    """Words that a field of a model does not have."""
    if unknown := sorted(model.capabilities - set(get_args(Capability))):
        yield f"{at}.capabilities", f"unknown: {', '.join(unknown)}."
    if model.kind not in get_args(Kind):
        yield f"{at}.kind", f"{model.kind!r} is not one of {', '.join(get_args(Kind))}."
    if model.speed_tier not in get_args(SpeedTier):
        yield f"{at}.speed_tier", f"{model.speed_tier!r} is not one of {', '.join(get_args(SpeedTier))}."


def _is_benchmark(figure: object) -> bool:
    """Whether it is a number with a source and the day on which that said so."""
    if not isinstance(figure, Mapping) or figure.keys() != {"value", "source", "dated"}:
        return False
    value, source, dated = figure["value"], figure["source"], figure["dated"]
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= MAX_BENCHMARK
    return is_number and isinstance(source, str) and bool(source.strip()) and _is_day(dated)


def _is_day(text: object) -> bool:
    try:
        return isinstance(text, str) and date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _deployments_problems(at: str, model: Model, providers: Mapping[str, Provider]) -> Iterator[tuple[str, str]]:
    """What is wrong with who makes a model and where it is served."""
    if model.provider not in providers and model.provider == model.id.partition(":")[0]:
        yield f"{at}.provider", f"there is no provider {model.provider!r}."
    if not model.deployments:
        yield f"{at}.deployments", "a model needs at least one deployment."
    names = [deployment.id for deployment in model.deployments]
    for name in sorted({each for each in names if names.count(each) > 1}):
        yield f"{at}.deployments", f"{name} is listed twice."
    for at_place, deployment in enumerate(model.deployments):
        yield from _deployment_problems(f"{at}.deployments[{at_place}]", deployment, providers)
        if problem := regions.problem(deployment.regions):
            yield f"{at}.deployments[{at_place}].regions", problem


def _deployment_problems(
    at: str, deployment: Deployment, providers: Mapping[str, Provider]
) -> Iterator[tuple[str, str]]:
    provider = providers.get(deployment.provider)
    if provider is None:
        yield f"{at}.provider", f"there is no provider {deployment.provider!r}."
    elif not provider.base_url:
        yield f"{at}.provider", f"{provider.name!r} has no base_url to call."
    elif provider.protocol not in get_args(Protocol):
        yield f"{at}.provider", f"{provider.protocol!r} is not one of {', '.join(get_args(Protocol))}."
    elif provider.output_limit_field not in get_args(OutputLimitField):
        allowed = ", ".join(get_args(OutputLimitField))
        yield f"{at}.provider", f"{provider.output_limit_field!r} is not one of {allowed}."
    if deployment.status not in get_args(Status):
        yield f"{at}.status", f"{deployment.status!r} is not one of {', '.join(get_args(Status))}."
    for earlier, later in pairwise(deployment.prices):
        if later.effective_from <= earlier.effective_from:
            yield f"{at}.prices", f"{later.effective_from:%Y-%m-%d} does not come after the price before it."
    for price in deployment.prices:
        yield from _price_problems(f"{at}.prices", price)


def _price_problems(at: str, price: Price) -> Iterator[tuple[str, str]]:
    if not price.source:
        yield f"{at}.source", "a price needs its source."
    thresholds = [0, *(tier.above_input_tokens for tier in price.tiers)]
    if any(later <= earlier for earlier, later in pairwise(thresholds)):
        yield f"{at}.tiers", f"{thresholds[1:]} is not a rising list of token counts above 0."
    for rates in (price.rates, *(tier.rates for tier in price.tiers)):
        for name, value in _known(rates).items():
            if not value.is_finite() or value < 0:
                yield f"{at}.{name}", f"{value} is not a price: write zero or more USD per 1M tokens."


def _known(rates: Rates) -> dict[str, Decimal]:
    values = {field.name: getattr(rates, field.name) for field in fields(rates)}
    return {name: value for name, value in values.items() if value is not None}


# --- values to bundle


def to_bundle(catalogue: Catalogue) -> dict[str, Any]:
    """The bundle that reads back as the same catalogue."""
    return {
        "providers": {name: _without(asdict(each), "name") for name, each in sorted(catalogue.providers.items())},
        "models": {identifier: _model_json(each) for identifier, each in sorted(catalogue.models.items())},
    }


def _without(facts: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if name not in names}


def _model_json(model: Model) -> dict[str, Any]:
    plain = {field.name: getattr(model, field.name) for field in fields(model) if field.name != "id"}
    return {
        **plain,
        "aliases": list(model.aliases),
        "capabilities": sorted(model.capabilities),
        "deprecated_from": model.deprecated_from.isoformat() if model.deprecated_from else None,
        "deployments": [_deployment_json(each) for each in model.deployments],
    }


def _deployment_json(deployment: Deployment) -> dict[str, Any]:
    return {
        "provider": deployment.provider,
        "upstream_model": deployment.upstream_model,
        "status": deployment.status,
        **({"regions": list(deployment.regions)} if deployment.regions else {}),
        "prices": [price_json(each) for each in deployment.prices],
    }


def price_json(price: Price) -> dict[str, Any]:
    """A price as a bundle spells it."""
    tiers = [{"above_input_tokens": t.above_input_tokens, "rates": _rates_json(t.rates)} for t in price.tiers]
    return {
        "effective_from": price.effective_from.isoformat(),
        "rates": _rates_json(price.rates),
        "tiers": tiers,
        "source": price.source,
        "dated": price.dated.isoformat(),
    }


def _rates_json(rates: Rates) -> dict[str, str]:
    """The rates that are known, as plain decimal text without trailing zeros."""
    return {name: f"{value.normalize():f}" for name, value in _known(rates).items()}
