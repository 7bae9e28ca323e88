"""Every parameter that the official clients can send has one rule, and the rule is what happens."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from anthropic.types.beta.message_create_params import MessageCreateParamsNonStreaming
from google.genai.types import GenerateContentConfigDict
from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming
from openai.types.embedding_create_params import EmbeddingCreateParams
from openai.types.responses.response_create_params import ResponseCreateParamsNonStreaming

from models_registry.upstream.carrying import CARRIED, COLUMNS, DROPPED, REFUSED, RULES
from routerhub.gateway.errors import BadRequest
from routerhub.gateway.protocols import openai_embeddings
from routerhub.gateway.protocols.anthropic_messages import PROTOCOL as MESSAGES
from routerhub.gateway.protocols.base import ChatProtocol
from routerhub.gateway.protocols.openai_chat import PROTOCOL as CHAT
from routerhub.gateway.protocols.openai_chat import TAKEN_OUT
from routerhub.gateway.protocols.openai_responses import PROTOCOL as RESPONSES
from routerhub.gateway.protocols.parameters import MESSAGES as MESSAGES_PARAMETERS
from routerhub.gateway.protocols.parameters import OURS, Parameters
from routerhub.gateway.protocols.parameters import RESPONSES as RESPONSES_PARAMETERS
from tests.gateway.dialects.features import CHAT_TOOLS, FEATURES, RESPONSES_TOOLS
from tests.gateway.dialects.route import Dialect, Route, routes
from tests.gateway.dialects.sdk_types import fields

pytestmark = pytest.mark.anyio
SAMPLING = {"temperature", "top_p", "top_k"}
"""Anthropic's older models take it still; its types know the newest alone."""
GOOGLE_ASKED = frozenset(
    {"candidate_count", "frequency_penalty", "max_output_tokens", "presence_penalty", "response_json_schema",
     "response_mime_type", "seed", "stop_sequences", "system_instruction", "temperature", "thinking_config", "tool_config",
     "tools", "top_p"}
)  # fmt: skip
GOOGLE_UNASKED = frozenset(
    {"audio_timestamp", "audio_transcription_config", "cached_content", "continuation_token", "enable_enhanced_civic_answers",
     "generation_output_config", "image_config", "labels", "logprobs", "media_resolution", "model_armor_config",
     "model_selection_config", "response_logprobs", "response_modalities", "response_schema", "routing_config",
     "safety_settings", "service_tier", "speech_config", "store", "top_k"}
)  # fmt: skip
"""What no client's dialect has a word for, or RouterHub asks by another parameter."""
GOOGLE_OF_THE_CLIENT = frozenset(
    {"automatic_continuation", "automatic_function_calling", "http_options", "should_return_http_response"}
)
"""What Google's own client keeps to itself."""
FORM = {"type": "json_schema", "json_schema": {"name": "w", "schema": {"type": "object"}}}
TOLD: dict[str, Any] = {
    "audio": {"format": "wav", "voice": "a"}, "frequency_penalty": 0.1, "function_call": "auto", "functions": [{"name": "f"}],
    "logit_bias": {"5": 1}, "logprobs": True, "metadata": {"a": "b"}, "modalities": ["audio"],
    "moderation": {"model": "m", "policy": {"input": {"mode": "block"}}}, "n": 2, "parallel_tool_calls": False,
    "prediction": {"type": "content", "content": "x"}, "presence_penalty": 0.1, "prompt_cache_key": "k",
    "prompt_cache_options": {"mode": "explicit"}, "prompt_cache_retention": "24h", "reasoning_effort": "low",
    "response_format": FORM, "safety_identifier": "s", "seed": 7, "service_tier": "flex", "stop": "x", "store": False,
    "temperature": 0.5, "tool_choice": "none", "tools": CHAT_TOOLS, "top_logprobs": 2, "top_p": 0.5, "user": "u",
    "verbosity": "low", "web_search_options": {},
}  # fmt: skip
"""An example of each parameter of chat completions."""
IN_PART = frozenset({"response_format", "tool_choice"})
"""What is refused somewhere for some values alone; the example is none of them."""
BESIDE: dict[str, Any] = {"tool_choice": {"tools": CHAT_TOOLS}, "parallel_tool_calls": {"tools": CHAT_TOOLS}}
"""What a parameter says something of."""
CASES = [pytest.param(name, upstream, rule, id=f"{upstream}-{name}")
         for name, rules in RULES.items() if name in TOLD for upstream, rule in zip(COLUMNS, rules, strict=True)]  # fmt: skip


@pytest.fixture(scope="module")
def route() -> Iterator[Route]:
    with routes() as made:
        yield made


def test_every_parameter_of_chat_completions_has_a_rule_for_every_upstream() -> None:
    known = fields(CompletionCreateParamsNonStreaming).keys()
    assert known - RULES.keys() == TAKEN_OUT & known
    assert RULES.keys() - known == set()
    assert RULES.keys() - TOLD.keys() == {"messages", "stream_options"}


@pytest.mark.parametrize(
    ("kind", "rules", "also"),
    [
        (ResponseCreateParamsNonStreaming, RESPONSES_PARAMETERS, set()),
        (MessageCreateParamsNonStreaming, MESSAGES_PARAMETERS, SAMPLING),
    ],
)
def test_every_parameter_of_the_other_clients_has_one_rule(kind: Any, rules: Parameters, also: set[str]) -> None:
    known = fields(kind).keys()
    groups: list[frozenset[str]] = [rules.read, rules.dropped, frozenset(rules.refused)]
    assert known - frozenset().union(*groups) == set()
    assert frozenset().union(*groups) - known - OURS == also
    assert sum(map(len, groups)) == len(frozenset().union(*groups))


def test_every_parameter_of_embeddings_is_carried() -> None:
    told = {"input": "x", "model": "m", "dimensions": 3, "encoding_format": "float", "user": "u"}
    assert told.keys() == fields(EmbeddingCreateParams).keys()
    read = openai_embeddings.read(orjson.dumps(told), {})
    assert dict(read.content) == {name: value for name, value in told.items() if name != "model"}


def test_every_parameter_of_google_is_asked_for_or_known_to_be_nobodys() -> None:
    known = GenerateContentConfigDict.__annotations__.keys()
    assert known == GOOGLE_ASKED | GOOGLE_UNASKED | GOOGLE_OF_THE_CLIENT


@pytest.mark.parametrize(("name", "upstream", "rule"), CASES)
async def test_the_rule_of_a_parameter_is_what_happens(route: Route, name: str, upstream: Dialect, rule: str) -> None:
    plain = {**FEATURES[CHAT]["text"], **BESIDE.get(name, {}), "sandbox": {"reply": "x"}}
    body = {**plain, name: TOLD[name]}
    if rule == REFUSED and name not in IN_PART:
        with pytest.raises(BadRequest) as refused:
            await route.ask(CHAT, upstream, **body)
        assert (refused.value.param, refused.value.code) == (name, "unsupported_parameter")
        return
    headers, _ = await route.ask(CHAT, upstream, **body)
    sent = route.sent()
    assert headers.get(b"x-routerhub-dropped", b"").decode() == (name if rule == DROPPED else "")
    await route.ask(CHAT, upstream, **plain)
    changes_what_is_sent = sent != route.sent()
    assert changes_what_is_sent is (rule in {CARRIED, REFUSED})


@pytest.mark.parametrize(
    ("client", "name", "value", "says"),
    [
        (RESPONSES, "truncation", "auto", "truncation"), (RESPONSES, "max_tool_calls", 3, "max_tool_calls"),
        (RESPONSES, "text", {"verbosity": "low"}, "text.verbosity"), (RESPONSES, "metadata", {"a": "b"}, ""),
        (RESPONSES, "tools", [*RESPONSES_TOOLS, {"type": "web_search"}], "tools.web_search"),
        (RESPONSES, "include", ["web_search_call.results"], "include.web_search_call.results"),
        (RESPONSES, "reasoning", {"summary": "auto"}, "reasoning.summary"), (RESPONSES, "later", 1, "later"),
        (MESSAGES, "top_k", 5, "top_k"), (MESSAGES, "metadata", {"user_id": "u"}, "metadata"),
        (MESSAGES, "cache_control", {"type": "ephemeral"}, "cache_control"), (MESSAGES, "later", 1, "later"),
    ],
)  # fmt: skip
async def test_what_only_its_own_dialect_has_is_named_where_another_answers(
    route: Route, client: ChatProtocol, name: str, value: Any, says: str
) -> None:
    """C17"""
    headers, _ = await route.ask(client, "google", **{**FEATURES[client]["text"], name: value})
    assert headers.get(b"x-routerhub-dropped", b"").decode() == says


@pytest.mark.parametrize(
    ("client", "name"),
    [(RESPONSES, name) for name in RESPONSES_PARAMETERS.refused]
    + [(MESSAGES, name) for name in MESSAGES_PARAMETERS.refused],
)
async def test_what_would_make_it_another_request_is_refused_by_name_whoever_answers(
    route: Route, client: ChatProtocol, name: str
) -> None:
    with pytest.raises(BadRequest) as refused:
        await route.ask(client, "anthropic", **{**FEATURES[client]["text"], name: {"id": "x"}})
    assert refused.value.param == name


@pytest.mark.parametrize(
    ("client", "upstream", "name", "dear", "plain"),
    [
        (CHAT, "openai", "service_tier", "priority", "flex"), (RESPONSES, "openai-responses", "service_tier", "fast", "auto"),
        (MESSAGES, "anthropic", "service_tier", "priority", "standard_only"),
        (MESSAGES, "anthropic", "speed", "fast", "standard"),
    ],
)  # fmt: skip
async def test_what_would_raise_the_price_that_is_held_for_reaches_nobody_and_the_answer_says_so(
    route: Route, client: ChatProtocol, upstream: Dialect, name: str, dear: str, plain: str
) -> None:
    headers, _ = await route.ask(client, upstream, **FEATURES[client]["text"], **{name: dear})
    assert (name in route.sent(), headers[b"x-routerhub-dropped"]) == (False, name.encode())
    headers, _ = await route.ask(client, upstream, **FEATURES[client]["text"], **{name: plain})
    assert (route.sent()[name], b"x-routerhub-dropped" in headers) == (plain, False)


async def test_of_tools_that_openai_runs_for_a_fee_only_searches_get_there_and_others_are_named(route: Route) -> None:
    tools = [*RESPONSES_TOOLS, {"type": "web_search"}, {"type": "code_interpreter"}]
    headers, body = await route.ask(RESPONSES, "openai-responses", **FEATURES[RESPONSES]["text"], tools=tools)
    assert (route.sent()["tools"], orjson.loads(body)["tools"]) == (tools[:-1], tools[:-1])
    assert headers[b"x-routerhub-dropped"] == b"tools.code_interpreter"
