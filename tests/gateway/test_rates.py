"""Requests and tokens per minute as a client meets them: counted once for all hops, and told with each answer."""

import pytest

from budgets.types import Rate
from models_registry.upstream.errors import TimedOut
from tests.gateway.exchange import HELLO, Exchange
from tests.gateway.fakes import chunk, completion

pytestmark = pytest.mark.anyio


async def test_a_hop_is_told_in_which_scopes_the_operation_was_counted() -> None:
    exchange = Exchange([1.0, TimedOut("slow")], completion())
    await exchange.ask()
    first, second = exchange.ledger.asked
    assert (first.counted, second.counted) == ((), first.scopes)


@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_tells_how_the_rates_stand(stream: bool) -> None:
    exchange = Exchange([chunk("Hi")] if stream else completion())
    exchange.ledger.rates = (
        Rate(measure="requests", limit=30, remaining=29, reset_s=105),
        Rate(measure="tokens", limit=9_000, remaining=7, reset_s=59),
    )
    await exchange.ask({**HELLO, "stream": stream})
    told = {name: value for name, value in exchange.headers.items() if name.startswith(b"x-ratelimit")}
    assert told == {
        b"x-ratelimit-limit-requests": b"30", b"x-ratelimit-remaining-requests": b"29",
        b"x-ratelimit-reset-requests": b"1m45s", b"x-ratelimit-limit-tokens": b"9000",
        b"x-ratelimit-remaining-tokens": b"7", b"x-ratelimit-reset-tokens": b"59s",
    }  # fmt: skip
