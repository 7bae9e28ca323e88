"""A made-up catalogue as bundles spell it, and how many versions its tables have."""

from typing import Any

from models_registry.models import Deployment, Model, Price, Provider

Facts = dict[str, Any]
KINDS: tuple[Any, ...] = (Provider, Model, Deployment, Price)
JANUARY, MARCH, MAY, JULY = (f"2026-{month}-01T00:00:00+00:00" for month in ("01", "03", "05", "07"))
ONE, TWO = "acme:one", "acme:two"
SLIP = "input falls from 2 to 0.000002, 1000000.0 times; is one of them per token?"


def a_price(effective_from: str = JANUARY, source: str = "a list", tiers: Any = (), **rates: str) -> Facts:
    return {
        "effective_from": effective_from,
        "rates": {"input": "2", "output": "10", **rates},
        "tiers": list(tiers),
        "source": source,
        "dated": "2026-01-01",
    }


def a_place(*prices: Facts, upstream_model: str = "one", provider: str = "acme", status: str = "available") -> Facts:
    return {"provider": provider, "upstream_model": upstream_model, "status": status, "prices": list(prices)}


def a_model(name: str = "One", **facts: Any) -> Facts:
    return {
        "kind": "chat", "name": name, "aliases": [], "provider": "acme", "description": "", "user_description": "",
        "best_for": "",
        "context_window": 100_000, "max_output": 4_000, "capabilities": ["streaming", "tools"],
        "supports_reasoning": False, "knowledge_cutoff": "2026-01", "benchmarks": {}, "speed_tier": "standard",
        "is_pro": False, "is_internal_only": False, "is_experimental": False, "is_available": True,
        "deprecated_from": None, "successor": "", "source": "a list", "deployments": [a_place(a_price())], **facts,
    }  # fmt: skip


def a_provider(title: str = "Acme", **facts: Any) -> Facts:
    blank = {
        "protocol": "openai", "credential_env": "ACME_API_KEY", "output_limit_field": "max_tokens", "is_local": False,
        "is_zero_retention": False,
    }  # fmt: skip
    return {"title": title, "base_url": "https://acme.example/v1", **blank, **facts}


def a_bundle() -> Facts:
    """Two models of one maker, each with one price, in the spelling of the tables."""
    two = a_model("Two", deployments=[a_place(a_price(), upstream_model="two")])
    return {"providers": {"acme": a_provider()}, "models": {ONE: a_model(), TWO: two}}


def count_versions() -> dict[str, int]:
    return {kind.__name__: kind.history.count() for kind in KINDS}


def added_versions(before: dict[str, int]) -> dict[str, int]:
    """How many versions each table got since; tables without are left out."""
    return {name: count - before[name] for name, count in count_versions().items() if count != before[name]}


def prices_of(bundle: Facts, identifier: str = ONE) -> list[Facts]:
    found: list[Facts] = bundle["models"][identifier]["deployments"][0]["prices"]
    return found
