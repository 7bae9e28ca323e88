"""What Anthropic's own client has beside plain calls: helpers, async, tool loops, errors. Real HTTP, the sandbox as provider."""

from collections.abc import Iterator
from typing import Any

import anthropic
import pytest
from anthropic import beta_async_tool, beta_tool
from pydantic import BaseModel

from tests.stack import Stack

pytestmark = pytest.mark.xdist_group("stack")
HELLO: list[Any] = [{"role": "user", "content": "Hello"}]
ASKED: dict[str, Any] = {"model": "auto", "max_tokens": 200, "messages": HELLO}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER: Any = {"name": "weather", "description": "The weather of a city.", "input_schema": SCHEMA}
CITIES = ("Paris", "Rome")
PARALLEL: Any = {"sandbox": {"tool_calls": [{"name": "weather", "arguments": {"city": city}} for city in CITIES]}}
PIXEL = "iVBORw0KGgo="


class Weather(BaseModel):
    city: str
    degrees: int


@pytest.fixture
def client(stack: Stack) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=stack.url, api_key=stack.key, max_retries=0) as client:
        yield client


def test_a_pydantic_class_is_parsed_whole_and_streamed(client: anthropic.Anthropic) -> None:
    assert isinstance(client.messages.parse(**ASKED, output_format=Weather).parsed_output, Weather)
    assert isinstance(client.beta.messages.parse(**ASKED, output_format=Weather).parsed_output, Weather)
    with client.messages.stream(**ASKED, output_format=Weather) as stream:
        assert isinstance(stream.get_final_message().parsed_output, Weather)


@pytest.mark.parametrize("streams", [False, True])
def test_parallel_calls_are_told_apart_and_their_results_taken(client: anthropic.Anthropic, streams: bool) -> None:
    asked = {**ASKED, "tools": [WEATHER], "extra_body": PARALLEL}
    with client.messages.stream(**asked) as stream:
        answer = stream.get_final_message() if streams else client.messages.create(**asked)
    calls: list[Any] = [block for block in answer.content if block.type == "tool_use"]
    assert [call.input for call in calls] == [{"city": city} for city in CITIES]
    assert len({call.id for call in calls}) == len(CITIES)
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}
    results = [
        {"type": "tool_result", "tool_use_id": calls[0].id, "content": [{"type": "text", "text": "12"}, picture]},
        {"type": "tool_result", "tool_use_id": calls[1].id, "content": "no such city", "is_error": True},
    ]
    turns: Any = [*HELLO, answer.to_param(), {"role": "user", "content": results}]
    after = client.messages.create(**{**ASKED, "messages": turns}, tools=[WEATHER])
    assert (after.stop_reason, after.content[0].type) == ("end_turn", "text")


def test_pictures_documents_and_marks_for_the_cache_are_taken(client: anthropic.Anthropic) -> None:
    mark = {"cache_control": {"type": "ephemeral"}}
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}, **mark}
    pdf = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": PIXEL}, **mark}
    turns: Any = [{"role": "user", "content": [picture, pdf, {"type": "text", "text": "What is it?"}]}]
    system: Any = [{"type": "text", "text": "Be brief.", **mark}]
    assert client.messages.create(**{**ASKED, "messages": turns}, system=system).content


def test_what_it_thinks_is_shown_to_a_client_that_wants_to_see_it(client: anthropic.Anthropic) -> None:
    thinks: Any = {"extra_body": {"sandbox": {"reasoning": "Let me see."}}, "thinking": {"type": "adaptive"}}
    with client.messages.stream(**ASKED, **thinks) as stream:
        kinds = [event.type for event in stream]
        message = stream.get_final_message()
    assert [block.type for block in message.content] == ["thinking", "text"]
    assert "thinking" in kinds
    turns: Any = [*HELLO, message.to_param(), {"role": "user", "content": "Sure?"}]
    assert client.messages.create(**{**ASKED, "messages": turns}, thinking=thinks["thinking"]).content


# --- tool loops


@beta_tool
def clock(city: str) -> str:
    """The time of the day in a city."""
    return f"noon in {city}"


@beta_async_tool
async def async_clock(city: str) -> str:
    """The time of the day in a city."""
    return f"noon in {city}"


def test_its_tool_loop_sends_what_the_tool_gave_and_takes_no_for_an_answer_about_threads(
    client: anthropic.Anthropic,
) -> None:
    """It asks for a thread first; refused by name, it sends the whole conversation. The loop ends by its own count."""
    forced: Any = {"tools": [clock], "tool_choice": {"type": "any"}, "max_iterations": 2}
    turns = list(client.beta.messages.tool_runner(**ASKED, **forced))
    assert [turn.stop_reason for turn in turns] == ["tool_use", "tool_use"]
    streamed = [turn.get_final_message() for turn in client.beta.messages.tool_runner(**ASKED, **forced, stream=True)]
    assert [turn.stop_reason for turn in streamed] == ["tool_use", "tool_use"]


@pytest.mark.anyio
async def test_the_async_client_does_the_same(stack: Stack) -> None:
    async with anthropic.AsyncAnthropic(base_url=stack.url, auth_token=stack.key) as client:
        assert (await client.messages.create(**ASKED)).content
        async with client.messages.stream(**ASKED) as stream:
            assert "".join([text async for text in stream.text_stream]).startswith("[sandbox]")
        assert (await client.beta.messages.tool_runner(**ASKED, tools=[async_clock]).until_done()).content
        assert (await client.messages.count_tokens(model="auto", messages=HELLO)).input_tokens > 0
        assert "auto" in [model.id async for model in client.models.list()]


# --- errors and headers


@pytest.mark.parametrize(
    ("body", "kind", "word"),
    [
        (
            {"extra_headers": {"Authorization": "Bearer rh_nobody"}},
            anthropic.AuthenticationError,
            "authentication_error",
        ),
        ({"max_tokens": 0}, anthropic.BadRequestError, "invalid_request_error"),
        ({"model": "claude-nope"}, anthropic.NotFoundError, "not_found_error"),
        ({"extra_body": {"sandbox": {"fail": {"status": 429}}}}, anthropic.RateLimitError, "rate_limit_error"),
        ({"extra_body": {"sandbox": {"fail": {"status": 500}}}}, anthropic.InternalServerError, "api_error"),
    ],
)
def test_every_error_is_raised_as_the_class_that_the_client_has_for_it(
    client: anthropic.Anthropic, body: dict[str, Any], kind: type[anthropic.APIStatusError], word: str
) -> None:
    with pytest.raises(kind) as caught:
        client.messages.create(**{**ASKED, "model": "openai:gpt-4o-mini", **body})
    assert (type(caught.value), caught.value.type) == (kind, word)


def test_an_answer_tells_its_request_in_its_headers(client: anthropic.Anthropic) -> None:
    answer = client.messages.create(**ASKED)
    told: Any = answer.to_dict()["routerhub"]
    assert answer._request_id == told["operation_id"]
