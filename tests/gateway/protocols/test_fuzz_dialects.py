"""Whatever a client asks in its dialect and whatever an upstream says in its own: an answer, or an error of the client's dialect;
nothing that is no JSON goes either way, and every hold is settled."""

import asyncio
import copy
import json
from collections.abc import Iterator, Sequence
from itertools import cycle
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gateway.exchange import CHAT
from tests.gateway.protocols.test_fuzz import NASTY, VALUES
from tests.gateway.spoken import ASKED, EVENTS, MESSAGES, RESPONSES, USER, Spoken
from tests.models_registry.upstream.rich_answers import ANSWERS, STREAMS

MANY = settings(max_examples=200)
CLIENTS, UPSTREAMS = st.sampled_from(sorted(ASKED)), st.sampled_from(sorted(ANSWERS))
EVERY_UPSTREAM = pytest.mark.parametrize("upstream", sorted(ANSWERS))
OPENAI_TOOL = {"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}}}
SCHEMA = {"type": "object", "properties": {"self": {"$ref": "#"}}}
DATA = "data:image/png;base64,AAAA"
RICH: dict[str, dict[str, Any]] = {
    CHAT: {
        "messages": [
            {"role": "system", "content": "Be kind."},
            {"role": "user", "content": [
                {"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}},
                {"type": "image_url", "image_url": {"url": DATA, "detail": "low"}},
                {"type": "file", "file": {"filename": "f", "file_data": DATA}},
            ]},
            {"role": "assistant", "content": None, "refusal": None, "tool_calls": [
                {"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}},
            ]},
            {"role": "tool", "tool_call_id": "c", "content": [{"type": "text", "text": "12"}]},
        ],
        "tools": [OPENAI_TOOL], "tool_choice": {"type": "function", "function": {"name": "f"}}, "stop": ["x"], "seed": 1, "n": 1,
        "response_format": {"type": "json_schema", "json_schema": {"name": "s", "schema": SCHEMA}}, "reasoning_effort": "low",
        "max_tokens": 50,
    },
    MESSAGES: {
        "system": [{"type": "text", "text": "Be kind.", "cache_control": {"type": "ephemeral"}}],
        "messages": [
            {"role": "user", "content": [
                {"type": "text", "text": "a"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
                {"type": "document", "title": "t", "source": {"type": "text", "media_type": "text/plain", "data": "d"}},
            ]},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "", "signature": "s"}, {"type": "tool_use", "id": "c", "name": "f", "input": {}},
            ]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "c", "is_error": True, "content": [{"type": "text", "text": "12"}]},
            ]},
        ],
        "tools": [{"name": "f", "description": "d", "input_schema": SCHEMA, "strict": True}], "max_tokens": 50,
        "tool_choice": {"type": "auto", "disable_parallel_tool_use": True}, "stop_sequences": ["x"],
        "thinking": {"type": "enabled", "budget_tokens": 1024},
        "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": SCHEMA}},
    },
    RESPONSES: {
        "instructions": "Be kind.", "store": False, "max_output_tokens": 50,
        "input": [
            {"role": "user", "content": [
                {"type": "input_text", "text": "a"}, {"type": "input_image", "image_url": DATA, "detail": "low"},
                {"type": "input_file", "filename": "f", "file_data": DATA},
            ]},
            {"type": "reasoning", "summary": [], "encrypted_content": "x"},
            {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c", "output": [{"type": "input_text", "text": "12"}]},
        ],
        "tools": [{"type": "function", "name": "f", "parameters": SCHEMA, "strict": False}],
        "tool_choice": {"type": "function", "name": "f"}, "reasoning": {"effort": "low", "summary": "auto"},
        "text": {"verbosity": "low", "format": {"type": "json_schema", "name": "s", "schema": SCHEMA}},
    },
}  # fmt: skip
"""A good body of each dialect in which nearly everything stands that is read of one."""
STOPS = {CHAT: '"param":"stop"', MESSAGES: '"param":"stop_sequences"'}
"""OpenAI's responses have no word for it."""


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value within a value, its own included."""
    yield at
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in inner:
        yield from places(each, (*at, name))


def put(value: Any, at: tuple[Any, ...], new: Any) -> Any:
    """A copy with another value at that place."""
    if not at:
        return new
    made = copy.copy(value)
    made[at[0]] = put(made[at[0]], at[1:], new)
    return made


def no_constant(name: str) -> None:
    raise AssertionError(f"{name} is no JSON.")


def strict(body: bytes) -> Any:
    return json.loads(body.decode(), parse_constant=no_constant)


def asked(path: str, upstream: str, body: Any, said: bytes | Sequence[bytes], kind: str = "application/json") -> Spoken:
    """Ask, and look at what went out both ways, and at the books."""

    async def ask() -> None:
        await exchange.ask(json.dumps(body).encode(), path)
        for stream in list(exchange.gateway.runtime.streams):
            await asyncio.wait([stream.task], timeout=1)

    exchange = Spoken(upstream, said, kind, max_body_bytes=2_000_000)
    asyncio.run(ask())
    for sent in exchange.session.sent:
        assert isinstance(strict(sent), dict)
    check_answer(exchange, path)
    assert exchange.ledger.holds == {}
    for record in exchange.ledger.records:
        assert all(
            0 <= value < 2**62 for name, value in record.items() if name.endswith(("_tokens", "_nano")) and value
        )
    return exchange


def check_answer(exchange: Spoken, path: str) -> None:
    """A whole answer, a stream of whole events, or an error that says what is wrong as that client reads it."""
    if exchange.status == 200 and b"event-stream" in exchange.headers[b"content-type"]:
        *events, rest = exchange.body.split(b"\n\n")
        assert rest == b""
        found = [strict(data) for event in events if (data := event.rpartition(b"data: ")[2]) != b"[DONE]"]
        assert all(isinstance(each, dict) for each in found)
        return
    answer = strict(exchange.body)
    if exchange.status != 200:
        assert exchange.status < 500 or exchange.status in {502, 504}, exchange.body
        assert answer["error"]["message"]
        assert set(answer) == ({"type", "error"} if path == MESSAGES else {"error"})


def events_of(upstream: str, events: list[Any]) -> bytes:
    mark = b"data: [DONE]\n\n" if upstream == "openai" else b""
    return b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events) + mark


# --- what clients say


@pytest.mark.parametrize("path", sorted(RICH))
@EVERY_UPSTREAM
def test_a_rich_request_is_answered_or_refused_by_the_one_name_that_is_not_carried(path: str, upstream: str) -> None:
    exchange = asked(path, upstream, RICH[path], json.dumps(ANSWERS[upstream]).encode())
    refused = STOPS.get(path, "") if upstream == "openai-responses" else ""
    assert exchange.status == (400 if refused else 200), exchange.body
    assert refused in exchange.body.decode()


@MANY
@given(CLIENTS, UPSTREAMS, st.data())
def test_no_nasty_value_anywhere_in_a_request_breaks_anything(path: str, upstream: str, data: st.DataObject) -> None:
    body: Any = RICH[path]
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.sampled_from([each for each in places(body) if each]))
        body = put(body, at, data.draw(VALUES))
    asked(path, upstream, body, json.dumps(ANSWERS[upstream]).encode())


def calling(**call: Any) -> dict[str, Any]:
    return {"messages": [USER, {"role": "assistant", "content": None, "tool_calls": [call]}]}


BROKE: list[tuple[dict[str, Any], str]] = [
    ({"messages": [{"role": "system", "content": [{"type": "text", "text": 5}]}]}, "messages[0].content[0].text"),
    ({"messages": [{"role": "user", "content": [{"type": "refusal"}]}]}, "messages[0].content[0].refusal"),
    ({"messages": [{"role": "tool", "content": "x", "tool_call_id": ["c"]}]}, "messages[0].tool_call_id"),
    ({"messages": [{"role": "assistant", "content": None, "refusal": [None]}]}, "messages[0].refusal"),
    ({"messages": [{"role": "assistant", "tool_calls": 5}]}, "messages[0].tool_calls"),
    ({"messages": [{"role": "assistant", "content": "", "tool_calls": [None]}]}, "messages[0].tool_calls[0]"),
    (calling(id="c", function=5), "messages[1].tool_calls[0].function"),
    ({"tools": [OPENAI_TOOL], "tool_choice": 5}, "tool_choice"),
    ({"tools": [OPENAI_TOOL], "tool_choice": {"type": "function", "function": 5}}, "tool_choice.function"),
    ({"tools": [OPENAI_TOOL], "tool_choice": {"type": "function", "function": {}}}, "tool_choice.function.name"),
    ({"stop": 5}, "stop"), ({"stop": [{}]}, "stop"),
    ({"response_format": {"type": "json_schema", "json_schema": 5}}, "response_format.json_schema"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "param"), BROKE, ids=[param for _, param in BROKE])
@EVERY_UPSTREAM
def test_what_once_broke_an_upstreams_payload_is_refused_by_its_name(
    upstream: str, body: dict[str, Any], param: str
) -> None:
    exchange = asked(CHAT, upstream, {**ASKED[CHAT], **body}, json.dumps(ANSWERS[upstream]).encode())
    assert (exchange.status, exchange.error["param"]) == (400, param)


@pytest.mark.parametrize("upstream", ["anthropic", "google", "openai-responses"])
@pytest.mark.parametrize(
    ("body", "param"),
    [
        (calling(id="c", type="custom", custom={"name": "f", "input": "x"}), "messages[1].tool_calls[0] of type custom"),
        ({"tools": [OPENAI_TOOL], "tool_choice": {"type": "custom", "custom": {"name": "f"}}}, "tool_choice"),
        ({"tools": [OPENAI_TOOL], "tool_choice": {"type": "allowed_tools", "mode": "auto"}}, "tool_choice"),
    ],
)  # fmt: skip
def test_custom_tools_of_chat_completions_are_refused_by_name_where_there_are_only_functions(
    upstream: str, body: dict[str, Any], param: str
) -> None:
    answer = json.dumps(ANSWERS[upstream]).encode()
    exchange = asked(CHAT, upstream, {**ASKED[CHAT], **body}, answer)
    assert (exchange.status, exchange.error["code"], exchange.error["param"]) == (400, "unsupported_parameter", param)
    openai = json.dumps(ANSWERS["openai"]).encode()
    assert asked(CHAT, "openai", {**ASKED[CHAT], **body}, openai).status == 200, "there they pass through"


def test_stop_sequences_that_are_no_texts_are_refused_by_their_own_name() -> None:
    wrong: list[Any] = [5, [5], {}]
    for stops in wrong:
        body = {**ASKED[MESSAGES], "stop_sequences": stops}
        exchange = asked(MESSAGES, "google", body, json.dumps(ANSWERS["google"]).encode())
        assert (exchange.status, exchange.error["details"]["param"]) == (400, "stop_sequences")


# --- what upstreams say


@pytest.mark.parametrize("path", sorted(ASKED))
@EVERY_UPSTREAM
def test_a_rich_answer_reaches_every_client_whole_and_as_a_stream(path: str, upstream: str) -> None:
    whole = asked(path, upstream, ASKED[path], json.dumps(ANSWERS[upstream]).encode())
    body = {**ASKED[path], "stream": True}
    streamed = asked(path, upstream, body, events_of(upstream, list(STREAMS[upstream])), EVENTS)
    for exchange in (whole, streamed):
        assert exchange.status == 200
        assert exchange.ledger.records[0]["outcome"] == "success"
        assert exchange.ledger.records[0]["is_usage_estimated"] is False
        assert exchange.ledger.records[0]["input_tokens"] == (31 if upstream == "google" else 30)
        assert exchange.ledger.records[0]["output_tokens"] == 40
        assert b"Hello" in exchange.body


@MANY
@given(CLIENTS, UPSTREAMS, st.data())
def test_no_nasty_value_anywhere_in_an_answer_breaks_anything(path: str, upstream: str, data: st.DataObject) -> None:
    at = data.draw(st.sampled_from(list(places(ANSWERS[upstream]))))
    answer = put(ANSWERS[upstream], at, data.draw(VALUES))
    asked(path, upstream, ASKED[path], json.dumps(answer).encode())


@MANY
@given(CLIENTS, UPSTREAMS, st.data())
def test_no_nasty_value_anywhere_in_a_stream_breaks_anything(path: str, upstream: str, data: st.DataObject) -> None:
    events = list(STREAMS[upstream])
    number = data.draw(st.integers(0, len(events) - 1))
    at = data.draw(st.sampled_from(list(places(events[number]))))
    events[number] = put(events[number], at, data.draw(VALUES))
    asked(path, upstream, {**ASKED[path], "stream": True}, events_of(upstream, events), EVENTS)


def cut(body: bytes, sizes: list[int]) -> list[bytes]:
    """The body in pieces of these sizes, again and again."""
    pieces: list[bytes] = []
    at = 0
    for size in cycle(sizes):
        if at >= len(body):
            return pieces
        pieces.append(body[at : at + size])
        at += size
    return pieces


def told(exchange: Spoken) -> bytes:
    """What the client read, but for the name of the operation."""
    identifier = str(exchange.ledger.records[0]["operation_id"])
    return exchange.body.replace(identifier.encode(), b"").replace(identifier.replace("-", "").encode(), b"")


@settings(max_examples=100)
@given(CLIENTS, UPSTREAMS, st.lists(st.integers(1, 300), min_size=1, max_size=20))
def test_the_answer_is_the_same_wherever_a_stream_is_cut_into_pieces(
    path: str, upstream: str, sizes: list[int]
) -> None:
    body, said = {**ASKED[path], "stream": True}, events_of(upstream, list(STREAMS[upstream]))
    assert told(asked(path, upstream, body, cut(said, sizes), EVENTS)) == told(
        asked(path, upstream, body, said, EVENTS)
    )


UNHASHABLE = [
    ("openai", 1, ("choices", 0, "index")), ("openai", 2, ("choices", 0, "delta", "tool_calls", 0, "index")),
    ("anthropic", 7, ("index",)), ("anthropic", 8, ("index",)), ("openai-responses", 3, ("output_index",)),
    ("openai-responses", 3, ("item", "type")), ("openai-responses", 4, ("output_index",)),
    ("openai-responses", 5, ("output_index",)),
]  # fmt: skip


@pytest.mark.parametrize(("upstream", "number", "at"), UNHASHABLE)
@pytest.mark.parametrize("value", [[], {}, -5, True, "0"], ids=repr)
def test_a_place_that_is_none_is_no_mistake_of_ours(
    upstream: str, number: int, at: tuple[Any, ...], value: Any, caplog: pytest.LogCaptureFixture
) -> None:
    events = list(STREAMS[upstream])
    events[number] = put(events[number], at, value)
    for path in ASKED:
        asked(path, upstream, {**ASKED[path], "stream": True}, events_of(upstream, events), EVENTS)
    assert not [each for each in caplog.records if each.exc_info]


@pytest.mark.parametrize("value", NASTY[:30], ids=repr)
def test_an_item_of_a_strange_type_says_nothing(value: Any) -> None:
    answer = put(ANSWERS["openai-responses"], ("output", 1, "type"), value)
    assert asked(RESPONSES, "openai-responses", ASKED[RESPONSES], json.dumps(answer).encode()).status == 200
