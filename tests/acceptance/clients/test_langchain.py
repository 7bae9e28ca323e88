"""LangChain with RouterHub behind it, over both of OpenAI's APIs. Real HTTP, the sandbox as provider."""

from collections.abc import Iterator, Mapping
from typing import Any

import openai
import pytest
from langchain_core.messages import AIMessageChunk, HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from pydantic import BaseModel, SecretStr

from tests.stack import Stack

pytestmark = pytest.mark.xdist_group("stack")


class Weather(BaseModel):
    """The weather of a city."""

    city: str


@tool
def weather(city: str) -> str:
    """The weather of a city."""
    return f"12 degrees in {city}"


@pytest.fixture
def sends() -> Iterator[Mapping[str, Any]]:
    """Connections that the test closes: the library's own stay open as long as the process."""
    with openai.DefaultHttpxClient() as client:
        yield {"http_client": client}


@pytest.fixture(params=[False, True], ids=["chat completions", "responses"])
def model(request: Any, stack: Stack, sends: Mapping[str, Any]) -> ChatOpenAI:
    """At an address that is not OpenAI's it asks for a stream's usage only where it is told to."""
    return ChatOpenAI(
        model="auto", base_url=f"{stack.url}/v1", api_key=SecretStr(stack.key), max_retries=0, stream_usage=True,
        use_responses_api=request.param, **sends,
    )  # fmt: skip


def test_it_answers_and_counts_what_it_used(model: ChatOpenAI) -> None:
    answer = model.invoke("Hello")
    assert answer.text.startswith("[sandbox]")
    assert answer.usage_metadata is not None
    assert answer.usage_metadata["total_tokens"] > 0


def test_it_streams_the_same_words_with_what_they_cost(model: ChatOpenAI) -> None:
    whole: Any = None
    for chunk in model.stream("Hello"):
        whole = chunk if whole is None else whole + chunk
    assert isinstance(whole, AIMessageChunk)
    assert whole.text.startswith("[sandbox]")
    assert whole.usage_metadata is not None


@pytest.mark.anyio
async def test_it_streams_without_waiting(stack: Stack) -> None:
    async with openai.DefaultAsyncHttpxClient() as client:
        model = ChatOpenAI(
            model="auto", base_url=f"{stack.url}/v1", api_key=SecretStr(stack.key), http_async_client=client
        )
        assert "".join([chunk.text async for chunk in model.astream("Hello")]).startswith("[sandbox]")


def test_it_goes_a_whole_round_with_a_tool(model: ChatOpenAI) -> None:
    turns: list[Any] = [HumanMessage("Weather?")]
    turns.append(model.bind_tools([weather], tool_choice="required").invoke(turns))
    turns += [ToolMessage(weather.invoke(call["args"]), tool_call_id=call["id"]) for call in turns[-1].tool_calls]
    assert turns[-1].content == "12 degrees in [sandbox]"
    assert model.bind_tools([weather]).invoke(turns).text


@pytest.mark.parametrize("method", ["json_schema", "function_calling"])
def test_it_answers_in_the_form_of_a_class(model: ChatOpenAI, method: Any) -> None:
    assert isinstance(model.with_structured_output(Weather, method=method).invoke("Weather?"), Weather)


def test_it_embeds_texts_and_a_query(stack: Stack, sends: Mapping[str, Any]) -> None:
    """It counts tokens itself and sends them where it knows the model, which needs a download: here it sends texts."""
    embeddings = OpenAIEmbeddings(
        model="text-embedding-3-small", base_url=f"{stack.url}/v1", api_key=SecretStr(stack.key),
        check_embedding_ctx_length=False, **sends,
    )  # fmt: skip
    assert [len(each) for each in embeddings.embed_documents(["Hello", "World"])] == [1_536, 1_536]
    assert len(embeddings.embed_query("Hello")) == 1_536
