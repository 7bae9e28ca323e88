"""What a provider says itself that an answer costs: kept beside our own figure, and told where they differ."""

from typing import Any

import orjson
import pytest

from models_registry.upstream.openai.chat_completions import read_chunk, read_completion
from routerhub.gateway import pipeline
from routerhub.gateway.protocols.base import Client
from routerhub.gateway.protocols.openai_chat import PROTOCOL
from tests.gateway.fakes import KEY, FakeUpstream, chunk, completion, runtime

pytestmark = pytest.mark.anyio
OURS = 10 * 10_000 + 20 * 30_000


def used(nano: int | None) -> Any:
    cost = {} if nano is None else {"cost": nano / 10**9}
    return {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30, **cost}


async def record(upstream: FakeUpstream, **body: Any) -> dict[str, Any]:
    made = runtime(upstream)
    sent = orjson.dumps({"model": "acme:large", "messages": [{"role": "user", "content": "Hello"}], **body})
    reply = await pipeline.serve(made, PROTOCOL, {"x-api-key": KEY}, sent, Client(ip=None, user_agent=""))
    if not isinstance(reply.body, bytes):
        assert [piece async for piece in reply.body]
    (found,) = made.ledger.records  # type: ignore[attr-defined]
    assert found["cost_nano"] == OURS, "what is charged is our own figure"
    return dict(found)


@pytest.mark.parametrize(
    ("nano", "is_disputed"),
    [(None, False), (OURS, False), (OURS + 7_000, False), (OURS + 8_000, True), (OURS - 8_000, True), (0, True)],
)
async def test_it_stands_in_the_record_beside_ours_and_more_than_one_percent_is_flagged(
    nano: int | None, is_disputed: bool
) -> None:
    told = await record(FakeUpstream(read_completion(orjson.dumps({**completion().native, "usage": used(nano)}))))
    assert (told["reported_cost_nano"], told["is_cost_disputed"]) == (nano, is_disputed)


async def test_of_a_stream_its_last_usage_says_so() -> None:
    last: Any = {"id": "1", "choices": [], "usage": used(2 * OURS)}
    told = await record(
        FakeUpstream([chunk("Hi", role="assistant"), chunk(finish="stop"), read_chunk(orjson.dumps(last))]), stream=True
    )
    assert (told["reported_cost_nano"], told["is_cost_disputed"]) == (2 * OURS, True)
