"""The dialect of OpenAI's responses: what is asked, as its API has it, and what it answers. OpenAI's SDK is the oracle."""

from typing import Any

import aiohttp
import orjson
import pytest
from openai.types.responses import Response, ResponseStreamEvent
from openai.types.responses.response_create_params import ResponseCreateParamsNonStreaming
from pydantic import TypeAdapter

from models_registry.types import Usage
from models_registry.upstream import call_ids
from models_registry.upstream.base import OPENAI_RESPONSES, Chunk, ToolCall
from models_registry.upstream.errors import Failed, Overloaded, Rejected
from models_registry.upstream.openai.responses import read_response
from models_registry.upstream.openai.responses_request import TABLE, payload_of
from models_registry.upstream.registry import open_adapters
from tests.models_registry.upstream.raw_server import serving, streamed
from tests.models_registry.upstream.test_contract import asked

PNG = "data:image/png;base64,AAAA"
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}
USER = {"role": "user", "content": "Hello"}
ASKED: TypeAdapter[Any] = TypeAdapter(ResponseCreateParamsNonStreaming)
EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)


def payload(*messages: Any, **content: Any) -> dict[str, Any]:
    """What is sent, checked by OpenAI's own types."""
    made = payload_of(asked(None, content={"messages": list(messages) or [USER], **content}))
    ASKED.validate_python(made)
    return made


def response(*output: Any, **more: Any) -> dict[str, Any]:
    made = {
        "id": "resp_1", "object": "response", "created_at": 1, "status": "completed", "model": "m", "output": list(output),
        "parallel_tool_calls": True, "tool_choice": "auto", "tools": [], **more,
    }  # fmt: skip
    Response.model_validate(made)
    return made


# --- what is asked


def test_words_calls_and_results_are_items_in_their_order() -> None:
    sealed = call_ids.sealed("c1", "AbC+/d8=")
    made = payload(
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [
            {"type": "text", "text": "Look"}, {"type": "image_url", "image_url": {"url": PNG, "detail": "low"}},
            {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,BBBB"}}]},
        {"role": "assistant", "content": [{"type": "text", "text": "I do."}], "tool_calls": [
            {"id": sealed, "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}]},
        {"role": "tool", "tool_call_id": sealed, "content": [{"type": "text", "text": "12"}]},
    )  # fmt: skip
    assert made == {"model": "m", "max_output_tokens": 50, "store": False, "input": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [
            {"type": "input_text", "text": "Look"}, {"type": "input_image", "image_url": PNG, "detail": "low"},
            {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,BBBB"}]},
        {"role": "assistant", "content": "I do."},
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": '{"a": 1}'},
        {"type": "function_call_output", "call_id": "c1", "output": "12"},
    ]}  # fmt: skip


def test_tools_the_form_of_the_answer_effort_and_probabilities_are_carried() -> None:
    function = {"name": "f", "description": "does", "parameters": SCHEMA}
    form = {"name": "n", "schema": SCHEMA, "strict": True}
    made = payload(
        tools=[{"type": "function", "function": function}], tool_choice={"type": "function", "function": {"name": "f"}},
        response_format={"type": "json_schema", "json_schema": form}, verbosity="low", reasoning_effort="high", logprobs=True,
        top_logprobs=2, temperature=1.7, parallel_tool_calls=False,
    )  # fmt: skip
    assert made["tools"] == [
        {"type": "function", "name": "f", "description": "does", "parameters": SCHEMA, "strict": False}
    ], "loose, as in chat completions, though strict is the default here"
    assert made["tool_choice"] == {"type": "function", "name": "f"}
    assert made["text"] == {"format": {"type": "json_schema", **form}, "verbosity": "low"}
    assert (made["reasoning"], made["include"], made["top_logprobs"]) == (
        {"effort": "high"},
        ["message.output_text.logprobs", "reasoning.encrypted_content"],
        2,
    )
    assert (made["temperature"], made["parallel_tool_calls"]) == (1.7, False)


def test_a_client_of_the_same_dialect_is_passed_on_but_for_what_this_server_does_not_know() -> None:
    """C12, C13: ids that RouterHub gave, and thoughts that are not sealed."""
    sealed = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "secret"}
    native = {
        "model": "auto", "store": True, "max_output_tokens": 9, "truncation": "auto", "tools": [{"type": "web_search"}],
        "input": [
            USER, sealed, {"type": "reasoning", "id": "rs_2", "summary": []},
            {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "f", "arguments": "{}"}],
    }  # fmt: skip
    made = payload_of(asked(None, dialect=OPENAI_RESPONSES, native=native))
    assert made == {
        "model": "m", "store": False, "max_output_tokens": 50, "truncation": "auto", "tools": [{"type": "web_search"}],
        "input": [
            USER, {"type": "reasoning", "summary": [], "encrypted_content": "secret"},
            {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"}],
    }  # fmt: skip


def test_what_a_tool_gave_is_input_whatever_its_client_calls_it() -> None:
    """C16"""
    output = [{"type": "output_text", "text": "12"}, {"type": "input_image", "image_url": "data:x"}]
    native = {"input": [{"type": "function_call_output", "call_id": "c", "output": output}]}
    made = payload_of(asked(None, dialect=OPENAI_RESPONSES, native=native))
    assert [part["type"] for part in made["input"][0]["output"]] == ["input_text", "input_image"]


def test_a_conversation_that_only_routerhub_keeps_is_sent_whole() -> None:
    """C10"""
    native = {"previous_response_id": "resp_1", "input": "And?"}
    made = payload_of(asked(None, dialect=OPENAI_RESPONSES, native=native, content={"messages": [USER]}))
    assert (made["input"], "previous_response_id" in made) == ([USER], False)


def test_what_it_has_not_is_refused_or_dropped_by_name() -> None:
    """C17"""
    for content, name in (({"n": 2}, "n"), ({"stop": "END"}, "stop"), ({"modalities": ["audio"]}, "modalities")):
        with pytest.raises(Rejected) as caught:
            payload(**content)
        assert (caught.value.param, caught.value.was_sent) == (name, False)
    assert TABLE.lacking({"messages": [], "seed": 7, "logit_bias": {}}).dropped == ("seed", "logit_bias")


def test_an_answer_shorter_than_it_makes_any_is_refused_before_it_is_sent() -> None:
    """E3"""
    with pytest.raises(Rejected, match="15 was given; OpenAI's Responses API takes 16 or more") as caught:
        payload_of(asked(None, max_output_tokens=15))
    assert caught.value.was_sent is False


# --- what it answers

THOUGHT = {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "hm"}]}
CALLS = [
    {
        "type": "function_call",
        "id": "fc_1",
        "call_id": "c1",
        "name": "f",
        "arguments": '{"a": 1}',
        "status": "completed",
    },
    {"type": "custom_tool_call", "id": "ctc_1", "call_id": "c2", "name": "patch", "input": "*** Begin"},
]
USED = {
    "input_tokens": 10, "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 1}, "output_tokens": 7,
    "output_tokens_details": {"reasoning_tokens": 5}, "total_tokens": 17,
}  # fmt: skip


def words(text: str, **more: Any) -> dict[str, Any]:
    part = {"type": "output_text", "text": text, "annotations": [], **more}
    return {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [part]}


def test_thoughts_text_calls_and_usage_are_read() -> None:
    made = read_response(orjson.dumps(response(THOUGHT, words("I look."), *CALLS, usage=USED)))
    (choice,) = made.choices
    assert (choice.reasoning, choice.text, choice.finish) == ("hm", "I look.", "tool_calls")
    assert choice.tool_calls == (
        ToolCall(index=0, id="c1", name="f", arguments='{"a": 1}'),
        ToolCall(index=1, id="c2", name="patch", arguments="*** Begin"),
    )
    assert made.usage == Usage(
        input_tokens=10, output_tokens=7, cache_read_tokens=4, cache_write_tokens=1, reasoning_tokens=5
    )


def test_probabilities_are_told_as_chat_completions_tell_them() -> None:
    """A19"""
    told = [{"token": "Hi", "logprob": -0.1, "bytes": [72, 105], "top_logprobs": []}]
    made = read_response(orjson.dumps(response(words("Hi", logprobs=told))))
    assert made.choices[0].logprobs == {"content": told, "refusal": None}


@pytest.mark.parametrize(
    ("reason", "finish"), [("max_output_tokens", "length"), ("content_filter", "content_filter"), ("new", "stop")]
)
def test_why_it_is_incomplete_is_why_it_ended(reason: str, finish: str) -> None:
    """C6"""
    body = {"status": "incomplete", "incomplete_details": {"reason": reason}, "output": [words("Hi")]}
    assert read_response(orjson.dumps(body)).choices[0].finish == finish


@pytest.mark.parametrize(
    ("code", "kind"), [("rate_limit_exceeded", Overloaded), ("server_error", Failed), ("invalid_prompt", Rejected)]
)
def test_a_response_that_failed_is_the_refusal_that_it_means(code: str, kind: type[Exception]) -> None:
    """C7"""
    with pytest.raises(kind, match="no"):
        read_response(orjson.dumps(response(status="failed", error={"code": code, "message": "no"})))


def events(*told: Any) -> list[Any]:
    numbered = [{**each, "sequence_number": at} for at, each in enumerate(told)]
    for each in numbered:
        EVENT.validate_python(each)
    return numbered


EVENTS = events(
    {"type": "response.created", "response": response(status="in_progress")},
    {"type": "response.output_item.added", "output_index": 0, "item": {**THOUGHT, "summary": []}},
    {
        "type": "response.reasoning_summary_text.delta",
        "item_id": "rs_1",
        "output_index": 0,
        "summary_index": 0,
        "delta": "hm",
    },
    {"type": "response.output_item.added", "output_index": 1, "item": {**CALLS[0], "arguments": ""}},
    {"type": "response.function_call_arguments.delta", "item_id": "fc_1", "output_index": 1, "delta": '{"a"'},
    {"type": "response.output_item.added", "output_index": 2, "item": {**CALLS[1], "input": ""}},
    {"type": "response.function_call_arguments.delta", "item_id": "fc_1", "output_index": 1, "delta": ": 1}"},
    {"type": "response.output_item.done", "output_index": 1, "item": CALLS[0]},
    {"type": "response.output_item.done", "output_index": 2, "item": CALLS[1]},
    {"type": "response.completed", "response": response(THOUGHT, *CALLS, usage=USED)},
)


@pytest.mark.anyio
async def test_a_stream_is_read_event_by_event_and_a_call_without_pieces_is_told_by_its_end() -> None:
    """A14"""
    body = b"".join(b"event: x\ndata: " + orjson.dumps(event) + b"\n\n" for event in EVENTS)
    async with aiohttp.ClientSession() as session, serving(streamed(body)) as server:
        chunks: list[Chunk] = [chunk async for chunk in open_adapters(session)[OPENAI_RESPONSES].stream(asked(server))]
        assert b"POST /v1/responses" in server.requests[0]
        assert b"authorization: bearer sk-1" in server.requests[0].lower()
    choices = [chunk.choices[0] for chunk in chunks]
    calls: dict[int, str] = {}
    for call in [call for choice in choices for call in choice.tool_calls]:
        calls[call.index] = calls.get(call.index, "") + call.arguments
    assert calls == {0: '{"a": 1}', 1: "*** Begin"}
    assert [call.id for choice in choices for call in choice.tool_calls if call.id] == ["c1", "c2"]
    assert "".join(choice.reasoning for choice in choices) == "hm"
    assert [choice.finish for choice in choices if choice.finish] == ["tool_calls"]
    assert chunks[-1].usage == Usage(
        input_tokens=10, output_tokens=7, cache_read_tokens=4, cache_write_tokens=1, reasoning_tokens=5
    )
