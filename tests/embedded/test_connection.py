"""Connections on which a request never comes, over sockets."""

import socket
from collections.abc import Iterator

import pytest
import uvicorn

from routerhub.embedded import connection
from routerhub.embedded.serving import gateway_options
from routerhub.forwarding import not_served_here
from tests.routerhub.control_plane import Served, opened

ANSWERED = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(connection, "HEADERS_WAIT_S", 0.1)
    with Served(not_served_here, lifespan="off", http=connection.PatientHttp) as served:
        yield served.port


def rest(waiting: socket.socket) -> bytes:
    """All that comes until the server closes."""
    return b"".join(iter(lambda: waiting.recv(65_536), b""))


def test_a_connection_on_which_nothing_comes_is_closed_without_a_word(port: int) -> None:
    with opened(port, b"") as waiting:
        assert rest(waiting) == b""


@pytest.mark.parametrize("half", [b"G", b"GET / HTTP/1.1\r\nHost: x\r\n", b"GET / HTTP/1.1\r\nX: " + b"y" * 9_000])
def test_headers_that_do_not_end_are_answered_408(port: int, half: bytes) -> None:
    with opened(port, half) as waiting:
        assert rest(waiting) == connection.TIMED_OUT


def test_a_later_request_of_the_connection_is_waited_for_as_long(port: int) -> None:
    with opened(port, ANSWERED + b"GET / HT") as waiting:
        first, _, second = rest(waiting).partition(b"HTTP/1.1 408")
    assert first.startswith(b"HTTP/1.1 404 Not Found")
    assert b"HTTP/1.1 408" + second == connection.TIMED_OUT


def test_the_gateways_are_served_so() -> None:
    options = gateway_options(8_000, {})
    config = uvicorn.Config("x:y", http=options[options.index("--http") + 1])
    config.load_app = lambda: None  # type: ignore[method-assign]
    config.load()
    assert config.http_protocol_class is connection.PatientHttp
