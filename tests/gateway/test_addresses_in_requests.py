"""What a request says never decides where something is called: not the upstream, and not what a picture's address means."""

import contextlib
from typing import Any

import orjson
import pytest

from models_registry.upstream.errors import Rejected, UpstreamError
from models_registry.upstream.registry import open_adapters
from models_registry.upstream.wire import http
from tests.gateway.exchange import HELLO, Exchange
from tests.models_registry.upstream.raw_server import serving, whole
from tests.models_registry.upstream.spellings import SPELLINGS
from tests.models_registry.upstream.test_contract import asked

pytestmark = pytest.mark.anyio
ATTACKER = "http://attacker.example/v1"
NAMES = ("api_base", "base_url", "api_key", "api_type", "custom_llm_provider")
PLACES: dict[str, dict[str, Any]] = {
    "at the root": dict.fromkeys(NAMES, ATTACKER),
    "nested": {"litellm_params": dict.fromkeys(NAMES, ATTACKER), "extra_body": dict.fromkeys(NAMES, ATTACKER)},
    "in metadata": {"metadata": dict.fromkeys(NAMES, ATTACKER)},
    "in a header": {},
}
ADDRESSES: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": HELLO,
    "/v1/responses": {"input": "Hello", "store": False},
    "/v1/messages": {**HELLO, "max_tokens": 100},
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("path", ADDRESSES)
async def test_no_field_or_header_of_a_request_decides_where_it_is_sent(path: str, place: str) -> None:
    """J1: nor with which key."""
    exchange, plain = Exchange(), Exchange()
    headers = {name.replace("_", "-"): ATTACKER for name in NAMES} if place == "in a header" else {}
    headers |= {"x-forwarded-host": "attacker.example", "x-api-base": ATTACKER}
    await exchange.ask({**ADDRESSES[path], **PLACES[place]}, path, headers=headers)
    await plain.ask(ADDRESSES[path], path)
    sent, meant = exchange.upstream.asked[0], plain.upstream.asked[0]
    assert (sent.address, sent.api_key, sent.native_headers) == (meant.address, meant.api_key, meant.native_headers)
    assert "attacker" not in sent.address


@pytest.mark.parametrize("name", NAMES)
async def test_what_routerhub_is_told_of_an_address_is_refused_by_name(name: str) -> None:
    """J1"""
    exchange = Exchange()
    await exchange.ask({**HELLO, "routerhub": {name: ATTACKER}})
    assert (exchange.status, exchange.error["param"], exchange.upstream.asked) == (400, f"routerhub.{name}", [])


def picture(url: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}]}


@pytest.mark.parametrize("protocol", sorted(SPELLINGS))
async def test_the_gateway_itself_never_fetches_a_picture(protocol: str) -> None:
    """E8: its address goes on to whoever answers, or the request is refused; so no address can lead anywhere from here."""
    async with (
        http.open_session() as session,
        serving([whole(SPELLINGS[protocol].answer)]) as upstream,
        serving([whole(b"a picture")]) as pictures,
    ):
        adapter = open_adapters(session)[protocol]
        for url in (f"{pictures.address}/x.png", pictures.address.replace("127.0.0.1", "2130706433")):
            with contextlib.suppress(Rejected):
                await adapter.complete(asked(upstream, content=picture(url)))
        assert pictures.connections == 0


async def test_counting_tokens_fetches_no_picture_either() -> None:
    """E8"""
    async with serving([whole(b"a picture")]) as pictures:
        block = {"type": "image", "source": {"type": "url", "url": f"{pictures.address}/x.png"}}
        exchange = Exchange()
        await exchange.ask(
            {"model": "auto", "messages": [{"role": "user", "content": [block]}]}, "/v1/messages/count_tokens"
        )
        assert (exchange.status, pictures.connections) == (200, 0)
        assert orjson.loads(exchange.body)["input_tokens"] > 0


async def test_an_upstream_cannot_send_a_key_elsewhere() -> None:
    """J1: a redirect is not followed."""
    async with http.open_session() as session, serving([whole(b"{}")]) as attacker:
        for status in ("301 Moved", "302 Found", "307 Temporary", "308 Permanent"):
            async with serving([whole(b"", status, Location=f"{attacker.address}/chat/completions")]) as upstream:
                with pytest.raises(UpstreamError):
                    await open_adapters(session)["openai"].complete(asked(upstream))
        assert attacker.connections == 0
