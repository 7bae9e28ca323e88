"""OpenAI's responses as its own client asks for them: real HTTP, real PostgreSQL, the sandbox as provider."""

from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.stack import Stack, eventually

pytestmark = pytest.mark.xdist_group("stack")
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
