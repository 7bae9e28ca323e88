"""Where a model can be called, given what this process can reach."""

from dataclasses import replace

from models_registry.catalogue.release0 import STATIC
from models_registry.deployments import effective_deployments
from models_registry.types import Availability

OSS = STATIC.models["openai:gpt-oss-120b"]


def deployment_ids(availability: Availability) -> list[str]:
    return [deployment.id for deployment in effective_deployments(OSS, availability)]


def test_only_providers_with_a_key_are_left_in_the_models_order() -> None:
    assert deployment_ids(Availability(providers=frozenset({"openrouter", "groq"}), sandbox=False)) == [
        "groq/openai/gpt-oss-120b",
        "openrouter/openai/gpt-oss-120b",
    ]
    assert deployment_ids(Availability(providers=frozenset({"mistral"}), sandbox=False)) == []


def test_the_sandbox_takes_the_place_of_all_at_the_first_ones_prices() -> None:
    (only,) = effective_deployments(OSS, Availability(providers=frozenset({"groq"}), sandbox=True))
    assert only.id == "sandbox/openai:gpt-oss-120b"
    assert only.prices == OSS.deployments[0].prices


def test_a_model_that_is_served_nowhere_has_no_price_in_the_sandbox_either() -> None:
    (only,) = effective_deployments(replace(OSS, deployments=()), Availability(providers=frozenset(), sandbox=True))
    assert only.prices == ()
