"""What a model thought and its upstream sealed comes back to that upstream through clients of every dialect, and to no other."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from models_registry.sandbox import anthropic, openai_responses
from models_registry.upstream.thoughts import KEY, MARK
from routerhub.gateway.protocols.anthropic_messages import PROTOCOL as MESSAGES
from routerhub.gateway.protocols.base import ChatProtocol
from routerhub.gateway.protocols.openai_chat import PROTOCOL as CHAT
from routerhub.gateway.protocols.openai_responses import PROTOCOL as RESPONSES
from tests.gateway.dialects.features import ASK, FEATURES
from tests.gateway.dialects.route import MODELS, Dialect, Route, accumulated, routes

pytestmark = pytest.mark.anyio
SCRIPT = {"reasoning": "let me", "tool_calls": [{"name": "weather", "arguments": {"city": "Bonn"}}]}
TOOLS: dict[ChatProtocol, Any] = {
    RESPONSES: {"tools": [{"type": "function", "name": "weather", "parameters": {"type": "object"}, "strict": False}]},
    MESSAGES: {"tools": [{"name": "weather", "input_schema": {"type": "object"}}]},
}
SEALING: tuple[Dialect, ...] = ("anthropic", "openai-responses")
BOTH_CLIENTS = pytest.mark.parametrize("client", [RESPONSES, MESSAGES], ids=lambda each: each.path[4:])


@pytest.fixture(scope="module")
def route() -> Iterator[Route]:
    with routes() as made:
        yield made


def next_turn(client: ChatProtocol, said: Any) -> Any:
    """The conversation as the client sends it back, with a result for its call."""
    if client is MESSAGES:
        result = {"type": "tool_result", "tool_use_id": said["content"][-1]["id"], "content": "12"}
        turns = [{"role": "assistant", "content": said["content"]}, {"role": "user", "content": [result]}]
        return {"messages": [{"role": "user", "content": ASK}, *turns]}
    output = {"type": "function_call_output", "call_id": said["output"][-1]["call_id"], "output": "12"}
    return {"input": [{"role": "user", "content": ASK}, *said["output"], output]}


def thoughts(upstream: str, body: Any) -> list[tuple[str, str]]:
    """What of a request the model of this upstream thought before, and its seal."""
    if upstream == "anthropic":
        blocks = [block for turn in body["messages"] if isinstance(turn["content"], list) for block in turn["content"]]
        return [(block["thinking"], block["signature"]) for block in blocks if block["type"] == "thinking"]
    items = [item for item in body["input"] if item.get("type") == "reasoning"]
    return [(item["summary"][0]["text"], item["encrypted_content"]) for item in items]


SEALS = {"anthropic": anthropic.SIGNATURE, "openai-responses": openai_responses.SEAL}


@pytest.mark.parametrize("is_streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("upstream", SEALING)
@BOTH_CLIENTS
async def test_what_an_upstream_sealed_comes_back_to_it_byte_for_byte_and_to_no_other(
    route: Route, client: ChatProtocol, upstream: Dialect, is_streamed: bool
) -> None:
    """B5, B6, C12, C14"""
    asked = {**FEATURES[client]["reasoning"], **TOOLS[client]}
    _, told = await route.ask(client, upstream, **asked, sandbox=SCRIPT, stream=is_streamed)
    said = accumulated(client, told) if is_streamed else orjson.loads(told)
    turn = {**asked, **next_turn(client, said)}
    await route.ask(client, upstream, **turn)
    assert thoughts(upstream, route.sent()) == [("let me", SEALS[upstream])]
    for other in [each for each in MODELS if each != upstream]:
        await route.ask(client, other, **turn)
        sent = orjson.dumps(route.sent()).decode()
        assert (MARK in sent, KEY in sent, "let me" in sent) == (False, False, False)


async def test_a_client_cannot_break_a_request_by_what_it_puts_there(route: Route) -> None:
    for nonsense in (5, [5], [{"seal": 5}], [{"text": 5}]):
        messages = [{"role": "user", "content": ASK}, {"role": "assistant", "content": "x", KEY: nonsense}]
        for upstream in MODELS:
            await route.ask(CHAT, upstream, messages=messages)
            assert KEY not in orjson.dumps(route.sent()).decode()
