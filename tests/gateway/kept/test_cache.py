"""The cache: who gets an answer from before, who never does, and what is told, kept, recorded and paid."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import Any

import orjson
import pytest

from autorouter.types import Policy
from models_registry.upstream.errors import Failed
from routerhub.gateway import pipeline
from routerhub.gateway.answers.answering import Reply
from routerhub.gateway.errors import AllFailed, BadRequest
from routerhub.gateway.kept import idempotency
from routerhub.gateway.protocols.anthropic_messages import PROTOCOL as MESSAGES
from routerhub.gateway.protocols.base import Client
from routerhub.gateway.protocols.openai_chat import PROTOCOL as CHAT
from routerhub.gateway.protocols.openai_responses import PROTOCOL as RESPONSES
from tests.autorouter import fakes as router_fakes
from tests.gateway.fakes import ADA, KEY, FakeUpstream, chunk, completion, rankings, runtime

pytestmark = pytest.mark.anyio
HELLO = {
    "model": "acme:small", "messages": [{"role": "user", "content": "Hello"}], "temperature": 0, "max_tokens": 50,
    "routerhub": {"cache": True},
}  # fmt: skip
WHOLE = [chunk("H"), chunk("i"), chunk(finish="stop", usage=(10, 20))]
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}


def gateway(*script: Any, **facts: Any) -> Any:
    made: Any = runtime(FakeUpstream(*(script or (completion("Hi"),))), **facts)
    made.snapshots.ring.find = lambda *_: replace(ADA, may_cache=True)
    return made


async def serve(made: Any, protocol: Any = CHAT, headers: Any = None, **body: Any) -> Reply:
    raw = orjson.dumps({name: value for name, value in {**HELLO, **body}.items() if value is not None})
    given = {"authorization": f"Bearer {KEY}", **(headers or {})}
    return await pipeline.serve(made, protocol, given, raw, Client(ip=None, user_agent=""))


async def sent(reply: Reply) -> bytes:
    return reply.body if isinstance(reply.body, bytes) else b"".join([piece async for piece in reply.body])


async def told(made: Any, **body: Any) -> Any:
    return orjson.loads(await sent(await serve(made, **body)))


async def status(made: Any, **body: Any) -> str:
    reply = await serve(made, **body)
    await sent(reply)
    return dict(reply.headers)[b"x-routerhub-cache-status"].decode()


def calls(made: Any) -> int:
    return len(made.upstreams._adapters["openai"].asked)


async def test_the_second_gets_the_answer_of_the_first_with_its_age_and_what_it_saved_for_nothing() -> None:
    made = gateway()
    first = await told(made)
    made.clock.seconds += 12
    reply = await serve(made)
    second, headers = orjson.loads(await sent(reply)), dict(reply.headers)
    assert (first["routerhub"]["cache"], first["routerhub"]["cost_usd"]) == ({"status": "miss"}, "0.000007")
    assert second["routerhub"]["cache"] == {"status": "hit", "age_s": 12, "saved_usd": "0.000007"}
    assert (second["routerhub"]["cost_usd"], second["choices"]) == ("0", first["choices"])
    assert second["routerhub"]["operation_id"] != first["routerhub"]["operation_id"]
    assert (headers[b"x-routerhub-cache-age-s"], headers[b"x-routerhub-cost-usd"]) == (b"12", b"0")
    assert (calls(made), len(made.ledger.asked)) == (1, 1)
    kept = [(each["cost_nano"], each["saved_nano"], each["outcome"]) for each in made.ledger.records]
    assert kept == [(7_000, None, "success"), (0, 7_000, "success")]


@pytest.mark.parametrize(("first", "then"), [(None, True), (True, None), (True, True)])
async def test_whole_answers_and_streams_share_what_is_kept(first: Any, then: Any) -> None:
    made = gateway(WHOLE if first else completion("Hi"))
    await sent(await serve(made, stream=first))
    body = await sent(await serve(made, stream=then, stream_options={"include_usage": True} if then else None))
    assert calls(made) == 1
    if then:
        events = [orjson.loads(event) for event in body.decode().split("data: ")[1:-1]]
        said = "".join(choice["delta"].get("content") or "" for event in events for choice in event["choices"])
        assert (said, body.endswith(b"data: [DONE]\n\n"), events[-1]["usage"]["completion_tokens"]) == ("Hi", True, 20)
        assert events[-1]["routerhub"]["cache"]["status"] == "hit"
    else:
        assert orjson.loads(body)["choices"][0]["message"]["content"] == "Hi"


@pytest.mark.parametrize("protocol", [MESSAGES, RESPONSES])
async def test_every_dialect_tells_a_hit_whole_and_as_a_stream(protocol: Any) -> None:
    said = {"messages": None, "input": "Hello", "max_tokens": None} if protocol is RESPONSES else {}
    made = gateway()
    first = await told(made, protocol=protocol, **said)
    second = await told(made, protocol=protocol, **said)
    stream = await sent(await serve(made, protocol=protocol, stream=True, **said))
    assert (second["routerhub"]["cache"]["status"], calls(made)) == ("hit", 1)
    assert first["id"] != second["id"]
    assert b"Hi" in stream
    last = {MESSAGES: b"event: message_stop", RESPONSES: b"event: response.completed"}[protocol]
    assert last in stream
    if protocol is RESPONSES:
        kept = {name.name for name in made.store.items if name.kind == "response"}
        assert {first["id"], second["id"]} < kept, "each can be gone on from"


CHANGES: list[dict[str, Any]] = [
    {"model": "acme:middle"}, {"messages": [{"role": "system", "content": "x"}, *HELLO["messages"]]},  # type: ignore[misc]
    {"messages": [{"role": "user", "content": "hello"}]}, {"tools": [TOOL]}, {"tools": [TOOL], "tool_choice": "none"},
    {"response_format": {"type": "json_object"}}, {"max_tokens": 51}, {"seed": 1}, {"stop": ["x"]}, {"top_p": 0.5},
    {"n": 2}, {"logprobs": True}, {"frequency_penalty": 1}, {"unknown_field": 1}, {"sandbox": {"reply": "x"}},
    {"routerhub": {"cache": True, "policy": "cold"}}, {"routerhub": {"cache": True, "region": "eu"}},
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
async def test_whatever_could_make_it_another_answer_misses(change: Any) -> None:
    """J5"""
    able = frozenset({"tools", "streaming", "structured_output"})
    models = [
        replace(made, deployments=(replace(made.deployments[0], regions=("eu",)),))
        for made in (router_fakes.model(f"acme:{name}", capabilities=able) for name in ("small", "middle"))
    ]
    made = gateway(met=rankings(*models, router=router_fakes.router(policies=(COLD,))))
    assert [await status(made), await status(made, **change), await status(made)] == ["miss", "miss", "hit"]


async def test_another_account_dialect_or_release_misses() -> None:
    """J5"""
    made = gateway()
    assert [await status(made), await status(made, protocol=MESSAGES)] == ["miss", "miss"]
    made.snapshots.ring.find = lambda *_: replace(ADA, account_id=8, may_cache=True)
    assert await status(made) == "miss"
    made.snapshots.met = rankings(router=replace(router_fakes.router(), release=99))
    assert await status(made) == "miss"


async def test_how_the_answer_is_told_and_what_is_said_to_routerhub_alone_does_not_count() -> None:
    made = gateway()
    assert await status(made) == "miss"
    assert await status(made, routerhub={"cache": True, "tags": ["x"], "session": "s"}) == "hit"
    assert await status(made, routerhub=None, headers={"x-routerhub-cache": "true"}) == "hit"


COLD = Policy(
    name="cold", version=1, title="Cold", models=("acme:small",), max_cost_usd=None, max_output_tokens=None,
    temperature=Decimal(0),
)  # fmt: skip


async def test_only_where_the_temperature_is_zero_unless_always_is_asked() -> None:
    for warm in ({"temperature": None}, {"temperature": 0.1}):
        made = gateway()
        assert [await status(made, **warm) for _ in range(2)] == ["bypass", "bypass"]
        always = {**warm, "routerhub": {"cache": "always"}}
        assert [await status(made, **always) for _ in range(2)] == ["miss", "hit"]
    made = gateway(met=rankings(router=router_fakes.router(policies=(COLD,))))
    by_policy = {"temperature": None, "model": "policy:cold"}
    assert [await status(made, **by_policy) for _ in range(2)] == ["miss", "hit"]


async def test_who_does_not_ask_never_sees_the_cache_nor_does_the_store_see_them() -> None:
    made = gateway()
    made.store.is_away = True
    for off in (None, {"cache": False}):
        reply = await serve(made, routerhub=off)
        assert b"x-routerhub-cache-status" not in dict(reply.headers)
        assert "cache" not in orjson.loads(await sent(reply))["routerhub"]


async def test_an_account_that_may_not_is_refused_by_name_before_anything_is_paid_for() -> None:
    made = gateway()
    made.snapshots.ring.find = lambda *_: ADA
    with pytest.raises(BadRequest, match="'acme' does not use the cache") as caught:
        await serve(made)
    assert (caught.value.param, caught.value.code, made.ledger.asked) == ("routerhub.cache", "cache_not_allowed", [])


@pytest.mark.parametrize("value", ["yes", 1, "deterministic", []])
async def test_a_senseless_value_is_refused_by_name(value: Any) -> None:
    with pytest.raises(BadRequest, match='true, false or "always"') as caught:
        await serve(gateway(), routerhub={"cache": value})
    assert caught.value.param == "routerhub.cache"


def ended(finish: str, **said: Any) -> Any:
    message = {"role": "assistant", "content": "Hi", **said}
    return completion(choices=[{"index": 0, "message": message, "finish_reason": finish}])


CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}


@pytest.mark.parametrize(
    "script",
    [
        ended("length"), ended("content_filter"), ended("tool_calls", tool_calls=[CALL]), ended("stop", refusal="No."),
        [chunk("H"), chunk(finish="length")], [chunk("H"), Failed("It broke.")],
    ],
)  # fmt: skip
async def test_what_was_cut_refused_called_for_or_broke_is_not_kept(script: Any) -> None:
    """J6"""
    made = gateway(script)
    await sent(await serve(made, stream=isinstance(script, list) or None))
    assert [content for content, claim in made.store.items.values() if content or claim] == []
    made.store.items.clear()  # the note that nothing came of it lives for a second
    assert await status(made, stream=isinstance(script, list) or None) == "miss"
    assert calls(made) == 2


async def test_the_answer_of_a_model_that_stood_in_is_not_kept_as_the_others() -> None:
    no = Failed("No.", was_sent=False)
    made = gateway(no, no, completion("Hi"))
    first = await told(made, model="auto")
    assert (first["routerhub"]["cache"]["status"], len(first["routerhub"]["attempts"])) == ("miss", 3)
    assert [content for content, _ in made.store.items.values()] == [b""]


@pytest.mark.parametrize("stream", [None, True])
async def test_of_many_at_once_one_asks_the_model(stream: Any) -> None:
    go = asyncio.Event()
    made = gateway([go, *WHOLE] if stream else [go, completion("Hi")])
    many = [asyncio.create_task(status(made, stream=stream)) for _ in range(30)]
    for _ in range(50):
        await asyncio.sleep(0)
    go.set()
    assert sorted(await asyncio.gather(*many)) == ["hit"] * 29 + ["miss"]
    assert (calls(made), len(made.ledger.settled), len(made.ledger.records)) == (1, 1, 30)


async def test_where_the_one_fails_the_others_do_not_wait_for_one_another() -> None:
    go = asyncio.Event()
    no = Failed("No.", was_sent=False)
    made = gateway([go, no], no, completion("Hi"))
    many = [asyncio.create_task(status(made)) for _ in range(5)]
    for _ in range(50):
        await asyncio.sleep(0)
    go.set()
    ends = await asyncio.gather(*many, return_exceptions=True)
    assert [end for end in ends if isinstance(end, str)] == ["bypass"] * 4
    assert isinstance(ends[0], AllFailed)


async def test_where_the_ones_client_leaves_the_next_takes_its_place() -> None:
    """J6: what was broken off is nobody's answer."""
    go = asyncio.Event()
    made = gateway([asyncio.Event()], [go, completion("Hi")])
    leaving = asyncio.create_task(status(made))
    for _ in range(20):
        await asyncio.sleep(0)
    many = [asyncio.create_task(status(made)) for _ in range(5)]
    leaving.cancel()
    go.set()
    assert sorted(await asyncio.gather(*many)) == ["hit"] * 4 + ["miss"]


async def test_a_store_that_is_away_costs_the_saving_never_the_answer() -> None:
    made = gateway()
    made.store.is_away = True
    assert [await status(made), await status(made)] == ["bypass", "bypass"]


async def test_a_hit_under_an_idempotency_key_is_answered_again_as_it_was() -> None:
    made = gateway()
    await told(made)
    given = {"authorization": f"Bearer {KEY}", "idempotency-key": "k"}
    client = Client(ip=None, user_agent="")
    first, second = [
        await sent(await idempotency.serve(made, CHAT, given, orjson.dumps(HELLO), client)) for _ in range(2)
    ]
    assert first == second
    assert (orjson.loads(first)["routerhub"]["cache"]["status"], len(made.ledger.records)) == ("hit", 3)
