"""Usage as each upstream tells it, and what it costs to the micro-dollar: every class at its own price, and none twice."""

import json
from decimal import Decimal
from typing import Any

import pytest

from models_registry.errors import ImpossibleUsage
from models_registry.prices.pricing import cost
from models_registry.prices.tariffs import compile_price
from models_registry.types import Tier, Usage
from models_registry.upstream.anthropic.messages import read_message
from models_registry.upstream.google.generate_content import read_answer
from models_registry.upstream.openai.chat_completions import read_completion
from models_registry.upstream.openai.responses import read_response
from tests.models_registry.prices.test_pricing import a_price

LONG = Tier(above_input_tokens=200_000, rates=a_price(input="4", output="15", cache_read="0.4").rates)
PRICE = a_price(
    cache_read="0.2", cache_write="2.5", cache_write_1h="4", audio_input="32", audio_output="64", web_searches="10",
    tiers=(LONG,),
)  # fmt: skip
"""Input 2, output 10: a token of input costs two micro-dollars, and a search 10,000."""


def chat(prompt: int, completion: int, **more: Any) -> Usage | None:
    answer = {"choices": [], "usage": {"prompt_tokens": prompt, "completion_tokens": completion, **more}}
    return read_completion(json.dumps(answer).encode()).usage


def inputs(**details: int) -> dict[str, Any]:
    return {"prompt_tokens_details": details}


def outputs(**details: int) -> dict[str, Any]:
    return {"completion_tokens_details": details}


def responses(prompt: int, output: int, *items: Any, **details: Any) -> Usage | None:
    usage = {"input_tokens": prompt, "output_tokens": output, **details}
    return read_response(json.dumps({"output": items, "usage": usage}).encode()).usage


def messages(fresh: int, output: int, **more: Any) -> Usage | None:
    usage = {"input_tokens": fresh, "output_tokens": output, **more}
    return read_message(json.dumps({"content": [], "usage": usage}).encode()).usage


def written(in_all: int, hourly: int) -> dict[str, Any]:
    cached = {"ephemeral_5m_input_tokens": in_all - hourly, "ephemeral_1h_input_tokens": hourly}
    return {"cache_creation_input_tokens": in_all, "cache_creation": cached}


def google(**usage: Any) -> Usage | None:
    return read_answer(json.dumps({"candidates": [], "usageMetadata": usage}).encode()).usage


def search(**action: Any) -> dict[str, Any]:
    return {"type": "web_search_call", "status": "completed", **({"action": action} if action else {})}


def audio(tokens: int) -> list[dict[str, Any]]:
    return [{"modality": "TEXT", "tokenCount": 1}, {"modality": "AUDIO", "tokenCount": tokens}]


GOLDEN: dict[str, tuple[Usage | None, str]] = {
    "chat plain": (chat(100, 10), "300"),
    "chat nothing": (chat(0, 0), "0"),
    "chat cached, at one price": (chat(100, 10, **inputs(cached_tokens=60)), "192"),
    "chat written": (chat(100, 10, **inputs(cached_tokens=60, cache_write_tokens=20)), "202"),
    "chat all cached": (chat(100, 0, **inputs(cached_tokens=100)), "20"),
    "chat heard": (chat(100, 10, **inputs(audio_tokens=50)), "1800"),
    "chat spoken": (chat(100, 10, **outputs(audio_tokens=8)), "732"),
    "chat heard, and cached": (chat(100, 0, **inputs(audio_tokens=80, cached_tokens=50)), "1610"),
    "chat thought, within the answer": (chat(100, 50, total_tokens=150, **outputs(reasoning_tokens=40)), "700"),
    "chat thought, beside it as xAI": (chat(100, 10, total_tokens=150, **outputs(reasoning_tokens=40)), "700"),
    "chat thought, in the total alone as Google": (chat(100, 10, total_tokens=150), "700"),
    "chat total too small": (chat(100, 10, total_tokens=7), "300"),
    "chat searched, as OpenRouter": (chat(100, 10, server_tool_use={"web_search_requests": 2}), "20300"),
    "chat searched, as Perplexity": (chat(100, 10, num_search_queries=3), "30300"),
    "chat long": (chat(200_001, 10, **inputs(cached_tokens=200_000)), "80154"),
    "chat not long yet": (chat(200_000, 10), "400100"),
    "responses plain": (responses(100, 10), "300"),
    "responses cached and thought": (
        responses(100, 50, input_tokens_details={"cached_tokens": 60}, output_tokens_details={"reasoning_tokens": 40}),
        "592",
    ),
    "responses written": (responses(100, 10, input_tokens_details={"cache_write_tokens": 20}), "310"),
    "responses searched": (
        responses(100, 10, search(type="search"), search(), search(type="open_page"), search(type="find_in_page")),
        "20300",
    ),
    "messages plain": (messages(100, 10), "300"),
    "messages cached, beside the input": (messages(40, 10, cache_read_input_tokens=60), "192"),
    "messages written for minutes": (messages(40, 10, cache_creation_input_tokens=20), "230"),
    "messages written for an hour": (messages(40, 10, **written(20, 20)), "260"),
    "messages written for both": (messages(40, 10, cache_read_input_tokens=60, **written(20, 5)), "249.5"),
    "messages hours beyond what was written": (messages(40, 10, **{**written(20, 20), **written(10, 30)}), "220"),
    "messages searched": (messages(40, 10, server_tool_use={"web_search_requests": 2, "web_fetch_requests": 9}), "20180"),
    "messages long by its cache": (messages(1, 0, cache_read_input_tokens=200_000), "80004"),
    "google plain": (google(promptTokenCount=100, candidatesTokenCount=10), "300"),
    "google thought, beside the answer": (
        google(promptTokenCount=100, candidatesTokenCount=10, thoughtsTokenCount=40),
        "700",
    ),
    "google cached": (google(promptTokenCount=100, candidatesTokenCount=10, cachedContentTokenCount=60), "192"),
    "google of a tool": (google(promptTokenCount=100, toolUsePromptTokenCount=20), "240"),
    "google heard": (google(promptTokenCount=100, promptTokensDetails=audio(50)), "1700"),
    "google heard, and cached": (
        google(
            promptTokenCount=100, promptTokensDetails=audio(80), cachedContentTokenCount=50, cacheTokensDetails=audio(50)
        ),
        "1010",
    ),
}  # fmt: skip
"""What an upstream told, and micro-dollars worked out by hand."""


@pytest.mark.parametrize("name", GOLDEN)
def test_every_class_of_tokens_is_paid_once_at_its_own_price(name: str) -> None:
    """G3, G4"""
    usage, micro = GOLDEN[name]
    assert usage is not None
    assert cost(PRICE, usage) * 10**6 == Decimal(micro)
    assert compile_price(PRICE).cost_nano(usage) == Decimal(micro) * 1_000


def test_more_audio_than_there_was_prompt_is_impossible_and_never_cheap() -> None:
    usage = chat(100, 10, **inputs(audio_tokens=101))
    assert usage is not None
    with pytest.raises(ImpossibleUsage):
        cost(PRICE, usage)
