"""The sandbox by HTTP: as OpenAI's specification has it, in whole answers and in streams alike."""

from typing import Any

import orjson
import pytest
from starlette.testclient import TestClient

from models_registry.sandbox.app import app

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}, "degrees": {"type": "integer"}}}


def ask(**body: Any) -> Any:
    given = {
        "model": "m",
        "messages": [{"role": "user", "content": "Hello"}],
        "sandbox": {"reply": "one two three"},
        **body,
    }
    return TestClient(app).post("/v1/chat/completions", json=given)


def streamed(**body: Any) -> list[Any]:
    """The chunks of a stream."""
    *lines, mark, rest = ask(stream=True, **body).text.split("\n\n")
    assert (mark, rest) == ("data: [DONE]", "")
    return [orjson.loads(line.removeprefix("data: ")) for line in lines]


def said(**body: Any) -> list[tuple[str, str]]:
    """Text and finish reason of each answer, which a stream must tell the same."""
    whole = [(each["message"]["content"], each["finish_reason"]) for each in ask(**body).json()["choices"]]
    texts, ends = [""] * len(whole), [""] * len(whole)
    for chunk in streamed(**body):
        for choice in chunk["choices"]:
            texts[choice["index"]] += choice["delta"].get("content", "")
            ends[choice["index"]] += choice["finish_reason"] or ""
    assert list(zip(texts, ends, strict=True)) == whole
    return whole


def test_what_is_required_is_there_though_it_says_nothing() -> None:
    (choice,) = ask().json()["choices"]
    assert choice == {
        "index": 0, "message": {"role": "assistant", "content": "[sandbox] one two three", "refusal": None},
        "logprobs": None, "finish_reason": "stop",
    }  # fmt: skip
    first, *others = streamed()
    assert first["choices"][0]["delta"] == {"role": "assistant", "refusal": None, "content": "[sandbox]"}
    assert all(chunk["choices"][0]["logprobs"] is None for chunk in (first, *others))


@pytest.mark.parametrize(
    ("stop", "text", "finish"),
    [
        (" two", "[sandbox] one", "stop"), (["never", "three", "two"], "[sandbox] one ", "stop"),
        ("never", "[sandbox] one two three", "stop"), ("[", "", "stop"), (None, "[sandbox] one two three", "stop"),
    ],
)  # fmt: skip
def test_it_stops_before_what_it_is_to_stop_at(stop: Any, text: str, finish: str) -> None:
    assert said(stop=stop) == [(text, finish)]


def test_the_limit_comes_before_a_stop_that_it_cuts_off() -> None:
    assert said(stop="three", max_tokens=2) == [("[sandbox] one", "length")]


def test_as_many_answers_come_as_are_wanted_and_all_are_counted() -> None:
    assert said(n=3) == [("[sandbox] one two three", "stop")] * 3
    assert ask(n=3).json()["usage"]["completion_tokens"] == 12
    assert streamed(n=3, stream_options={"include_usage": True})[-1]["usage"]["completion_tokens"] == 12


def test_probabilities_are_told_of_every_token() -> None:
    (choice,) = ask(logprobs=True, top_logprobs=2).json()["choices"]
    told = choice["logprobs"]["content"]
    assert "".join(each["token"] for each in told) == choice["message"]["content"]
    assert [(len(each["top_logprobs"]), each["bytes"]) for each in told[:1]] == [(2, list(b"[sandbox]"))]
    assert choice["logprobs"]["refusal"] is None
    pieces = [chunk["choices"][0] for chunk in streamed(logprobs=True)]
    assert [each["logprobs"]["content"][0]["token"] for each in pieces[:-1]] == [each["token"] for each in told]


def test_structured_output_has_the_structure() -> None:
    for wanted in ({"type": "json_schema", "json_schema": {"name": "w", "schema": SCHEMA}}, {"type": "json_object"}):
        ((text, finish),) = said(response_format=wanted)
        value = orjson.loads(text)
        assert (value.keys(), finish) == (
            {"city", "degrees"} if wanted["type"] == "json_schema" else {"sandbox"},
            "stop",
        )


def test_a_tool_that_must_be_called_is() -> None:
    tool = {"type": "function", "function": {"name": "weather"}}
    (choice,) = ask(tools=[tool], tool_choice="required").json()["choices"]
    assert (choice["finish_reason"], choice["message"]["content"]) == ("tool_calls", None)
    first, last = streamed(tools=[tool], tool_choice="required")
    assert first["choices"][0]["delta"]["tool_calls"][0]["function"]["name"] == "weather"
    assert last["choices"][0]["finish_reason"] == "tool_calls"


def test_and_its_arguments_fit_what_it_takes() -> None:
    tools = [{"type": "function", "function": {"name": name, "parameters": SCHEMA}} for name in ("one", "two")]
    chosen = {"type": "function", "function": {"name": "two"}}
    (choice,) = ask(tools=tools, tool_choice=chosen).json()["choices"]
    (call,) = choice["message"]["tool_calls"]
    assert (call["function"]["name"], orjson.loads(call["function"]["arguments"]).keys()) == (
        "two",
        {"city", "degrees"},
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("stop", 7), ("stop", ["a"] * 5), ("stop", [""]), ("n", 0), ("n", 129), ("n", "x"), ("n", True),
        ("response_format", {"type": "json_schema", "json_schema": {"schema": {"type": "poem"}}}),
        ("response_format", {"type": "json_schema", "json_schema": {"schema": {"type": "string", "minLength": "x"}}}),
    ],
)  # fmt: skip
def test_nonsense_is_refused_by_name(field: str, value: Any) -> None:
    answer = ask(**{field: value})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, field)


def test_too_many_likely_tokens_are_refused() -> None:
    answer = ask(logprobs=True, top_logprobs=21)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "top_logprobs")
