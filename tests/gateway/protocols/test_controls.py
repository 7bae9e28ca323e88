"""What a caller tells RouterHub itself, in a field or in headers."""

from decimal import Decimal
from typing import Any

import pytest

from routerhub.gateway.errors import BadRequest
from routerhub.gateway.protocols.base import Controls
from routerhub.gateway.protocols.controls import read_controls


def test_headers_say_the_same_as_the_body_and_the_body_wins() -> None:
    headers = {
        "x-routerhub-policy": "ops", "x-routerhub-max-cost-usd": "0.5", "x-routerhub-tags": "a, b", "authorization": "x",
        "x-routerhub-max-latency-ms": "900", "x-routerhub-dry-run": "true", "x-routerhub-colour": "red",
        "x-routerhub-cache": "always", "x-routerhub-metadata": '{"a": "é"}'.encode().decode("latin-1"),
    }  # fmt: skip
    assert read_controls({"policy": "code"}, headers) == Controls(
        policy="code",
        max_cost_usd=Decimal("0.5"),
        tags=("a", "b"),
        max_latency_ms=900,
        dry_run=True,
        cache="always",
        metadata='{"a":"é"}',
    )


def test_nothing_said_is_the_default() -> None:
    assert read_controls(None, {"x-routerhub-policy": ""}) == Controls()
    assert read_controls({"policy": None}, {}) == Controls()


@pytest.mark.parametrize(
    "header",
    [
        "max-cost-usd: NaN", "max-cost-usd: 1E-999999999", "dry-run: perhaps", "max-latency-ms: soon",
        "max-latency-ms: 1²", f"max-latency-ms: {'9' * 5_000}", "priority: fun",
    ],
)  # fmt: skip
def test_a_bad_header_is_refused_by_the_controls_name(header: str) -> None:
    name, _, value = header.partition(": ")
    with pytest.raises(BadRequest) as caught:
        read_controls(None, {f"x-routerhub-{name}": value})
    assert caught.value.param == f"routerhub.{name.replace('-', '_')}"


@pytest.mark.parametrize(
    ("raw", "param"),
    [
        ([], "routerhub"), ({"colour": 1}, "routerhub.colour"), ({"tags": []}, "routerhub.tags"),
        ({"tags": ["a"] * 21}, "routerhub.tags"), ({"tags": ["a", ""]}, "routerhub.tags[1]"),
        ({"session": "a\0b"}, "routerhub.session"), ({"max_cost_usd": True}, "routerhub.max_cost_usd"),
        ({"max_cost_usd": -1}, "routerhub.max_cost_usd"),
        ({"max_cost_usd": "\uff11\uff12"}, "routerhub.max_cost_usd"),
        ({"max_cost_usd": "1E-999999999"}, "routerhub.max_cost_usd"),
        ({"max_latency_ms": 0}, "routerhub.max_latency_ms"),
        ({"metadata": "x"}, "routerhub.metadata"), ({"metadata": {"a": "b" * 16_384}}, "routerhub.metadata"),
        ({"metadata": {"a": [[[[[1]]]]]}}, "routerhub.metadata"), ({"metadata": {"a": "b\0"}}, "routerhub.metadata"),
        ({"priority": []}, "routerhub.priority"), ({"candidates": "x"}, "routerhub.candidates"),
    ],
)  # fmt: skip
def test_a_bad_value_is_refused_by_its_name(raw: Any, param: str) -> None:
    with pytest.raises(BadRequest) as caught:
        read_controls(raw, {})
    assert caught.value.param == param
