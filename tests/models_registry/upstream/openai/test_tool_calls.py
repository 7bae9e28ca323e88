"""Calls of tools, however a server compatible with OpenAI's spells them: as every client has to get them."""

import itertools
from typing import Any

import orjson
import pytest

from models_registry.types import Usage
from models_registry.upstream.base import Chunk, Completion
from models_registry.upstream.openai.chat_completions import read_chunk, read_completion
from models_registry.upstream.openai.tool_calls import Calls
from routerhub.gateway.protocols.anthropic_messages import PROTOCOL as MESSAGES
from routerhub.gateway.protocols.base import ChatProtocol
from routerhub.gateway.protocols.openai_chat import PROTOCOL as CHAT
from routerhub.gateway.protocols.openai_responses import PROTOCOL as RESPONSES
from tests.gateway.fakes import operation, request

USED = Usage(input_tokens=1, output_tokens=1)


def piece(index: int | None, identifier: str | None, name: str | None, arguments: str = "") -> dict[str, Any]:
    function: dict[str, Any] = {**({"name": name} if name else {}), "arguments": arguments}
    named: dict[str, Any] = {"index": index, "id": identifier}
    return {
        **{name: value for name, value in named.items() if value is not None},
        "type": "function",
        "function": function,
    }


def stream(*deltas: Any, finish: str | None = "tool_calls") -> list[Chunk]:
    """The chunks of a stream: each a piece of a call, several at once, or a whole delta."""
    calls = Calls()
    chunks: list[Any] = []
    for each in deltas:
        pieces = each if isinstance(each, list) else [each]
        delta = each if isinstance(each, dict) and "function" not in each else {"tool_calls": pieces}
        chunks.append({"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
    chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
    return [read_chunk(orjson.dumps(each), calls) for each in chunks]


def joined(chunks: list[Chunk]) -> dict[int, tuple[str, str, str]]:
    """Id, name and arguments of each call, as a client joins the pieces: by their number."""
    found: dict[int, tuple[str, str, str]] = {}
    for call in itertools.chain.from_iterable(choice.tool_calls for each in chunks for choice in each.choices):
        before = found.get(call.index, ("", "", ""))
        found[call.index] = (before[0] or call.id, before[1] + call.name, before[2] + call.arguments)
    return found


def told(chunks: list[Chunk], protocol: ChatProtocol) -> str:
    """What a client of the protocol gets."""
    writer = protocol.stream_writer(request(stream=True), operation().envelope(operation().decision.candidates[0]))
    return b"".join([*[writer.chunk(each) for each in chunks], writer.end(USED, {})]).decode()


ONE, TWO = ("a", "f", '{"x": 1}'), ("b", "g", '{"y": 2}')


@pytest.mark.parametrize(
    "pieces",
    [
        [piece(0, "a", "f"), piece(1, "b", "g"), piece(0, None, None, '{"x": 1}'), piece(1, None, None, '{"y": 2}')],
        [piece(0, "a", "f", '{"x": 1}'), piece(0, "b", "g", '{"y": 2}')],
        [piece(0, "a", "f"), piece(0, "a", None, '{"x": 1}'), piece(0, "b", "g"), piece(0, "b", None, '{"y": 2}')],
        [[piece(None, "a", "f", '{"x": 1}'), piece(None, "b", "g", '{"y": 2}')]],
        [piece(None, "a", "f", '{"x": 1}'), piece(None, "b", "g", '{"y": 2}')],
    ],
)
def test_parallel_calls_are_joined_by_numbers_of_their_own_whatever_the_upstream_numbers(pieces: Any) -> None:
    """A14, A15"""
    chunks = stream(*pieces)
    assert joined(chunks) == {0: ONE, 1: TWO}
    numbers = [call["index"] for each in chunks for call in each.native["choices"][0]["delta"].get("tool_calls", ())]
    assert set(numbers) == {0, 1}, "clients of the same dialect read them there"


def test_calls_without_ids_get_some_and_a_name_after_whole_arguments_begins_another() -> None:
    """A15"""
    found = joined(stream(piece(0, None, "f", '{"x"'), piece(0, None, None, ": 1}"), piece(0, None, "g", '{"y": 2}')))
    assert [(name, arguments) for _, name, arguments in found.values()] == [ONE[1:], TWO[1:]]
    ids = [identifier for identifier, _, _ in found.values()]
    assert (all(ids), len(set(ids))) == (True, 2)


@pytest.mark.parametrize("protocol", [CHAT, MESSAGES, RESPONSES])
def test_an_answer_that_calls_a_tool_ends_by_calling_and_once(protocol: ChatProtocol) -> None:
    """A16: though call and end came apart, and the end said stop."""
    chunks = stream(piece(0, "a", "f", "{}"), finish="stop")
    assert [choice.finish for each in chunks for choice in each.choices] == [None, "tool_calls"]
    text = told(chunks, protocol)
    if protocol is CHAT:
        assert (text.count('"finish_reason":"tool_calls"'), text.count('"finish_reason":"stop"')) == (1, 0)
    if protocol is MESSAGES:
        assert text.count('"stop_reason":"tool_use"') == 1


@pytest.mark.parametrize("protocol", [CHAT, MESSAGES, RESPONSES])
def test_text_and_a_call_in_one_chunk_are_both_told(protocol: ChatProtocol) -> None:
    """A17"""
    text = told(stream({"content": "I look.", "tool_calls": [piece(0, "a", "f", "{}")]}), protocol)
    assert "I look." in text
    assert '"name":"f"' in text


def test_a_whole_answer_that_calls_a_tool_ends_by_calling_and_its_calls_have_ids() -> None:
    """A16"""
    calls = [{"type": "function", "function": {"name": "f", "arguments": "{}"}}] * 2
    body = {"choices": [{"index": 0, "message": {"tool_calls": calls}, "finish_reason": "stop"}]}
    made: Completion = read_completion(orjson.dumps(body))
    (choice,) = made.choices
    assert (choice.finish, made.native["choices"][0]["finish_reason"]) == ("tool_calls", "tool_calls")
    ids = [call["id"] for call in made.native["choices"][0]["message"]["tool_calls"]]
    assert (ids, len(set(ids))) == ([call.id for call in choice.tool_calls], 2)


def test_what_is_no_call_is_left_as_it_is() -> None:
    nothing: list[Any] = [None, 7, [7], [{"function": 7, "index": "x"}], [{}], [{"function": {"name": None}}]]
    for calls in nothing:
        (chunk, end) = stream({"content": "a", "tool_calls": calls}, finish="stop")
        assert (chunk.choices[0].text, end.choices[0].finish) == ("a", "stop")
        body = {"choices": [{"message": {"content": "a", "tool_calls": calls}, "finish_reason": "stop"}]}
        assert read_completion(orjson.dumps(body)).choices[0].finish == "stop"
    assert [choice.finish for each in stream({"content": "a"}, finish="stop") for choice in each.choices] == [
        None,
        "stop",
    ]
