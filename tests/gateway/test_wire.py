import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routerhub.gateway.errors import BadRequest
from routerhub.gateway.wire.openai import IMAGE_CEILING_TOKENS, read
from routerhub.gateway.wire.values import Controls

HELLO = [{"role": "user", "content": "Hello"}]


def request(headers: dict[str, str] | None = None, **body: Any) -> Any:
    return read(json.dumps({"messages": HELLO, **body}).encode(), headers or {})


def test_what_is_not_said_has_a_default() -> None:
    plain = request()
    assert (plain.model, plain.stream, plain.max_output_tokens, plain.choices) == ("auto", False, None, 1)
    assert plain.controls == Controls()


def test_controls_are_taken_out_and_unknown_fields_stay() -> None:
    read = request(routerhub={"policy": "code"}, seed=7, model="auto")
    assert read.payload == {"messages": HELLO, "seed": 7}
    assert read.controls.policy == "code"


def test_the_lower_of_both_output_limits_counts() -> None:
    assert request(max_tokens=50, max_completion_tokens=70).max_output_tokens == 50


def test_headers_say_the_same_as_the_body_and_the_body_wins() -> None:
    headers = {
        "x-routerhub-policy": "ops", "x-routerhub-max-cost-usd": "0.5", "x-routerhub-tags": "a, b",
        "x-routerhub-max-latency-ms": "900", "x-routerhub-dry-run": "true",
    }  # fmt: skip
    controls = request(headers, routerhub={"policy": "code"}).controls
    assert controls == Controls(
        policy="code", max_cost_usd=Decimal("0.5"), tags=("a", "b"), max_latency_ms=900, dry_run=True
    )


@pytest.mark.parametrize("header", ["max-cost-usd: NaN", "dry-run: perhaps", "max-latency-ms: soon", "priority: fun"])
def test_a_bad_header_is_refused_by_the_controls_name(header: str) -> None:
    name, _, value = header.partition(": ")
    with pytest.raises(BadRequest) as caught:
        request({f"x-routerhub-{name}": value})
    assert caught.value.param == f"routerhub.{name.replace('-', '_')}"


@given(st.text(min_size=1, max_size=300))
def test_the_bound_of_the_prompt_is_never_below_its_bytes(text: str) -> None:
    body = json.dumps({"messages": [{"role": "user", "content": text}]}).encode()
    assert read(body, {}).max_input_tokens >= len(text.encode())


def test_a_picture_counts_by_its_own_ceiling_not_by_its_bytes() -> None:
    url = "data:image/png;base64," + "A" * 400_000
    picture = {"type": "image_url", "image_url": {"url": url}}
    bound = request(messages=[{"role": "user", "content": [picture]}]).max_input_tokens
    assert IMAGE_CEILING_TOKENS < bound < IMAGE_CEILING_TOKENS + 300


def test_tools_count_into_the_bound() -> None:
    tool = {"type": "function", "function": {"name": "x" * 500}}
    assert request(tools=[tool]).max_input_tokens > request().max_input_tokens + 500
