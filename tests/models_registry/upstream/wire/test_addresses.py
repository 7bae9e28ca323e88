"""Which addresses are called at all: where a provider is saved, and where it is called, whatever its name means by then."""

from collections.abc import AsyncIterator
from ipaddress import ip_network
from typing import Any

import aiohttp
import pytest

from models_registry.upstream.errors import Unreachable
from models_registry.upstream.openai.chat_completions import OpenAIAdapter
from models_registry.upstream.wire import http
from routerhub.egress import LOOPBACK, refusal, url_refusal
from tests.models_registry.upstream.raw_server import serving, whole
from tests.models_registry.upstream.spellings import SPELLINGS
from tests.models_registry.upstream.test_contract import asked

ANSWER = whole(SPELLINGS["openai"].answer)


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254", "169.254.170.2", "fe80::1", "fe80::1%eth0", "fd00:ec2::254", "100.100.100.200", "192.0.0.192",
        "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::", "::ffff:0:0", "::", "224.0.0.1", "ff02::1",
    ],
)  # fmt: skip
def test_where_no_model_answers_nothing_is_ever_called(address: str) -> None:
    everything = (ip_network("0.0.0.0/0"), ip_network("::/0"))
    assert "is no server's address" in refusal(address, everything)


@pytest.mark.parametrize(
    "address", ["10.0.0.5", "172.16.0.1", "192.168.1.1", "100.64.0.1", "fd12::1", "::ffff:10.0.0.5", "127.0.0.1", "::1"]
)
def test_a_private_address_is_called_where_its_network_is_named(address: str) -> None:
    assert "private address. Allowed are those in UPSTREAM_PRIVATE_NETWORKS: none." in refusal(address, ())
    named = [
        ip_network(each) for each in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fd12::/16")
    ]
    assert refusal(address, (*named, *LOOPBACK)) == ""


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_a_public_address_is_called(address: str) -> None:
    assert refusal(address, ()) == ""


@pytest.mark.parametrize(
    ("url", "is_refused"),
    [
        ("http://169.254.169.254/latest", True), ("https://[fe80::1]:8000/v1", True), ("http://10.0.0.5/v1", True),
        ("http://127.0.0.1:9/v1", False), ("https://api.openai.com/v1", False), ("", False),
    ],
)  # fmt: skip
def test_of_a_url_the_host_counts(url: str, is_refused: bool) -> None:
    assert bool(url_refusal(url, LOOPBACK)) is is_refused


class Names(aiohttp.abc.AbstractResolver):
    """Every name means loopback."""

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[Any]:
        return [{"hostname": host, "host": "127.0.0.1", "port": port, "family": 2, "proto": 0, "flags": 0}]

    async def close(self) -> None:
        pass


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with http.open_session(private=()) as session:
        yield session


class Rebinding(Names):
    """A name that means an allowed address first, and another one for the next connection."""

    def __init__(self, *hosts: str) -> None:
        self.hosts = list(hosts)

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[Any]:
        found = await super().resolve(host, port, family)
        return [{**found[0], "host": self.hosts.pop(0)}]


@pytest.mark.anyio
@pytest.mark.parametrize("then", ["127.0.0.2", "169.254.169.254", "10.0.0.5"])
async def test_a_name_that_came_to_mean_another_address_is_not_called_there(then: str) -> None:
    """What is connected to is what was looked up for this connection, and is checked each time."""
    async with http.open_session(private=(ip_network("127.0.0.1/32"),)) as session, serving([ANSWER]) as server:
        assert isinstance(session.connector, aiohttp.TCPConnector)
        session.connector._resolver, session.connector._use_dns_cache = Rebinding("127.0.0.1", then), False
        session.connector._force_close = True
        request = asked(None, address=server.address.replace("127.0.0.1", "rebound.example"))
        await OpenAIAdapter(session).complete(request)
        with pytest.raises(Unreachable, match=then.replace(".", r"\.")) as caught:
            await OpenAIAdapter(session).complete(request)
        assert (caught.value.was_sent, server.connections) == (False, 1)


@pytest.mark.anyio
@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "127.1", "[::ffff:127.0.0.1]"])
async def test_another_spelling_of_a_forbidden_address_is_not_called_either(
    session: aiohttp.ClientSession, host: str
) -> None:
    async with serving([ANSWER]) as server:
        with pytest.raises(Unreachable) as caught:
            await OpenAIAdapter(session).complete(asked(None, address=server.address.replace("127.0.0.1", host)))
        assert (caught.value.was_sent, server.connections) == (False, 0)


@pytest.mark.anyio
async def test_a_server_at_a_forbidden_address_is_never_connected_to(session: aiohttp.ClientSession) -> None:
    assert isinstance(session.connector, aiohttp.TCPConnector)
    session.connector._resolver = Names()
    async with serving([ANSWER]) as server:
        for host in ("127.0.0.1", "rebound.example"):
            address = server.address.replace("127.0.0.1", host)
            with pytest.raises(Unreachable, match=r"127\.0\.0\.1 is a private address") as caught:
                await OpenAIAdapter(session).complete(asked(None, address=address))
            assert caught.value.was_sent is False
        assert server.connections == 0
