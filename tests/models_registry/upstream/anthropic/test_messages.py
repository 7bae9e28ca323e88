"""Anthropic's dialect: what is asked, as its API has it, and what it answers."""

from typing import Any

import aiohttp
import orjson
import pytest
from anthropic.types import Message

from models_registry.types import Usage
from models_registry.upstream import call_ids
from models_registry.upstream.anthropic.messages import read_message
from models_registry.upstream.anthropic.models import untaken
from models_registry.upstream.anthropic.request import lacking, payload_of
from models_registry.upstream.base import ANTHROPIC, Chunk
from models_registry.upstream.errors import Rejected
from models_registry.upstream.registry import open_adapters
from tests.models_registry.upstream.raw_server import serving, streamed, whole
from tests.models_registry.upstream.spellings import SPELLINGS
from tests.models_registry.upstream.test_contract import asked

SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}
CALL = {"id": "t1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
PNG = "data:image/png;base64,AAAA"


def payload(*messages: Any, **content: Any) -> dict[str, Any]:
    turns = list(messages) or [{"role": "user", "content": "Hello"}]
    return payload_of(asked(None, content={"messages": turns, **content}))


def test_the_systems_words_stand_apart_and_neighbours_of_one_role_are_one_turn() -> None:
    made = payload(
        {"role": "system", "content": "Be brief."},
        {
            "role": "user",
            "content": [{"type": "text", "text": "Look"}, {"type": "image_url", "image_url": {"url": PNG}}],
        },
        {"role": "assistant", "content": "I do.", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "t1", "content": "12"},
        {"role": "user", "content": "Well?"},
        {"role": "developer", "content": "And exact."},
    )
    source = {"type": "base64", "media_type": "image/png", "data": "AAAA"}
    assert made == {
        "model": "m", "max_tokens": 50, "system": "Be brief.\n\nAnd exact.", "messages": [
            {"role": "user", "content": [{"type": "text", "text": "Look"}, {"type": "image", "source": source}]},
            {"role": "assistant", "content": [
                {"type": "text", "text": "I do."}, {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": 1}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "t1", "content": "12"}, {"type": "text", "text": "Well?"}]},
        ],
    }  # fmt: skip


def test_tools_their_choice_and_the_form_of_the_answer_are_carried() -> None:
    function = {"name": "f", "description": "does", "parameters": SCHEMA, "strict": True}
    made = payload(
        tools=[{"type": "function", "function": function}], tool_choice="required", parallel_tool_calls=False, stop="END",
        temperature=1.7, top_p=0.5, reasoning_effort="high",
        response_format={"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA}},
    )  # fmt: skip
    assert made["tools"] == [{"name": "f", "description": "does", "input_schema": SCHEMA, "strict": True}]
    assert made["tool_choice"] == {"type": "any", "disable_parallel_tool_use": True}
    assert (made["stop_sequences"], made["temperature"], made["top_p"]) == (["END"], 1.0, 0.5)
    assert made["output_config"] == {"effort": "high", "format": {"type": "json_schema", "schema": SCHEMA}}


def test_results_of_tools_come_before_the_users_words() -> None:
    """B7"""
    said, result = {"role": "user", "content": "Well?"}, {"role": "tool", "tool_call_id": "t1", "content": "12"}
    (_, turn) = payload({"role": "assistant", "tool_calls": [CALL]}, said, result)["messages"]
    assert [block["type"] for block in turn["content"]] == ["tool_result", "text"]


def test_marks_of_what_is_to_be_cached_are_carried_wherever_they_stand() -> None:
    """B9"""
    mark = {"cache_control": {"type": "ephemeral"}}
    text = {"type": "text", "text": "a", **mark}
    made = payload(
        {"role": "system", "content": [text]}, {"role": "user", "content": [text, {"type": "text", "text": "b"}]},
        tools=[{"type": "function", "function": {"name": "f"}, **mark}],
    )  # fmt: skip
    assert (made["system"], made["messages"][0]["content"]) == ([text], [text, {"type": "text", "text": "b"}])
    assert made["tools"][0]["cache_control"] == mark["cache_control"]


@pytest.mark.anyio
async def test_the_headers_of_a_body_go_with_it_and_with_no_other() -> None:
    """B10: whatever they say."""
    told = {"native_headers": {"anthropic-beta": "zzz-2099-01-01", "anthropic-version": "2023-06-01"}}
    body = {"native": {"messages": []}, "dialect": ANTHROPIC}
    async with aiohttp.ClientSession() as session, serving([whole(SPELLINGS[ANTHROPIC].answer)]) as server:
        adapter = open_adapters(session)[ANTHROPIC]
        await adapter.complete(asked(server, **body, **told))
        await adapter.complete(asked(server, **told))
    assert [b"anthropic-beta: zzz-2099-01-01" in sent.lower() for sent in server.requests] == [True, False]
    assert [sent.lower().count(b"anthropic-version") for sent in server.requests] == [1, 1]


def test_a_client_of_the_same_dialect_is_passed_on_as_it_wrote() -> None:
    native = {
        "model": "auto", "max_tokens": 9, "stream": True, "routerhub": {}, "thinking": {"type": "adaptive"}, "top_k": 5,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral"}}]}],
    }  # fmt: skip
    made = payload_of(asked(None, dialect=ANTHROPIC, native=native))
    assert made == {
        "model": "m", "max_tokens": 50, "thinking": {"type": "adaptive"}, "top_k": 5, "messages": native["messages"],
    }  # fmt: skip


@pytest.mark.parametrize(("limit", "budget"), [(8_001, 8_000), (8_000, 4_000), (2_047, None)])
def test_a_budget_that_a_shortened_answer_has_no_room_for_is_half_of_it_or_none(limit: int, budget: int | None) -> None:
    """Anthropic refuses a budget that is not below the limit."""
    native = {"max_tokens": 16_000, "messages": [], "thinking": {"type": "enabled", "budget_tokens": 8_000}}
    made = payload_of(asked(None, model="claude-haiku-4-5", dialect=ANTHROPIC, native=native, max_output_tokens=limit))
    assert made.get("thinking", {}).get("budget_tokens") == budget


@pytest.mark.parametrize(
    ("model", "effort", "limit", "reasoning"),
    [
        ("claude-opus-5-5", "xhigh", 50, {"thinking": {"type": "adaptive"}, "output_config": {"effort": "xhigh"}}),
        ("claude-opus-5-5", "minimal", 50, {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}}),
        ("claude-opus-5-5", "none", 50, {}),
        ("claude-haiku-4-5", "high", 100_000, {"thinking": {"type": "enabled", "budget_tokens": 24_576}}),
        ("claude-haiku-4-5", "high", 4_096, {"thinking": {"type": "enabled", "budget_tokens": 2_048}}),
        ("claude-haiku-4-5", "low", 2_047, {}),
        ("claude-haiku-4-5", "none", 4_096, {}),
    ],
)
def test_effort_is_an_effort_or_a_budget_below_the_limit_and_no_smaller_than_allowed(
    model: str, effort: str, limit: int, reasoning: Any
) -> None:
    """E4"""
    content = {"messages": [{"role": "user", "content": "Hello"}], "reasoning_effort": effort}
    made = payload_of(asked(None, model=model, content=content, max_output_tokens=limit))
    assert {name: made[name] for name in ("thinking", "output_config") if name in made} == reasoning


@pytest.mark.parametrize(("effort", "is_sampled"), [("high", False), ("none", True)])
def test_while_a_model_thinks_sampling_is_left_out_and_named(effort: str, is_sampled: bool) -> None:
    """E5"""
    content = {"messages": [], "temperature": 0.1, "top_p": 0.9, "seed": 7, "reasoning_effort": effort}
    left_out = () if is_sampled else ("temperature", "top_p")
    assert lacking(content, "openai", "m").dropped == ("seed", *left_out)
    made = payload(**{name: value for name, value in content.items() if name != "messages"})
    assert ("temperature" in made, "top_p" in made) == (is_sampled, is_sampled)


@pytest.mark.parametrize(
    ("model", "is_sampled"), [("claude-opus-4-6", True), ("claude-opus-4-8", False), ("claude-haiku-5-5", False)]
)
def test_a_model_that_takes_no_sampling_gets_none_and_the_answer_says_so(model: str, is_sampled: bool) -> None:
    content = {"messages": [{"role": "user", "content": "Hello"}], "temperature": 0.1}
    left_out = () if is_sampled else ("temperature",)
    assert lacking(content, "openai", model).dropped == lacking(content, ANTHROPIC, model).dropped == left_out
    neutral = payload_of(asked(None, model=model, content=content, default_temperature=0.7))
    own = payload_of(
        asked(None, model=model, dialect=ANTHROPIC, native={**content, "top_k": 5}, default_temperature=0.7)
    )
    assert ("temperature" in neutral, "temperature" in own, "top_k" in own) == (is_sampled, is_sampled, is_sampled)


@pytest.mark.parametrize(("model", "takes"), [("claude-sonnet-4-5", ()), ("claude-3-7", ("top_p",)), ("m", ("top_p",))])
def test_a_model_that_takes_a_temperature_or_a_top_p_gets_the_temperature(model: str, takes: tuple[str, ...]) -> None:
    content = {"messages": [{"role": "user", "content": "Hello"}], "temperature": 0.1, "top_p": 0.9}
    for told in ({"content": content}, {"dialect": ANTHROPIC, "native": content}):
        made = payload_of(asked(None, model=model, **told))
        assert {"temperature", "top_p"} & made.keys() == {"temperature", *takes}
    assert lacking(content, "openai", model).dropped == (() if takes else ("top_p",))
    assert untaken({"top_p": 0.9}, model) == ()


@pytest.mark.parametrize(
    ("model", "asked_for", "sent"),
    [
        ("claude-opus-5-5", {"thinking": {"type": "enabled", "budget_tokens": 2_000, "display": "omitted"}},
         {"thinking": {"type": "adaptive", "display": "omitted"}}),
        ("claude-haiku-4-5", {"thinking": {"type": "adaptive"}, "output_config": {"effort": "high", "format": {}}},
         {"output_config": {"format": {}}}),
        ("claude-haiku-4-5", {"output_config": {"effort": "high"}}, {}),
        ("claude-haiku-4-5", {"thinking": {"type": "enabled", "budget_tokens": 2_000}},
         {"thinking": {"type": "enabled", "budget_tokens": 2_000}}),
        ("elsewhere", {"thinking": {"type": "enabled", "budget_tokens": 2_000}},
         {"thinking": {"type": "enabled", "budget_tokens": 2_000}}),
    ],
)  # fmt: skip
def test_a_clients_own_body_asks_each_model_to_think_as_that_can(model: str, asked_for: Any, sent: Any) -> None:
    """Which one answers, a client that asks for any model cannot know."""
    made = payload_of(asked(None, model=model, dialect=ANTHROPIC, native={"messages": [], **asked_for}))
    assert {name: made[name] for name in ("thinking", "output_config") if name in made} == sent


def test_what_another_model_thought_is_left_out_and_what_it_signed_elsewhere_stays_out_of_ids() -> None:
    """B5, B6: signed thoughts go back byte for byte, unsigned ones are another model's."""
    thought = [{"type": "thinking", "thinking": "", "signature": "s"}, {"type": "redacted_thinking", "data": "x"}]
    said = {"type": "text", "text": "Hi"}
    messages = [
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "hm", "signature": ""}, said]},
        {"role": "user", "content": "Hello"}, {"role": "assistant", "content": [*thought, said]},
    ]  # fmt: skip
    sealed = call_ids.sealed("t1", "AbC+/d8=")
    messages.append({"role": "user", "content": [{"type": "tool_result", "tool_use_id": sealed}]})
    made = payload_of(asked(None, dialect=ANTHROPIC, native={"messages": messages}))
    assert [turn["content"] for turn in made["messages"]] == [
        [said], "Hello", [*thought, said], [{"type": "tool_result", "tool_use_id": "t1"}],
    ]  # fmt: skip
    turns = [{"role": "assistant", "tool_calls": [{**CALL, "id": sealed}]}, {"role": "tool", "tool_call_id": sealed}]
    (call,), (result,) = [turn["content"] for turn in payload(*turns)["messages"]]
    assert (call["id"], result["tool_use_id"]) == ("t1", "t1")


@pytest.mark.parametrize(
    ("content", "param"),
    [
        ({"n": 2}, "n"), ({"logprobs": True}, "logprobs"), ({"modalities": ["audio"]}, "modalities"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"tools": [{"type": "custom"}]}, "tools of type custom"),
        ({"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "messages[0].content[0] of type input_audio"),
    ],
)  # fmt: skip
def test_what_it_has_not_is_refused_by_name(content: dict[str, Any], param: str) -> None:
    with pytest.raises(Rejected) as caught:
        payload_of(asked(None, content={"messages": [], **content}))
    assert (caught.value.param, caught.value.was_sent) == (param, False)


def test_thinking_text_and_calls_are_read_and_the_cache_counts_into_the_input() -> None:
    body = {
        "id": "1", "type": "message", "role": "assistant", "model": "m", "stop_reason": "tool_use", "stop_sequence": None,
        "content": [{"type": "thinking", "thinking": "hm", "signature": "s"}, {"type": "text", "text": "I look."},
                    {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": 1}}],
        "usage": {"input_tokens": 5, "cache_read_input_tokens": 3, "cache_creation_input_tokens": 2, "output_tokens": 7},
    }  # fmt: skip
    Message.model_validate(body)
    made = read_message(orjson.dumps(body))
    (choice,) = made.choices
    assert (choice.reasoning, choice.text, choice.finish) == ("hm", "I look.", "tool_calls")
    assert [(call.id, call.name, orjson.loads(call.arguments)) for call in choice.tool_calls] == [("t1", "f", {"a": 1})]
    assert made.usage == Usage(input_tokens=10, output_tokens=7, cache_read_tokens=3, cache_write_tokens=2)


EVENTS: list[Any] = [
    {"type": "message_start", "message": {"id": "1", "usage": {"input_tokens": 5, "output_tokens": 1}}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": "", "signature": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "s"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "ping"},
    {"type": "something_new"},
    {
        "type": "content_block_start",
        "index": 1,
        "content_block": {"type": "tool_use", "id": "t1", "name": "f", "input": {}},
    },
    {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": '{"a"'}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": ": 1}"}},
    {"type": "content_block_stop", "index": 1},
    {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 7}},
    {"type": "message_stop"},
]


@pytest.mark.anyio
async def test_a_stream_is_read_event_by_event_and_its_usage_adds_up() -> None:
    """B3"""
    body = b"".join(b"event: x\ndata: " + orjson.dumps(event) + b"\n\n" for event in EVENTS)
    async with aiohttp.ClientSession() as session, serving(streamed(body)) as server:
        chunks: list[Chunk] = [chunk async for chunk in open_adapters(session)[ANTHROPIC].stream(asked(server))]
        assert b"x-api-key: sk-1" in server.requests[0].lower()
    choices = [chunk.choices[0] for chunk in chunks]
    assert "".join(choice.reasoning for choice in choices) == "hm"
    calls = [call for choice in choices for call in choice.tool_calls]
    assert (calls[0].id, calls[0].name, "".join(call.arguments for call in calls)) == ("t1", "f", '{"a": 1}')
    assert [chunk.usage for chunk in chunks if chunk.usage][-1] == Usage(input_tokens=5, output_tokens=7)
    assert [choice.finish for choice in choices if choice.finish] == ["tool_calls"]
    assert [chunk.has_content for chunk in chunks][:3] == [False, False, True]
