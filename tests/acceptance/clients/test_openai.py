"""What OpenAI's own client has beside plain calls: helpers, async, errors, retries. Real HTTP, the sandbox as provider."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai.types.responses import ResponseFunctionToolCall
from pydantic import BaseModel

from tests.stack import Stack

pytestmark = pytest.mark.xdist_group("stack")
HELLO: list[Any] = [{"role": "user", "content": "Hello"}]
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
WEATHER: Any = {"type": "function", "function": {"name": "weather", "parameters": SCHEMA, "strict": True}}
CITIES = ("Paris", "Rome")
PARALLEL: Any = {"sandbox": {"tool_calls": [{"name": "weather", "arguments": {"city": city}} for city in CITIES]}}
PIXEL = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()


class Weather(BaseModel):
    city: str
    degrees: int


@pytest.fixture
def client(stack: Stack) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{stack.url}/v1", api_key=stack.key, max_retries=0) as client:
        yield client


# --- chat completions


def test_a_pydantic_class_is_parsed_whole_and_streamed(client: openai.OpenAI) -> None:
    made = client.chat.completions.parse(model="auto", messages=HELLO, response_format=Weather)
    assert isinstance(made.choices[0].message.parsed, Weather)
    with client.chat.completions.stream(model="auto", messages=HELLO, response_format=Weather) as stream:
        kinds = {event.type for event in stream}
        assert stream.get_final_completion().choices[0].message.parsed == made.choices[0].message.parsed
    assert {"content.delta", "content.done", "chunk"} <= kinds


@pytest.mark.parametrize("streams", [False, True])
def test_parallel_calls_are_told_apart_and_their_results_taken(client: openai.OpenAI, streams: bool) -> None:
    asked: dict[str, Any] = {"model": "auto", "messages": HELLO, "tools": [WEATHER], "extra_body": PARALLEL}
    if streams:
        with client.chat.completions.stream(**asked) as stream:
            message: Any = stream.get_final_completion().choices[0].message
    else:
        message = client.chat.completions.create(**asked).choices[0].message
    assert [json.loads(call.function.arguments)["city"] for call in message.tool_calls] == list(CITIES)
    assert len({call.id for call in message.tool_calls}) == len(CITIES)
    results = [{"role": "tool", "tool_call_id": call.id, "content": "12 degrees"} for call in message.tool_calls]
    turns: Any = [*HELLO, message.to_dict(), *results]
    after = client.chat.completions.create(model="auto", messages=turns, tools=[WEATHER])
    assert (after.choices[0].finish_reason, bool(after.choices[0].message.content)) == ("stop", True)


def test_pictures_and_files_are_taken_in_both_dialects(client: openai.OpenAI) -> None:
    picture, pdf = f"data:image/png;base64,{PIXEL}", f"data:application/pdf;base64,{PIXEL}"
    parts: Any = [
        {"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": {"url": picture, "detail": "low"}},
        {"type": "file", "file": {"filename": "a.pdf", "file_data": pdf}},
    ]  # fmt: skip
    assert client.chat.completions.create(model="auto", messages=[{"role": "user", "content": parts}]).choices
    items: Any = [
        {"type": "input_text", "text": "What is it?"}, {"type": "input_image", "image_url": picture, "detail": "low"},
        {"type": "input_file", "filename": "a.pdf", "file_data": pdf},
    ]  # fmt: skip
    assert client.responses.create(model="auto", input=[{"role": "user", "content": items}]).output_text


# --- responses


def test_a_response_is_parsed_into_a_class_whole_and_streamed(client: openai.OpenAI) -> None:
    assert isinstance(
        client.responses.parse(model="auto", input="Weather?", text_format=Weather).output_parsed, Weather
    )
    with client.responses.stream(model="auto", input="Weather?", text_format=Weather) as stream:
        kinds = [event.type for event in stream]
        assert isinstance(stream.get_final_response().output_parsed, Weather)
    assert (kinds[0], kinds[-1]) == ("response.created", "response.completed")


@pytest.mark.parametrize("streams", [False, True])
def test_parallel_calls_of_a_response_go_on_from_its_id(client: openai.OpenAI, streams: bool) -> None:
    tool: Any = {"type": "function", **WEATHER["function"]}
    asked: dict[str, Any] = {"model": "auto", "input": "Weather?", "tools": [tool], "extra_body": PARALLEL}
    if streams:
        with client.responses.stream(**asked) as stream:
            made: Any = stream.get_final_response()
    else:
        made = client.responses.create(**asked)
    calls = [item for item in made.output if isinstance(item, ResponseFunctionToolCall)]
    assert [json.loads(call.arguments)["city"] for call in calls] == list(CITIES)
    results: Any = [
        {"type": "function_call_output", "call_id": call.call_id, "output": [{"type": "input_text", "text": "12"}]}
        for call in calls
    ]
    after = client.responses.create(model="auto", input=results, previous_response_id=made.id, tools=[tool])
    assert (after.output_text != "", after.previous_response_id) == (True, made.id)


# --- async


@pytest.mark.anyio
async def test_the_async_client_does_the_same(stack: Stack) -> None:
    async with openai.AsyncOpenAI(base_url=f"{stack.url}/v1", api_key=stack.key) as client:
        assert (await client.chat.completions.create(model="auto", messages=HELLO)).choices[0].message.content
        async with client.chat.completions.stream(model="auto", messages=HELLO) as chat:
            assert (await chat.get_final_completion()).choices[0].finish_reason == "stop"
        async with client.responses.stream(model="auto", input="Hello") as stream:
            assert (await stream.get_final_response()).output_text
        assert (
            len((await client.embeddings.create(model="text-embedding-3-small", input="x")).data[0].embedding) == 1_536
        )
        assert "auto" in [model.id async for model in client.models.list()]


# --- errors, retries, headers


@pytest.mark.parametrize(
    ("body", "kind", "code", "param"),
    [
        ({"extra_headers": {"Authorization": "Bearer rh_nobody"}}, openai.AuthenticationError, "invalid_api_key", None),
        ({"temperature": 9}, openai.BadRequestError, "invalid_value", "temperature"),
        ({"model": "gpt-nope"}, openai.NotFoundError, "model_not_found", "model"),
        ({"extra_body": {"routerhub": {"max_cost_usd": 0}}}, openai.UnprocessableEntityError, "no_candidate", "model"),
        ({"extra_body": {"sandbox": {"fail": {"status": 429}}}}, openai.RateLimitError, "Overloaded", None),
        ({"extra_body": {"sandbox": {"fail": {"status": 500}}}}, openai.InternalServerError, "Failed", None),
        ({"extra_body": {"sandbox": {"fail": {"status": 400}}}}, openai.BadRequestError, "Rejected", None),
    ],
)
def test_every_error_is_raised_as_the_class_that_the_client_has_for_it(
    client: openai.OpenAI, body: dict[str, Any], kind: type[openai.APIStatusError], code: str, param: str | None
) -> None:
    asked: dict[str, Any] = {"model": "openai:gpt-4o-mini", "messages": HELLO, **body}
    with pytest.raises(kind) as caught:
        client.chat.completions.create(**asked)
    assert (type(caught.value), caught.value.code, caught.value.param) == (kind, code, param)


def test_an_answer_tells_its_request_and_all_else_in_its_headers(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model="auto", messages=HELLO)
    told: Any = answer.to_dict()["routerhub"]
    assert answer._request_id == told["operation_id"]
    raw = client.chat.completions.with_raw_response.create(model="auto", messages=HELLO)
    assert raw.headers["x-request-id"] == raw.headers["x-routerhub-operation-id"]
    assert raw.parse().choices


def test_a_client_that_waits_no_longer_says_so_by_its_own_error(client: openai.OpenAI) -> None:
    slow = {"sandbox": {"latency_ms": 2_000}}
    with pytest.raises(openai.APITimeoutError):
        client.chat.completions.create(model="auto", messages=HELLO, timeout=0.2, extra_body=slow)
