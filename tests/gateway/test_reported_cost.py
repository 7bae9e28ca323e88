"""What a provider says that it charged, beside what is counted here: kept with the attempt, and told where the two differ."""

import asyncio
import json
from typing import Any

import pytest

from models_registry.upstream.openai.usage import read_usage
from tests.gateway.exchange import CHAT
from tests.gateway.spoken import ASKED, EVENTS, Spoken
from tests.models_registry.upstream.spellings import SPELLINGS
from tests.models_registry.upstream.test_contract import framed

OURS = 70_000
"""Nano-dollars of 10 and 20 tokens."""


def reported(cost: Any, **more: Any) -> int | None:
    usage = read_usage({"prompt_tokens": 10, "completion_tokens": 20, "cost": cost, **more})
    assert usage is not None
    return usage.reported_nano


def test_it_is_read_exactly_and_nonsense_is_none() -> None:
    assert (reported(0.00007), reported(0), reported(1e-9), reported(0.1)) == (70_000, 0, 1, 10**8)
    nonsense: list[Any] = [None, "1", True, -1, 10**6, 1e300, [1], {}]
    assert [reported(each) for each in nonsense] == [None] * len(nonsense)


def test_with_a_key_of_ones_own_the_provider_behind_it_charges_too() -> None:
    details = {"upstream_inference_cost": 0.00005}
    assert reported(0.00002, is_byok=True, cost_details=details) == 70_000
    assert reported(0.00002, is_byok=False, cost_details=details) == 20_000
    assert reported(0.00002, is_byok=True) is None, "what the other one charges is not told"


def with_cost(said: bytes, cost: float) -> bytes:
    return said.replace(b'"prompt_tokens"', b'"cost": %s, "prompt_tokens"' % repr(cost).encode())


@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize(
    ("cost", "is_off"), [(0.00007, False), (0.0000705, False), (0.000072, True), (0.0, True), (0.0000689, True)]
)
def test_it_stands_beside_our_figure_and_a_difference_is_told(
    cost: float, is_off: bool, is_stream: bool, caplog: pytest.LogCaptureFixture
) -> None:
    told = SPELLINGS["openai"]
    events = framed([*told.pieces, told.finish, told.usage, told.mark])
    exchange = Spoken(
        "openai", with_cost(events if is_stream else told.answer, cost), EVENTS if is_stream else "application/json"
    )
    asyncio.run(exchange.ask({**ASKED[CHAT], "stream": is_stream}))
    record = asyncio.run(exchange.ended())
    (attempt,) = json.loads(record["attempts"])
    assert (attempt["reported_nano"], attempt["is_price_off"]) == (round(cost * 10**9), is_off)
    assert ("action=price_differs" in caplog.text) == is_off
    assert record["cost_nano"] == OURS, "what is charged is what our prices say"


def test_who_says_nothing_is_not_compared(caplog: pytest.LogCaptureFixture) -> None:
    exchange = Spoken("openai", SPELLINGS["openai"].answer)
    asyncio.run(exchange.ask())
    (attempt,) = json.loads(asyncio.run(exchange.ended())["attempts"])
    assert (attempt["reported_nano"], attempt["is_price_off"]) == (None, False)
    assert "price_differs" not in caplog.text
