"""What an upstream says itself that an answer costs, as it says so."""

from typing import Any

import pytest

from models_registry.upstream.anthropic import messages
from models_registry.upstream.openai import responses, usage
from models_registry.upstream.reported_cost import reported_cost_nano


@pytest.mark.parametrize(
    ("usage", "nano"),
    [
        ({}, None), ({"cost": None}, None), ({"cost": "0.1"}, None), ({"cost": True}, None), ({"cost": -1}, None),
        ({"cost": 1_000_001}, None), ({"cost": float("nan")}, None), ({"cost": []}, None),
        ({"cost": 0}, 0), ({"cost": 1}, 10**9), ({"cost": 0.0000123}, 12_300), ({"cost": 1.1e-7}, 110),
        ({"cost": 0.002, "cost_details": {"upstream_inference_cost": 0.04}}, 2_000_000),
        ({"cost": 0.002, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.04}}, 42_000_000),
        ({"cost": 0.002, "is_byok": True}, 2_000_000),
        ({"cost": {"input_tokens_cost": 0.001, "request_cost": 0.005, "total_cost": 0.006}}, 6_000_000),
        ({"cost": {"total_cost": "much"}}, None),
    ],
)  # fmt: skip
def test_dollars_become_nano_dollars_to_the_last_digit_and_nonsense_is_none(usage: Any, nano: int | None) -> None:
    assert reported_cost_nano(usage) == nano


@pytest.mark.parametrize(
    ("read", "names"),
    [
        (usage.read_usage, ("prompt_tokens", "completion_tokens")),
        (lambda told: responses.read_usage({"usage": told}), ("input_tokens", "output_tokens")),
        (messages.read_usage, ("input_tokens", "output_tokens")),
    ],
)
def test_it_is_read_beside_the_tokens_in_every_dialect_that_openrouter_speaks(
    read: Any, names: tuple[str, str]
) -> None:
    told = {names[0]: 10, names[1]: 20, "cost": 0.00065}
    assert (read(told).reported_cost_nano, read({**told, "cost": None}).reported_cost_nano) == (650_000, None)
