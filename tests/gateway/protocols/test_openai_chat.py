"""OpenAI's chat completions: bytes to a request, and an answer, a stream or an error to bytes."""

import json
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models_registry.types import Usage
from models_registry.upstream.base import Choice, Chunk, Completion, ToolCall
from routerhub.gateway.errors import ApiError, BadRequest
from routerhub.gateway.protocols.base import ChatRequest, Controls, Envelope
from routerhub.gateway.protocols.openai_chat import PROTOCOL
from routerhub.gateway.protocols.prompt_size import IMAGE_CEILING_TOKENS
from tests.gateway.fakes import chunk, completion, request

HELLO = [{"role": "user", "content": "Hello"}]
ENVELOPE = Envelope(operation_id=uuid.UUID(int=7), created_at=datetime(2026, 1, 1, tzinfo=UTC), model="acme:large")
USAGE = Usage(input_tokens=10, output_tokens=20, cache_read_tokens=4, reasoning_tokens=5)


def read(headers: dict[str, str] | None = None, **body: Any) -> ChatRequest:
    return PROTOCOL.read(json.dumps({"messages": HELLO, **body}).encode(), headers or {})


# --- reading


def test_what_is_not_said_has_a_default() -> None:
    plain = read()
    assert (plain.model, plain.stream, plain.max_output_tokens, plain.choices) == ("auto", False, None, 1)
    assert (plain.has_tools, plain.is_structured, plain.include_usage, plain.script) == (False, False, False, None)
    assert plain.controls == Controls()


def test_what_routerhub_says_itself_is_taken_out_and_unknown_fields_stay() -> None:
    made = read(
        routerhub={"policy": "code"}, seed=7, model="auto", stream=True, max_tokens=5, max_completion_tokens=6,
        sandbox={"reply": "x"}, top_k={"nested": [1]},
    )  # fmt: skip
    assert made.content == {"messages": HELLO, "seed": 7, "top_k": {"nested": [1]}}
    assert (made.controls.policy, made.script) == ("code", {"reply": "x"})


def test_the_lower_of_both_output_limits_counts() -> None:
    assert read(max_tokens=50, max_completion_tokens=70).max_output_tokens == 50
    assert read(max_tokens=90).max_output_tokens == 90
    assert read(max_completion_tokens=70).max_output_tokens == 70


def test_tools_structure_and_number_of_answers_are_noticed() -> None:
    made = read(
        tools=[{"type": "function"}],
        response_format={"type": "json_schema"},
        n=3,
        stream_options={"include_usage": True},
    )
    assert (made.has_tools, made.is_structured, made.choices, made.include_usage) == (True, True, 3, True)
    assert made.content["n"] == 3


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("messages", "hi"), ("messages", []), ("temperature", "hot"), ("temperature", True), ("top_p", 1.1), ("n", 129),
        ("max_tokens", 0), ("stream", 1), ("tools", {}), ("model", ""), ("model", "x" * 201), ("response_format", []),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named_with_what_is_allowed(field: str, value: object) -> None:
    with pytest.raises(BadRequest, match="allowed is") as caught:
        read(None, **{field: value})
    assert caught.value.param == field


@pytest.mark.parametrize("role", [None, "boss", ["user"], {"a": 1}, 7])
def test_a_role_that_there_is_not_is_refused_whatever_it_is(role: object) -> None:
    with pytest.raises(BadRequest) as caught:
        read(messages=[{"role": role, "content": "x"}])
    assert caught.value.param == "messages[0].role"


@given(st.text(min_size=1, max_size=300), st.booleans())
def test_the_bound_of_the_prompt_is_never_below_its_bytes(text: str, is_escaped: bool) -> None:
    body = json.dumps({"messages": [{"role": "user", "content": text}]}, ensure_ascii=is_escaped)
    raw = body.encode(errors="surrogatepass")
    try:
        made = PROTOCOL.read(raw, {})
    except BadRequest:
        return  # half of a surrogate pair is no text
    assert made.max_input_tokens >= len(text.encode(errors="surrogatepass"))


def test_a_picture_counts_by_its_own_ceiling_not_by_its_bytes() -> None:
    url = "data:image/png;base64," + "A" * 400_000
    picture = {"type": "image_url", "image_url": {"url": url}}
    bound = read(messages=[{"role": "user", "content": [picture]}]).max_input_tokens
    assert IMAGE_CEILING_TOKENS < bound < IMAGE_CEILING_TOKENS + 300
    by_reference = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    assert read(messages=[{"role": "user", "content": [by_reference]}]).max_input_tokens > IMAGE_CEILING_TOKENS


def test_speech_counts_by_its_length() -> None:
    speech = {"type": "input_audio", "input_audio": {"data": "A" * 100_000, "format": "mp3"}}
    assert 1_000 < read(messages=[{"role": "user", "content": [speech]}]).max_input_tokens < 1_300


def test_tools_count_into_the_bound() -> None:
    tool = {"type": "function", "function": {"name": "x" * 500}}
    assert read(tools=[tool]).max_input_tokens > read().max_input_tokens + 500


# --- writing a whole answer


def test_an_answer_of_the_same_dialect_keeps_every_field_but_the_models_name() -> None:
    """A18, A19: also what nobody here knows, and every one of several answers."""
    choices = [
        {"index": 1, "message": {"role": "assistant", "content": None, "refusal": "no", "annotations": [{"a": 1}]},
         "logprobs": {"content": [{"token": "x"}]}, "finish_reason": "stop"},
        {"index": 0, "message": {"role": "assistant", "content": None, "reasoning_content": "hm",
         "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
         "logprobs": None, "finish_reason": "tool_calls"},
    ]  # fmt: skip
    answer = completion(choices=choices, service_tier="flex", system_fingerprint="fp")
    written = orjson.loads(PROTOCOL.write(answer, request(), ENVELOPE, USAGE, {"why": "so"}))
    assert written == {**answer.native, "model": "acme:large", "routerhub": {"why": "so"}}
    assert written["choices"] == choices


def test_an_answer_without_usage_gets_the_counted_one() -> None:
    written = orjson.loads(PROTOCOL.write(completion(usage=None), request(), ENVELOPE, USAGE, {}))
    assert written["usage"] == {
        "prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30,
        "prompt_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 5, "audio_tokens": 0},
    }  # fmt: skip


def test_an_upstream_that_leaves_out_what_clients_demand_is_completed_whole_and_streamed() -> None:
    """Typed clients refuse an answer without id, object or time."""
    whole, piece = completion(), chunk("Hi", finish="stop")
    bare = replace(whole, native={"choices": whole.native["choices"]})
    bare_piece = replace(piece, native={"choices": piece.native["choices"]})
    written = orjson.loads(PROTOCOL.write(bare, request(), ENVELOPE, USAGE, {}))
    for told in (written, *written_by(bare_piece)):
        assert (told["id"], told["created"]) == (f"chatcmpl-{ENVELOPE.operation_id.hex}", 1767225600)
    assert (written["object"], written_by(bare_piece)[0]["object"]) == ("chat.completion", "chat.completion.chunk")


CALL = ToolCall(index=0, id="c1", name="f", arguments='{"a": 1}')


def test_an_answer_of_another_dialect_is_spelled_from_its_values() -> None:
    choice = Choice(index=0, text="Hi", reasoning="hm", tool_calls=(CALL,), finish="tool_calls")
    foreign = Completion(choices=(choice,), usage=USAGE, dialect="toy", native={"gibberish": True})
    written = orjson.loads(PROTOCOL.write(foreign, request(), ENVELOPE, USAGE, {"why": "so"}))
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
    assert written.pop("usage")["completion_tokens"] == 20
    assert written == {
        "id": f"chatcmpl-{ENVELOPE.operation_id.hex}", "object": "chat.completion", "created": 1767225600,
        "model": "acme:large", "routerhub": {"why": "so"},
        "choices": [{
            "index": 0, "logprobs": None, "finish_reason": "tool_calls",
            "message": {"role": "assistant", "content": "Hi", "reasoning_content": "hm", "tool_calls": [call]},
        }],
    }  # fmt: skip


# --- writing a stream: how it ends is told in tests/gateway/answers/test_streaming.py


def written_by(*chunks: Chunk) -> list[Any]:
    writer = PROTOCOL.stream_writer(request(stream=True), ENVELOPE)
    lines = b"".join([writer.chunk(each) for each in chunks] + [writer.end(USAGE, {})]).decode().split("\n\n")
    return [orjson.loads(line.removeprefix("data: ")) for line in lines if line and line != "data: [DONE]"]


def test_chunks_of_the_same_dialect_keep_every_field_and_their_order() -> None:
    """A11, A12, A17, A18: separators within a text, two answers in turns, text and call in one chunk."""
    chunks = [
        chunk("a\u2028b\x85c\x0b", role="assistant", reasoning_details=[{"x": 1}]),
        chunk("both", tool_calls=[{"index": 0, "id": "c", "function": {"name": "f", "arguments": "{"}}]),
        chunk(finish="stop"),
    ]
    out = written_by(*chunks)
    assert [each["choices"][0]["delta"] for each in out] == [each.native["choices"][0]["delta"] for each in chunks]


def test_the_ends_of_several_answers_stay_apart_and_only_the_last_is_kept_back() -> None:
    def end(index: int) -> Chunk:
        native = {"choices": [{"index": index, "delta": {}, "finish_reason": "stop"}]}
        return Chunk(
            choices=(Choice(index=index, finish="stop"),), usage=None, has_content=True, dialect="openai", native=native
        )

    writer = PROTOCOL.stream_writer(request(stream=True), ENVELOPE)
    assert writer.chunk(end(1)) == b""
    assert b'"index":1' in writer.chunk(end(0))
    assert b'"index":0' in writer.end(USAGE, {})


def test_chunks_of_another_dialect_are_spelled_from_their_values() -> None:
    """A14: id and name of a call only in its first piece."""

    def foreign(**said: Any) -> Chunk:
        return Chunk(choices=(Choice(index=0, **said),), usage=None, has_content=True, dialect="toy", native={})

    later = ToolCall(index=0, id="", name="", arguments=" 1}")
    out = written_by(
        foreign(text="Hi"), foreign(reasoning="hm"), foreign(tool_calls=(CALL,)), foreign(tool_calls=(later,)),
        foreign(finish="tool_calls"),
    )  # fmt: skip
    deltas = [each["choices"][0]["delta"] for each in out]
    assert deltas[0] == {"role": "assistant", "content": "Hi"}
    assert deltas[1] == {"reasoning_content": "hm"}
    assert deltas[2] == {
        "tool_calls": [{"index": 0, "id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}]
    }
    assert deltas[3] == {"tool_calls": [{"index": 0, "function": {"arguments": " 1}"}}]}
    assert (out[4]["choices"][0]["finish_reason"], out[4]["object"]) == ("tool_calls", "chat.completion.chunk")


def test_an_error_is_spelled_as_openai_does_with_its_figures() -> None:
    error = ApiError(
        status=429, message="Too much.", type="insufficient_quota", code="x", details={"budget": {"limit": 1}}
    )
    assert orjson.loads(PROTOCOL.write_error(error)) == {
        "error": {
            "message": "Too much.",
            "type": "insufficient_quota",
            "param": None,
            "code": "x",
            "budget": {"limit": 1},
        }
    }
