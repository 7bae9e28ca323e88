"""Anthropic's messages: into the neutral spelling; and answers, streams and errors as Anthropic's own client reads them."""

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx2
import orjson
import pytest
from anthropic import Anthropic, APIStatusError
from anthropic.types import Message

from models_registry.types import Usage
from models_registry.upstream.base import Choice, Chunk, Completion, ToolCall
from routerhub.gateway.errors import ApiError, BadRequest
from routerhub.gateway.protocols.anthropic_messages import PROTOCOL, count_tokens
from routerhub.gateway.protocols.base import ChatRequest, Envelope
from tests.gateway.fakes import chunk, completion, request

HELLO: list[Any] = [{"role": "user", "content": "Hello"}]
ENVELOPE = Envelope(operation_id=uuid.UUID(int=7), created_at=datetime(2026, 1, 1, tzinfo=UTC), model="acme:large")
USAGE = Usage(input_tokens=10, output_tokens=20, cache_read_tokens=4, cache_write_tokens=1)
THINKS = request(native={"thinking": {"type": "adaptive"}})
PNG = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}
PNG_PART = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}


def read(**body: Any) -> ChatRequest:
    return PROTOCOL.read(json.dumps({"model": "auto", "max_tokens": 100, "messages": HELLO, **body}).encode(), {})


def conversation(*messages: Any, **body: Any) -> Any:
    return read(messages=list(messages), **body).content["messages"]


# --- reading


def test_what_means_the_same_is_carried_under_its_neutral_name() -> None:
    made = read(temperature=0.3, top_p=0.9, stop_sequences=["END"], stream=True, system="Be brief.", max_tokens=7)
    assert made.content == {
        "messages": [{"role": "system", "content": "Be brief."}, *HELLO], "temperature": 0.3, "top_p": 0.9, "stop": ["END"],
    }  # fmt: skip
    assert (made.model, made.max_output_tokens, made.stream, made.include_usage) == ("auto", 7, True, True)
    assert (made.dialect, made.dropped) == ("anthropic", ())
    assert made.native is not None
    assert made.native["system"] == "Be brief."


def test_a_whole_round_with_a_tool_becomes_calls_and_messages_of_their_own() -> None:
    call = {"type": "tool_use", "id": "t1", "name": "weather", "input": {"city": "Bonn"}}
    result = {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "12 degrees"}, PNG]}
    thought = {"type": "thinking", "thinking": "hm", "signature": "s"}
    made = conversation(
        {"role": "user", "content": [{"type": "text", "text": "Weather?", "cache_control": {"type": "ephemeral"}}]},
        {"role": "assistant", "content": [thought, {"type": "text", "text": "I look."}, call]},
        {"role": "user", "content": [{"type": "text", "text": "Well?"}, result]},
    )
    arguments = {"name": "weather", "arguments": '{"city":"Bonn"}'}
    assert made == [
        {"role": "user", "content": "Weather?"},
        {"role": "assistant", "content": "I look.", "tool_calls": [{"id": "t1", "type": "function", "function": arguments}]},
        {"role": "tool", "tool_call_id": "t1", "content": "12 degrees"},
        {"role": "user", "content": [{"type": "text", "text": "Well?"}, PNG_PART]},
    ]  # fmt: skip


def test_a_tool_that_failed_says_so() -> None:
    failed = {"type": "tool_result", "tool_use_id": "t1", "content": "no such city", "is_error": True}
    assert conversation({"role": "user", "content": [failed]}) == [
        {"role": "tool", "tool_call_id": "t1", "content": "Error: no such city"}
    ]


def test_documents_and_search_results_are_read() -> None:
    blocks = [
        {"type": "document", "title": "Note", "source": {"type": "text", "media_type": "text/plain", "data": "Buy milk."}},
        {"type": "search_result", "title": "T", "source": "https://x", "content": [{"type": "text", "text": "found"}]},
        {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBE"}},
    ]  # fmt: skip
    assert conversation({"role": "user", "content": blocks})[0]["content"] == [
        {"type": "text", "text": "Note\nBuy milk."},
        {"type": "text", "text": "T\nfound\nhttps://x"},
        {"type": "file", "file": {"filename": "document.pdf", "file_data": "data:application/pdf;base64,JVBE"}},
    ]


def test_tools_and_the_form_of_the_answer_are_carried() -> None:
    schema = {"type": "object", "properties": {}}
    made = read(
        tools=[{"name": "f", "description": "does", "input_schema": schema, "cache_control": {"type": "ephemeral"}}],
        tool_choice={"type": "any", "disable_parallel_tool_use": True},
        output_config={"format": {"type": "json_schema", "schema": schema}},
    )
    function = {"name": "f", "description": "does", "parameters": schema}
    assert made.content["tools"] == [{"type": "function", "function": function}]
    assert (made.content["tool_choice"], made.content["parallel_tool_calls"]) == ("required", False)
    assert made.content["response_format"]["json_schema"]["schema"] == schema
    assert (made.has_tools, made.is_structured) == (True, True)


@pytest.mark.parametrize(
    ("choice", "neutral"),
    [
        ({"type": "auto"}, "auto"),
        ({"type": "none"}, "none"),
        ({"type": "tool", "name": "f"}, {"type": "function", "function": {"name": "f"}}),
    ],
)
def test_each_choice_of_tools_has_a_neutral_word(choice: Any, neutral: Any) -> None:
    assert read(tools=[{"name": "f", "input_schema": {}}], tool_choice=choice).content["tool_choice"] == neutral


def test_what_no_other_dialect_has_is_dropped_and_named_unless_a_header_cannot_hold_its_name() -> None:
    made = read(
        top_k=5, metadata={"user_id": "u"}, output_config={"effort": "high"}, service_tier=None, **{"a\r\nx: y": 1}
    )
    assert made.dropped == ("metadata", "top_k")
    assert made.content == {"messages": HELLO, "reasoning_effort": "high"}


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"max_tokens": None}, "max_tokens"), ({"max_tokens": 0}, "max_tokens"), ({"messages": []}, "messages"),
        ({"temperature": 1.5}, "temperature"), ({"system": [{"type": "image"}]}, "system[0].type"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": [{"type": "smell"}]}]}, "messages[0].content[0].type"),
        ({"messages": [{"role": "user", "content": [{"type": ["text"]}]}]}, "messages[0].content[0].type"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages[0].content[0].text"),
        ({"messages": [{"role": "assistant", "content": [{"type": "image"}]}]}, "messages[0].content[0].type"),
        ({"messages": [{"role": "user", "content": [{"type": "image", "source": {"type": "file"}}]}]},
         "messages[0].content[0].source.type"),
        ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "tools[0].type"),
        ({"tools": [{"name": "f"}], "tool_choice": {"type": "maybe"}}, "tool_choice.type"),
        ({"output_config": {"format": {"type": "xml"}}}, "output_config.format.type"),
        ({"output_config": {"format": {"type": "json_schema"}}}, "output_config.format.schema"),
        ({"mcp_servers": [{}]}, "mcp_servers"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(body: Any, param: str) -> None:
    with pytest.raises(BadRequest) as caught:
        read(**body)
    assert caught.value.param == param


def test_a_thread_is_refused_with_the_code_on_which_clients_send_the_whole_conversation() -> None:
    with pytest.raises(BadRequest) as caught:
        read(thread={"type": "create"})
    assert caught.value.code == "thread_unsupported_request"


def test_tokens_are_counted_by_an_estimate() -> None:
    def counted(**body: Any) -> int:
        return count_tokens(json.dumps({"model": "auto", **body}).encode())["input_tokens"]

    words = [{"role": "user", "content": "x" * 400}]
    assert counted(messages=words) == 85
    assert counted(messages=[{"role": "user", "content": [PNG]}]) == 1_604
    assert counted(messages=words, tools=[{"name": "f", "input_schema": {"description": "y" * 400}}]) > 160


# --- writing: read by the official client


def answered_by(body: bytes, status: int = 200, kind: str = "application/json") -> Anthropic:
    """The official client, which gets this answer whatever it asks."""
    transport = httpx2.MockTransport(lambda _: httpx2.Response(status, content=body, headers={"content-type": kind}))
    return Anthropic(api_key="x", base_url="http://x", max_retries=0, http_client=httpx2.Client(transport=transport))


def written(made: Completion, asked: ChatRequest | None = None) -> Message:
    body = PROTOCOL.write(made, asked or request(), ENVELOPE, USAGE, {"why": "so"})
    return answered_by(body).messages.create(model="auto", max_tokens=9, messages=HELLO)


def test_a_whole_answer_is_read_by_the_official_client() -> None:
    message = written(completion("Hi!"))
    assert (message.id, message.role, message.model) == (f"msg_{ENVELOPE.operation_id.hex}", "assistant", "acme:large")
    assert [block.to_dict() for block in message.content] == [{"type": "text", "text": "Hi!"}]
    usage = message.usage
    assert (usage.input_tokens, usage.cache_read_input_tokens, usage.cache_creation_input_tokens) == (5, 4, 1)
    assert (usage.output_tokens, message.stop_reason) == (20, "end_turn")
    assert message.to_dict()["routerhub"] == {"why": "so"}


@pytest.mark.parametrize(
    ("finish", "reason"), [("stop", "end_turn"), ("length", "max_tokens"), ("content_filter", "refusal"), ("new", "end_turn")]
)  # fmt: skip
def test_why_it_ended_is_told_in_anthropics_words(finish: str, reason: str) -> None:
    made = Completion(choices=(Choice(index=0, text="x", finish=finish),), usage=None, dialect="toy", native={})
    assert written(made).stop_reason == reason


CALLS = (
    ToolCall(index=0, id="t1", name="f", arguments='{"a": 1}'),
    ToolCall(index=1, id="t2", name="g", arguments=""),
    ToolCall(index=2, id="t3", name="h", arguments="{broken"),
)


def test_calls_come_with_their_input_even_where_the_upstream_says_that_it_stopped() -> None:
    choice = Choice(index=0, text="I look.", tool_calls=CALLS, finish="stop")
    message = written(Completion(choices=(choice,), usage=None, dialect="toy", native={}))
    inputs = [block.input for block in message.content if block.type == "tool_use"]
    assert inputs == [{"a": 1}, {}, {"invalid_json": "{broken"}]
    assert (message.content[0].type, message.stop_reason) == ("text", "tool_use")


def test_thinking_is_shown_to_a_client_that_asked_for_it_and_to_no_other() -> None:
    choice = Choice(index=0, text="Hi", reasoning="hm", finish="stop")
    made = Completion(choices=(choice,), usage=None, dialect="toy", native={})
    assert [block.type for block in written(made, THINKS).content] == ["thinking", "text"]
    assert [block.type for block in written(made).content] == ["text"]


# --- streams


def streamed(chunks: list[Chunk], asked: ChatRequest | None = None) -> bytes:
    writer = PROTOCOL.stream_writer(asked or request(), ENVELOPE)
    return b"".join([*[writer.chunk(each) for each in chunks], writer.end(USAGE, {"why": "so"})])


def snapshot(chunks: list[Chunk], asked: ChatRequest | None = None) -> Message:
    """What the official client makes of a stream."""
    client = answered_by(streamed(chunks, asked), kind="text/event-stream")
    with client.messages.stream(model="auto", max_tokens=9, messages=HELLO) as stream:
        return stream.get_final_message()


def events(body: bytes) -> Iterator[tuple[str, Any]]:
    for event in body.decode().split("\n\n")[:-1]:
        name, data = event.split("\n")
        yield name.removeprefix("event: "), orjson.loads(data.removeprefix("data: "))


def called(index: int, identifier: str, name: str, arguments: str) -> Chunk:
    function = {"name": name, "arguments": arguments}
    return chunk(tool_calls=[{"index": index, "id": identifier, "function": function}])


def test_a_stream_is_read_by_the_official_client() -> None:
    message = snapshot([chunk("", role="assistant"), chunk("Hel"), chunk("lo!"), chunk(finish="stop", usage=(10, 20))])
    assert [block.to_dict() for block in message.content] == [{"type": "text", "text": "Hello!"}]
    assert (message.stop_reason, message.usage.input_tokens, message.usage.output_tokens) == ("end_turn", 5, 20)


def test_its_events_come_in_anthropics_order_and_the_cost_with_the_last_but_one() -> None:
    told = list(events(streamed([chunk("Hi"), chunk(finish="length")])))
    assert [name for name, _ in told] == [
        "message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta",
        "message_stop",
    ]  # fmt: skip
    assert all(data["type"] == name for name, data in told)
    assert (told[4][1]["delta"]["stop_reason"], told[4][1]["routerhub"]) == ("max_tokens", {"why": "so"})


def test_a_stream_without_a_word_is_whole_all_the_same() -> None:
    assert snapshot([chunk(finish="stop")]).content == []


def test_thinking_text_and_calls_are_blocks_of_their_own() -> None:
    said = [
        chunk(reasoning_content="h"), chunk(reasoning_content="m"), chunk("I look."), called(0, "t1", "f", '{"a"'),
        called(0, "", "", ": 1}"), called(1, "t2", "g", "{}"), chunk(finish="tool_calls"),
    ]  # fmt: skip
    message = snapshot(said, THINKS)
    assert [block.type for block in message.content] == ["thinking", "text", "tool_use", "tool_use"]
    assert [block.input for block in message.content if block.type == "tool_use"] == [{"a": 1}, {}]
    assert message.stop_reason == "tool_use"
    assert [block.type for block in snapshot(said).content] == ["text", "tool_use", "tool_use"]


def test_calls_whose_pieces_come_in_turns_or_under_one_number_stay_apart() -> None:
    turns = [
        called(0, "t1", "f", '{"a"'),
        called(1, "t2", "g", '{"b"'),
        called(0, "", "", ": 1}"),
        called(1, "", "", ": 2}"),
    ]
    one_number = [called(0, "t1", "f", '{"a": 1}'), called(0, "t2", "g", '{"b": 2}')]
    for said in (turns, one_number):
        message = snapshot([*said, chunk(finish="tool_calls")])
        assert [(block.id, block.input) for block in message.content if block.type == "tool_use"] == [
            ("t1", {"a": 1}), ("t2", {"b": 2}),
        ]  # fmt: skip


def test_a_stream_that_breaks_ends_with_an_error_that_the_client_raises() -> None:
    writer = PROTOCOL.stream_writer(request(), ENVELOPE)
    error = ApiError(status=502, message="It broke.", type="upstream_error", code="unreachable")
    client = answered_by(writer.chunk(chunk("Hel")) + writer.error(error, {}), kind="text/event-stream")
    with (
        client.messages.stream(model="auto", max_tokens=9, messages=HELLO) as stream,
        pytest.raises(APIStatusError) as caught,
    ):
        stream.get_final_message()
    assert "It broke." in str(caught.value)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, "invalid_request_error"), (401, "authentication_error"), (404, "not_found_error"), (413, "request_too_large"),
     (422, "invalid_request_error"), (429, "rate_limit_error"), (502, "api_error"), (503, "overloaded_error")],
)  # fmt: skip
def test_errors_have_anthropics_words_and_our_details(status: int, kind: str) -> None:
    error = ApiError(status=status, message="No.", type="x", code="c", param="p", details={"budget": {"limit": 1}})
    with pytest.raises(APIStatusError) as caught:
        answered_by(PROTOCOL.write_error(error), status).messages.create(model="auto", max_tokens=9, messages=HELLO)
    body: Any = caught.value.body
    assert (body["error"]["type"], body["error"]["message"]) == (kind, "No.")
    assert body["error"]["details"] == {"error_code": "c", "param": "p", "budget": {"limit": 1}}


# --- an upstream of the same dialect


def native(**event: Any) -> Chunk:
    return Chunk(choices=(), usage=None, has_content=True, dialect="anthropic", native=event)


def test_an_answer_of_the_same_dialect_keeps_every_field_but_the_models_name() -> None:
    body = {
        "id": "msg_1",
        "type": "message",
        "content": [{"type": "thinking", "thinking": "hm", "signature": "s"}],
        "new": 1,
    }
    made = Completion(choices=(), usage=USAGE, dialect="anthropic", native={**body, "model": "there"})
    told = orjson.loads(PROTOCOL.write(made, request(), ENVELOPE, USAGE, {"why": "so"}))
    assert told == {**body, "model": "acme:large", "routerhub": {"why": "so"}}


def test_events_of_the_same_dialect_are_passed_on_and_the_last_tells_the_cost() -> None:
    signed = {"type": "signature_delta", "signature": "s"}
    said = [
        native(type="message_start", message={"id": "msg_1", "model": "there", "usage": {"input_tokens": 5}}),
        native(type="content_block_delta", index=0, delta=signed), native(type="ping"),
        native(type="message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 7}), native(type="message_stop"),
    ]  # fmt: skip
    assert list(events(streamed(said))) == [
        ("message_start", {"type": "message_start",
                           "message": {"id": "msg_1", "model": "acme:large", "usage": {"input_tokens": 5}}}),
        ("content_block_delta", {"type": "content_block_delta", "index": 0, "delta": signed}),
        ("message_delta", {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None},
                           "usage": {"output_tokens": 7}, "routerhub": {"why": "so"}}),
        ("message_stop", {"type": "message_stop"}),
    ]  # fmt: skip
