"""What people read where something is wrong with the catalogue."""

import pytest

from models_registry.errors import InvalidCatalogue


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("models.openai:rocket-1.deployments", "openai:rocket-1, deployments"),
        ("models.openai:gpt-4.1", "openai:gpt-4.1"),
        ("models.openai:gpt-4.1.max_output", "openai:gpt-4.1, max output"),
        ("models.openai:gpt-5.deployments[0].prices.cache_read", "openai:gpt-5, deployment 1, prices, cache read"),
        ("models.openai:gpt-5.deployments[1].prices[11].input", "openai:gpt-5, deployment 2, price 12, input"),
        ("models.a:b.deployments.openrouter/x_y/gpt-4.1.prices", "a:b, deployment openrouter/x_y/gpt-4.1, prices"),
        ("providers.openai.base_url", "openai, base url"),
        ("models", "models"),
        ("successor", "successor"),
    ],
)
def test_a_problem_is_told_by_what_people_call_its_place(path: str, label: str) -> None:
    assert InvalidCatalogue({path: "is wrong."}).sentences() == [f"{label}: is wrong."]
    assert str(InvalidCatalogue({path: "is wrong.", "": "All of it is."})) == f"{label}: is wrong.; All of it is."
