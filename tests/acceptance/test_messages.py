"""Anthropic's messages as its own client asks for them: real HTTP, real PostgreSQL, the sandbox as provider."""

from collections.abc import Iterator
from typing import Any

import anthropic
import pytest
from anthropic import beta_tool

from tests.stack import Stack, eventually

pytestmark = pytest.mark.xdist_group("stack")
HELLO: list[Any] = [{"role": "user", "content": "Hello"}]
WEATHER: Any = {"name": "weather", "description": "The weather of a city.", "input_schema": {"type": "object"}}


@pytest.fixture
def client(stack: Stack) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=stack.url, api_key=stack.key, max_retries=0) as client:
        yield client


def test_the_official_client_gets_an_answer_that_is_recorded_like_any_other(
    stack: Stack, client: anthropic.Anthropic
) -> None:
    answer = client.messages.create(model="auto", max_tokens=100, messages=HELLO, system="Be brief.")
    (block,) = answer.content
    assert block.type == "text"
    assert block.text.startswith("[sandbox]")
    told: Any = answer.to_dict()["routerhub"]
    assert (told["model"], answer.stop_reason) == (answer.model, "end_turn")
    query = "SELECT outcome, model, output_tokens FROM analytics_record WHERE operation_id = %s"
    record = eventually(lambda: stack.rows(query, told["operation_id"]))[0]
    assert record == ("success", answer.model, answer.usage.output_tokens)


def test_the_official_client_streams(client: anthropic.Anthropic) -> None:
    with client.messages.stream(model="auto", max_tokens=100, messages=HELLO) as stream:
        text = "".join(stream.text_stream)
        message = stream.get_final_message()
    assert text.startswith("[sandbox]")
    assert message.stop_reason == "end_turn"
    assert message.usage.input_tokens > 0


@pytest.mark.parametrize("streams", [False, True])
def test_a_tool_is_called_and_its_result_is_taken(client: anthropic.Anthropic, streams: bool) -> None:
    asked: dict[str, Any] = {"model": "auto", "max_tokens": 100, "tools": [WEATHER], "tool_choice": {"type": "any"}}
    with client.messages.stream(messages=HELLO, **asked) as stream:
        answer = stream.get_final_message() if streams else client.messages.create(messages=HELLO, **asked)
    assert answer.stop_reason == "tool_use"
    call: Any = next(block for block in answer.content if block.type == "tool_use")
    assert call.name == "weather"
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "12 degrees"}
    turns: Any = [*HELLO, answer.to_param(), {"role": "user", "content": [result]}]
    after = client.messages.create(model="auto", max_tokens=100, messages=turns, tools=[WEATHER])
    assert after.content[0].type == "text"


@beta_tool
def clock() -> str:
    """The time of the day."""
    return "noon"


def test_the_clients_own_tool_loop_runs_and_takes_no_for_an_answer_about_threads(client: anthropic.Anthropic) -> None:
    runner = client.beta.messages.tool_runner(model="auto", max_tokens=100, messages=HELLO, tools=[clock])
    assert runner.until_done().content


def test_a_refusal_has_anthropics_shape_and_names_the_field(stack: Stack, client: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.BadRequestError) as caught:
        client.messages.create(model="auto", max_tokens=0, messages=HELLO)
    assert "max_tokens" in str(caught.value)
    with pytest.raises(anthropic.NotFoundError) as missing:
        client.messages.create(model="openai:gpt-1000", max_tokens=9, messages=HELLO)
    assert missing.value.body["error"]["type"] == "not_found_error"  # type: ignore[index]
    with (
        anthropic.Anthropic(base_url=stack.url, auth_token="rh_nobody", max_retries=0) as nobody,
        pytest.raises(anthropic.AuthenticationError),
    ):
        nobody.messages.create(model="auto", max_tokens=9, messages=HELLO)


def test_an_address_that_is_none_answers_in_anthropics_shape(client: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.NotFoundError) as caught:
        client.messages.batches.list()
    assert caught.value.body["type"] == "error"  # type: ignore[index]


def test_tokens_are_counted_before_anything_is_asked(client: anthropic.Anthropic) -> None:
    assert client.messages.count_tokens(model="auto", messages=HELLO).input_tokens == 6


def test_the_models_are_listed_page_by_page(client: anthropic.Anthropic) -> None:
    every = [model.id for model in client.models.list(limit=7)]
    assert every[0] == "auto"
    assert len(every) == len(set(every)) > 50
    assert client.models.retrieve("anthropic:claude-sonnet-4").display_name
    first = client.models.list(limit=3)
    assert [model.id for model in first.data] == every[:3]
    before = client.models.list(before_id=every[3], limit=2)
    assert [model.id for model in before.data] == every[1:3]
    with pytest.raises(anthropic.BadRequestError):
        client.models.list(limit=0)


def test_what_could_not_be_carried_is_named_in_a_header(client: anthropic.Anthropic) -> None:
    raw = client.messages.with_raw_response.create(model="auto", max_tokens=9, messages=HELLO, extra_body={"top_k": 5})
    assert raw.headers["x-routerhub-dropped"] == "top_k"
