"""What OpenAI's models take of sampling and effort: what they would refuse is left out and named, whichever dialect is spoken."""

from typing import Any

import pytest

from models_registry.catalogue.release0 import STATIC
from models_registry.upstream.base import EFFORTS, OPENAI, OPENAI_RESPONSES, Lacking, UpstreamRequest
from models_registry.upstream.openai.chat_completions import OpenAIAdapter, _payload
from models_registry.upstream.openai.models import efforts, nearest
from models_registry.upstream.openai.responses import OpenAIResponsesAdapter
from models_registry.upstream.openai.responses_request import payload_of

HELLO = {"messages": [{"role": "user", "content": "Hello"}]}
SAMPLED = {**HELLO, "temperature": 0.1, "top_p": 0.9}
ADAPTERS: dict[str, Any] = {OPENAI: OpenAIAdapter, OPENAI_RESPONSES: OpenAIResponsesAdapter}
PAYLOADS = {OPENAI: _payload, OPENAI_RESPONSES: payload_of}


def sent(spoken: str, model: str, content: Any = SAMPLED, **more: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "provider": "openai", "address": "x", "api_key": "", "model": model, "content": content, "max_output_tokens": 50,
        "connect_s": 1, "idle_s": 1, "total_s": 1,
    }  # fmt: skip
    return PAYLOADS[spoken](UpstreamRequest(**{**values, **more}))


def lacks(dialect: str, model: str, **content: Any) -> Lacking:
    adapter = ADAPTERS[dialect]
    found: Lacking = adapter.lacking(adapter, {**SAMPLED, **content}, OPENAI, model)
    return found


@pytest.mark.parametrize("dialect", sorted(ADAPTERS))
@pytest.mark.parametrize(
    ("model", "effort", "is_sampled"),
    [
        ("gpt-4o-mini", None, True), ("gpt-5-chat-latest", None, True), ("openai/gpt-5", "high", True), ("olmo", None, True),
        ("gpt-5", None, False), ("gpt-5-mini", "minimal", False), ("o3", "high", False), ("o4-mini", None, False),
        ("gpt-5.1", None, True), ("gpt-5.4", "none", True), ("gpt-5.4", "low", False), ("gpt-5.5", None, False),
        ("gpt-6-luna", "none", False),
    ],
)  # fmt: skip
def test_a_model_that_takes_no_sampling_gets_none_and_the_answer_says_so(
    dialect: str, model: str, effort: str | None, is_sampled: bool
) -> None:
    """E5: whoever asks for `auto` does not know which model answers."""
    content = {**SAMPLED, **({"reasoning_effort": effort} if effort else {})}
    payload = sent(dialect, model, content, default_temperature=0.5)
    assert ("temperature" in payload, "top_p" in payload) == (is_sampled, is_sampled)
    assert lacks(dialect, model, **content).dropped == (() if is_sampled else ("temperature", "top_p"))


def test_what_a_model_does_anyway_is_not_named() -> None:
    assert lacks(OPENAI, "gpt-5", temperature=1, top_p=1, presence_penalty=0, logit_bias={}) == Lacking()
    assert lacks(OPENAI, "gpt-5", temperature=1, top_p=1, frequency_penalty=0.5).dropped == ("frequency_penalty",)


@pytest.mark.parametrize("dialect", sorted(ADAPTERS))
def test_log_probabilities_are_asked_of_who_has_some(dialect: str) -> None:
    """A19"""
    assert lacks(dialect, "gpt-5", logprobs=True).refused == "logprobs"
    assert lacks(dialect, "gpt-5", logprobs=False).refused == ""
    assert lacks(dialect, "gpt-4o", logprobs=True).refused == ""
    assert lacks(dialect, "gpt-5.4", logprobs=True).refused == ""


def test_a_body_in_its_own_dialect_goes_without_it_too() -> None:
    native = {
        "input": "Hello",
        "temperature": 0.1,
        "top_logprobs": 2,
        "reasoning": {"effort": "minimal", "summary": "auto"},
    }
    payload = sent(OPENAI_RESPONSES, "gpt-6-astra", dialect=OPENAI_RESPONSES, native=native)
    assert payload["reasoning"] == {"effort": "low", "summary": "auto"}
    assert not payload.keys() & {"temperature", "top_logprobs"}
    other = sent(OPENAI_RESPONSES, "gpt-4o", dialect=OPENAI_RESPONSES, native=native)
    assert (other["temperature"], other["reasoning"]["effort"]) == (0.1, "minimal")
    adapter = ADAPTERS[OPENAI_RESPONSES]
    assert adapter.lacking(adapter, SAMPLED, OPENAI_RESPONSES, "gpt-5").dropped == ("temperature", "top_p")


@pytest.mark.parametrize(
    ("model", "effort", "told"),
    [
        ("gpt-5", "none", "minimal"), ("gpt-5", "xhigh", "high"), ("gpt-5.4", "minimal", "low"), ("gpt-5.4", "max", "xhigh"),
        ("o3-mini", "none", "low"), ("gpt-6.1-sol", "none", "low"), ("gpt-6-luna", "none", "none"), ("gpt-6", "max", "max"),
        ("vllm", "max", "max"), ("gpt-5.1", "xhigh", "high"),
    ],
)  # fmt: skip
def test_an_effort_is_the_nearest_that_the_model_knows(model: str, effort: str, told: str) -> None:
    """E4"""
    assert nearest(model, effort) == told
    assert sent(OPENAI, model, {**HELLO, "reasoning_effort": effort})["reasoning_effort"] == told
    assert sent(OPENAI_RESPONSES, model, {**HELLO, "reasoning_effort": effort})["reasoning"] == {"effort": told}


def test_every_reasoning_model_of_openais_that_ships_is_known_and_no_other() -> None:
    for model in STATIC.models.values():
        for place in model.deployments:
            if place.provider == "openai" and model.kind == "chat":
                assert bool(efforts(place.upstream_model)) == model.supports_reasoning, place.id
            elif place.provider != "openai":
                assert not efforts(place.upstream_model), place.id
    assert {each for known in map(efforts, ("o1", "gpt-5", "gpt-5.4", "gpt-6")) for each in known} == set(EFFORTS)
