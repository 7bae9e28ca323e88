"""Idempotency keys: one answer and one charge for each, however often, however close together and however it is asked."""

import asyncio
from dataclasses import replace
from typing import Any

import orjson
import pytest

from models_registry.upstream.errors import Failed
from routerhub.gateway.answers.answering import Reply
from routerhub.gateway.errors import AllFailed, BadRequest, IdempotencyConflict, to_api_error
from routerhub.gateway.kept import idempotency
from routerhub.gateway.protocols.anthropic_messages import PROTOCOL as MESSAGES
from routerhub.gateway.protocols.base import Client
from routerhub.gateway.protocols.openai_chat import PROTOCOL as CHAT
from routerhub.gateway.runtime import Runtime
from routerhub.storage.errors import StorageUnavailable
from tests.gateway.fakes import ADA, KEY, FakeUpstream, chunk, completion, runtime

pytestmark = pytest.mark.anyio
HELLO = {"model": "acme:small", "messages": [{"role": "user", "content": "Hello"}]}
WHOLE = [chunk("Hi"), chunk(finish="stop")]


def gateway(*script: Any, **limits: Any) -> Any:
    return runtime(FakeUpstream(*(script or (completion("Hi"),))), **limits)


async def serve(made: Runtime, key: str = "k1", protocol: Any = CHAT, headers: Any = None, **body: Any) -> Reply:
    given = {"authorization": f"Bearer {KEY}", "idempotency-key": key, **(headers or {})}
    return await idempotency.serve(
        made, protocol, given, orjson.dumps({**HELLO, **body}), Client(ip=None, user_agent="")
    )


async def sent(reply: Reply) -> bytes:
    return reply.body if isinstance(reply.body, bytes) else b"".join([piece async for piece in reply.body])


async def until_asked(made: Any) -> None:
    for _ in range(100):
        if made.upstreams._adapters["openai"].asked:
            return
        await asyncio.sleep(0)
    raise AssertionError("The upstream was not asked.")


def charges(made: Any) -> tuple[int, int]:
    """Settled holds, records."""
    return len(made.ledger.settled), len(made.ledger.records)


@pytest.mark.parametrize("body", [{}, {"stream": True}])
async def test_the_same_key_and_request_get_the_same_answer_for_one_charge(body: Any) -> None:
    made = gateway(WHOLE if body else completion("Hi"))
    first = await serve(made, **body)
    told = await sent(first)
    second = await serve(made, **body)
    assert await sent(second) == told
    assert second.headers == [*first.headers, idempotency.REPLAYED]
    assert charges(made) == (1, 2)
    paid, replayed = made.ledger.records
    same = ("outcome", "model", "provider", "requested_model", "is_stream", "input_tokens", "output_tokens", "key_id")
    assert {name: replayed[name] for name in same} == {name: paid[name] for name in same}
    assert (replayed["cost_nano"], replayed["saved_nano"], replayed["decision"]) == (0, paid["cost_nano"], "{}")


@pytest.mark.parametrize("body", [{}, {"stream": True}])
async def test_one_that_comes_while_the_first_is_under_way_waits_for_its_answer(body: Any) -> None:
    go = asyncio.Event()
    made = gateway([go, *WHOLE] if body else [go, completion("Hi")])
    under_way = [asyncio.create_task(serve(made, **body)) for _ in range(20)]
    await until_asked(made)
    go.set()
    told = {await sent(reply) for reply in await asyncio.gather(*under_way)}
    assert (len(told), charges(made)) == (1, (1, 20))


@pytest.mark.parametrize(
    ("another", "headers"), [({"temperature": 1}, {}), ({"stream": True}, {}), ({}, {"x-routerhub-priority": "cost"})]
)
async def test_another_request_under_the_key_is_refused_also_while_the_first_is_under_way(
    another: Any, headers: Any
) -> None:
    go = asyncio.Event()
    made = gateway([go, completion("Hi")])
    first = asyncio.create_task(serve(made))
    await until_asked(made)
    for _ in range(2):
        with pytest.raises(IdempotencyConflict) as caught:
            await serve(made, headers=headers, **another)
        error = to_api_error(caught.value)
        assert (error.status, error.code) == (409, "idempotency_key_reused")
        assert error.headers["x-should-retry"] == "false"
        go.set()
        await first
    assert charges(made) == (1, 3)
    assert [each["error_kind"] for each in made.ledger.records].count("idempotency_key_reused") == 2


async def test_a_conflict_has_the_clients_dialect() -> None:
    made = gateway()
    await serve(made)
    with pytest.raises(IdempotencyConflict) as caught:
        await serve(made, protocol=MESSAGES, max_tokens=10)
    error = orjson.loads(MESSAGES.write_error(to_api_error(caught.value)))
    assert (error["type"], error["error"]["type"]) == ("error", "invalid_request_error")


async def test_accounts_do_not_share_keys() -> None:
    made = gateway()
    await serve(made)
    made.snapshots.ring.find = lambda *_: replace(ADA, account_id=8)
    await serve(made, temperature=1)
    assert charges(made) == (2, 2)


async def test_a_failure_is_not_kept_and_the_next_one_tries_anew() -> None:
    made = gateway(Failed("No."), Failed("No."), Failed("No."), Failed("No."), completion("Hi"))
    with pytest.raises(AllFailed):
        await serve(made)
    with pytest.raises(BadRequest):
        await serve(made, messages=[])
    assert made.store.items == {}
    made = gateway([chunk("H"), Failed("It broke.")], WHOLE)
    assert b"It broke." in await sent(await serve(made, stream=True))
    assert b"[DONE]" in await sent(await serve(made, stream=True))


async def test_a_client_that_leaves_frees_the_key() -> None:
    made = gateway([asyncio.Event()], completion("Hi"))
    leaving = asyncio.create_task(serve(made))
    await until_asked(made)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert b"Hi" in await sent(await serve(made))


async def test_a_client_that_leaves_a_stream_frees_the_key_when_that_has_settled() -> None:
    made = gateway([chunk("H"), asyncio.Event()], WHOLE)
    left: Any = (await serve(made, stream=True)).body
    await anext(left)
    await left.aclose()
    await asyncio.wait([left.task])
    assert (made.store.items, made.ledger.records[0]["outcome"]) == ({}, "abandoned")


@pytest.mark.parametrize("body", [{}, {"stream": True}])
async def test_what_is_charged_is_kept_also_where_the_client_leaves_at_that_moment(body: Any) -> None:
    made = gateway(WHOLE if body else completion("Hi"))
    settling, go, settle = asyncio.Event(), asyncio.Event(), made.ledger.settle

    async def slowly(settlement: Any) -> None:
        settling.set()
        await go.wait()
        await settle(settlement)

    made.ledger.settle = slowly
    asking = asyncio.create_task(serve(made, **body))
    await settling.wait()
    if body:
        reply: Any = await asking
        await reply.body.aclose()
    else:
        asking.cancel()
    go.set()
    await asyncio.wait([reply.body.task if body else asking])
    assert b"Hi" in await sent(await serve(made, **body))
    assert charges(made) == (1, 2)


async def test_one_that_has_not_ended_in_all_the_time_is_told_as_such() -> None:
    made = gateway([asyncio.Event()])
    first = asyncio.create_task(serve(made))
    await until_asked(made)
    with pytest.raises(IdempotencyConflict) as caught:
        await serve(made)
    error = to_api_error(caught.value)
    assert (error.code, error.headers["x-should-retry"]) == ("idempotency_key_in_use", "true")
    first.cancel()
    await asyncio.wait([first])


async def test_without_the_store_nothing_is_called_since_the_promise_could_not_be_kept() -> None:
    made = gateway()
    made.store.is_away = True
    with pytest.raises(StorageUnavailable):
        await serve(made)
    assert charges(made) == (0, 0)


@pytest.mark.parametrize("key", ["", "x" * 201, "a\tb"])
async def test_a_senseless_key_is_refused_by_name(key: str) -> None:
    with pytest.raises(BadRequest) as caught:
        await serve(gateway(), key=key)
    assert caught.value.param == "Idempotency-Key"
