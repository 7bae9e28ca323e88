"""OpenAI's responses: into the neutral spelling; and answers, streams and errors as OpenAI's own client reads them."""

import json
import uuid
from datetime import UTC, datetime
from typing import Any

import httpx2
import orjson
import pytest
from openai import OpenAI
from openai.types.responses import Response

from models_registry.types import Usage
from models_registry.upstream.base import Choice, Chunk, Completion, ToolCall
from routerhub.gateway.errors import ApiError, BadRequest
from routerhub.gateway.protocols.base import ChatRequest, Envelope
from routerhub.gateway.protocols.openai_responses import PROTOCOL
from tests.gateway.fakes import chunk, completion

ENVELOPE = Envelope(operation_id=uuid.UUID(int=7), created_at=datetime(2026, 1, 1, tzinfo=UTC), model="acme:large")
USAGE = Usage(input_tokens=10, output_tokens=20, cache_read_tokens=4, reasoning_tokens=5)
FUNCTION = {"type": "function", "name": "f", "description": "does", "parameters": {"type": "object"}, "strict": True}
PATCH = {
    "type": "custom",
    "name": "patch",
    "description": "Patches.",
    "format": {"type": "grammar", "definition": "start: X"},
}
SPACE = {
    "type": "namespace",
    "name": "crm",
    "description": "",
    "tools": [{"type": "function", "name": "find", "parameters": {}}],
}
PNG = "data:image/png;base64,AAAA"


def read(**body: Any) -> ChatRequest:
    return PROTOCOL.read(json.dumps({"model": "auto", "input": "Hello", **body}).encode(), {})


def conversation(*items: Any, **body: Any) -> Any:
    return read(input=list(items), **body).content["messages"]


# --- reading


def test_a_text_is_a_turn_of_the_user_and_instructions_come_first() -> None:
    made = read(instructions="Be brief.", max_output_tokens=7, temperature=0.3, stream=True)
    assert made.content == {
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}], "temperature": 0.3,
    }  # fmt: skip
    assert (made.model, made.max_output_tokens, made.stream, made.dropped) == ("auto", 7, True, ())


def test_a_whole_round_with_tools_becomes_calls_of_one_turn_and_their_results() -> None:
    made = conversation(
        {"role": "user", "content": [{"type": "input_text", "text": "Look"}, {"type": "input_image", "image_url": PNG}]},
        {"type": "reasoning", "id": "rs", "summary": [], "encrypted_content": "secret"},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "I do.", "annotations": []}]},
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": '{"a":1}'},
        {"type": "custom_tool_call", "call_id": "c2", "name": "patch", "input": "*** x"},
        {"type": "function_call_output", "call_id": "c1", "output": "fine"},
        {"type": "custom_tool_call_output", "call_id": "c2", "output": [
            {"type": "input_text", "text": "seen"}, {"type": "input_image", "image_url": PNG, "detail": "low"}]},
    )  # fmt: skip
    calls = [
        {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}},
        {"id": "c2", "type": "function", "function": {"name": "patch", "arguments": '{"input":"*** x"}'}},
    ]
    assert made == [
        {
            "role": "user",
            "content": [{"type": "text", "text": "Look"}, {"type": "image_url", "image_url": {"url": PNG}}],
        },
        {"role": "assistant", "content": "I do.", "tool_calls": calls},
        {"role": "tool", "tool_call_id": "c1", "content": "fine"},
        {"role": "tool", "tool_call_id": "c2", "content": "seen"},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": PNG, "detail": "low"}}]},
    ]


def test_all_tools_become_functions_but_those_that_openai_runs_of_which_only_searches_have_a_price() -> None:
    """C15"""
    hosted = [{"type": "web_search_preview"}, {"type": "code_interpreter"}]
    made = read(tools=[FUNCTION, PATCH, SPACE, *hosted], tool_choice="required")
    functions = {each["function"]["name"]: each["function"] for each in made.content["tools"]}
    assert functions["f"] == {"name": "f", "description": "does", "parameters": {"type": "object"}, "strict": True}
    assert functions["patch"]["description"] == "Patches.\nThe input follows this grammar:\nstart: X"
    assert functions["patch"]["parameters"]["required"] == ["input"]
    assert list(functions) == ["f", "patch", "crm__find"]
    assert made.content["tool_choice"] == "required"
    assert (made.dropped, made.left_out) == (("tools.web_search_preview",), ("tools.code_interpreter",))
    assert made.native is not None
    assert made.native["tools"] == [FUNCTION, PATCH, SPACE, {"type": "web_search_preview"}]


@pytest.mark.parametrize(
    ("given", "neutral"),
    [
        ({"type": "function", "name": "f"}, {"type": "function", "function": {"name": "f"}}),
        ({"type": "allowed_tools", "mode": "auto", "tools": []}, "auto"),
        ("none", "none"),
    ],
)
def test_each_choice_of_tools_has_a_neutral_word(given: Any, neutral: Any) -> None:
    assert read(tools=[FUNCTION], tool_choice=given).content["tool_choice"] == neutral


def test_a_document_by_its_address_is_bounded_by_what_the_largest_windows_hold() -> None:
    part = {"type": "input_file", "file_url": "https://papers.example/a.pdf"}
    made = read(input=[{"role": "user", "content": [part]}])
    assert made.messages[0]["content"][0]["file"]["file_data"] == part["file_url"]
    assert made.max_input_tokens > 1_000_000


def test_the_form_of_the_answer_is_carried() -> None:
    schema = {"type": "json_schema", "name": "n", "schema": {"type": "object"}, "strict": True}
    made = read(text={"format": schema})
    assert made.content["response_format"] == {
        "type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}, "strict": True},
    }  # fmt: skip
    assert made.is_structured


def test_what_no_other_dialect_has_is_dropped_and_named() -> None:
    reasoning = {"effort": "high", "summary": "auto"}
    assert read(reasoning=reasoning, truncation="auto", store=True, include=[]).dropped == (
        "reasoning.summary",
        "truncation",
    )


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"input": []}, "input"), ({"input": None}, "input"), ({"input": ["x"]}, "input[0]"),
        ({"input": [{"role": "tool", "content": "x"}]}, "input[0].role"),
        ({"input": [{"type": "computer_call"}]}, "input[0].type"), ({"input": [{"type": []}]}, "input[0].type"),
        ({"input": [{"role": "user", "content": [{"type": "smell"}]}]}, "input[0].content[0].type"),
        ({"input": [{"role": "user", "content": [{"type": "input_image", "file_id": "x"}]}]}, "input[0].content[0].image_url"),
        ({"input": [{"type": "function_call", "call_id": "c", "name": "f"}]}, "input[0].arguments"),
        ({"tools": [{"type": "mcp"}]}, "tools[0].type"), ({"tools": [FUNCTION], "tool_choice": "maybe"}, "tool_choice"),
        ({"tools": [FUNCTION], "tool_choice": {"type": "function", "name": "g"}}, "tool_choice.name"),
        ({"previous_response_id": 1}, "previous_response_id"), ({"store": "yes"}, "store"), ({"background": True}, "background"),
        ({"instructions": ["x"]}, "instructions"), ({"temperature": 3}, "temperature"), ({"metadata": "x"}, "metadata"),
        ({"text": {"format": {"type": "xml"}}}, "text.format.type"), ({"max_output_tokens": 0}, "max_output_tokens"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(body: Any, param: str) -> None:
    with pytest.raises(BadRequest) as caught:
        read(**body)
    assert caught.value.param == param


# --- writing: read by the official client


def answered_by(body: bytes, status: int = 200, kind: str = "application/json") -> OpenAI:
    """The official client, which gets this answer whatever it asks."""
    transport = httpx2.MockTransport(lambda _: httpx2.Response(status, content=body, headers={"content-type": kind}))
    return OpenAI(api_key="x", base_url="http://x", max_retries=0, http_client=httpx2.Client(transport=transport))


def written(made: Completion, **body: Any) -> Response:
    told = PROTOCOL.write(made, read(**body), ENVELOPE, USAGE, {"why": "so"})
    return answered_by(told).responses.create(model="auto", input="Hello")


def test_a_whole_answer_is_read_by_the_official_client() -> None:
    made = written(completion("Hi!"), metadata={"a": "b"})
    assert (made.id, made.output_text, made.model) == (f"resp_{ENVELOPE.operation_id.hex}", "Hi!", "acme:large")
    assert (made.status, made.error, made.incomplete_details, made.metadata) == ("completed", None, None, {"a": "b"})
    assert made.usage is not None
    assert (made.usage.input_tokens, made.usage.total_tokens, made.usage.input_tokens_details.cached_tokens) == (
        10,
        30,
        4,
    )
    assert made.to_dict()["routerhub"] == {"why": "so"}


def foreign(**said: Any) -> Completion:
    return Completion(choices=(Choice(index=0, **said),), usage=None, dialect="toy", native={})


@pytest.mark.parametrize(("finish", "reason"), [("length", "max_output_tokens"), ("content_filter", "content_filter")])
def test_an_answer_that_was_cut_says_why(finish: str, reason: str) -> None:
    made = written(foreign(text="x", finish=finish))
    assert made.incomplete_details is not None
    assert (made.status, made.incomplete_details.reason) == ("incomplete", reason)


CALLS = (
    ToolCall(index=0, id="c1", name="f", arguments='{"a": 1}'),
    ToolCall(index=1, id="c2", name="patch", arguments='{"input": "*** x"}'),
    ToolCall(index=2, id="c3", name="crm__find", arguments="{}"),
)


def test_reasoning_refusals_and_calls_are_items_of_their_own_and_tools_have_the_clients_names() -> None:
    made = written(foreign(reasoning="hm", refusal="No.", tool_calls=CALLS), tools=[FUNCTION, PATCH, SPACE])
    kinds = [item.type for item in made.output]
    assert kinds == ["reasoning", "message", "function_call", "custom_tool_call", "function_call"]
    plain, custom, spaced = (item.to_dict() for item in made.output[2:])
    assert (plain["call_id"], plain["arguments"]) == ("c1", '{"a": 1}')
    assert (custom["name"], custom["input"]) == ("patch", "*** x")
    assert (spaced["namespace"], spaced["name"]) == ("crm", "find")


def test_a_custom_tools_text_that_the_model_wrote_as_it_liked_is_told_as_it_is() -> None:
    call = ToolCall(index=0, id="c", name="patch", arguments="*** x")
    (item,) = written(foreign(tool_calls=(call,)), tools=[PATCH]).output
    assert item.to_dict()["input"] == "*** x"


# --- streams


def streamed(chunks: list[Chunk], **body: Any) -> bytes:
    writer = PROTOCOL.stream_writer(read(**body), ENVELOPE)
    return b"".join([*[writer.chunk(each) for each in chunks], writer.end(USAGE, {"why": "so"})])


def final(body: bytes) -> tuple[list[Any], Response]:
    """The events as the official client reads them, and what it makes of them."""
    with answered_by(body, kind="text/event-stream").responses.stream(model="auto", input="Hello") as stream:
        events = list(stream)
        return events, stream.get_final_response()


def called(index: int, identifier: str, name: str, arguments: str) -> Chunk:
    return chunk(tool_calls=[{"index": index, "id": identifier, "function": {"name": name, "arguments": arguments}}])


def test_a_stream_is_read_by_the_official_client() -> None:
    events, made = final(streamed([chunk("", role="assistant"), chunk("Hel"), chunk("lo!"), chunk(finish="stop")]))
    assert made.output_text == "Hello!"
    assert made.usage is not None
    assert [event.type for event in events] == [
        "response.created", "response.in_progress", "response.output_item.added", "response.content_part.added",
        "response.output_text.delta", "response.output_text.delta", "response.output_text.done",
        "response.content_part.done", "response.output_item.done", "response.completed",
    ]  # fmt: skip
    assert [event.sequence_number for event in events] == list(range(10))


def test_reasoning_text_and_calls_grow_one_after_the_other_and_the_whole_is_told_at_the_end() -> None:
    said = [
        chunk(reasoning_content="h"), chunk(reasoning_content="m"), chunk("I look."), called(0, "c1", "f", '{"a"'),
        called(0, "", "", ": 1}"), called(1, "c2", "patch", '{"input": "***'), called(1, "", "", ' x"}'), chunk(finish="stop"),
    ]  # fmt: skip
    events, made = final(streamed(said, tools=[FUNCTION, PATCH]))
    assert [item.type for item in made.output] == ["reasoning", "message", "function_call", "custom_tool_call"]
    assert [item.to_dict().get("arguments", item.to_dict().get("input")) for item in made.output[2:]] == [
        '{"a": 1}',
        "*** x",
    ]
    kinds = [event.type for event in events]
    assert kinds.count("response.function_call_arguments.delta") == 2
    assert kinds.count("response.custom_tool_call_input.done") == 1
    assert kinds.count("response.reasoning_summary_text.delta") == 2
    assert kinds.count("response.output_item.done") == 4


def test_calls_whose_pieces_come_in_turns_or_under_one_number_stay_apart() -> None:
    turns = [
        called(0, "c1", "f", '{"a"'),
        called(1, "c2", "f", '{"b"'),
        called(0, "", "", ": 1}"),
        called(1, "", "", ": 2}"),
    ]
    one_number = [called(0, "c1", "f", '{"a": 1}'), called(0, "c2", "f", '{"b": 2}')]
    for said in (turns, one_number):
        _, made = final(streamed([*said, chunk(finish="tool_calls")], tools=[FUNCTION]))
        calls = [item.to_dict() for item in made.output]
        assert [(call["call_id"], call["arguments"]) for call in calls] == [("c1", '{"a": 1}'), ("c2", '{"b": 2}')]


def test_a_stream_that_was_cut_ends_as_incomplete_and_one_without_a_word_is_whole() -> None:
    assert b"event: response.incomplete" in streamed([chunk("x"), chunk(finish="length")])
    _, made = final(streamed([chunk(finish="stop")]))
    assert made.output == []


def test_a_stream_that_breaks_ends_with_a_response_that_failed() -> None:
    writer = PROTOCOL.stream_writer(read(), ENVELOPE)
    error = ApiError(status=502, message="It broke.", type="upstream_error", code="unreachable")
    body = writer.chunk(chunk("Hel")) + writer.error(error, {"why": "so"})
    last = orjson.loads(body.decode().split("data: ")[-1])
    assert (last["type"], last["response"]["status"]) == ("response.failed", "failed")
    assert last["response"]["error"]["message"] == "It broke."
    assert last["response"]["routerhub"] == {"why": "so"}
