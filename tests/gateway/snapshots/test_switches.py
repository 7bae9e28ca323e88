"""What is on or off is said by true or false: a text in its place is refused by name, and never quietly taken for false."""

from typing import Any

import pytest

from tests.gateway.exchange import HELLO, Exchange

pytestmark = pytest.mark.anyio
SWITCHES: list[tuple[str, dict[str, Any], str]] = [
    ("/v1/chat/completions", HELLO, "stream"),
    ("/v1/chat/completions", {**HELLO, "stream": True}, "stream_options.include_usage"),
    ("/v1/chat/completions", HELLO, "routerhub.dry_run"),
    ("/v1/chat/completions", HELLO, "routerhub.cache"),
    ("/v1/responses", {"input": "Hello"}, "stream"),
    ("/v1/responses", {"input": "Hello"}, "store"),
    ("/v1/messages", {**HELLO, "max_tokens": 10}, "stream"),
]


@pytest.mark.parametrize("value", ["true", "", "false", 1, 0])
@pytest.mark.parametrize(("path", "body", "field"), SWITCHES)
async def test_a_switch_that_is_not_true_or_false_is_refused_by_its_name(
    path: str, body: dict[str, Any], field: str, value: Any
) -> None:
    """J13"""
    above, _, name = field.rpartition(".")
    exchange = Exchange()
    await exchange.ask({**body, **({above: {name: value}} if above else {name: value})}, path)
    assert (exchange.status, exchange.upstream.asked) == (400, [])
    assert field in exchange.error["message"]


@pytest.mark.parametrize(("text", "is_dry"), [("true", True), ("TRUE", True), ("false", False)])
async def test_in_a_header_it_is_written_out(text: str, is_dry: bool) -> None:
    """J13"""
    exchange = Exchange()
    await exchange.ask(headers={"x-routerhub-dry-run": text})
    assert (exchange.status, exchange.upstream.asked == []) == (200, is_dry)
