"""OpenAI's agents with RouterHub behind them, over both of its APIs. Real HTTP, the sandbox as provider."""

from collections.abc import AsyncIterator
from typing import Any

import agents
import openai
import pytest
from agents import Agent, ModelSettings, OpenAIChatCompletionsModel, OpenAIResponsesModel, Runner
from pydantic import BaseModel

from tests.stack import Stack

pytestmark = [pytest.mark.xdist_group("stack"), pytest.mark.anyio]
FORCED = ModelSettings(tool_choice="required")
"""The sandbox calls a tool only where it must; after the first call the agents' loop leaves it to the model."""


class Weather(BaseModel):
    city: str


@agents.function_tool
def weather(city: str) -> str:
    """The weather of a city."""
    return f"12 degrees in {city}"


@pytest.fixture(params=[OpenAIChatCompletionsModel, OpenAIResponsesModel])
async def model(request: Any, stack: Stack) -> AsyncIterator[Any]:
    agents.set_tracing_disabled(True)
    async with openai.AsyncOpenAI(base_url=f"{stack.url}/v1", api_key=stack.key, max_retries=0) as client:
        yield request.param("auto", openai_client=client)


async def test_an_agent_answers_and_counts_what_it_used(model: Any) -> None:
    done = await Runner.run(Agent(name="a", instructions="Be brief.", model=model), "Hello")
    assert done.final_output.startswith("[sandbox]")
    assert done.context_wrapper.usage.total_tokens > 0


async def test_an_agent_goes_a_whole_round_with_a_tool(model: Any) -> None:
    agent = Agent(name="a", model=model, tools=[weather], model_settings=FORCED)
    done = await Runner.run(agent, "Weather?")
    assert [item.type for item in done.new_items] == ["tool_call_item", "tool_call_output_item", "message_output_item"]
    assert "12 degrees in [sandbox]" in str(done.new_items[1].to_input_item())


async def test_a_streamed_agent_tells_its_calls_and_its_words(model: Any) -> None:
    agent = Agent(name="a", model=model, tools=[weather], model_settings=FORCED)
    run = Runner.run_streamed(agent, "Weather?")
    events: list[Any] = [event async for event in run.stream_events()]
    raw = [event.data for event in events if event.type == "raw_response_event"]
    words = [data.delta for data in raw if data.type == "response.output_text.delta"]
    assert "".join(words) == run.final_output
    assert [event.name for event in events if event.type == "run_item_stream_event"] == [
        "tool_called", "tool_output", "message_output_created",
    ]  # fmt: skip


async def test_an_agent_hands_over_to_another_one(model: Any) -> None:
    other = Agent(name="other", model=model)
    first = Agent(name="first", model=model, handoffs=[other], model_settings=FORCED)
    done = await Runner.run(first, "Hello")
    assert (done.last_agent.name, done.final_output.startswith("[sandbox]")) == ("other", True)


async def test_an_agent_answers_in_the_form_of_a_class(model: Any) -> None:
    done = await Runner.run(Agent(name="a", model=model, output_type=Weather), "Weather?")
    assert isinstance(done.final_output, Weather)


async def test_a_session_of_its_own_remembers_the_conversation(model: Any) -> None:
    session, agent = agents.SQLiteSession("one"), Agent(name="a", model=model)
    await Runner.run(agent, "My colour is blue.", session=session)
    await Runner.run(agent, "Which?", session=session)
    assert [item.get("role") for item in await session.get_items()] == ["user", "assistant", "user", "assistant"]


@pytest.mark.parametrize("model", [OpenAIResponsesModel], indirect=True)
async def test_a_conversation_goes_on_from_the_responses_that_are_kept(model: Any) -> None:
    agent = Agent(name="a", model=model, tools=[weather], model_settings=FORCED)
    first = await Runner.run(agent, "Weather?", auto_previous_response_id=True)
    second = await Runner.run(Agent(name="a", model=model), "Sure?", previous_response_id=first.last_response_id)
    asked = await model._client.responses.input_items.list(second.last_response_id, order="asc")
    assert [item.type for item in asked.data] == [
        "message", "function_call", "function_call_output", "message", "message",
    ]  # fmt: skip
