"""OpenAI's spelling: what is sent, and what is read. How bytes come is told in test_contract."""

from typing import Any

import orjson
import pytest

from models_registry.types import Usage
from models_registry.upstream import call_ids
from models_registry.upstream.base import Choice, ToolCall, UpstreamRequest
from models_registry.upstream.errors import Failed
from models_registry.upstream.openai.chat_completions import (
    _payload,
    _streamed,
    as_chunk,
    read_chunk,
    read_completion,
)
from models_registry.upstream.openai.usage import read_usage

HELLO = [{"role": "user", "content": "Hello"}]


def sent(stream: bool = False, **changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "provider": "acme", "address": "x", "api_key": "", "model": "there", "content": {"messages": HELLO},
        "max_output_tokens": 50, "connect_s": 1, "idle_s": 1, "total_s": 1,
    }  # fmt: skip
    payload = _payload(UpstreamRequest(**{**values, **changes}))
    return _streamed(payload) if stream else payload


def answered(**choice: Any) -> Choice:
    body = {"choices": [{"index": 0, "finish_reason": "stop", **choice}]}
    return read_completion(orjson.dumps(body)).choices[0]


# --- sent


def test_the_content_goes_along_with_the_models_name_there_and_the_limit_that_is_held_for() -> None:
    content = {"messages": HELLO, "top_k": 5, "metadata": {"a": [1]}}
    assert sent(content=content) == {**content, "model": "there", "max_tokens": 50}


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_the_limit_has_the_name_that_the_provider_is_said_to_know(name: str) -> None:
    payload = sent(provider="openai", output_limit_field=name)
    assert {each: value for each, value in payload.items() if each.startswith("max_")} == {name: 50}


def test_a_temperature_of_the_policy_counts_where_the_request_names_none() -> None:
    assert sent(default_temperature=0.3)["temperature"] == 0.3
    assert sent(default_temperature=0.3, content={"messages": HELLO, "temperature": 0})["temperature"] == 0


def test_the_ids_of_calls_go_without_what_another_upstream_signed() -> None:
    """Its servers bound how long an id may be."""
    sealed = call_ids.sealed("call_1", "AbC+/d8=")
    call = {"id": sealed, "type": "function", "function": {"name": "f", "arguments": "{}"}}
    calling = {"role": "assistant", "tool_calls": [call, {**call, "id": "plain"}], "x": 1}
    turns = [*HELLO, calling, {"role": "tool", "tool_call_id": sealed, "content": "12"}]
    hello, called, result = sent(content={"messages": turns})["messages"]
    assert [each["id"] for each in called["tool_calls"]] == ["call_1", "plain"]
    assert (called["x"], result["tool_call_id"], hello is HELLO[0]) == (1, "call_1", True)
    assert call["id"] == sealed, "F11: what another attempt is made from stays as it was"


def test_a_script_is_for_the_sandbox() -> None:
    assert sent(script={"reply": "x"})["sandbox"] == {"reply": "x"}
    assert "sandbox" not in sent()


def test_a_stream_always_asks_for_usage_and_keeps_the_other_options() -> None:
    """A3: whatever the client wants to see of it."""
    options = {"include_usage": False, "include_obfuscation": False}
    payload = sent(stream=True, content={"messages": HELLO, "stream_options": options})
    assert payload["stream"] is True
    assert payload["stream_options"] == {"include_usage": True, "include_obfuscation": False}
    assert sent(stream=True)["stream_options"] == {"include_usage": True}


# --- read


def test_everything_that_an_answer_says_is_read() -> None:
    """A17, A19"""
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
    message = {"content": "Hi", "refusal": "no", "reasoning_content": "hm", "tool_calls": [call]}
    read = answered(message=message, logprobs={"content": []}, finish_reason="tool_calls")
    assert read == Choice(
        index=0, text="Hi", reasoning="hm", refusal="no", finish="tool_calls", logprobs={"content": []},
        tool_calls=(ToolCall(index=0, id="c1", name="f", arguments='{"a": 1}'),),
    )  # fmt: skip
    assert read.size == 2 + 2 + 2 + 1 + 8


def test_every_answer_of_several_keeps_its_number() -> None:
    """A18"""
    body = {"choices": [{"index": at, "message": {"content": str(at)}} for at in (1, 0)]}
    assert [(each.index, each.text) for each in read_completion(orjson.dumps(body)).choices] == [(1, "1"), (0, "0")]


def test_a_content_in_parts_is_one_text() -> None:
    parts = [{"type": "thinking", "thinking": []}, {"type": "text", "text": "a"}, 7, {"type": "text", "text": "b"}]
    assert answered(message={"content": parts}).text == "ab"


@pytest.mark.parametrize(
    "message",
    [None, 7, [], {"content": 7}, {"tool_calls": "x"}, {"tool_calls": [7, {}, {"function": 1}]}, {"reasoning": {}}],
)
def test_what_makes_no_sense_within_a_message_says_nothing(message: Any) -> None:
    assert answered(message=message).size == 0


BROKE = {"code": 502, "message": "the provider broke"}


@pytest.mark.parametrize(
    ("text", "was_refused", "spelled"),
    [
        ("", True, lambda choice: {"error": BROKE, "choices": []}),
        ("", True, lambda choice: {"error": BROKE, "choices": [choice]}),
        ("", True, lambda choice: {"choices": [{**choice, "error": BROKE}]}),
        ("Hi", False, lambda choice: {"choices": [{**choice, "error": BROKE}]}),
    ],
)
def test_an_error_beside_or_within_the_choices_is_no_answer(text: str, was_refused: bool, spelled: Any) -> None:
    said = {"role": "assistant", "content": text}
    for read, name in ((read_completion, "message"), (read_chunk, "delta")):
        with pytest.raises(Failed, match="the provider broke") as caught:
            read(orjson.dumps(spelled({"index": 0, "finish_reason": "error", name: said})))
        assert (caught.value.status, caught.value.was_refused) == (502, was_refused)


def test_no_error_is_none() -> None:
    assert answered(message={"content": "error"}, error=None).text == "error"
    assert read_chunk(b'{"error": null, "choices": [{"delta": {"content": "a"}, "error": null}]}').has_content


def test_what_could_not_be_written_again_is_no_answer() -> None:
    deep = b'{"x": ' + b"[" * 300 + b"]" * 300 + b', "choices": []}'
    for read in (read_completion, read_chunk):
        with pytest.raises(Failed, match="not a JSON object"):
            read(deep)
    wide = orjson.dumps({"x": [[]] * 300, "choices": [{"message": {"content": "Hi"}}]})
    assert read_completion(wide).choices[0].text == "Hi"


def test_a_choice_that_is_none_is_a_failure() -> None:
    with pytest.raises(Failed, match="not an object"):
        read_completion(b'{"choices": [7]}')


def test_a_call_of_a_tool_comes_in_pieces_of_which_the_first_has_its_name() -> None:
    """A14"""
    first = {"index": 1, "id": "c1", "type": "function", "function": {"name": "f", "arguments": ""}}
    (choice,) = read_chunk(orjson.dumps({"choices": [{"index": 0, "delta": {"tool_calls": [first]}}]})).choices
    assert choice.tool_calls == (ToolCall(index=1, id="c1", name="f", arguments=""),)
    later = {"index": 1, "function": {"arguments": "{}"}}
    (choice,) = read_chunk(orjson.dumps({"choices": [{"index": 0, "delta": {"tool_calls": [later]}}]})).choices
    assert choice.tool_calls == (ToolCall(index=1, id="", name="", arguments="{}"),)


@pytest.mark.parametrize(
    ("choices", "has_content"),
    [
        ([], False),
        ([{"delta": {"role": "assistant", "content": "", "refusal": None}}], False),
        ([{"delta": {}}], False),
        ([{"delta": {"content": "a"}}], True),
        ([{"delta": {"audio": {"id": 1}}}], True),
        ([{"delta": {}, "finish_reason": "stop"}], True),
        ([{"delta": {}}, {"delta": {"reasoning": "hm"}}], True),
    ],
)
def test_a_role_is_no_content_yet_and_anything_else_is(choices: list[Any], has_content: bool) -> None:
    assert read_chunk(orjson.dumps({"choices": choices})).has_content is has_content


def test_an_answer_in_place_of_a_stream_numbers_its_calls() -> None:
    calls = [{"id": "a", "function": {"name": "f"}}, {"id": "b", "function": {"name": "g"}}]
    choice = {"index": 0, "message": {"role": "assistant", "tool_calls": calls}, "finish_reason": "tool_calls"}
    chunk = as_chunk(read_completion(orjson.dumps({"id": "1", "choices": [choice]})))
    assert chunk.native["object"] == "chat.completion.chunk"
    assert [call["index"] for call in chunk.native["choices"][0]["delta"]["tool_calls"]] == [0, 1]
    assert "message" not in chunk.native["choices"][0]


# --- usage


@pytest.mark.parametrize("raw", [None, 5, {}, {"prompt_tokens": 1}, {"prompt_tokens": -1, "completion_tokens": 1}])
def test_usage_that_makes_no_sense_is_none(raw: object) -> None:
    assert read_usage(raw) is None


def test_zero_is_usage_too() -> None:
    """G2"""
    assert read_usage({"prompt_tokens": 0, "completion_tokens": 0}) == Usage(input_tokens=0, output_tokens=0)


def test_usage_is_read_with_its_parts() -> None:
    raw = {
        "prompt_tokens": 100, "completion_tokens": 50, "completion_tokens_details": {"reasoning_tokens": 30, "audio_tokens": 3},
        "prompt_tokens_details": {"cached_tokens": 80, "cache_write_tokens": 15, "audio_tokens": 2},
    }  # fmt: skip
    assert read_usage(raw) == Usage(
        input_tokens=100, output_tokens=50, cache_read_tokens=80, cache_write_tokens=15, reasoning_tokens=30,
        audio_input_tokens=2, audio_output_tokens=3,
    )  # fmt: skip


def test_cached_tokens_never_exceed_the_prompt() -> None:
    raw = {
        "prompt_tokens": 10, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 12, "cache_write_tokens": 5},
    }  # fmt: skip
    assert read_usage(raw) == Usage(input_tokens=10, output_tokens=1, cache_read_tokens=10)
