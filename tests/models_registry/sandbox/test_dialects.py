"""The sandbox in every dialect: each adapter is answered by it as by a server of its own."""

import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from models_registry import availability
from models_registry.sandbox.app import app
from models_registry.types import Usage
from models_registry.upstream import call_ids
from models_registry.upstream.base import Adapter, Choice, ToolCall, UpstreamRequest
from models_registry.upstream.errors import Failed, Overloaded, Rejected, TimedOut, Unreachable, UpstreamError
from models_registry.upstream.registry import ADAPTERS, open_adapters
from tests.models_registry.upstream.test_contract import asked
from tests.routerhub.control_plane import Served

pytestmark = pytest.mark.anyio
SPOKEN = tuple(ADAPTERS)
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with Served(app) as server:
        yield f"http://127.0.0.1:{server.port}/v1"


@pytest.fixture(params=SPOKEN)
async def adapter(request: pytest.FixtureRequest) -> AsyncIterator[Adapter]:
    async with aiohttp.ClientSession() as session:
        yield open_adapters(session)[request.param]


def told(address: str, script: Any, **content: Any) -> UpstreamRequest:
    given = {"messages": [{"role": "user", "content": "Hello"}], **content}
    return asked(None, address=address, script=script, content=given)


async def both(adapter: Adapter, request: UpstreamRequest) -> tuple[Choice, Usage | None]:
    """The answer, whole: a stream must tell the same."""
    answer = await adapter.complete(request)
    (choice,), pieces = answer.choices, [each async for each in adapter.stream(request)]
    choices = [each.choices[0] for each in pieces if each.choices]
    assert "".join(each.text for each in choices) == choice.text
    assert "".join(each.reasoning for each in choices) == choice.reasoning
    assert [each.finish for each in choices if each.finish] == [choice.finish]
    assert [each.usage for each in pieces if each.usage][-1] == answer.usage
    joined: dict[int, str] = {}
    for call in [call for each in choices for call in each.tool_calls]:
        joined[call.index] = joined.get(call.index, "") + call.arguments
    assert list(joined.values()) == [call.arguments for call in choice.tool_calls]
    return choice, answer.usage


async def streamed(adapter: Adapter, request: UpstreamRequest, seen: list[Choice]) -> None:
    """What comes of a stream, put into `seen` as it comes."""
    async for chunk in adapter.stream(request):
        seen += [choice for choice in chunk.choices if choice.size]


async def error_of(adapter: Adapter, request: UpstreamRequest) -> UpstreamError:
    with pytest.raises(UpstreamError) as caught:
        await adapter.complete(request)
    return caught.value


async def test_a_text_is_marked_and_counted(adapter: Adapter, address: str) -> None:
    choice, usage = await both(adapter, told(address, {"reply": "one two three"}))
    assert (choice.text, choice.finish) == ("[sandbox] one two three", "stop")
    assert usage is not None
    assert (usage.output_tokens, usage.input_tokens > 0) == (4, True)


async def test_it_thinks_where_the_script_says_what(adapter: Adapter, address: str) -> None:
    choice, usage = await both(adapter, told(address, {"reply": "one", "reasoning": "let me see"}))
    assert (choice.reasoning, choice.text) == ("let me see", "[sandbox] one")
    assert usage is not None
    assert usage.output_tokens == 5


async def test_it_calls_the_tools_of_the_script(adapter: Adapter, address: str) -> None:
    calls = [{"name": "f", "arguments": {"a": 1}}, {"name": "f"}]
    choice, _ = await both(adapter, told(address, {"tool_calls": calls}, tools=[TOOL]))
    assert choice.finish == "tool_calls"
    assert [(call.name, call.arguments) for call in choice.tool_calls] == [("f", '{"a":1}'), ("f", "{}")]


async def test_it_calls_a_tool_that_must_be_called(adapter: Adapter, address: str) -> None:
    for choice in ("required", {"type": "function", "function": {"name": "f"}}):
        (call,) = (await both(adapter, told(address, None, tools=[TOOL], tool_choice=choice)))[0].tool_calls
        assert isinstance(call, ToolCall)
        assert (call.name, call.arguments) == ("f", "{}")
        assert bool(call_ids.opened(call.id)[1]) is (adapter.protocol == "google"), "there calls are signed"


async def test_it_keeps_to_the_form_to_stops_and_to_the_limit(adapter: Adapter, address: str) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA}}
    assert (await both(adapter, told(address, None, response_format=form)))[0].text == '{"city":"[sandbox]"}'
    if not adapter.lacking({"messages": [], "stop": [" two"]}, "openai", "m").refused:
        stopped, _ = await both(adapter, told(address, {"reply": "one two three"}, stop=[" two"]))
        assert (stopped.text, stopped.finish) == ("[sandbox] one", "stop")
    cut, _ = await both(adapter, told(address, {"output_tokens": 500}))
    assert cut.finish == "length"


async def test_it_fails_as_the_script_says(adapter: Adapter, address: str) -> None:
    busy = await error_of(adapter, told(address, {"fail": {"status": 429, "retry_after_s": 7}}))
    assert (type(busy), busy.retry_after_s, "told to fail with 429" in str(busy)) == (Overloaded, 7, True)
    for kind, fail in ((Failed, "malformed"), (Unreachable, "disconnect")):
        script = {"reply": "one two three", "fail": {"break": fail, "after_chunks": 2}}
        seen: list[Choice] = []
        with pytest.raises(kind):
            await streamed(adapter, told(address, script), seen)
        assert [choice.text for choice in seen] == ["[sandbox]", " one"]
        assert type(await error_of(adapter, told(address, script))) is kind


async def test_its_head_and_its_first_words_are_late_each_by_itself(adapter: Adapter, address: str) -> None:
    late, idle = {"reply": "one", "head_delay_ms": 1_000}, {"reply": "one", "latency_ms": 1_000}
    for script in (late, idle):
        request = replace(told(address, script), idle_s=0.2)
        assert type(await error_of(adapter, request)) is TimedOut
        with pytest.raises(TimedOut):
            await streamed(adapter, request, [])
    async with aiohttp.ClientSession() as session, session.post(f"{address}/chat/completions", json={
        "model": "m", "messages": [], "stream": True, "sandbox": {"latency_ms": 60_000}}) as response:  # fmt: skip
        assert response.status == 200, "the head came at once"


async def test_it_says_its_words_at_the_speed_of_the_script(adapter: Adapter, address: str) -> None:
    request = told(address, {"reply": "one two three", "chunk_delay_ms": 30})
    began = time.monotonic()
    seen: list[Choice] = []
    await streamed(adapter, request, seen)
    assert (len(seen), time.monotonic() - began >= 0.12) == (4, True)


async def test_a_script_of_nonsense_is_refused_in_the_dialects_words(adapter: Adapter, address: str) -> None:
    for script in ({"tool_calls": [{"name": 7}]}, {"tool_calls": 7}, {"reasoning": 7}, {"poem": 1}):
        error = await error_of(adapter, told(address, script))
        assert (type(error), str(error).startswith("sandbox.")) == (Rejected, True)


@pytest.mark.parametrize("protocol", SPOKEN)
def test_the_gateway_asks_it_in_the_dialect_that_the_environment_names(protocol: str, settings: Any) -> None:
    settings.SANDBOX_PROTOCOL = protocol
    assert availability.sandbox_provider().protocol == protocol
