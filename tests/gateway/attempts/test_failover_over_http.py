"""Failover as upstreams see it: real adapters, and servers that count what reaches them. Section F of the failure cases."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, cast

import orjson
import pytest

from autorouter.types import Policy
from models_registry.types import SANDBOX, Deployment, Provider
from models_registry.upstream.registry import open_adapters
from models_registry.upstream.wire import http
from routerhub.gateway import pipeline
from routerhub.gateway.attempts.failover import MAX_TRIES
from routerhub.gateway.clock import Clock
from routerhub.gateway.errors import AllFailed, ApiError, to_api_error
from routerhub.gateway.protocols.base import Client
from routerhub.gateway.protocols.openai_chat import PROTOCOL as CHAT
from routerhub.gateway.runtime import Runtime, Upstreams
from tests.autorouter import fakes as router_fakes
from tests.gateway.fakes import KEY, again, rankings, runtime
from tests.gateway.protocols.test_dialects import answer
from tests.models_registry.upstream.raw_server import STAY, RawServer, Step, head, serving, streamed, whole
from tests.models_registry.upstream.spellings import SPELLINGS
from tests.models_registry.upstream.test_contract import complete, framed

pytestmark = pytest.mark.anyio
MODEL = "acme:large"
BROKEN: list[Step] = [whole(b'{"error": {"message": "out of order"}}', "500 Internal Server Error")]
DIALECTS = sorted(SPELLINGS)


def answers(dialect: str = "openai") -> list[Step]:
    return [whole(SPELLINGS[dialect].answer)]


def busy(**headers: str) -> list[Step]:
    return [whole(b'{"error": {"message": "slow down"}}', "429 Too Many Requests", **headers)]


@asynccontextmanager
async def hosts(
    *scripts: Sequence[Step], dialects: Sequence[str] = (), **limits: Any
) -> AsyncIterator[tuple[Runtime, list[RawServer]]]:
    """A gateway around one model that so many hosts serve, in this order; the first of them is host0."""
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(http.open_session())
        servers = [await stack.enter_async_context(serving(list(script))) for script in scripts]
        made = router_fakes.model(MODEL)
        places = tuple(
            Deployment(provider=f"host{at}", upstream_model=f"m{at}", prices=made.deployments[0].prices)
            for at in range(len(servers))
        )
        model = router_fakes.model(MODEL, deployments=places)
        facts = {
            f"host{at}": {"protocol": dialects[at] if dialects else "openai", "base_url": server.address}
            for at, server in enumerate(servers)
        }
        met = again(rankings(model), catalogue=router_fakes.catalogue(model, **facts))
        gateway = runtime(None, met=met, **limits)
        sandbox = Provider(name=SANDBOX, title="", protocol="openai", base_url="http://x", credential_env="")
        gateway.upstreams = Upstreams(open_adapters(session), sandbox)
        yield gateway, servers


async def ask(gateway: Runtime, **body: Any) -> bytes:
    return await answer(gateway, CHAT, model="auto", **body)


async def refused(gateway: Runtime, **body: Any) -> ApiError:
    with pytest.raises(AllFailed) as caught:
        await ask(gateway, **body)
    return to_api_error(caught.value)


# --- one budget, one deadline


@pytest.mark.parametrize(("count", "requests"), [(1, 2), (3, 6), (6, MAX_TRIES)])
async def test_the_tries_of_one_operation_are_all_that_reaches_the_upstreams(count: int, requests: int) -> None:
    """F1: neither the HTTP client nor an adapter tries anything again."""
    async with hosts(*[BROKEN] * count) as (gateway, servers):
        error = await refused(gateway)
        assert sum(len(each.requests) for each in servers) == requests
        assert [each["status"] for each in error.details["attempts"]] == [500] * requests


@pytest.mark.parametrize("stream", [False, True])
async def test_one_deadline_bounds_hosts_that_all_hang(stream: bool) -> None:
    """F2: it bounds what goes on within an attempt too, and every host is asked in that time."""
    silent: list[list[Step]] = [[STAY]] * 3
    async with hosts(*silent, deadline_s=0.3) as (gateway, servers):
        gateway.clock = Clock()
        async with asyncio.timeout(10):
            error = await refused(gateway, stream=stream)
        assert (error.status, [len(each.requests) for each in servers]) == (504, [1, 1, 1])
        assert ("Ask for a stream" in error.message) is not stream, "F5: and the advice is told"
        assert error.headers["x-should-retry"] == "false", "F5: nobody pays twice for the same wait"


async def test_pings_and_blanks_are_no_answer_and_the_next_host_gives_one() -> None:
    """F3, A8"""
    events = framed(complete(SPELLINGS["openai"]))
    pings: list[Step] = [*streamed(b": ping\n\n")[:-1], *cast(list[Step], [b"7\r\n: ping\n\r\n", 0.01] * 500)]
    blanks: list[Step] = [head(Content_Length=9_999), *cast(list[Step], [b" ", 0.01] * 500)]
    for slow, stream, good in ((pings, True, streamed(events)), (blanks, False, answers())):
        async with hosts(slow, good, deadline_s=0.6) as (gateway, servers):
            gateway.clock = Clock()
            assert await ask(gateway, stream=stream)
            assert [len(each.requests) for each in servers] == [1, 1]


@pytest.mark.parametrize("stream", [False, True])
async def test_of_two_legs_the_slower_one_is_closed_at_its_upstream_as_soon_as_the_other_answers(stream: bool) -> None:
    hedged = Policy(
        name="quick", version=1, title="Quick", models=(MODEL,), max_cost_usd=None, max_output_tokens=None,
        temperature=None, hedge_after_ms=10,
    )  # fmt: skip
    good = streamed(framed(complete(SPELLINGS["openai"]))) if stream else answers()
    async with hosts([STAY], good) as (gateway, servers):
        met = gateway.snapshots.current
        met.met = again(met.met, router=router_fakes.router(policies=(hedged,)))  # type: ignore[attr-defined]
        gateway.clock = Clock()
        assert await answer(gateway, CHAT, model="policy:quick", stream=stream)
        async with asyncio.timeout(1):
            await servers[0].gone.wait()
        assert [len(each.requests) for each in servers] == [1, 1]


# --- pauses that upstreams ask for


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ({"Retry_After": "30"}, 30),
        ({"retry_after_ms": "29500", "Retry_After": "60"}, 30),
        ({"Retry_After": "Fri, 31 Dec 9999 23:59:59 GMT"}, 24 * 3_600),
    ],
)
async def test_a_pause_in_any_form_reaches_the_client_and_keeps_other_requests_away(
    asked: dict[str, str], seconds: int
) -> None:
    """F9: seconds, milliseconds, and a date, which is believed for a day."""
    async with hosts(busy(**asked)) as (gateway, servers):
        error = await refused(gateway)
        assert (error.status, error.headers) == (429, {"x-should-retry": "true", "Retry-After": str(seconds)})
        assert len(servers[0].requests) == 1, "it is too long to wait for"
        gateway.clock.seconds += 10  # type: ignore[attr-defined]
        error = await refused(gateway)
        assert (error.status, error.headers["Retry-After"]) == (429, str(seconds - 10))
        assert "Not asked, host0/m0: circuit open since" in error.message
        assert len(servers[0].requests) == 1, "the last place is out until its reset, too, and that is told"
        servers[0].script.append(answers())
        gateway.clock.seconds += seconds - 15  # type: ignore[attr-defined]
        assert await ask(gateway)
        assert gateway.clock.slept == [pytest.approx(5, abs=0.5)], "a short rest is waited for"  # type: ignore[attr-defined]
    async with hosts(busy(**asked), answers()) as (gateway, servers):
        for _ in range(3):
            await ask(gateway)
        assert [len(each.requests) for each in servers] == [1, 3]
        gateway.clock.seconds += seconds  # type: ignore[attr-defined]
        await ask(gateway)
        assert [len(each.requests) for each in servers] == [2, 4]


async def test_where_everybody_rests_the_client_is_told_when_the_first_one_is_back() -> None:
    """F6"""
    async with hosts(busy(Retry_After="40"), busy(Retry_After="90")) as (gateway, servers):
        assert (await refused(gateway)).headers["Retry-After"] == "40"
        gateway.clock.seconds += 15  # type: ignore[attr-defined]
        error = await refused(gateway)
        assert (error.status, error.headers["Retry-After"]) == (429, "25")
        assert [len(each.requests) for each in servers] == [1, 1]
    async with hosts(busy(Retry_After="5")) as (gateway, servers):
        servers[0].script.append(busy(Retry_After="50"))
        assert (await refused(gateway)).headers["Retry-After"] == "50", "what it said last"


# --- nothing of one attempt in another


async def test_each_hop_has_its_own_host_key_name_and_dialect_and_the_request_stays_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """F11"""
    count = len(DIALECTS)
    for at in range(count):
        monkeypatch.setenv(f"HOST{at}_API_KEY", f"sk-{at}")
    scripts = [*[BROKEN] * (count - 1), answers(DIALECTS[-1])]
    body = {"messages": [{"role": "user", "content": "Hello", "name": "ada"}], "metadata": {"nested": {"a": [1]}}}
    before = orjson.dumps(body)
    async with hosts(*scripts, dialects=DIALECTS) as (gateway, servers):
        await ask(gateway, **body)
        for at, server in enumerate(servers):
            for request in server.requests:
                others = [other for other in range(count) if other != at]
                assert f"sk-{at}".encode() in request
                assert f"m{at}".encode() in request
                assert not any(f"sk-{other}".encode() in request for other in others)
                assert server.address.removeprefix("http://").removesuffix("/v1").encode() in request
        assert all(server.requests for server in servers)
    assert orjson.dumps(body) == before


# --- nobody is left without a word


@pytest.mark.parametrize("count", [1, 3])
async def test_where_every_host_is_out_the_request_is_tried_all_the_same_and_succeeds_when_one_is_back(
    count: int,
) -> None:
    """F6"""
    async with hosts(*[BROKEN] * count) as (gateway, servers):
        for _ in range(6):
            await refused(gateway)
        for server in servers:
            server.requests.clear()
        servers[-1].script = [answers()]
        told = orjson.loads(await ask(gateway))["routerhub"]
        assert told["provider"] == f"host{count - 1}"
        assert "as a last resort" in told["passed_over"][-1]


async def test_an_answer_after_failures_tells_how_many_attempts_there_were_and_an_error_tells_each() -> None:
    """F18"""
    async with hosts(BROKEN, answers()) as (gateway, _):
        body = orjson.dumps({"model": "auto", "messages": [{"role": "user", "content": "Hello"}]})
        reply = await pipeline.serve(gateway, CHAT, {"x-api-key": KEY}, body, Client(ip=None, user_agent=""))
        assert isinstance(reply.body, bytes)
        told = orjson.loads(reply.body)["routerhub"]
        assert [each["deployment"] for each in told["attempts"]] == ["host0/m0", "host0/m0", "host1/m1"]
        assert (b"x-routerhub-attempts", b"3") in reply.headers
    async with hosts(BROKEN, busy()) as (gateway, _):
        error = await refused(gateway)
        assert [(each["deployment"], each["error"]) for each in error.details["attempts"]] == [
            ("host0/m0", "Failed: out of order"), ("host0/m0", "Failed: out of order"),
            ("host1/m1", "Overloaded: slow down"), ("host1/m1", "Overloaded: slow down"),
        ]  # fmt: skip
