"""Requests and tokens per minute as a client meets them: counted once for all hops, and told with each answer."""

from typing import Any

import pytest

from budgets.types import Granted, Rate, Refused, Spend
from models_registry.upstream.errors import TimedOut
from tests.gateway.exchange import HELLO, Exchange
from tests.gateway.fakes import NOW, FakeLedger, chunk, completion

pytestmark = pytest.mark.anyio
RATES = (
    Rate(measure="requests", limit=30, remaining=29, reset_s=105),
    Rate(measure="tokens", limit=9_000, remaining=7, reset_s=59),
)
OPENAIS = {
    b"x-ratelimit-limit-requests": b"30", b"x-ratelimit-remaining-requests": b"29",
    b"x-ratelimit-reset-requests": b"1m45s", b"x-ratelimit-limit-tokens": b"9000",
    b"x-ratelimit-remaining-tokens": b"7", b"x-ratelimit-reset-tokens": b"59s",
}  # fmt: skip
ANTHROPICS = {
    b"anthropic-ratelimit-requests-limit": b"30", b"anthropic-ratelimit-requests-remaining": b"29",
    b"anthropic-ratelimit-requests-reset": b"2026-11-21T12:01:45Z", b"anthropic-ratelimit-tokens-limit": b"9000",
    b"anthropic-ratelimit-tokens-remaining": b"7", b"anthropic-ratelimit-tokens-reset": b"2026-11-21T12:00:59Z",
}  # fmt: skip
ADDRESSES: dict[str, tuple[dict[str, Any], dict[bytes, bytes]]] = {
    "/v1/chat/completions": (HELLO, OPENAIS),
    "/v1/responses": ({"input": "Hello", "store": False}, OPENAIS),
    "/v1/messages": ({**HELLO, "max_tokens": 100}, ANTHROPICS),
}


class FullLedger(FakeLedger):
    """Whose rate of requests has room again in 72 seconds."""

    async def reserve(self, spend: Spend) -> Granted | Refused:
        return Refused(
            operation_id=spend.operation_id, hop=spend.hop, limit_id=1, label="key 3", measure="requests",
            period="minute", limit=10, spent=10, reserved=0, asked=1, resets_at=NOW, retry_after_s=72,
        )  # fmt: skip


def told(exchange: Exchange) -> dict[bytes, bytes]:
    return {name: value for name, value in exchange.headers.items() if b"ratelimit" in name}


async def test_a_hop_is_told_in_which_scopes_the_operation_was_counted() -> None:
    exchange = Exchange([1.0, TimedOut("slow")], completion())
    await exchange.ask()
    first, second = exchange.ledger.asked
    assert (first.counted, second.counted) == ((), first.scopes)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("address", ADDRESSES)
async def test_an_answer_tells_how_the_rates_stand_in_the_headers_that_its_clients_know(
    address: str, stream: bool
) -> None:
    body, headers = ADDRESSES[address]
    exchange = Exchange([chunk("Hi"), chunk(finish="stop")] if stream else completion())
    exchange.ledger.rates = RATES
    await exchange.ask({**body, "stream": stream}, address)
    assert (exchange.status, told(exchange)) == (200, headers)


async def test_where_no_rate_applies_no_header_tells_one() -> None:
    exchange = Exchange()
    await exchange.ask()
    assert told(exchange) == {}


@pytest.mark.parametrize("address", ADDRESSES)
async def test_one_too_many_is_told_when_there_is_room_again(address: str) -> None:
    exchange = Exchange()
    exchange.ledger = exchange.gateway.runtime.ledger = FullLedger()  # type: ignore[assignment]
    await exchange.ask(ADDRESSES[address][0], address)
    assert (exchange.status, exchange.headers[b"retry-after"]) == (429, b"72")
    assert told(exchange) == (
        {
            b"anthropic-ratelimit-requests-limit": b"10", b"anthropic-ratelimit-requests-remaining": b"0",
            b"anthropic-ratelimit-requests-reset": b"2026-11-21T12:01:12Z",
        }
        if address == "/v1/messages"
        else {
            b"x-ratelimit-limit-requests": b"10", b"x-ratelimit-remaining-requests": b"0",
            b"x-ratelimit-reset-requests": b"1m12s",
        }
    )  # fmt: skip
