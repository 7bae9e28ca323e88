"""Requests of one key at once, as a client meets the limit; and that a slot is free however its request ends."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from models_registry.upstream.errors import Failed
from tests.gateway.exchange import HELLO, Exchange
from tests.gateway.fakes import ADA, FakeLedger, FakeRing, Said, chunk, completion

pytestmark = pytest.mark.anyio
DOWN = Failed("out of order", status=500)
MESSAGES = "/v1/messages"
STREAM = {**HELLO, "stream": True}


def limited(*script: Said | list[Said], most: int = 1, ledger: FakeLedger | None = None) -> Exchange:
    """A gateway whose caller's key has so many slots. All that share a ledger stand for one."""
    made = Exchange(*script)
    made.gateway.runtime.snapshots.ring = FakeRing(replace(ADA, max_concurrent=most))  # type: ignore[attr-defined]
    if ledger is not None:
        made.ledger = made.gateway.runtime.ledger = ledger  # type: ignore[assignment]
    return made


async def under_way(exchange: Exchange, body: Any = HELLO) -> "asyncio.Task[None]":
    """Its request, as soon as the upstream has it."""
    asking = asyncio.ensure_future(exchange.ask(body))
    while not exchange.upstream.open:  # noqa: ASYNC110 - a fake has no event
        await asyncio.sleep(0)
    return asking


async def test_one_too_many_gets_a_429_that_says_when_to_come_again_and_is_recorded() -> None:
    first = limited([goes_on := asyncio.Event(), completion()])
    asking = await under_way(first)
    second = limited(completion(), ledger=first.ledger)
    await second.ask()
    assert (second.status, second.error["code"], second.headers[b"retry-after"]) == (429, "rate_limit_exceeded", b"1")
    assert second.error["concurrency"] == {"limit": 1, "in_use": 1}
    assert second.error["message"] == (
        "The API key 3 may have 1 requests under way at once, and 1 are. Try again when one has ended."
    )
    assert second.upstream.asked == []
    goes_on.set()
    await asking
    assert [record["outcome"] for record in first.ledger.records] == ["refused", "success"]
    third = limited(completion(), ledger=first.ledger)
    await third.ask()
    assert (third.status, third.ledger.slots) == (200, set())


async def test_clients_of_anthropics_get_it_in_their_shape() -> None:
    first = limited([asyncio.Event()])
    asking = await under_way(first)
    second = limited(completion(), ledger=first.ledger)
    await second.ask({"model": "auto", "max_tokens": 10, "messages": HELLO["messages"]}, MESSAGES)
    assert (second.status, second.error["type"], second.headers[b"retry-after"]) == (429, "rate_limit_error", b"1")
    first.leave.set()
    await asking


ENDINGS: dict[str, tuple[Any, list[Said | list[Said]]]] = {
    "an answer": (HELLO, [completion()]),
    "an answer of the second place": (HELLO, [DOWN, completion()]),
    "no answer at all": (HELLO, [DOWN]),
    "a stream": (STREAM, [[chunk("Hi"), chunk(finish="stop")]]),
    "a stream that breaks": (STREAM, [[chunk("Hi"), DOWN]]),
    "a stream that does not begin": (STREAM, [DOWN]),
    "a mistake of ours": (HELLO, [ValueError("nobody expected this")]),
}


@pytest.mark.parametrize("ending", ENDINGS)
async def test_the_slot_is_free_after(ending: str) -> None:
    body, script = ENDINGS[ending]
    exchange = limited(*script)
    await exchange.ask(body)
    await exchange.settled()
    assert (len([spend for spend in exchange.ledger.asked if spend.slots]), exchange.ledger.slots) == (1, set())


@pytest.mark.parametrize("body", [HELLO, STREAM])
@pytest.mark.parametrize("seen", [[], [chunk("Hi")]])
async def test_a_client_that_leaves_frees_its_slot(body: Any, seen: list[Said]) -> None:
    exchange = limited([*seen, asyncio.Event()])
    asking = await under_way(exchange, body)
    exchange.leave.set()
    await asking
    assert (await exchange.settled())["outcome"] == "abandoned"
    assert exchange.ledger.slots == set()


async def test_a_hop_that_the_ledger_cannot_hold_any_more_frees_the_slot() -> None:
    class Going(FakeLedger):
        """Away from the second hold on."""

        async def reserve(self, spend: Any) -> Any:
            self.is_away = bool(self.asked)
            return await super().reserve(spend)

    exchange = limited(DOWN, ledger=Going())
    await exchange.ask()
    assert (exchange.status, exchange.ledger.slots) == (503, set())


async def test_a_dry_run_and_a_key_without_a_limit_take_no_slot() -> None:
    dry, free = limited(completion()), Exchange(completion())
    await dry.ask({**HELLO, "routerhub": {"dry_run": True}})
    await free.ask()
    assert (dry.ledger.asked, [spend.slots for spend in free.ledger.asked]) == ([], [None])
