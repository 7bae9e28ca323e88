"""OpenAI's responses as its own client asks for them: real HTTP, real PostgreSQL, the sandbox as provider."""

from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.stack import Stack, eventually

pytestmark = pytest.mark.xdist_group("stack")
ECHO: Any = {"sandbox": {"reply": "Blue."}}
WEATHER: Any = {"type": "function", "name": "weather", "parameters": {"type": "object"}, "strict": False}


@pytest.fixture
def client(stack: Stack) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{stack.url}/v1", api_key=stack.key, max_retries=0) as client:
        yield client


def test_the_official_client_gets_an_answer_that_is_recorded_like_any_other(
    stack: Stack, client: openai.OpenAI
) -> None:
    answer = client.responses.create(model="auto", input="Hello", instructions="Be brief.")
    assert answer.output_text.startswith("[sandbox]")
    told: Any = answer.to_dict()["routerhub"]
    assert (told["model"], answer.status) == (answer.model, "completed")
    query = "SELECT outcome, model FROM analytics_record WHERE operation_id = %s"
    assert eventually(lambda: stack.rows(query, told["operation_id"]))[0] == ("success", answer.model)


def test_the_official_client_streams(client: openai.OpenAI) -> None:
    with client.responses.stream(model="auto", input="Hello") as stream:
        text = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
        final = stream.get_final_response()
    assert text == final.output_text
    assert text.startswith("[sandbox]")


def test_a_tool_is_called_and_its_result_is_taken(client: openai.OpenAI) -> None:
    turns: list[Any] = [{"role": "user", "content": "Weather?"}]
    answer = client.responses.create(model="auto", input=turns, tools=[WEATHER], tool_choice="required")
    call = next(item for item in answer.output if item.type == "function_call")
    turns += [*answer.output, {"type": "function_call_output", "call_id": call.call_id, "output": "12 degrees"}]
    assert client.responses.create(model="auto", input=turns, tools=[WEATHER]).output_text


def test_a_refusal_names_the_field(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.responses.create(model="auto", input="Hello", max_output_tokens=0)
    assert caught.value.param == "max_output_tokens"


# --- what is kept


@pytest.fixture
def other(stack: Stack) -> Iterator[openai.OpenAI]:
    """The same caller at the other gateway process."""
    with openai.OpenAI(base_url=f"{stack.urls[1]}/v1", api_key=stack.key, max_retries=0) as client:
        yield client


@pytest.mark.parametrize("is_streamed", [False, True])
def test_a_response_is_gone_on_from_read_and_deleted_in_every_process_at_once(
    client: openai.OpenAI, other: openai.OpenAI, is_streamed: bool
) -> None:
    """C8, C9"""
    if is_streamed:
        with client.responses.stream(model="auto", input="My colour?", extra_body=ECHO) as stream:
            first: Any = stream.get_final_response()
    else:
        first = client.responses.create(model="auto", input="My colour?", extra_body=ECHO)
    second = other.responses.create(model="auto", input="Sure?", previous_response_id=first.id)
    assert (second.previous_response_id, second.to_dict()["store"], second.model) == (first.id, True, first.model)
    asked: Any = client.responses.input_items.list(second.id, order="asc")
    assert [item.content[0].text for item in asked] == ["My colour?", first.output_text, "Sure?"]
    again = other.responses.retrieve(first.id)
    assert (again.id, again.output_text, again.output[0].id) == (first.id, first.output_text, first.output[0].id)
    client.responses.delete(first.id)
    for gone in (lambda: other.responses.retrieve(first.id), lambda: other.responses.delete(first.id)):
        with pytest.raises(openai.NotFoundError):
            gone()
    assert other.responses.retrieve(second.id).id == second.id


def test_a_call_is_answered_with_its_result_alone_at_another_process(
    client: openai.OpenAI, other: openai.OpenAI
) -> None:
    """C8"""
    asked = client.responses.create(model="auto", input="Weather?", tools=[WEATHER], tool_choice="required")
    call = next(item for item in asked.output if item.type == "function_call")
    result: Any = {"type": "function_call_output", "call_id": call.call_id, "output": "12 degrees"}
    answer = other.responses.create(model="auto", input=[result], previous_response_id=asked.id, tools=[WEATHER])
    assert answer.output_text
    kinds = [item.type for item in client.responses.input_items.list(answer.id, order="asc")]
    assert kinds == ["message", "function_call", "function_call_output"]


def test_another_accounts_response_and_one_that_nobody_has_are_not_found(stack: Stack, client: openai.OpenAI) -> None:
    mine = client.responses.create(model="auto", input="Hello")
    stranger = client.with_options(api_key=stack.new_key("--account=stranger"))
    eventually(stranger.models.list)
    for reader, name in ((stranger, mine.id), (client, "resp_nothing")):
        for reading in (reader.responses.retrieve, reader.responses.delete, reader.responses.input_items.list):
            with pytest.raises(openai.NotFoundError):
                reading(name)
        with pytest.raises(openai.NotFoundError) as caught:
            reader.responses.create(model="auto", input="Hello", previous_response_id=name)
        assert (caught.value.code, caught.value.param) == ("previous_response_not_found", "previous_response_id")
    assert client.responses.retrieve(mine.id).id == mine.id


def test_what_is_kept_is_sealed_in_the_database(stack: Stack, client: openai.OpenAI) -> None:
    made = client.responses.create(model="auto", input="canary-4711")
    ((sealed,),) = stack.rows("SELECT sealed FROM storage_item WHERE name = %s", made.id)
    assert b"canary" not in sealed
    client.responses.create(model="auto", input="canary-4712", store=False)
    assert stack.rows("SELECT count(*) FROM storage_item WHERE kind = 'response' AND created_at > (SELECT created_at FROM "
                      "storage_item WHERE name = %s)", made.id) == [(0,)]  # fmt: skip
