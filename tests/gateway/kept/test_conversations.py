"""A conversation keeps its model while a loop of tools is open, in every client's dialect, whatever its client says of it."""

from typing import Any

import orjson
import pytest

from routerhub.gateway import pipeline
from routerhub.gateway.protocols.anthropic_messages import PROTOCOL as MESSAGES
from routerhub.gateway.protocols.base import ChatProtocol, Client
from routerhub.gateway.protocols.openai_chat import PROTOCOL as CHAT
from routerhub.gateway.protocols.openai_responses import PROTOCOL as RESPONSES
from routerhub.gateway.runtime import Runtime
from tests.gateway.courses import LARGE, SMALL
from tests.gateway.fakes import KEY, FakeUpstream, Said, chunk, completion, runtime

pytestmark = pytest.mark.anyio
CALL = {"id": "call_7", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Rome"}'}}
CALLS = [
    {"index": 0, "message": {"role": "assistant", "content": None, "tool_calls": [CALL]}, "finish_reason": "tool_calls"}
]
WHOLE = completion(choices=CALLS)
STREAM = [chunk(tool_calls=[{"index": 0, **CALL}]), chunk(finish="tool_calls")]
FUNCTION = {"name": "weather", "parameters": {"type": "object"}}
ASKS: dict[str, Any] = {"role": "user", "content": "Weather?"}
ARGUMENTS = {"city": "Rome"}
TURNS: list[tuple[ChatProtocol, dict[str, Any], str, list[Any]]] = [
    (
        CHAT,
        {"tools": [{"type": "function", "function": FUNCTION}]},
        "messages",
        [
            ASKS, {"role": "assistant", "content": None, "tool_calls": [CALL]},
            {"role": "tool", "tool_call_id": "call_7", "content": "12"},
        ],
    ),
    (
        MESSAGES,
        {"max_tokens": 50, "tools": [{"name": "weather", "input_schema": {"type": "object"}}]},
        "messages",
        [
            ASKS, {"role": "assistant", "content": [{"type": "tool_use", "id": "call_7", "name": "weather", "input": ARGUMENTS}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "call_7", "content": "12"},
                                         {"type": "text", "text": "Be quick."}]},
        ],
    ),
    (
        RESPONSES,
        {"store": False, "tools": [{"type": "function", **FUNCTION}]},
        "input",
        [
            ASKS, {"type": "function_call", "call_id": "call_7", "name": "weather", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "call_7", "output": "12"},
        ],
    ),
]  # fmt: skip
"""A dialect, the rest of a request in it, and the turns of a loop: what is asked, the call, and what it gave."""
each_dialect = pytest.mark.parametrize(("protocol", "rest", "field", "turns"), TURNS)


async def answered_by(made: Runtime, protocol: ChatProtocol, body: Any, candidates: str = "") -> str:
    """Which model answers; to decide for another one than it would, some are all that may be asked."""
    headers = {"x-api-key": KEY, **({"x-routerhub-candidates": candidates} if candidates else {})}
    reply = await pipeline.serve(made, protocol, headers, orjson.dumps(body), Client(ip=None, user_agent=""))
    if not isinstance(reply.body, bytes):
        async for _ in reply.body:
            pass
    return dict(reply.headers)[b"x-routerhub-model"].decode()


def gateway(*script: Said | list[Said]) -> Runtime:
    made: Runtime = runtime(FakeUpstream(*script))
    return made


@each_dialect
@pytest.mark.parametrize("stream", [False, True])
async def test_whoever_called_a_tool_gets_what_it_gave(
    protocol: ChatProtocol, rest: dict[str, Any], field: str, turns: list[Any], stream: bool
) -> None:
    made = gateway([*STREAM] if stream else WHOLE, completion(), completion())
    first = {**rest, field: turns[:1], "stream": stream}
    assert await answered_by(made, protocol, first, candidates=LARGE) == LARGE
    assert await answered_by(gateway(completion()), protocol, {**rest, field: turns}) == SMALL, (
        "it would be another one"
    )
    assert await answered_by(made, protocol, {**rest, field: turns}) == LARGE
    done = [*turns, {"role": "assistant", "content": "12 degrees."}, {"role": "user", "content": "Thanks"}]
    assert await answered_by(made, protocol, {**rest, field: done}) == SMALL, "the loop has ended"


async def test_a_model_by_its_name_answers_whoever_called() -> None:
    protocol, rest, field, turns = TURNS[0]
    made = gateway(WHOLE, completion())
    await answered_by(made, protocol, {**rest, field: turns[:1]}, candidates=LARGE)
    assert await answered_by(made, protocol, {**rest, field: turns, "model": SMALL}) == SMALL


async def test_a_session_is_remembered_by_its_own_name() -> None:
    protocol, rest, field, turns = TURNS[0]
    made = gateway(WHOLE, completion())
    session = {"routerhub": {"session": "s"}}
    await answered_by(made, protocol, {**rest, field: turns[:1], **session}, candidates=LARGE)
    assert made.sessions.store.models == {"s": LARGE}  # type: ignore[attr-defined]


async def test_what_calls_nothing_is_not_remembered() -> None:
    protocol, rest, field, turns = TURNS[0]
    made = gateway(completion())
    await answered_by(made, protocol, {**rest, field: turns})
    assert made.sessions.store.models == {}  # type: ignore[attr-defined]
