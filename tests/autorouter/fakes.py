"""Small made-up catalogues and router releases for the pure parts. No database, no files."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from autorouter.decision.ranking import Rankings
from autorouter.decision.router import decide
from autorouter.decision.success import Learned, LearnedSuccess
from autorouter.types import (
    CATEGORIES,
    Constraints,
    Decision,
    Policy,
    Profile,
    RouterConfig,
    RouterRelease,
    Score,
    Task,
)
from models_registry.types import Availability, Catalogue, Deployment, Model, Price, Provider, Rates

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SANDBOXED = Availability(providers=frozenset(), sandbox=True)


def config(**changes: Any) -> RouterConfig:
    """Every tunable at its default but for these."""
    return replace(RouterConfig(), **changes)


def price(input_usd: str, output_usd: str) -> Price:
    return Price(
        effective_from=datetime(2026, 1, 1, tzinfo=UTC),
        rates=Rates(input=Decimal(input_usd), output=Decimal(output_usd)),
        source="made up",
        dated=date(2026, 1, 1),
    )


def model(identifier: str, prices: tuple[str, str] | None = ("1", "3"), **changes: Any) -> Model:
    """A model served by its maker, mid tier unless `prices` (input, output, USD per 1M) say otherwise."""
    provider, _, name = identifier.partition(":")
    deployment = Deployment(
        provider=changes.pop("served_by", provider),
        upstream_model=name,
        status=changes.pop("status", "available"),
        prices=(price(*prices),) if prices else (),
    )
    values: dict[str, Any] = {
        "id": identifier,
        "provider": provider,
        "name": name,
        "context_window": 100_000,
        "max_output": 8_000,
        "capabilities": frozenset({"tools", "streaming"}),
        "deployments": (deployment,),
    }
    return Model(**{**values, **changes})


def catalogue(*models: Model, **providers: Mapping[str, Any]) -> Catalogue:
    """A catalogue of these models; keyword arguments give facts of providers, e.g. acme={"is_local": True}."""
    names = {deployment.provider for each in models for deployment in each.deployments}
    made = {
        name: Provider(
            **{
                "name": name,
                "title": name.title(),
                "protocol": "openai",
                "base_url": f"https://{name}.invalid/v1",
                "credential_env": f"{name.upper()}_API_KEY",
                **providers.get(name, {}),
            }
        )
        for name in names
    }
    return Catalogue(release=3, providers=made, models={each.id: each for each in models})


def profile(model_id: str, quality: str | None, **scores: str) -> Profile:
    def score(value: str) -> Score:
        return Score(value=Decimal(value), source="made up", dated="2026-01-01", is_estimated=False)

    return Profile(
        model=model_id,
        quality=score(quality) if quality is not None else None,
        categories={category: score(scores[category]) for category in CATEGORIES if category in scores},
    )


def router(
    *profiles: Profile,
    policies: tuple[Policy, ...] = (),
    success: Mapping[str, LearnedSuccess] | None = None,
    **changes: Any,
) -> RouterRelease:
    return RouterRelease(
        release=7,
        config=config(**changes),
        profiles={each.model: each for each in profiles},
        policies={each.name: each for each in policies},
        task_types={},
        success=Learned(success),
    )


def policy(name: str, *models: str, max_cost_usd: str | None = None) -> Policy:
    return Policy(
        name=name,
        version=1,
        title=name,
        models=models,
        max_cost_usd=Decimal(max_cost_usd) if max_cost_usd else None,
        max_output_tokens=None,
        temperature=None,
    )


def whole_decision(
    known: Catalogue,
    release: RouterRelease,
    asked: Task,
    constraints: Constraints,
    availability: Availability = SANDBOXED,
    now: datetime = NOW,
) -> Decision:
    """The whole decision among a catalogue's models, every candidate and every exclusion."""
    rankings = Rankings(catalogue=known, router=release, availability=availability)
    return decide(rankings, asked, constraints, now, enough=None)


def task(**changes: Any) -> Task:
    values: dict[str, Any] = {
        "category": "coding",
        "complexity": "moderate",
        "input_tokens": 1_000,
        "needs": frozenset(),
        "origin": "given",
    }
    return Task(**{**values, **changes})
