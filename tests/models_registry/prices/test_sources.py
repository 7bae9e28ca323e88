"""Price lists of others, read into offers: OpenRouter's from bytes and over HTTP, and the genai-prices package's."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import genai_prices
import pytest
from genai_prices.data_snapshot import get_snapshot

from models_registry.errors import UnreadableSource
from models_registry.prices import lists
from models_registry.prices.sources import genai, openrouter
from models_registry.types import Rates

TODAY = date(2026, 11, 21)
MIDNIGHT = datetime(2026, 11, 21, tzinfo=UTC)


def an_entry(identifier: str = "acme/one", **others: Any) -> dict[str, Any]:
    return {
        "id": identifier,
        "name": "Acme: One",
        "description": " Adds numbers. ",
        "context_length": 128_000,
        "architecture": {"input_modalities": ["text", "image", "audio"]},
        "supported_parameters": ["tools", "reasoning", "response_format"],
        "top_provider": {"max_completion_tokens": 16_000},
        "pricing": {"prompt": "0.0000005", "completion": "0.0000015", "request": "0", "input_cache_read": "0.00000005"},
        **others,
    }


def a_list(*entries: Any) -> bytes:
    return json.dumps({"data": list(entries)}).encode()


@contextmanager
def serving(status: int, body: bytes) -> Iterator[str]:
    """A web server that answers everything alike; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def speaking(answer: bytes) -> Iterator[str]:
    """A server that answers one call with these bytes, which need not be HTTP; its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)

        def answer_one() -> None:
            caller, _ = listener.accept()
            with caller:
                caller.recv(65_536)
                caller.sendall(answer)

        thread = threading.Thread(target=answer_one)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread.join()


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


# --- OpenRouter


def test_an_entry_becomes_an_offer_with_prices_per_million_tokens() -> None:
    (offer,) = openrouter.offers(a_list(an_entry()), TODAY)
    assert (offer.provider, offer.upstream_model, offer.identifier) == ("openrouter", "acme/one", "acme:one")
    assert offer.place == "openrouter/acme/one"
    assert (offer.name, offer.description) == ("Acme: One", "Adds numbers.")
    assert (offer.context_window, offer.max_output) == (128_000, 16_000)
    assert offer.capabilities == {"streaming", "vision", "audio", "tools", "structured_output"}
    assert offer.supports_reasoning
    assert (offer.source, offer.note) == ("OpenRouter's list of models, 2026-11-21", "")
    (price,) = offer.prices
    assert price.rates == Rates(input=Decimal("0.5"), output=Decimal("1.5"), cache_read=Decimal("0.05"))
    assert (price.effective_from, price.dated, price.source, price.tiers) == (MIDNIGHT, TODAY, offer.source, ())


def test_what_the_list_does_not_say_is_not_made_up() -> None:
    bare = {"id": "acme/one", "pricing": {"prompt": "0.000001", "completion": "0.000002"}}
    (offer,) = openrouter.offers(a_list(bare), TODAY)
    assert (offer.name, offer.description, offer.context_window, offer.max_output) == ("one", "", None, None)
    assert offer.capabilities == {"streaming"}
    assert not offer.supports_reasoning
    assert offer.prices[0].rates == Rates(input=Decimal(1), output=Decimal(2))


def test_every_class_is_read_and_the_request_is_per_thousand() -> None:
    pricing = {
        "prompt": "0.000001", "completion": "0.000002", "input_cache_read": "0.0000001",
        "input_cache_write": "0.00000125", "audio": "0.00004", "internal_reasoning": "0.000003", "request": "0.012",
        "image": "0.01", "web_search": "0.01",
    }  # fmt: skip
    (offer,) = openrouter.offers(a_list(an_entry(pricing=pricing)), TODAY)
    assert offer.prices[0].rates == Rates(
        input=Decimal(1), output=Decimal(2), cache_read=Decimal("0.1"), cache_write=Decimal("1.25"),
        audio_input=Decimal(40), reasoning=Decimal(3), requests=Decimal(12), web_searches=Decimal(10),
    )  # fmt: skip


def test_a_class_listed_at_nothing_has_no_rate_of_its_own_and_a_free_prompt_stays_free() -> None:
    pricing = {"prompt": "0", "completion": "0", "input_cache_read": "0", "internal_reasoning": "0", "request": "0"}
    (offer,) = openrouter.offers(a_list(an_entry(pricing=pricing)), TODAY)
    assert offer.prices[0].rates == Rates(input=Decimal(0), output=Decimal(0))


def test_every_digit_of_a_price_is_kept() -> None:
    pricing = {"prompt": "0.000000041666666666666664", "completion": "1e-7"}
    (offer,) = openrouter.offers(a_list(an_entry(pricing=pricing)), TODAY)
    assert offer.prices[0].rates == Rates(input=Decimal("0.041666666666666664"), output=Decimal("0.1"))


def test_routers_and_what_has_no_price_or_maker_are_left_out() -> None:
    entries = [
        an_entry("openrouter/auto", pricing={"prompt": "-1", "completion": "-1"}),
        an_entry("acme/unpriced", pricing={}),
        {"id": "acme/silent"},
        an_entry("nobody"),
        an_entry("~acme/two:free"),
    ]
    (offer,) = openrouter.offers(a_list(*entries), TODAY)
    assert (offer.upstream_model, offer.identifier) == ("~acme/two:free", "acme:two:free")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>sign in</html>",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b'{"data": 5}',
        b'{"data": null}',
        b'{"data": ["acme/one"]}',
        b'{"data": [{}]}',
        a_list(an_entry(), an_entry(pricing=None)),
        a_list(an_entry(), an_entry(pricing={"prompt": "cheap", "completion": "1"})),
        a_list(an_entry(pricing={"prompt": "NaN", "completion": "1"})),
        a_list(an_entry(pricing={"prompt": "1", "completion": "1", "input_cache_read": None})),
        a_list(an_entry(architecture={"input_modalities": None})),
        a_list(an_entry(supported_parameters=None)),
        a_list(an_entry(architecture="text")),
    ],
)
def test_nonsense_is_refused_whole(content: bytes) -> None:
    with pytest.raises(UnreadableSource, match=r"This is not OpenRouter's list of models: \w+"):
        openrouter.offers(content, TODAY)


def test_the_list_is_fetched_from_an_address() -> None:
    with serving(200, a_list(an_entry(), an_entry("acme/two"))) as url:
        offers = lists.offers("openrouter", online=False, today=TODAY, url=url)
    assert [offer.place for offer in offers] == ["openrouter/acme/one", "openrouter/acme/two"]


@pytest.mark.parametrize("status", [401, 404, 500])
def test_a_list_that_is_refused_is_unreadable(status: int) -> None:
    with (
        serving(status, a_list(an_entry())) as url,
        pytest.raises(UnreadableSource, match=rf"could not be fetched: .*{status}"),
    ):
        openrouter.fetch(url)


def test_an_address_where_nobody_is_is_unreadable() -> None:
    with pytest.raises(UnreadableSource, match=r"could not be fetched: .*refused"):
        openrouter.fetch(f"http://127.0.0.1:{closed_port()}/models")


def test_a_list_that_breaks_off_is_unreadable() -> None:
    with speaking(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{") as url, pytest.raises(UnreadableSource):
        openrouter.offers(openrouter.fetch(url), TODAY)


def test_a_server_that_speaks_no_http_is_unreadable() -> None:
    with speaking(b"SSH-2.0-server\r\n") as url, pytest.raises(UnreadableSource):
        openrouter.fetch(url)


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://127.0.0.1/models", "models.json", ""])
def test_only_the_web_is_fetched_from(url: str) -> None:
    with pytest.raises(UnreadableSource, match="is not an address that begins with http:// or https://"):
        openrouter.fetch(url)


def test_an_address_that_is_none_is_unreadable() -> None:
    with pytest.raises(UnreadableSource):
        openrouter.fetch("http://127.0.0.1/a list")


# --- the lists by name


def test_nothing_is_fetched_while_fetching_is_switched_off(settings: Any) -> None:
    settings.ALLOW_ONLINE_PRICES = False
    for source, online in (("openrouter", False), ("openrouter", True), ("genai-prices", True)):
        with pytest.raises(UnreadableSource, match="ALLOW_ONLINE_PRICES=false"):
            lists.offers(source, online, TODAY, url=f"http://127.0.0.1:{closed_port()}")
    assert len(lists.offers("genai-prices", online=False, today=TODAY)) == 2_330
    assert len(lists.offers("openrouter", online=False, today=TODAY, content=a_list(an_entry()))) == 1


def test_an_unknown_list_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(UnreadableSource, match="'litellm' is not one of genai-prices, openrouter"):
        lists.offers("litellm", online=False, today=TODAY)


# --- genai-prices


def test_every_model_of_the_package_is_an_offer_of_its_own_place() -> None:
    offers = genai.offers(online=False, today=TODAY)
    listed = {f"{provider.id}/{model.id}" for provider in get_snapshot().providers for model in provider.models}
    assert {offer.place for offer in offers} == listed
    assert len(offers) == len(listed) == 2_330
    assert {offer.source for offer in offers} == {f"genai-prices {genai_prices.__version__}"}


def test_the_prices_of_a_model_begin_where_the_package_says_oldest_first() -> None:
    offers = genai.offers(online=False, today=TODAY)
    for offer in offers:
        moments = [price.effective_from for price in offer.prices]
        assert moments == sorted(set(moments)), offer.place
        assert {price.dated for price in offer.prices} <= {TODAY}
    assert sum(len(offer.prices) > 1 for offer in offers) == 228


def test_tiers_carry_every_rate_that_counts_above_them() -> None:
    gemini = next(each for each in genai.offers(online=False, today=TODAY) if each.place == "google/gemini-2.5-pro")
    price = gemini.prices[-1]
    (tier,) = price.tiers
    assert tier.above_input_tokens == 200_000
    assert (price.rates.input, price.rates.output) == (Decimal("1.25"), Decimal(10))
    assert (tier.rates.input, tier.rates.output) == (Decimal("2.5"), Decimal(15))
    assert (price.rates.cache_read, tier.rates.cache_read) == (Decimal("0.125"), Decimal("0.25"))
