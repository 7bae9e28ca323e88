"""Every client's dialect served by every upstream's: the official SDKs' types read what comes out."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
from anthropic.types import Message
from openai.types.chat import ChatCompletion
from openai.types.responses import Response

from models_registry.types import SANDBOX, Provider
from models_registry.upstream.registry import open_adapters
from models_registry.upstream.wire import http
from routerhub.gateway import pipeline
from routerhub.gateway.protocols.anthropic_messages import PROTOCOL as MESSAGES
from routerhub.gateway.protocols.base import ChatProtocol, Client
from routerhub.gateway.protocols.openai_chat import PROTOCOL as CHAT
from routerhub.gateway.protocols.openai_responses import PROTOCOL as RESPONSES
from routerhub.gateway.runtime import Runtime, Upstreams
from tests.autorouter import fakes as router_fakes
from tests.gateway.fakes import KEY, again, rankings, runtime
from tests.models_registry.upstream.raw_server import RawServer, Step, serving, streamed, whole
from tests.models_registry.upstream.spellings import SPELLINGS, TEXT
from tests.models_registry.upstream.test_contract import complete, framed

pytestmark = pytest.mark.anyio
HELLO = {"role": "user", "content": "Hello"}
ASKED: dict[ChatProtocol, dict[str, Any]] = {
    CHAT: {"messages": [HELLO], "stream_options": {"include_usage": True}},
    MESSAGES: {"messages": [HELLO], "max_tokens": 50},
    RESPONSES: {"input": [HELLO]},
}
EVERY_CLIENT = pytest.mark.parametrize("client", ASKED, ids=lambda each: each.path)
EVERY_UPSTREAM = pytest.mark.parametrize("upstream", sorted(SPELLINGS))
SEES = frozenset({"tools", "streaming", "vision"})
SIGNATURE = "AbC+/d8="


@asynccontextmanager
async def gateway(upstream: str, *scripts: list[Step]) -> AsyncIterator[tuple[Runtime, RawServer]]:
    """A gateway around one model that is served in this dialect."""
    async with http.open_session() as session, serving(*scripts) as server:
        model = router_fakes.model("acme:gemini-3.8-flash", supports_reasoning=True, capabilities=SEES)
        catalogue = router_fakes.catalogue(model, acme={"protocol": upstream, "base_url": server.address})
        made = runtime(None, met=again(rankings(model), catalogue=catalogue))
        sandbox = Provider(name=SANDBOX, title="", protocol="openai", base_url="http://x", credential_env="")
        made.upstreams = Upstreams(open_adapters(session), sandbox)
        yield made, server


async def answer(made: Runtime, client: ChatProtocol, **body: Any) -> bytes:
    sent = orjson.dumps({**ASKED[client], **body})
    reply = await pipeline.serve(made, client, {"x-api-key": KEY}, sent, Client(ip=None, user_agent=""))
    return reply.body if isinstance(reply.body, bytes) else b"".join([piece async for piece in reply.body])


def said(client: ChatProtocol, body: Any) -> tuple[str, int, int]:
    """Text and tokens of a whole answer, by the SDK's own types."""
    if client is MESSAGES:
        message = Message.model_validate(body)
        usage = message.usage
        cached = (usage.cache_read_input_tokens or 0) + (usage.cache_creation_input_tokens or 0)
        return message.content[-1].text, usage.input_tokens + cached, usage.output_tokens  # type: ignore[union-attr]
    if client is RESPONSES:
        response = Response.model_validate(body)
        assert response.usage is not None
        return response.output_text, response.usage.input_tokens, response.usage.output_tokens
    completion = ChatCompletion.model_validate(body)
    assert completion.usage is not None
    used = completion.usage
    return completion.choices[0].message.content or "", used.prompt_tokens, used.completion_tokens


def events(stream: bytes) -> Iterator[Any]:
    for event in stream.decode().split("\n\n"):
        data = event.rpartition("data: ")[2]
        if data and data != "[DONE]":
            yield orjson.loads(data)


def pieces(client: ChatProtocol, event: Any) -> str:
    """What of the text an event brings."""
    if client is MESSAGES:
        return str(event["delta"].get("text", "")) if event["type"] == "content_block_delta" else ""
    if client is RESPONSES:
        return str(event["delta"]) if event["type"] == "response.output_text.delta" else ""
    return "".join(choice["delta"].get("content") or "" for choice in event["choices"])


@EVERY_CLIENT
@EVERY_UPSTREAM
async def test_a_whole_answer_and_what_it_used_reach_every_client(client: ChatProtocol, upstream: str) -> None:
    async with gateway(upstream, [whole(SPELLINGS[upstream].answer)]) as (made, _):
        assert said(client, orjson.loads(await answer(made, client))) == (TEXT, 10, 20)


@EVERY_CLIENT
@EVERY_UPSTREAM
async def test_a_stream_reaches_every_client_piece_by_piece_and_ends(client: ChatProtocol, upstream: str) -> None:
    async with gateway(upstream, streamed(framed(complete(SPELLINGS[upstream])))) as (made, _):
        out = list(events(await answer(made, client, stream=True)))
    assert "".join(pieces(client, event) for event in out) == TEXT
    last = out[-1]
    if client is CHAT:
        assert (last["choices"], last["usage"]["prompt_tokens"], last["usage"]["completion_tokens"]) == ([], 10, 20)
    else:
        assert last["type"] == {MESSAGES: "message_stop", RESPONSES: "response.completed"}[client]


def _called(client: ChatProtocol, body: Any) -> list[str]:
    """The ids of the calls in a whole answer."""
    if client is MESSAGES:
        return [block["id"] for block in body["content"]]
    if client is RESPONSES:
        return [item["call_id"] for item in body["output"]]
    return [call["id"] for call in body["choices"][0]["message"]["tool_calls"]]


def _next_turn(client: ChatProtocol, body: Any) -> dict[str, Any]:
    """The conversation as each client sends it back, with a result for each call."""
    ids = _called(client, body)
    if client is MESSAGES:
        results = [{"type": "tool_result", "tool_use_id": each, "content": "12"} for each in ids]
        return {
            "messages": [HELLO, {"role": "assistant", "content": body["content"]}, {"role": "user", "content": results}]
        }
    if client is RESPONSES:
        outputs = [{"type": "function_call_output", "call_id": each, "output": "12"} for each in ids]
        return {"input": [HELLO, *body["output"], *outputs]}
    results = [{"role": "tool", "tool_call_id": each, "content": "12"} for each in ids]
    return {"messages": [HELLO, body["choices"][0]["message"], *results]}


TOOLS: dict[ChatProtocol, Any] = {
    CHAT: [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
    MESSAGES: [{"name": "f", "input_schema": {"type": "object"}}],
    RESPONSES: [{"type": "function", "name": "f", "parameters": {"type": "object"}, "strict": False}],
}


@EVERY_CLIENT
async def test_what_google_signed_comes_back_to_it_through_clients_that_know_nothing_of_it(
    client: ChatProtocol,
) -> None:
    """D1: two parallel calls, of which only the first one is signed."""
    parts = [{"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": SIGNATURE},
             {"functionCall": {"name": "f", "args": {"a": 2}}}]  # fmt: skip
    called = orjson.dumps({"candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": "STOP"}]})
    async with gateway("google", [whole(called)], [whole(SPELLINGS["google"].answer)]) as (made, server):
        first = orjson.loads(await answer(made, client, tools=TOOLS[client]))
        await answer(made, client, tools=TOOLS[client], **_next_turn(client, first))
        sent = orjson.loads(server.requests[1].partition(b"\r\n\r\n")[2])["contents"]
    assert [turn["role"] for turn in sent] == ["user", "model", "user"]
    assert [part.get("thoughtSignature") for part in sent[1]["parts"]] == [SIGNATURE, None]
    assert [part["functionCall"]["args"] for part in sent[1]["parts"]] == [{"a": 1}, {"a": 2}]
    assert [part["functionResponse"]["id"] for part in sent[2]["parts"]] == [
        part["functionCall"]["id"] for part in sent[1]["parts"]
    ]
