"""Tools whose names an upstream does not take are called by their own names in all that a client sees."""

import re
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from models_registry.upstream.tool_names import FITTING, shortened
from routerhub.gateway.protocols.anthropic_messages import PROTOCOL as MESSAGES
from routerhub.gateway.protocols.base import ChatProtocol
from routerhub.gateway.protocols.openai_chat import PROTOCOL as CHAT
from routerhub.gateway.protocols.openai_responses import PROTOCOL as RESPONSES
from tests.gateway.dialects.features import ASK, SCHEMA
from tests.gateway.dialects.route import CLIENTS, MODELS, Dialect, Route, accumulated, gist, routes

pytestmark = pytest.mark.anyio
LONG = "mcp__browser__" + "x" * 57
"""71 characters."""
TWIN, SPACED, PLAIN = LONG[:-1] + "y", "crm:find 1", "plain"
NAMES = (LONG, TWIN, SPACED, PLAIN)
TOOLS: dict[ChatProtocol, Any] = {
    CHAT: [{"type": "function", "function": {"name": name, "parameters": SCHEMA}} for name in NAMES],
    MESSAGES: [{"name": name, "input_schema": SCHEMA} for name in NAMES],
    RESPONSES: [{"type": "function", "name": name, "parameters": SCHEMA, "strict": True} for name in NAMES],
}
HISTORY: dict[ChatProtocol, Any] = {
    CHAT: {"messages": [
        {"role": "user", "content": ASK},
        {"role": "assistant", "content": None, "tool_calls": [
            {"id": "call_1", "type": "function", "function": {"name": LONG, "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "call_1", "content": "12"}]},
    MESSAGES: {"max_tokens": 100, "messages": [
        {"role": "user", "content": ASK},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "call_1", "name": LONG, "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "call_1", "content": "12"}]}]},
    RESPONSES: {"input": [
        {"role": "user", "content": ASK}, {"type": "function_call", "call_id": "call_1", "name": LONG, "arguments": "{}"},
        {"type": "function_call_output", "call_id": "call_1", "output": "12"}]},
}  # fmt: skip
CHOICE: dict[ChatProtocol, Any] = {
    CHAT: {"type": "function", "function": {"name": TWIN}}, MESSAGES: {"type": "tool", "name": TWIN},
    RESPONSES: {"type": "function", "name": TWIN},
}  # fmt: skip
NAMED = re.compile(rb'"(?:name|allowedFunctionNames)":\[?"([^"]+)"')


@pytest.fixture(scope="module")
def route() -> Iterator[Route]:
    with routes() as made:
        yield made


@pytest.mark.parametrize("upstream", MODELS)
@pytest.mark.parametrize("client", CLIENTS, ids=lambda each: each.path[4:])
async def test_a_name_that_an_upstream_does_not_take_is_shortened_for_it_and_comes_back_as_it_was(
    route: Route, client: ChatProtocol, upstream: Dialect
) -> None:
    """B17: also in the history, in the choice of a tool and in streams; two that begin alike stay two."""
    body = {**HISTORY[client], "tools": TOOLS[client], "tool_choice": CHOICE[client]}
    _, whole = await route.ask(client, upstream, **body)
    sent = orjson.dumps(route.sent())
    _, stream = await route.ask(client, upstream, **body, stream=True)
    for answer in (orjson.loads(whole), accumulated(client, stream)):
        assert [name for name, _ in gist(client, answer).calls] == [TWIN]
    if (client.path, upstream) not in OWN:
        names = [name.decode() for name in NAMED.findall(sent)]
        assert all(map(FITTING[upstream].fullmatch, names))
        assert len(set(names)) == len(NAMES)


OWN = {(MESSAGES.path, "anthropic"), (RESPONSES.path, "openai-responses")}
"""What is written for the upstream's own dialect is passed on as it is."""


def test_a_short_name_is_the_same_every_time_and_fits_everywhere() -> None:
    assert shortened(LONG) == shortened(LONG) != shortened(TWIN)
    assert all(fits.fullmatch(shortened(name)) for fits in FITTING.values() for name in (*NAMES, "1", "ü" * 200, ""))
