"""What a request may cause beside plain tokens: held for where it may be, and paid for where it was."""

import asyncio
import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from models_registry.types import NO_EXTRAS, Extras, Usage
from routerhub.gateway.attempts.reservation import answer_cost, believed
from routerhub.gateway.protocols.anthropic_messages import PROTOCOL as ANTHROPIC_MESSAGES
from routerhub.gateway.protocols.extras import MAX_SEARCHES
from routerhub.gateway.protocols.openai_chat import PROTOCOL as OPENAI_CHAT
from routerhub.gateway.protocols.openai_responses import PROTOCOL as OPENAI_RESPONSES
from tests.autorouter import fakes as router_fakes
from tests.gateway.attempts.test_reservation import MODEL, certain, planned
from tests.gateway.exchange import CHAT
from tests.gateway.spoken import ASKED, EVENTS, MESSAGES, RESPONSES, Spoken
from tests.models_registry.upstream.rich_answers import ANSWERS, STREAMS

PROTOCOLS: dict[str, Any] = {CHAT: OPENAI_CHAT, MESSAGES: ANTHROPIC_MESSAGES, RESPONSES: OPENAI_RESPONSES}
CACHED = {"type": "text", "text": "Hello", "cache_control": {"type": "ephemeral", "ttl": "1h"}}
SEARCH = {"type": "web_search"}
HOUR, SEARCHES = Extras(has_hour_cache=True), Extras(web_searches=MAX_SEARCHES)
PRICE = replace(
    router_fakes.price("1", "3"),
    rates=replace(
        router_fakes.price("1", "3").rates,
        cache_write=Decimal("1.25"), cache_write_1h=Decimal(2), web_searches=Decimal(10), cache_read=Decimal("0.1"),
    ),
)  # fmt: skip


@pytest.mark.parametrize(
    ("path", "body", "extras"),
    [
        (CHAT, {}, NO_EXTRAS), (MESSAGES, {}, NO_EXTRAS), (RESPONSES, {"tools": []}, NO_EXTRAS),
        (CHAT, {"messages": [{"role": "user", "content": [CACHED]}]}, HOUR),
        (MESSAGES, {"system": [CACHED]}, HOUR),
        (MESSAGES, {"system": [{**CACHED, "cache_control": {"type": "ephemeral"}}]}, NO_EXTRAS),
        (CHAT, {"messages": [{"role": "user", "content": "1h"}]}, NO_EXTRAS),
        (CHAT, {"web_search_options": {}}, SEARCHES), (CHAT, {"plugins": [{"id": "web"}]}, SEARCHES),
        (CHAT, {"search_parameters": {"mode": "auto"}}, SEARCHES), (CHAT, {"web_search_options": None}, NO_EXTRAS),
        (RESPONSES, {"tools": [SEARCH]}, SEARCHES), (RESPONSES, {"tools": [{"type": "web_search_2025_08_26"}]}, SEARCHES),
        (RESPONSES, {"tools": [SEARCH], "max_tool_calls": 2}, Extras(web_searches=2)),
        (RESPONSES, {"tools": [SEARCH], "max_tool_calls": 500}, SEARCHES),
        (RESPONSES, {"max_tool_calls": 2, "tools": [{"type": "file_search"}]}, NO_EXTRAS),
    ],
)  # fmt: skip
def test_what_a_request_may_cause_is_read_of_it(path: str, body: dict[str, Any], extras: Extras) -> None:
    assert PROTOCOLS[path].read(json.dumps({**ASKED[path], **body}).encode(), {}).extras == extras


def test_searches_and_caches_for_an_hour_are_held_for_where_they_may_be() -> None:
    (deployment,) = MODEL.deployments
    places = (replace(deployment, prices=(PRICE,)),)
    answer = 1_000 * 3_000
    assert certain(planned(deployments=places)).ceiling_nano == 100 * 1_250 + answer
    held = certain(planned(deployments=places, extras=Extras(web_searches=2, has_hour_cache=True)))
    assert held.ceiling_nano == 100 * 2_000 + answer + 2 * 10_000_000
    short = certain(planned("0.0206", deployments=places, extras=Extras(web_searches=2)))
    assert (short.max_output, short.ceiling_nano) == (158, 100 * 1_250 + 158 * 3_000 + 20_000_000)


def test_more_searches_than_any_answer_takes_are_not_believed() -> None:
    plan = certain(planned())
    usage = Usage(input_tokens=10, output_tokens=20, web_searches=1_000)
    assert believed(usage, plan, 80) == usage
    assert believed(replace(usage, web_searches=1_001), plan, 80) is None


@pytest.mark.parametrize("upstream", ["anthropic", "openai-responses"])
@pytest.mark.parametrize("is_stream", [False, True])
def test_caches_and_searches_are_paid_for_whichever_client_asked(upstream: str, is_stream: bool) -> None:
    """G3: of 30 tokens of input 5 come from the cache and 4 go into it, of which Anthropic's keeps one for an hour. It
    searched twice, the other one once."""
    own = {
        "anthropic": 21_000 + 500 + 3 * 1_250 + 2_000 + 2 * 10_000_000,
        "openai-responses": 21_000 + 500 + 4 * 1_250 + 10_000_000,
    }
    events = b"".join([b"data: " + json.dumps(event).encode() + b"\n\n" for event in STREAMS[upstream]])
    said = events if is_stream else json.dumps(ANSWERS[upstream]).encode()
    for path, body in ASKED.items():
        kind, longest = EVENTS if is_stream else "application/json", {"max_tokens": 8_000, "max_output_tokens": 8_000}
        exchange = Spoken(upstream, said, kind, PRICE)
        asyncio.run(exchange.ask({**body, **longest, "stream": is_stream}, path))
        record = asyncio.run(exchange.ended())
        assert (record["cost_nano"], record["is_usage_estimated"]) == (own[upstream] + 40 * 3_000, False)


def test_a_search_that_openai_does_not_tell_of_is_paid_for() -> None:
    body = {**ASKED[CHAT], "web_search_options": {"search_context_size": "low"}}
    exchange = Spoken("openai", json.dumps(ANSWERS["openai"]).encode(), price=PRICE)
    asyncio.run(exchange.ask(body))
    plain = Spoken("openai", json.dumps(ANSWERS["openai"]).encode(), price=PRICE)
    asyncio.run(plain.ask())
    (with_search,), (without,) = exchange.ledger.settled, plain.ledger.settled
    assert with_search.amount_nano - without.amount_nano == 10_000_000


@pytest.mark.parametrize(
    ("upstream", "path", "asked", "named"),
    [
        ("openai", CHAT, {"web_search_options": {}}, "web_search_options"),
        ("openai-responses", RESPONSES, {"tools": [SEARCH]}, "tools of type web_search"),
    ],
)
def test_nobody_searches_for_a_fee_that_no_price_tells(upstream: str, path: str, asked: Any, named: str) -> None:
    exchange = Spoken(upstream, json.dumps(ANSWERS[upstream]).encode())
    asyncio.run(exchange.ask({**ASKED[path], **asked}, path))
    error = json.loads(exchange.body)["error"]
    assert (exchange.status, error["code"], error["param"]) == (400, "unsupported_parameter", named)
    assert exchange.ledger.settled == []


def test_what_is_counted_here_has_no_searches() -> None:
    plan = certain(planned())
    assert answer_cost(plan.places[0].tariff, None, 100, 8, 10**9).usage == Usage(
        input_tokens=100, output_tokens=2, is_estimated=True
    )
